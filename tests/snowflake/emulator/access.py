"""Roles, grants and what a role may do."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from .catalog import Catalog, Path, Thing
from .errors import denied, missing

ACCOUNT_PRIVILEGES = {
    "ACCOUNTADMIN": {"CREATE INTEGRATION", "MONITOR USAGE", "EXECUTE TASK", "EXECUTE MANAGED TASK", "APPLY TAG",
                     "APPLY MASKING POLICY", "APPLY ROW ACCESS POLICY", "CREATE RESOURCE MONITOR", "MONITOR EXECUTION",
                     "IMPORT SHARE", "ATTACH POLICY"},
    "SECURITYADMIN": {"MANAGE GRANTS", "CREATE NETWORK POLICY"},
    "SYSADMIN": {"CREATE DATABASE", "CREATE WAREHOUSE"},
    "USERADMIN": {"CREATE USER", "CREATE ROLE"},
}  # fmt: skip
"""What the roles that every account is born with may do."""
INHERITS = {"ACCOUNTADMIN": ("SYSADMIN", "SECURITYADMIN"), "SECURITYADMIN": ("USERADMIN",)}
COMMON = {"OWNERSHIP", "ALL", "ALL PRIVILEGES"}
SCHEMA_OBJECTS = ("TABLE", "VIEW", "MATERIALIZED VIEW", "DYNAMIC TABLE", "STAGE", "FILE FORMAT", "PIPE", "STREAM",
                  "TASK", "TAG", "MASKING POLICY", "ROW ACCESS POLICY", "SEQUENCE", "PROCEDURE", "FUNCTION", "ALERT",
                  "NETWORK RULE", "SECRET", "TEMPORARY TABLE")  # fmt: skip
TABLE_PRIVILEGES = {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "REBUILD", "EVOLVE SCHEMA"}
PRIVILEGES: dict[str, set[str]] = {
    "ACCOUNT": set().union(*ACCOUNT_PRIVILEGES.values()),
    "DATABASE": {"USAGE", "MONITOR", "MODIFY", "CREATE SCHEMA", "CREATE DATABASE ROLE", "IMPORTED PRIVILEGES"},
    "SCHEMA": {"USAGE", "MONITOR", "MODIFY", *(f"CREATE {kind}" for kind in SCHEMA_OBJECTS)},
    "WAREHOUSE": {"USAGE", "OPERATE", "MONITOR", "MODIFY", "APPLYBUDGET"},
    "RESOURCE MONITOR": {"MONITOR", "MODIFY"},
    "INTEGRATION": {"USAGE", "USE_ANY_ROLE"},
    "USER": {"MONITOR"},
    "TABLE": TABLE_PRIVILEGES,
    "VIEW": {"SELECT", "REFERENCES"},
    "MATERIALIZED VIEW": {"SELECT", "REFERENCES"},
    "DYNAMIC TABLE": {"SELECT", "MONITOR", "OPERATE", "REFERENCES"},
    "STAGE": {"USAGE", "READ", "WRITE"},
    "FILE FORMAT": {"USAGE"},
    "PIPE": {"MONITOR", "OPERATE"},
    "STREAM": {"SELECT"},
    "TASK": {"MONITOR", "OPERATE"},
    "TAG": {"APPLY", "READ"},
    "MASKING POLICY": {"APPLY"},
    "ROW ACCESS POLICY": {"APPLY"},
    "SEQUENCE": {"USAGE"},
    "PROCEDURE": {"USAGE"},
    "FUNCTION": {"USAGE"},
    "ALERT": {"MONITOR", "OPERATE"},
    "NETWORK RULE": set(),
    "NETWORK POLICY": set(),
    "ROLE": set(),
    "DATABASE ROLE": {"USAGE"},
}
"""What may be granted on each kind, beside OWNERSHIP and ALL."""


@dataclass
class Grant:
    """`on` is an object, or with `future` the container of those to come."""

    privilege: str
    kind: str
    on: Path
    role: str
    by: str
    option: bool = False
    future: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


class Access:
    """Who was granted what. A database role's name is its path: DB.ROLE."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.grants: list[Grant] = []
        self.members: list[tuple[str, str, str]] = [
            (inner, "ROLE", outer) for outer, inners in INHERITS.items() for inner in inners
        ]
        """(role, kind of grantee, grantee)"""
        for role in (*ACCOUNT_PRIVILEGES, "PUBLIC", "ORGADMIN"):
            catalog.add(Thing("ROLE", (role,), ""))
        for role, privileges in ACCOUNT_PRIVILEGES.items():
            self.grants += [Grant(privilege, "ACCOUNT", (), role, "", True) for privilege in privileges]

    def roles_of(self, role: str) -> set[str]:
        """It and all that it holds, through any number of others; PUBLIC is held by all."""
        found, waiting = set(), [role, "PUBLIC"]
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.add(here)
                waiting += [inner for inner, kind, outer in self.members if kind != "USER" and outer == here]
        return found

    def user_roles(self, user: str) -> set[str]:
        direct = {role for role, kind, who in self.members if kind == "USER" and who == user} | {"PUBLIC"}
        return set().union(*(self.roles_of(role) for role in direct))

    def has(self, role: str, privilege: str, kind: str, path: Path) -> bool:
        """Also by owning it."""
        held = self.roles_of(role)
        if kind != "ACCOUNT":
            thing = self.catalog.find(kind, path)
            if thing and thing.owner in held:
                return True
        if privilege in ("OWNERSHIP",):
            return False
        return any(
            grant.role in held and not grant.future and (grant.kind, grant.on) == (kind, path)
            and privilege in (grant.privilege, "*")
            for grant in self.grants
        )  # fmt: skip

    def sees(self, role: str, thing: Thing) -> bool:
        """SHOW lists what a role has any privilege on; what it has none on is as if it were not there."""
        if thing.kind in ("ROLE", "DATABASE ROLE") or self.manages(role):
            return True
        if thing.kind in ("DATABASE", "SCHEMA"):
            return self.has(role, "*", thing.kind, thing.path) or any(
                self.has(role, "*", each.kind, each.path) for each in self.catalog.of("SCHEMA", within=thing.path)
            )
        return self.has(role, "*", thing.kind, thing.path) and self.reaches(role, thing.path)

    def manages(self, role: str) -> bool:
        return self.has(role, "MANAGE GRANTS", "ACCOUNT", ())

    def reaches(self, role: str, path: Path) -> bool:
        """USAGE (or any other privilege) on the database and the schema above it."""
        above = [("DATABASE", path[:1])] if len(path) > 1 else []
        if len(path) > 2:
            above.append(("SCHEMA", path[:2]))
        return all(self.has(role, "*", kind, at) for kind, at in above)

    def need(self, role: str, privilege: str, thing: Thing) -> None:
        """Refuse, as Snowflake does: what cannot be seen does not exist, what can be seen may not be touched."""
        if not self.reaches(role, thing.path) or not self.has(role, "*", thing.kind, thing.path):
            kind = "object" if thing.kind in ("TABLE", "VIEW", "DYNAMIC TABLE", "STREAM") else thing.kind
            raise missing(kind, thing.full)
        if not self.has(role, privilege, thing.kind, thing.path):
            raise denied(thing.kind, thing.name)

    def need_account(self, role: str, privilege: str) -> None:
        if not self.has(role, privilege, "ACCOUNT", ()):
            raise denied("account", "EMULATOR")

    def add(self, grant: Grant) -> None:
        same = [g for g in self.grants if (g.privilege, g.kind, g.on, g.role, g.future)
                == (grant.privilege, grant.kind, grant.on, grant.role, grant.future)]  # fmt: skip
        if not same:
            self.grants.append(grant)

    def born(self, thing: Thing) -> None:
        """Future grants take hold: those of the schema, or, where it has none for this kind, the database's."""
        future = [grant for grant in self.grants if grant.future and grant.kind == thing.kind]
        schema = [grant for grant in future if grant.on == thing.path[:2] and len(thing.path) > 2]
        database = [grant for grant in future if grant.on == thing.path[:1] and len(thing.path) > 1]
        for grant in schema or database:
            if grant.privilege == "OWNERSHIP":
                thing.owner = grant.role
            else:
                self.add(Grant(grant.privilege, thing.kind, thing.path, grant.role, grant.by))

    def forget(self, thing: Thing, moved: Path | None = None) -> None:
        """Drop its grants, or move them with its new name."""
        for grant in list(self.grants):
            mine = (grant.kind, grant.on) == (thing.kind, thing.path) or (grant.future and grant.on == thing.path)
            if mine and moved:
                grant.on = moved
            elif mine:
                self.grants.remove(grant)
        if thing.kind in ("ROLE", "DATABASE ROLE") and not moved:
            self.grants = [grant for grant in self.grants if grant.role != thing.full]
            self.members = [each for each in self.members if thing.full not in (each[0], each[2])]
