"""What must hold when a run is over: counts against manifests, and the checks of the spec."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from framework import sql
from framework.clean import model_of
from framework.load import raw_table
from framework.spec import Source, Stream
from framework.warehouses.base import Warehouse
from framework.window import show_duration


@dataclass(frozen=True)
class Check:
    """One check and what it found."""

    stream: str
    name: str
    passed: bool
    found: str


def check(warehouse: Warehouse, source: Source, stream: Stream, now: datetime) -> list[Check]:
    """All checks of one stream."""
    results = [_reconciled(warehouse, source.name, stream.name)]
    if stream.clean and not _is_there(warehouse, stream.clean.table):
        return [*results, Check(stream.name, f"there is a table {stream.clean.table}", False, "clean first")]
    if stream.clean:
        table = sql.quote_name(model_of(source.name, stream).table)
        results += of_columns(warehouse, stream, table, sql.quote_name)
    if stream.checks.freshness:
        table = sql.quote_name(stream.clean.table) if stream.clean else ""
        results.append(of_age(warehouse, source, stream, table, now))
    return results


def _is_there(warehouse: Warehouse, table: str) -> bool:
    query = "select 1 from information_schema.tables where lower(table_name) = lower(?)"
    return bool(warehouse.execute(query, (table,)))


def _reconciled(warehouse: Warehouse, source: str, stream: str) -> Check:
    """Rows of each part in RAW = rows of its manifest; no rows but those of parts."""
    found = warehouse.execute(
        f"""
        select coalesce(p.part, r.part), coalesce(p.rows, 0), coalesce(r.rows, 0) from (
            select part, sum(rows) as rows from _INGEST_PARTS where source = ? and stream = ? group by 1
        ) p
        full join (
            select _part as part, count(*) as rows from {sql.quote_name(raw_table(source))} where _stream = ? group by 1
        ) r on r.part = p.part
        where coalesce(p.rows, 0) <> coalesce(r.rows, 0) order by 1 limit 1
        """,
        (source, stream, stream),
    )
    if found:
        part, wanted, have = found[0]
        return Check(stream, "rows in RAW = rows in manifests", False, f"{part}: {have} of {wanted}")
    return Check(stream, "rows in RAW = rows in manifests", True, "all parts")


def of_columns(warehouse: Warehouse, stream: Stream, table: str, quote: Callable[[str], str]) -> list[Check]:
    """What the spec says of the columns of a CLEAN table."""
    results = []
    for name in stream.checks.not_null:
        count = warehouse.execute(f"select count(*) from {table} where {quote(name)} is null")[0][0]
        results.append(Check(stream.name, f"{name} is never null", count == 0, f"{count} nulls"))
    if stream.checks.unique:
        names = ", ".join(map(quote, stream.checks.unique))
        current = " where is_current" if stream.clean and stream.clean.mode == "history" else ""
        doubles = f"select count(*) from (select {names} from {table}{current} group by {names} having count(*) > 1)"
        count = warehouse.execute(doubles)[0][0]
        label = f"{', '.join(stream.checks.unique)} is unique"
        results.append(Check(stream.name, label, count == 0, f"{count} doubles"))
    return results


def of_age(warehouse: Warehouse, source: Source, stream: Stream, table: str, now: datetime) -> Check:
    """How old the newest part, or the newest record of a CLEAN table, may be."""
    rule = stream.checks.freshness
    assert rule is not None
    if rule.of == "load":
        newest = warehouse.execute(
            f"select max(loaded_at) from {warehouse.ops('_INGEST_PARTS')} where source = ? and stream = ?",
            (source.name, stream.name),
        )[0][0]
    else:
        newest = warehouse.execute(f"select max(_cursor) from {table}")[0][0]
    label = f"{rule.of} is no older than {show_duration(rule.max)}"
    if newest is None:
        return Check(stream.name, label, False, "nothing there yet")
    age = max(now.astimezone(UTC).replace(tzinfo=None) - newest, timedelta())
    return Check(
        stream.name,
        label,
        age <= rule.max,
        f"{show_duration(timedelta(seconds=int(age.total_seconds())))} old",
    )
