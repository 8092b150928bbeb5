"""The rows of files → a table: what COPY's SELECT or its options make of them, and which of them fit."""

import dataclasses
import re
from typing import TYPE_CHECKING

import duckdb

from . import formats, tables
from .account import table_name
from .catalog import Thing
from .copy_statement import Copy
from .errors import SnowflakeError, compilation
from .lexer import Reader, quote_name
from .translate import Query

if TYPE_CHECKING:
    from .account import Session


def insert(session: "Session", copy: Copy, table: Thing, parts: list[formats.Part], into: str = "") -> None:
    """All rows of these files by one INSERT."""
    if not any(part.rows for part in parts):
        return
    query = Query(session, mask=False)
    with query.made:
        staged_rows = query.table(formats.table(parts, session.account.now()))
        columns, body = _body(copy, table, parts)
        tree = query.parse(f"SELECT {body} FROM {staged_rows}")
        query.resolve(tree)
        names = ", ".join(quote_name(name) for name in columns)
        session.duck.execute(f"INSERT INTO {into or table_name(table.path)} ({names}) {query.sql(tree)}")
    tables.check_lengths(session, table, into)


def _body(copy: Copy, table: Thing, parts: list[formats.Part]) -> tuple[list[str], str]:
    """The columns that are filled and the expressions that fill them."""
    json = len(table.columns) == 1 or bool(copy.select)
    body = re.sub(r"\bEMU_COLUMN_(\d+)\b", r"EMU_COLUMN_\1::VARIANT", copy.select) if json else copy.select
    names = [column.name for column in table.columns]
    match = copy.options.get("MATCH_BY_COLUMN_NAME", "NONE")
    if match != "NONE":
        facts = dict(re.findall(r"(\w+)\s*=\s*(METADATA\$\w+)", copy.options.get("INCLUDE_METADATA", "")))
        keys = {name: name for name in names} if match == "CASE_SENSITIVE" else {name: name.lower() for name in names}
        shown = [
            facts.get(name) or f"GET(EMU_COLUMN_1::VARIANT, '{keys[name]}')::{_sized(table, name)}" for name in names
        ]
        return names, ", ".join(shown)
    if copy.select:
        count = _expressions(body)
        columns = copy.columns or names[:count]
        if len(columns) != count:
            raise compilation(
                f"Insert value list does not match column list expecting {len(columns)} but got {count}", 2020, "21S01"
            )
        return columns, body
    width = max(len(row) for part in parts for _, row in part.rows)
    columns = copy.columns or names
    if width == 1 and len(columns) > 1:
        raise compilation(
            "JSON file format can produce one and only one column of variant, object, or array type. "
            "Use CSV file format if you want to load more than one column.",
            2019,
            "0A000",
        )
    return columns[:width], ", ".join(f"EMU_COLUMN_{index + 1}" for index in range(min(width, len(columns))))


def _sized(table: Thing, name: str) -> str:
    return next(column.type for column in table.columns if column.name == name)


def _expressions(body: str) -> int:
    depth, count = 0, 1
    for token in Reader(body).tokens:
        depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(token.text, 0)
        count += token.text == "," and not depth
    return count


def probe(session: "Session", copy: Copy, table: Thing, parts: list[formats.Part]) -> None:
    """Move the rows whose values would not fit to the file's bad lines: tried on a copy of the table."""
    trial = dataclasses.replace(session, duck=session.account.duck.cursor(), on_commit=[], on_rollback=[])
    twin = dataclasses.replace(table, path=("temp", "main", f"EMU_PROBE_{table.number}"))
    columns = ", ".join(tables.definition(session, table, column, default=False) for column in table.columns)
    trial.duck.execute(f"CREATE OR REPLACE TEMP TABLE {twin.name} ({columns})")
    if _fits(trial, copy, twin, parts):
        return
    for part in parts:
        if _fits(trial, copy, twin, [part]):
            continue
        for number, row in list(part.rows):
            problem = _problem(trial, copy, twin, formats.Part(part.file, [(number, row)]))
            if problem:
                part.rows.remove((number, row))
                part.bad.append((number, problem.message, str(row[0])))


def _fits(trial: "Session", copy: Copy, twin: Thing, parts: list[formats.Part]) -> bool:
    return (
        all(_problem(trial, copy, twin, part) is None for part in parts)
        if len(parts) == 1
        else _together(trial, copy, twin, parts)
    )


def _together(trial: "Session", copy: Copy, twin: Thing, parts: list[formats.Part]) -> bool:
    try:
        insert(trial, copy, twin, parts, twin.name)
    except (duckdb.Error, SnowflakeError):
        return False
    return True


def _problem(trial: "Session", copy: Copy, twin: Thing, part: formats.Part) -> SnowflakeError | None:
    try:
        insert(trial, copy, twin, [part], twin.name)
    except duckdb.Error as problem:
        return bad_value(problem)
    except SnowflakeError as problem:
        return problem
    return None


def bad_value(problem: duckdb.Error) -> SnowflakeError:
    text = str(problem).split("\n")[0]
    if "NOT NULL" in text:
        return SnowflakeError(100072, "22000", f"NULL result in a non-nullable column: {text}")
    return SnowflakeError(100038, "22018", text)
