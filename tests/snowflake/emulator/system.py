"""SYSTEM$… functions, GET_DDL, LAST_QUERY_ID."""

import json
from typing import TYPE_CHECKING, Any

from . import pipes, streams
from .catalog import RELATIONS, Thing
from .errors import missing, unsupported
from .lexer import name_of, quote

if TYPE_CHECKING:
    from .account import Session


def call(session: "Session", name: str, given: dict[str, Any]) -> Any:
    first = str(given.get("0", ""))
    if name == "LAST_QUERY_ID":
        return session.last_query
    if name == "GET_DDL":
        return ddl(session, first, str(given["1"]))
    if name == "SYSTEM$STREAM_HAS_DATA":
        stream = session.find("STREAM", first)
        session.need("SELECT", stream)
        return streams.has_data(session, stream)
    if name in ("SYSTEM$PIPE_STATUS", "SYSTEM$PIPE_FORCE_RESUME"):
        pipe = session.find("PIPE", first)
        if name == "SYSTEM$PIPE_STATUS":
            session.need(
                "MONITOR" if not session.account.access.has(session.role, "OPERATE", "PIPE", pipe.path) else "OPERATE",
                pipe,
            )
            return json.dumps(pipes.status(session, pipe))
        session.need("OPERATE", pipe)
        pipes.force_resume(session, pipe, str(given.get("1", "")))
        return "Statement executed successfully."
    if name == "SYSTEM$GET_TAG":
        return tag_of(session, first, str(given["1"]), str(given.get("2", "TABLE")).upper())
    if name == "SYSTEM$TYPEOF":
        raise unsupported(name)
    raise unsupported(name)


def tag_of(session: "Session", tag: str, name: str, domain: str) -> str | None:
    """The value that a table or a column carries."""
    names = name_of(name)
    path = session.path("TABLE", names[:-1] if domain == "COLUMN" else names)
    thing = session.account.catalog.relation(path)
    if domain not in ("TABLE", "COLUMN"):
        raise unsupported(f"SYSTEM$GET_TAG(…, '{domain}')")
    if not thing or not session.account.access.sees(session.role, thing):
        raise missing("object", name)
    tags = thing.tags
    if domain == "COLUMN":
        column = next((each for each in thing.columns if each.name == names[-1]), None)
        if not column:
            raise missing("column", name)
        tags = column.tags
    return tags.get(".".join(session.find("TAG", tag).path))


def ddl(session: "Session", kind: str, name: str) -> str:
    """A statement that would make it again."""
    kind = kind.upper()
    path = session.path(kind, name)
    thing = session.account.catalog.relation(path) if kind in RELATIONS else session.account.catalog.find(kind, path)
    if not thing or not session.account.access.sees(session.role, thing):
        raise missing(kind, name)
    if "text" in thing.facts:
        return str(thing.facts["text"]).rstrip(";") + ";"
    if thing.kind == "TABLE":
        return table(thing)
    raise unsupported(f"GET_DDL('{kind}')")


def table(thing: Thing) -> str:
    lines = []
    for column in thing.columns:
        line = f"\t{column.name} {column.type}"
        line += "" if column.nullable else " NOT NULL"
        line += f" DEFAULT {column.default}" if column.default else ""
        line += f" COMMENT {quote(column.comment)}" if column.comment else ""
        lines.append(line)
    comment = f"COMMENT={quote(thing.comment)}" if thing.comment else ""
    cluster = f" cluster by ({thing.facts['cluster_by']})" if thing.facts.get("cluster_by") else ""
    body = ",\n".join(lines)
    return f"create or replace TABLE {thing.full}{cluster} (\n{body}\n){comment};"
