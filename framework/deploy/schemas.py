"""What all sources share inside the database: schemas, access roles and their grants, OPS, file format, stage, tags."""

from collections.abc import Iterator

from framework.deploy.account import FILE_FORMAT, SCHEMAS, STAGE, Account, Schema
from framework.deploy.columns import ops_tables
from framework.deploy.objects import Object, grant, granted_role, make, setting

READ: dict[Schema, dict[str, str]] = {
    "RAW": {"TABLES": "SELECT"},
    "CLEAN": {"TABLES": "SELECT", "VIEWS": "SELECT", "DYNAMIC TABLES": "SELECT"},
    "ANALYTICS": {"TABLES": "SELECT", "VIEWS": "SELECT", "DYNAMIC TABLES": "SELECT"},
    "OPS": {"TABLES": "SELECT", "VIEWS": "SELECT"},
}
"""What a schema's reader may do with the objects in it, those to come included."""
WRITE: dict[Schema, dict[str, str]] = {
    "RAW": {
        "TABLES": "SELECT, INSERT", "STAGES": "USAGE", "FILE FORMATS": "USAGE", "PIPES": "MONITOR, OPERATE",
        "STREAMS": "SELECT",
    },
    "CLEAN": {
        "TABLES": "SELECT, INSERT, UPDATE, DELETE", "VIEWS": "SELECT", "DYNAMIC TABLES": "SELECT, MONITOR, OPERATE",
        "TASKS": "MONITOR, OPERATE",
    },
    "ANALYTICS": {"TASKS": "MONITOR, OPERATE", "DYNAMIC TABLES": "SELECT, MONITOR, OPERATE"},
    "OPS": {"TABLES": "SELECT, INSERT, UPDATE, DELETE", "VIEWS": "SELECT"},
}  # fmt: skip
"""What the loader may do in a schema."""
MAKES: dict[Schema, str] = {"OPS": ", CREATE TABLE"}
"""What it may make there: the temporary tables of cleaning."""


def shared_objects(account: Account) -> Iterator[Object]:
    """All of it."""
    for schema, about in SCHEMAS.items():
        yield make(
            "schema", account.schema(schema), account.deployer, "schema", about, needs=(f"database {account.database}",)
        )
    yield from _access(account)
    yield from _ops(account)
    yield from _landing(account)
    yield from _tags(account)


def _access(account: Account) -> Iterator[Object]:
    """The database roles that read and write in a schema, and who has them."""
    owner = account.deployer
    for level, table in (("R", READ), ("W", WRITE)):
        for schema, rights in table.items():
            role = account.access(schema, "R" if level == "R" else "W")
            place = account.schema(schema)
            about = f"{'Reads' if level == 'R' else 'Writes'} {schema}."
            yield make("database role", role, owner, "database_role", about, needs=(f"database {account.database}",))
            needs = [f"schema {place}", f"database role {role}"]
            to = f"DATABASE ROLE {role}"
            yield grant(
                "USAGE" + (MAKES.get(schema, "") if level == "W" else ""), f"SCHEMA {place}", to, owner, needs=needs
            )
            for kind, privileges in rights.items():
                yield grant(privileges, f"FUTURE {kind} IN SCHEMA {place}", to, owner, needs=needs)
    holders = {
        account.loader: [account.access("RAW", "W"), account.access("CLEAN", "W"), account.access("ANALYTICS", "R"),
                         account.access("ANALYTICS", "W"), account.access("OPS", "W")],
        account.analyst: [account.access("ANALYTICS", "R")],
    }  # fmt: skip
    if account.deploy.analysts.read_clean:
        holders[account.analyst].append(account.access("CLEAN", "R"))
    for role, held in holders.items():
        for each in held:
            needs = [f"database role {each}", f"role {role}"]
            yield granted_role(f"DATABASE ROLE {each}", f"ROLE {role}", owner, needs=needs)


def _ops(account: Account) -> Iterator[Object]:
    for name, (about, columns) in ops_tables().items():
        yield make(
            "table", account.within("OPS", name), account.deployer, "table", about, tracked=False,
            columns=tuple((column.name, column.type) for column in columns), needs=(f"schema {account.schema('OPS')}",),
            listed=columns,
        )  # fmt: skip


def _landing(account: Account) -> Iterator[Object]:
    """One file format and one stage for all sources."""
    need = f"schema {account.schema('RAW')}"
    file_format, stage = account.within("RAW", FILE_FORMAT), account.within("RAW", STAGE)
    yield make("file format", file_format, account.deployer, "file_format", "One record a line.", needs=(need,))
    yield make(
        "stage", stage, account.deployer, "stage", "Where parts are.", url=account.url, integration=account.integration,
        file_format=file_format,
        needs=(need, f"file format {file_format}", f"storage integration {account.integration}"),
    )  # fmt: skip


def _tags(account: Account) -> Iterator[Object]:
    owner, need = account.deployer, f"schema {account.schema('OPS')}"
    yield make(
        "tag", account.within("OPS", "SOURCE"), owner, "tag", "The source that a table is made of.", needs=(need,)
    )
    tag = account.within("OPS", "PERSONAL_DATA")
    yield make("tag", tag, owner, "tag", "The kind of personal data that a column holds.", needs=(need,))
    if not account.deploy.personal_data.mask:
        return
    reader = account.reader_of_personal_data
    for kind in ("VARCHAR", "NUMBER", "FLOAT", "BOOLEAN", "DATE", "TIMESTAMP_NTZ", "VARIANT"):
        policy = account.within("OPS", f"MASK_{kind}")
        about = f"Hides personal data of the type {kind}."
        values = {"type": kind, "reader": reader.strip('"'), "needs": (need,)}
        yield make("masking policy", policy, owner, "masking_policy", about, **values)
        needs = [f"tag {tag}", f"masking policy {policy}"]
        yield setting(f"ALTER TAG {tag} SET MASKING POLICY {policy}", owner, needs, tag=tag, policy=policy)
