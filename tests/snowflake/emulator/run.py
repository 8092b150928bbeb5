"""A statement → what answers it. DDL commits the open transaction first, as in Snowflake."""

import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import duckdb

from . import alter, comments, copying, create, describe, drop, grants, query, scripting, show, staged, tasks
from .catalog import Thing
from .errors import compilation, missing, unsupported
from .lexer import Reader, statements
from .results import Result, done

if TYPE_CHECKING:
    from .account import Session

QUERIES = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "(")
COMMITS = ("CREATE", "ALTER", "DROP", "UNDROP", "GRANT", "REVOKE", "COMMENT", "USE", "TRUNCATE")
Runner = Callable[["Session", Reader], Result]


def one(session: "Session", text: str) -> Result:
    """One statement, or several that flow into each other by ->>."""
    parts = _flow(text)
    result = _single(session, parts[0])
    for part in parts[1:]:
        name = f"EMU_FLOW_{uuid.uuid4().hex}"
        session.account.results[name] = result
        result = _single(session, re.sub(r"\$1\b", f"TABLE(RESULT_SCAN('{name}'))", part))
    return result


def _flow(text: str) -> list[str]:
    reader = Reader(text)
    cuts = [token for token in reader.tokens if token.text == "->>"]
    starts = [0, *(token.end for token in cuts)]
    ends = [*(token.start for token in cuts), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _single(session: "Session", text: str) -> Result:
    found = statements(text)
    if len(found) != 1:
        raise compilation("Empty SQL statement.", 900) if not found else compilation(
            f"Actual statement count {len(found)} did not match the desired statement count 1.", 8)  # fmt: skip
    reader = Reader(found[0])
    word = reader.peek()
    if word in QUERIES:
        return query.run(session, found[0])
    runner = RUNNERS.get(word)
    if not runner:
        raise reader.unexpected()
    if word in COMMITS and reader.peek(1) != "SESSION":
        session.commit()
    try:
        return runner(session, reader)
    except duckdb.Error as problem:
        raise query.refused(problem) from None


def use(session: "Session", reader: Reader) -> Result:
    reader.expect("USE")
    word = reader.accept_one("DATABASE", "SCHEMA", "ROLE", "WAREHOUSE", "SECONDARY")
    if word == "SECONDARY":
        reader.expect("ROLES")
        if reader.take().upper != "NONE":
            raise unsupported("secondary roles: every right must come by the primary role")
        return done()
    name = reader.name()
    reader.end()
    if word == "ROLE":
        held = session.account.access.user_roles(session.user) if session.user != "SYSTEM" else {name[0]}
        session.account.catalog.get("ROLE", name)
        if name[0] not in held:
            raise missing("role", name[0])
        session.role = name[0]
    elif word == "WAREHOUSE":
        thing = session.find("WAREHOUSE", name)
        session.need("USAGE", thing)
        session.warehouse = thing.name
    elif word == "DATABASE" or (not word and len(name) == 1):
        session.database = session.find("DATABASE", name).name
        public = session.account.catalog.find("SCHEMA", (session.database, "PUBLIC"))
        session.schema = "PUBLIC" if public and session.account.access.sees(session.role, public) else None
    elif name[-1] == "INFORMATION_SCHEMA":
        session.database, session.schema = (name[0] if len(name) > 1 else session.database), name[-1]
    else:
        session.database, session.schema = session.find("SCHEMA", name).path
    session.tell()
    return done()


def begin(session: "Session", reader: Reader) -> Result:
    if reader.peek(1) not in ("", ";", "TRANSACTION", "WORK", "NAME"):
        return scripting.block(session, reader.rest())
    session.begin()
    return done(statement=0x5000)


def start(session: "Session", reader: Reader) -> Result:
    reader.expect("START", "TRANSACTION")
    session.begin()
    return done(statement=0x5000)


def commit(session: "Session", reader: Reader) -> Result:
    session.commit()
    return done(statement=0x5000)


def rollback(session: "Session", reader: Reader) -> Result:
    session.rollback()
    return done(statement=0x5000)


def copy(session: "Session", reader: Reader) -> Result:
    """COPY INTO a table, in its own transaction unless one is open."""
    if reader.peek(2) == "INTO" or reader.peek_kind(2) == "stage":
        raise unsupported("COPY INTO a location") if reader.peek_kind(2) == "stage" else reader.unexpected()
    alone = not session.transaction
    session.begin()
    try:
        result = copying.run(session, reader)
    except BaseException:
        if alone:
            session.rollback()
        raise
    if alone:
        session.commit()
    return result


def execute(session: "Session", reader: Reader) -> Result:
    reader.expect("EXECUTE")
    if reader.accept("TASK"):
        path = session.path("TASK", reader.name())
        reader.accept("RETRY", "LAST")
        reader.end()
        task = session.find("TASK", path)
        tasks.execute(session, task)
        return done(f"Task {task.name} is scheduled to run immediately.")
    reader.expect("IMMEDIATE")
    if reader.accept("FROM"):
        raise unsupported("EXECUTE IMMEDIATE FROM")
    return scripting.block(session, reader.string())


def call(session: "Session", reader: Reader) -> Result:
    reader.expect("CALL")
    name = reader.name()
    if reader.parenthesised().strip():
        raise unsupported("procedures with arguments")
    reader.end()
    procedure: Thing = session.find("PROCEDURE", name)
    session.need(
        (
            "USAGE"
            if not session.account.access.has(session.role, "OWNERSHIP", "PROCEDURE", procedure.path)
            else "OWNERSHIP"
        ),
        procedure,
    )
    value = scripting.run(session, procedure.facts["body"])
    return Result([procedure.name], [(value if not isinstance(value, Result) else None,)])


def truncate(session: "Session", reader: Reader) -> Result:
    reader.expect("TRUNCATE")
    reader.accept("TABLE")
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    reader.end()
    return query.truncate(session, name, if_exists)


def not_emulated(session: "Session", reader: Reader) -> Result:
    """PUT and GET are the connector's own work; SET has no user here."""
    raise unsupported(reader.peek())


def list_stage(session: "Session", reader: Reader) -> Result:
    reader.accept_one("LIST", "LS", "REMOVE", "RM")
    return staged.run_list(session, reader)


def remove_stage(session: "Session", reader: Reader) -> Result:
    reader.accept_one("REMOVE", "RM")
    return staged.run_remove(session, reader)


RUNNERS: dict[str, Runner] = {
    "CREATE": create.run, "ALTER": alter.run, "DROP": drop.run, "UNDROP": drop.undrop, "COMMENT": comments.run,
    "GRANT": grants.grant, "REVOKE": grants.revoke, "SHOW": show.show, "DESC": describe.run, "DESCRIBE": describe.run,
    "USE": use, "BEGIN": begin, "START": start, "COMMIT": commit, "ROLLBACK": rollback, "COPY": copy,
    "EXECUTE": execute, "CALL": call, "TRUNCATE": truncate, "SET": not_emulated, "LIST": list_stage, "LS": list_stage,
    "REMOVE": remove_stage, "RM": remove_stage, "PUT": not_emulated, "GET": not_emulated,
}  # fmt: skip
