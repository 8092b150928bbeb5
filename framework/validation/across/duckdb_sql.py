"""The tables of a source, made empty in a DuckDB in memory, and its SQL bound to them. Nothing is run."""

import atexit
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

import duckdb

from framework import sql
from framework.children import made_by
from framework.clean import model_of
from framework.names import refs
from framework.problem import Path, suggestion
from framework.spec import Source
from framework.template import TemplateProblem, render_text

Said = tuple[str, Path, str, str]


def problems(source: Source) -> Iterator[Said]:
    """(code, place, message, word) for everything that DuckDB would refuse."""
    connection = _connection()
    connection.execute("create or replace schema checked; use checked")
    try:
        _tables(connection, source)
        yield from _marts(connection, source)
    finally:
        connection.execute("use main; drop schema checked cascade")


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """It reads no file and no network, whatever the SQL says."""
    connection = duckdb.connect(config={"enable_external_access": False, "threads": 1, "memory_limit": "200MB"})
    atexit.register(connection.close)
    return connection


def _tables(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Makes RAW and CLEAN as a run would, as far as the SQL speaks of them."""
    said = "\n".join(mart.sql for mart in source.analytics).upper()
    raw = f"RAW_{source.name}_JSON".upper()
    if raw in said:
        connection.execute(sql.render("duckdb", "create_raw", table=raw))
    for stream in source.streams:
        if stream.clean and any(table.upper() in said for table in stream.clean.tables):
            model = model_of(source.name, source.filled(stream))
            connection.execute(sql.render("duckdb", "create_clean", model=model) + made_by(model))


def _columns(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute("select distinct column_name from duckdb_columns() where schema_name = 'checked'")
    return sorted(name for (name,) in found.fetchall())


def _marts(connection: duckdb.DuckDBPyConnection, source: Source) -> Iterator[Said]:
    """A view in place of each table: it is bound and never read."""
    config = {name: rule["default"] for name, rule in source.config.items() if "default" in rule}
    by_table = {mart.table: index for index, mart in enumerate(source.analytics)}
    inside = {t: [ref for ref in refs(source.analytics[i].sql) if ref in by_table] for t, i in by_table.items()}
    unknown: set[str] = set()
    for table in TopologicalSorter(inside).static_order():
        index = by_table[table]
        if unknown & set(inside[table]):
            unknown.add(table)
            continue
        try:
            text = render_text(source.analytics[index].sql, {"config": config, "ref": sql.quote_name})
            connection.execute(f"create view {sql.quote_name(table)} as {text.strip().rstrip(';')}")
        except TemplateProblem:  # a value that only an environment gives
            unknown.add(table)
        except duckdb.Error as error:
            unknown.add(table)
            if said := _said(error, _columns(connection)):
                code, message, word = said
                yield code, ("analytics", index, "sql"), message, word


def _said(error: Any, columns: list[str]) -> tuple[str, str, str] | None:
    """DuckDB's words as ours; None for what can't be known here: files, and tables that are not this source's."""
    text = str(error)
    first = text.splitlines()[0].partition(": ")[2] or text.splitlines()[0]
    if isinstance(error, duckdb.PermissionException | duckdb.IOException | duckdb.HTTPException):
        return None
    if isinstance(error, duckdb.ParserException):
        near = re.search(r'syntax error at or near "(.*)"', first)
        word = near[1].strip('"') if near else ""
        said = f"DuckDB stops at {word!r}" if word else first.rstrip(".!")
        return "E309", f"the SQL does not parse: {said}.", word
    if found := re.search(
        r'(?:Referenced column|[Tt]able) "(?:[^"]*)" (?:not found|does not have a column named "([^"]*)")', text
    ):
        column = found[1] or re.findall(r'Referenced column "([^"]*)"', text)[0]
        near_by = re.findall(r'"([^"]*)"', text.partition("Candidate bindings:")[2].partition("\n")[0])
        known = [name.rpartition(".")[2] for name in near_by]
        nearby = suggestion(column, known or columns)
        remedy = (
            nearby if "Did you mean" in nearby else f"{nearby} A column is declared under the stream's `clean.columns`."
        )
        return "E317", f"there is no column {column!r}.{remedy}", column
    if found := re.search(r"Function with name \"?(\w+)\"? does not exist", text):
        near = re.search(r'Did you mean "(\w+)"', text)
        return "E317", f"there is no function {found[1]!r}.{f' Did you mean {near[1]!r}?' if near else ''}", found[1]
    if re.search(r"Table with name|Catalog .* does not exist|Schema .* does not exist", text):
        return None
    return "E317", f"DuckDB can't make this table: {first.rstrip('.!')}.", ""
