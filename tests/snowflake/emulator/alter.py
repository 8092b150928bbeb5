"""ALTER: what every kind of object knows, SET, UNSET, RENAME; the rest is the kind's own."""

from typing import TYPE_CHECKING, Any

from . import alter_kinds, alter_table, dynamic, formats, grammar, objects, options, parameters, pipes, tags
from .account import table_name
from .catalog import RELATIONS, Thing
from .errors import compilation, missing, unknown_property, unsupported
from .lexer import Reader, quote_name
from .results import Result, done

if TYPE_CHECKING:
    from .account import Session


def run(session: "Session", reader: Reader) -> Result:
    reader.expect("ALTER")
    if reader.accept("SESSION"):
        return parameters.alter(session, reader)
    if reader.accept("ACCOUNT"):
        raise unsupported("ALTER ACCOUNT")
    written = next((kind for kind in grammar.KINDS if reader.accept(*kind.split())), None)
    if not written:
        raise reader.unexpected()
    kind = "INTEGRATION" if written.endswith("INTEGRATION") else written
    if_exists = reader.accept("IF", "EXISTS")
    path = session.path(kind, reader.name())
    thing = session.account.catalog.find(kind, path)
    if not thing and if_exists:
        return done()
    if not thing or not session.account.access.sees(session.role, thing):
        raise missing(kind, ".".join(path))
    if kind == "INTEGRATION":
        written = f"{thing.facts['category']} INTEGRATION"
    special = SPECIAL.get(kind)
    found = special(session, reader, thing) if special else None
    if found is None:
        found = common(session, reader, thing, written)
    reader.end()
    return found


def may_set(session: "Session", thing: Thing, names: list[str]) -> None:
    """The owner; MODIFY on account objects, OPERATE where only a state changes."""
    access = session.account.access
    for privilege in ("MODIFY",):
        if access.has(session.role, privilege, thing.kind, thing.path):
            return
    if names == ["PIPE_EXECUTION_PAUSED"] and access.has(session.role, "OPERATE", thing.kind, thing.path):
        return
    session.need("OWNERSHIP", thing)


def common(session: "Session", reader: Reader, thing: Thing, kind: str) -> Result:
    """SET, UNSET, RENAME TO, SET TAG, UNSET TAG, SWAP WITH."""
    if reader.accept("SET"):
        if reader.accept("TAG"):
            tags.set_(session, reader, thing.tags)
            return done()
        found = options.parse(reader, grammar.ALTER[kind], kind)
        if not found:
            raise reader.unexpected()
        may_set(session, thing, list(found))
        before = dict(thing.options)
        thing.options |= found
        try:
            settle(session, thing, found)
        except BaseException:
            thing.options = before
            raise
        return done()
    if reader.accept("UNSET"):
        if reader.accept("TAG"):
            while True:
                thing.tags.pop(session.find("TAG", reader.name()).full, None)
                if not reader.accept(","):
                    return done()
        session.need("OWNERSHIP", thing)
        while not reader.done:
            name = reader.take().upper
            if name not in grammar.ALTER[kind]:
                raise unknown_property(name, kind)
            thing.options.pop(name, None)
            reader.accept(",")
        return done()
    if reader.accept("RENAME", "TO"):
        return rename(session, thing, session.path(thing.kind, reader.name()))
    raise reader.unexpected()


def settle(session: "Session", thing: Thing, found: dict[str, Any]) -> None:
    """What must hold after SET, and what it does."""
    if "PIPE_EXECUTION_PAUSED" in found and thing.kind == "PIPE":
        thing.options.pop("PIPE_EXECUTION_PAUSED")
        pipes.pause(session, thing, found["PIPE_EXECUTION_PAUSED"])
    if thing.kind == "STAGE":
        objects.check_stage(session, thing)
    if thing.kind == "USER":
        objects.check_user(session, thing)
    if thing.kind == "FILE FORMAT":
        formats.check(thing.options)
    if "TARGET_LAG" in found:
        dynamic.check_lag(found["TARGET_LAG"])
    if "RESOURCE_MONITOR" in found:
        session.find("RESOURCE MONITOR", found["RESOURCE_MONITOR"])
    if thing.kind == "TASK" and thing.facts["state"] == "started":
        raise compilation(
            f"Unable to update graph with root task {thing.full} since that root task is not suspended.", 91090, "0A000"
        )


def rename(session: "Session", thing: Thing, path: tuple[str, ...]) -> Result:
    session.need("OWNERSHIP", thing)
    if thing.kind not in ("TABLE", "VIEW", "ROLE", "WAREHOUSE", "STAGE", "TASK", "DYNAMIC TABLE", "TAG", "FILE FORMAT"):
        raise unsupported(f"ALTER {thing.kind} … RENAME")
    old = thing.path
    if thing.kind in RELATIONS and path[:2] != old[:2]:
        raise unsupported("moving a table to another schema")
    session.account.access.forget(thing, moved=path)
    session.account.catalog.rename(thing, path)
    if thing.kind in RELATIONS:
        word = "VIEW" if thing.kind == "VIEW" else "TABLE"
        session.duck.execute(f"ALTER {word} {table_name(old)} RENAME TO {quote_name(path[-1])}")
        for stream in session.account.catalog.of("STREAM"):
            if stream.facts["number"] == thing.number:
                stream.facts["table"] = path
    if thing.kind == "ROLE":
        for each in session.account.catalog.things.values():
            each.owner = path[-1] if each.owner == old[-1] else each.owner
        for grant in session.account.access.grants:
            grant.role = path[-1] if grant.role == old[-1] else grant.role
        members = session.account.access.members
        members[:] = [
            (path[-1] if a == old[-1] else a, kind, path[-1] if b == old[-1] and kind == "ROLE" else b)
            for a, kind, b in members
        ]
    return done()


SPECIAL = {"TABLE": alter_table.run, "VIEW": alter_table.view, **alter_kinds.SPECIAL}
