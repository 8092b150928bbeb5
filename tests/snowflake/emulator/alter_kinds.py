"""ALTER of what is no table: what only one kind of object can be told."""

from typing import TYPE_CHECKING

from . import dynamic, grammar, objects, options, pipes, tasks
from .catalog import Thing
from .errors import compilation
from .lexer import Reader
from .results import Result, done

if TYPE_CHECKING:
    from .account import Session


def warehouse(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.peek() not in ("SUSPEND", "RESUME", "ABORT"):
        return None
    session.need("OPERATE", thing)
    word = reader.take().upper
    if word == "RESUME":
        reader.accept("IF", "SUSPENDED")
    if word == "ABORT":
        reader.expect("ALL", "QUERIES")
    else:
        thing.facts["state"] = "SUSPENDED" if word == "SUSPEND" else "STARTED"
    return done()


def pipe(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if not reader.accept("REFRESH"):
        return None
    session.need(
        "OPERATE" if not session.account.access.has(session.role, "OWNERSHIP", "PIPE", thing.path) else "OWNERSHIP",
        thing,
    )
    return pipes.refresh(session, thing, reader)


def task(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if word := reader.accept_one("RESUME", "SUSPEND"):
        session.need("OPERATE", thing)
        if word == "RESUME":
            tasks.resume(session, thing)
        else:
            thing.facts["state"] = "suspended"
        return done()
    if (
        reader.peek() == "MODIFY"
        or (reader.peek() in ("ADD", "REMOVE") and reader.peek(1) in ("AFTER", "WHEN"))
        or (reader.peek() == "REMOVE")
    ):
        session.need("OWNERSHIP", thing)
        if thing.facts["state"] == "started":
            raise compilation(
                f"Unable to update graph with root task {thing.full} since that root task is not suspended.",
                91090,
                "0A000",
            )
        if reader.accept("MODIFY", "AS"):
            thing.facts["body"] = reader.rest()
        elif reader.accept("MODIFY", "WHEN"):
            thing.facts["condition"] = reader.rest()
        elif reader.accept("ADD", "AFTER"):
            thing.facts["after"].append(session.find("TASK", reader.name()).path)
        elif reader.accept("REMOVE", "AFTER"):
            thing.facts["after"].remove(session.find("TASK", reader.name()).path)
        elif reader.accept("REMOVE", "WHEN"):
            thing.facts["condition"] = None
        else:
            raise reader.unexpected()
        return done()
    return None


def dynamic_table(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if word := reader.accept_one("SUSPEND", "RESUME", "REFRESH"):
        session.need("OPERATE", thing)
        if word == "REFRESH":
            rows = dynamic.refresh(session.account, thing)
            return Result(["statistics"], [({"insertedRows": rows},)])
        dynamic.suspend(session, thing, word == "SUSPEND")
        return done()
    return None


def schema(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.peek() in ("ENABLE", "DISABLE"):
        session.need("OWNERSHIP", thing)
        thing.facts["managed"] = reader.take().upper == "ENABLE"
        reader.expect("MANAGED", "ACCESS")
        return done()
    return None


def tag(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.accept("SET", "MASKING", "POLICY"):
        while True:
            policy = session.find("MASKING POLICY", reader.name()).full
            found = thing.facts.setdefault("policies", [])
            if policy not in found:
                found.append(policy)
            if not reader.accept(",", "MASKING", "POLICY"):
                break
        reader.accept("FORCE")
        return done()
    if reader.accept("UNSET", "MASKING", "POLICY"):
        thing.facts.get("policies", []).remove(session.find("MASKING POLICY", reader.name()).full)
        return done()
    if reader.accept("ADD", "ALLOWED_VALUES"):
        thing.facts.setdefault("allowed", []).append(reader.string())
        while reader.accept(","):
            thing.facts["allowed"].append(reader.string())
        return done()
    return None


def policy(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.accept("SET", "BODY", "->"):
        session.need("OWNERSHIP", thing)
        thing.facts["body"] = reader.rest()
        return done()
    return None


def monitor(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if not reader.accept("SET"):
        return None
    session.need(
        "MODIFY" if not session.account.access.has(session.role, "OWNERSHIP", thing.kind, thing.path) else "OWNERSHIP",
        thing,
    )
    thing.options |= options.parse(reader, grammar.MONITOR, "RESOURCE MONITOR", stop=("TRIGGERS", "ON"))
    found = objects.triggers(reader)
    thing.facts["triggers"] = found or thing.facts["triggers"]
    return done()


def stage(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.accept("REFRESH"):
        session.need("OWNERSHIP", thing)
        return done()
    if reader.peek() == "SET" and reader.peek(1) == "DIRECTORY":
        session.need("OWNERSHIP", thing)
        reader.take()
        thing.options |= options.parse(reader, {"DIRECTORY": grammar.STAGE["DIRECTORY"]}, "STAGE")
        return done()
    return None


def alert(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if word := reader.accept_one("RESUME", "SUSPEND"):
        session.need("OPERATE", thing)
        thing.facts["state"] = "started" if word == "RESUME" else "suspended"
        return done()
    return None


SPECIAL = {
    "WAREHOUSE": warehouse,
    "PIPE": pipe,
    "TASK": task,
    "DYNAMIC TABLE": dynamic_table,
    "SCHEMA": schema,
    "TAG": tag,
    "MASKING POLICY": policy,
    "ROW ACCESS POLICY": policy,
    "RESOURCE MONITOR": monitor,
    "STAGE": stage,
    "ALERT": alert,
}
