"""What an administrator makes, once: database, virtual warehouses, roles, users, network policy, integrations."""

import textwrap
from collections.abc import Iterator

from framework.deploy.account import Account
from framework.deploy.objects import Bundle, Object, grant, granted_role, make, setting
from framework.deployer import ServiceUser
from framework.errors import SettingsError
from framework.snowflake_words import quote_name

ADMIN: Bundle = "admin"


def admin_objects(account: Account, keys: dict[str, str | None]) -> Iterator[Object]:
    """All of it. `keys` holds the public key of each service user that has one."""
    yield from _roles(account)
    yield from _compute(account)
    yield from _database(account)
    yield from _integrations(account)
    yield from _users(account, keys)


def _roles(account: Account) -> Iterator[Object]:
    told = {
        account.deployer: "Owns the objects of the ingestion.",
        account.loader: "Loads RAW and cleans.",
        account.analyst: "Reads the marts.",
    }
    if account.deploy.personal_data.mask:
        told[account.reader_of_personal_data] = "Reads personal data unmasked."
    for role, about in told.items():
        yield make("role", role, "USERADMIN", "role", about, bundle=ADMIN)
        yield granted_role(f"ROLE {role}", "ROLE SYSADMIN", "USERADMIN", ADMIN, [f"role {role}"])


def _compute(account: Account) -> Iterator[Object]:
    deploy = account.deploy
    monitor = ""
    if deploy.monthly_credits:
        monitor = quote_name(f"{account.warehouse.database}_MONITOR")
        yield make(
            "resource monitor",
            monitor,
            "ACCOUNTADMIN",
            "resource_monitor",
            credits=deploy.monthly_credits,
            bundle=ADMIN,
        )
    users = {account.compute: (deploy.compute, "Loads and cleans.", [account.loader, account.deployer])}
    if deploy.analysts.warehouse:
        name = quote_name(deploy.analysts.warehouse)
        users[name] = (deploy.analysts.compute, "Answers analysts.", [account.analyst])
    for name, (compute, about, roles) in users.items():
        owner = "ACCOUNTADMIN" if monitor else "SYSADMIN"  # only ACCOUNTADMIN may set a monitor
        needs = [f"resource monitor {monitor}"] if monitor else []
        yield make(
            "warehouse",
            name,
            owner,
            "warehouse",
            about,
            compute=compute,
            monitor=monitor,
            bundle=ADMIN,
            needs=tuple(needs),
        )
        for role in roles:
            needs = [f"warehouse {name}", f"role {role}"]
            yield grant("USAGE, OPERATE", f"WAREHOUSE {name}", f"ROLE {role}", owner, ADMIN, needs)


def _database(account: Account) -> Iterator[Object]:
    name, owner = account.database, "SYSADMIN"
    about = f"API ingestion: the project {account.project}, environment {account.environment}."
    days = account.deploy.retention_days
    yield make("database", name, owner, "database", about, retention_days=days, bundle=ADMIN)
    rights = {
        account.deployer: "USAGE, MONITOR, CREATE SCHEMA, CREATE DATABASE ROLE",
        account.loader: "USAGE",
        account.analyst: "USAGE",
    }
    for role, privileges in rights.items():
        needs = [f"database {name}", f"role {role}"]
        yield grant(privileges, f"DATABASE {name}", f"ROLE {role}", owner, ADMIN, needs)
    needs = [f"role {account.deployer}"]
    to = f"ROLE {account.deployer}"
    tasks = "EXECUTE TASK, EXECUTE MANAGED TASK" if account.deploy.tasks.serverless else "EXECUTE TASK"
    yield grant(tasks, "ACCOUNT", to, "ACCOUNTADMIN", ADMIN, needs)
    if account.deploy.personal_data.mask:
        yield grant("APPLY MASKING POLICY", "ACCOUNT", to, "ACCOUNTADMIN", ADMIN, needs)


def _integrations(account: Account) -> Iterator[Object]:
    storage, owner = account.deploy.storage, "ACCOUNTADMIN"
    made: list[str] = []
    if account.makes_storage:
        about = f"Reads {account.url}."
        tenant = storage.azure_tenant_id if account.on_azure else None
        yield make(
            "storage integration", account.integration, owner, "storage_integration", about, url=account.url,
            tenant_id=tenant, role_arn=storage.aws_role_arn, external_id=account.external_id, bundle=ADMIN,
        )  # fmt: skip
        made.append(f"storage integration {account.integration}")
    if account.makes_storage and account.on_azure and account.warehouse.load == "snowpipe":
        about = f"New parts in {account.url}."
        yield make(
            "notification integration", account.events, owner, "events_integration", about,
            queue_url=account.queue_url, tenant_id=storage.azure_tenant_id, bundle=ADMIN,
        )  # fmt: skip
        made.append(f"notification integration {account.events}")
    if account.errors:
        yield make(
            "notification integration", account.errors, owner, "errors_integration", "Pipes and tasks that failed.",
            errors=account.deploy.errors, bundle=ADMIN,
        )  # fmt: skip
        made.append(f"notification integration {account.errors}")
    for each in made:
        name = each.rpartition(" ")[2]
        needs = [each, f"role {account.deployer}"]
        yield grant("USAGE", f"INTEGRATION {name}", f"ROLE {account.deployer}", owner, ADMIN, needs)


def _users(account: Account, keys: dict[str, str | None]) -> Iterator[Object]:
    policy = ""
    if account.deploy.allowed_ips:
        policy = quote_name(f"{account.warehouse.database}_NETWORK")
        about = "Where the service users come from."
        addresses = account.deploy.allowed_ips
        yield make(
            "network policy", policy, "SECURITYADMIN", "network_policy", about, addresses=addresses, bundle=ADMIN
        )
    told: list[tuple[str, str, ServiceUser, str, str]] = [
        (
            "loader",
            quote_name(account.warehouse.user),
            account.deploy.users.loader,
            account.loader,
            "Loads and cleans.",
        ),
        ("deployer", account.deployer_user, account.deploy.users.deployer, account.deployer, "Makes the objects."),
    ]
    for which, user, settings, role, about in told:
        yield make(
            "user", user, "USERADMIN", "user", about, role=role, warehouse=account.compute,
            public_key=keys.get(which), identity=settings.workload_identity, bundle=ADMIN, needs=(f"role {role}",),
        )  # fmt: skip
        needs = [f"role {role}", f"user {user}"]
        yield granted_role(f"ROLE {role}", f"USER {user}", "USERADMIN", ADMIN, needs)
        if policy:
            needs = [f"user {user}", f"network policy {policy}"]
            yield setting(f"ALTER USER {user} SET NETWORK_POLICY = {policy}", "SECURITYADMIN", needs, ADMIN)


def bare_key(text: str) -> str:
    """A public key in PEM as Snowflake wants it: without its first and last line. Raises SettingsError."""
    lines = [line.strip() for line in textwrap.dedent(text).replace("\\n", "\n").splitlines()]
    if any("PRIVATE" in line for line in lines):
        raise SettingsError("deploy.users: this is a private key; give the public one, and make a new pair")
    return "".join(line for line in lines if not line.startswith("-----"))
