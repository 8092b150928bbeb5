"""GRANT, REVOKE, SHOW GRANTS."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .access import PRIVILEGES, Grant
from .catalog import Path, Thing, depth
from .errors import compilation, denied, missing
from .lexer import Reader
from .results import Result, done

if TYPE_CHECKING:
    from .account import Session

KINDS = sorted([kind for kind in PRIVILEGES if kind != "ACCOUNT"], key=len, reverse=True)
PLURALS = {kind[:-1] + "IES" if kind.endswith("POLICY") else kind + "S": kind for kind in KINDS if depth(kind) > 0}


@dataclass
class Target:
    """What a GRANT is on: one object, all or the future ones of a kind in a container, the account."""

    kind: str
    path: Path = ()
    many: str = ""
    within: str = ""


def _privileges(reader: Reader) -> list[str]:
    found = []
    while True:
        words = []
        while reader.peek() not in (",", "ON", "") and reader.peek_kind() == "word":
            words.append(reader.take().upper)
        found.append(" ".join(words))
        if not reader.accept(","):
            return found


def _kind(reader: Reader, choices: list[str]) -> str:
    for kind in choices:
        if reader.accept(*kind.split()):
            return kind
    raise reader.unexpected()


def _target(session: "Session", reader: Reader) -> Target:
    if reader.accept("ACCOUNT"):
        return Target("ACCOUNT")
    many = reader.accept_one("ALL", "FUTURE")
    if many:
        kind = PLURALS[_kind(reader, sorted(PLURALS, key=len, reverse=True))]
        reader.expect("IN")
        within = _kind(reader, ["DATABASE", "SCHEMA"])
        return Target(kind, session.find(within, reader.name()).path, many, within)
    kind = _kind(reader, KINDS)
    name = reader.name()
    if kind == "PROCEDURE" and reader.peek() == "(":
        reader.parenthesised()
    path = session.path(kind, name)
    if not session.account.catalog.find(kind, path):
        raise missing(kind, ".".join(path))
    return Target(kind, path)


def _grantee(session: "Session", reader: Reader) -> str:
    database = reader.accept("DATABASE", "ROLE")
    if not database:
        reader.accept("ROLE")
    kind = "DATABASE ROLE" if database else "ROLE"
    path = session.path(kind, reader.name())
    return session.account.catalog.get(kind, path).full


def _checked(privileges: list[str], target: Target) -> list[str]:
    known = PRIVILEGES[target.kind]
    out: list[str] = []
    for privilege in privileges:
        if privilege in ("ALL", "ALL PRIVILEGES"):
            out += sorted(known)
        elif privilege in known or (privilege == "OWNERSHIP" and target.kind != "ACCOUNT"):
            out.append(privilege)
        else:
            every = set().union(*PRIVILEGES.values())
            if privilege.split()[0] not in {each.split()[0] for each in every}:
                raise compilation(f"syntax error line 1 at position 6 unexpected '{privilege}'.")
            raise compilation(f"Invalid privilege '{privilege}' for object type {target.kind}.", 3008, "42601")
    return out


def _may(session: "Session", target: Target, paths: list[Path]) -> None:
    """MANAGE GRANTS; else the object's owner, in a managed schema the schema's; of the future, only the latter."""
    access, catalog = session.account.access, session.account.catalog
    if access.manages(session.role):
        return
    if target.kind == "ACCOUNT":
        raise denied("account", session.account.name)
    if target.many == "FUTURE":
        paths = [target.path]
        kind = target.within
    else:
        kind = target.kind
    for path in paths:
        thing = catalog.get(kind, path)
        schema = catalog.find("SCHEMA", path[:2]) if len(path) == 3 else None
        if schema and schema.facts.get("managed"):
            if schema.owner in access.roles_of(session.role):
                continue
            raise denied("schema", schema.name)
        if target.many == "FUTURE" and not thing.facts.get("managed"):
            raise denied(kind, thing.name)
        if thing.owner not in access.roles_of(session.role):
            if not access.sees(session.role, thing):
                raise missing(kind, thing.full)
            raise denied(kind, thing.name)


def _paths(session: "Session", target: Target) -> list[Path]:
    if target.many == "ALL":
        return [thing.path for thing in session.account.catalog.of(target.kind, within=target.path)]
    return [target.path]


def grant(session: "Session", reader: Reader) -> Result:
    reader.expect("GRANT")
    if reader.peek() in ("ROLE", "DATABASE") and reader.peek(1) not in ("ON", ","):
        return _member(session, reader, add=True)
    privileges = _privileges(reader)
    reader.expect("ON")
    target = _target(session, reader)
    reader.expect("TO")
    role = _grantee(session, reader)
    option = reader.accept("WITH", "GRANT", "OPTION")
    copy = reader.accept("COPY", "CURRENT", "GRANTS")
    revoke = reader.accept("REVOKE", "CURRENT", "GRANTS")
    reader.end()
    privileges = _checked(privileges, target)
    paths = _paths(session, target)
    _may(session, target, paths)
    for path in paths:
        for privilege in privileges:
            if privilege == "OWNERSHIP" and target.many != "FUTURE":
                _hand_over(session, session.account.catalog.get(target.kind, path), role, copy, revoke)
            else:
                made = Grant(privilege, target.kind, path, role, session.role, option, target.many == "FUTURE")
                session.account.access.add(made)
    session.tell()
    return done()


def _hand_over(session: "Session", thing: Thing, role: str, copy: bool, revoke: bool) -> None:
    access = session.account.access
    outbound = [
        grant for grant in access.grants if (grant.kind, grant.on) == (thing.kind, thing.path) and not grant.future
    ]
    if outbound and not copy and not revoke:
        raise compilation(
            "Dependent grant of privilege exists. It must be revoked or copied: REVOKE or COPY CURRENT GRANTS.",
            3036,
            "42501",
        )
    if revoke:
        access.grants = [grant for grant in access.grants if grant not in outbound]
    if thing.kind == "PIPE" and not thing.facts["paused"]:
        raise compilation(f"Pipe '{thing.name}' must be paused before its ownership is transferred.", 1108, "55000")
    if thing.kind == "TASK":
        thing.facts["state"] = "suspended"
    thing.owner = role


def revoke(session: "Session", reader: Reader) -> Result:
    reader.expect("REVOKE")
    if reader.peek() in ("ROLE", "DATABASE") and reader.peek(1) not in ("ON", ","):
        return _member(session, reader, add=False)
    reader.accept("GRANT", "OPTION", "FOR")
    privileges = _privileges(reader)
    reader.expect("ON")
    target = _target(session, reader)
    reader.expect("FROM")
    role = _grantee(session, reader)
    reader.accept_one("CASCADE", "RESTRICT")
    reader.end()
    privileges = _checked(privileges, target)
    paths = _paths(session, target)
    _may(session, target, paths)
    future = target.many == "FUTURE"
    session.account.access.grants = [
        each
        for each in session.account.access.grants
        if not (
            each.privilege in privileges
            and each.kind == target.kind
            and each.on in paths
            and each.role == role
            and each.future == future
        )
    ]
    return done()


def _member(session: "Session", reader: Reader, add: bool) -> Result:
    """GRANT ROLE a TO ROLE b | USER u"""
    database = reader.accept("DATABASE")
    reader.expect("ROLE")
    kind = "DATABASE ROLE" if database else "ROLE"
    role = session.account.catalog.get(kind, session.path(kind, reader.name()))
    reader.expect("TO" if add else "FROM")
    what = reader.accept_one("USER", "ROLE") or ("DATABASE ROLE" if reader.accept("DATABASE", "ROLE") else "")
    if not what or (database and what == "USER"):
        raise reader.unexpected()
    name = reader.name()
    reader.end()
    who = session.account.catalog.get(what, session.path(what, name))
    access = session.account.access
    if not access.manages(session.role) and role.owner not in access.roles_of(session.role):
        raise denied("role", role.name)
    entry = (role.full, "USER" if what == "USER" else "ROLE", who.full)
    if add and role.full in access.roles_of(role.full) and what != "USER" and who.full in access.roles_of(role.full):
        raise compilation(f"Role '{role.full}' cannot be granted to '{who.full}': it would be a cycle.", 3010, "42601")
    if add and entry not in access.members:
        access.members.append(entry)
    elif not add and entry in access.members:
        access.members.remove(entry)
    session.tell()
    return done()


SHOWN = ["created_on", "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"]
FUTURE = ["created_on", "privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option"]
MEMBERS = ["created_on", "role", "granted_to", "grantee_name", "granted_by"]


def _row(session: "Session", grant: Grant) -> tuple[Any, ...]:
    on = grant.kind.replace(" ", "_")
    name = ".".join(grant.on) or session.account.name
    to = "DATABASE_ROLE" if "." in grant.role else "ROLE"
    if grant.future:
        shown = f"{name}.<{grant.kind}>"
        return (grant.created, grant.privilege, on, shown, to, grant.role, "false")
    return (grant.created, grant.privilege, on, name, to, grant.role, str(grant.option).lower(), grant.by)


def _owned(thing: Thing) -> tuple[Any, ...]:
    return (
        thing.created,
        "OWNERSHIP",
        thing.kind.replace(" ", "_"),
        thing.full,
        "ROLE",
        thing.owner,
        "true",
        thing.owner,
    )


def show(session: "Session", reader: Reader, future: bool) -> Result:
    access, catalog = session.account.access, session.account.catalog
    if future:
        if reader.accept("IN"):
            within = _kind(reader, ["DATABASE", "SCHEMA"])
            path = session.find(within, reader.name()).path
            found = [grant for grant in access.grants if grant.future and grant.on == path]
        else:
            reader.expect("TO")
            role = _grantee(session, reader)
            found = [grant for grant in access.grants if grant.future and grant.role == role]
        return Result(FUTURE, [_row(session, grant) for grant in found])
    if reader.accept("ON"):
        target = _target(session, reader)
        rows = [] if target.kind == "ACCOUNT" else [_owned(session.find(target.kind, target.path))]
        rows += [
            _row(session, grant)
            for grant in access.grants
            if not grant.future and (grant.kind, grant.on) == (target.kind, target.path)
        ]
        return Result(SHOWN, rows)
    if reader.accept("OF"):
        role = _grantee(session, reader)
        return Result(
            MEMBERS,
            [
                (catalog.things["ROLE", ("PUBLIC",)].created, name, kind, who, "")
                for name, kind, who in access.members
                if name == role
            ],
        )
    if reader.accept("TO", "USER"):
        user = reader.identifier()
        return Result(
            MEMBERS,
            [
                (catalog.things["ROLE", ("PUBLIC",)].created, name, kind, who, "")
                for name, kind, who in access.members
                if (kind, who) == ("USER", user)
            ],
        )
    reader.expect("TO")
    role = _grantee(session, reader)
    rows = [_row(session, grant) for grant in access.grants if grant.role == role and not grant.future]
    rows += [_owned(thing) for thing in catalog.things.values() if thing.owner == role]
    rows += [
        (
            catalog.things["ROLE", ("PUBLIC",)].created,
            "USAGE",
            "DATABASE_ROLE" if "." in inner else "ROLE",
            inner,
            "ROLE",
            role,
            "false",
            "",
        )
        for inner, kind, who in access.members
        if (kind, who) == ("ROLE", role)
    ]
    return Result(SHOWN, rows)
