"""SHOW."""

import re
from typing import TYPE_CHECKING

from . import columns, grants, parameters, shown
from .catalog import Path, depth
from .lexer import Reader, like
from .results import SHOW, Result

if TYPE_CHECKING:
    from .account import Session

PLURALS = {kind[:-1] + "IES" if kind.endswith("POLICY") else kind + "S": (kind,) for kind in shown.SHOW} | {
    "TABLES": ("TABLE", "DYNAMIC TABLE"),
    "VIEWS": ("VIEW", "MATERIALIZED VIEW"),
    "STORAGE INTEGRATIONS": ("INTEGRATION",),
    "NOTIFICATION INTEGRATIONS": ("INTEGRATION",),
}


def show(session: "Session", reader: Reader) -> Result:
    reader.expect("SHOW")
    reader.accept("TERSE")
    if reader.accept("GRANTS"):
        found = grants.show(session, reader, future=False)
        reader.end()
        return found
    if reader.accept("FUTURE", "GRANTS"):
        found = grants.show(session, reader, future=True)
        reader.end()
        return found
    if reader.accept("COLUMNS"):
        return columns.show(session, reader)
    if reader.accept("PARAMETERS"):
        return parameters.show(session, reader)
    plural = next((each for each in sorted(PLURALS, key=len, reverse=True) if reader.accept(*each.split())), None)
    if not plural:
        raise reader.unexpected()
    reader.accept("HISTORY")
    pattern, within, start, limit, after = _filters(session, reader, PLURALS[plural][0])
    things = shown.visible(session, PLURALS[plural], within)
    if plural in ("STORAGE INTEGRATIONS", "NOTIFICATION INTEGRATIONS"):
        things = [thing for thing in things if thing.facts["category"] == plural.split()[0]]
    things = [
        thing for thing in things if (not pattern or pattern.fullmatch(thing.name)) and thing.name.startswith(start)
    ]
    things = [thing for thing in things if not after or thing.name > after][:limit]
    cells = shown.SHOW[PLURALS[plural][0]]
    rows = [tuple(cell(session, thing) for cell in cells.values()) for thing in things]
    return Result(
        list(cells), rows, statement=SHOW, types={name: "timestamp_ltz" for name in cells if name.endswith("_on")}
    )


def _filters(session: "Session", reader: Reader, kind: str) -> tuple[re.Pattern[str] | None, Path, str, int, str]:
    pattern, within, start, limit, after = None, (), "", shown.LIMIT, ""
    scope: Path | None = None
    while not reader.done:
        if reader.accept("LIKE"):
            pattern = like(reader.string())
        elif reader.accept("IN"):
            scope = _scope(session, reader, kind)
        elif reader.accept("STARTS", "WITH"):
            start = reader.string()
        elif reader.accept("LIMIT"):
            limit = min(limit, reader.integer())
            if reader.accept("FROM"):
                after = reader.string()
        else:
            raise reader.unexpected()
    if scope is None and depth(kind) > 0 and session.database:
        scope = (session.database,) if depth(kind) == 1 or not session.schema else (session.database, session.schema)
    within = scope or ()
    return pattern, within, start, limit, after


def _scope(session: "Session", reader: Reader, kind: str) -> Path:
    if reader.accept("ACCOUNT"):
        return ()
    word = reader.accept_one("DATABASE", "SCHEMA", "TABLE")
    if reader.done:
        return (session.database or "",) if word == "DATABASE" else (session.database or "", session.needed_schema())
    name = reader.name()
    if not word:
        word = (
            "DATABASE"
            if depth(kind) == 1 or (len(name) == 1 and session.account.catalog.find("DATABASE", name))
            else "SCHEMA"
        )
    return session.find(word, name).path
