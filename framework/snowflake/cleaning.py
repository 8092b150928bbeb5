"""RAW → CLEAN in Snowflake: a task or a dynamic table is told to be up to date, what has none is cleaned here.

Temporary tables are made first, since DDL commits. Then one transaction changes the table and moves the row that says
how far it is: of two that clean at the same time one is told so, and undoes what it did.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from framework import children
from framework.clean import Cleaned, asks_for_new_fields, kept, new_fields, unfit
from framework.deploy.cleaning import applied, counted, counted_in, names_of, noted, prepared
from framework.deploy.sources import Table
from framework.errors import WarehouseError
from framework.snowflake import tasks
from framework.snowflake.place import Place
from framework.snowflake_words import quote_text, quote_value

TRIES = 5
NEVER = -1
"""How far a table is that was never cleaned."""


class Overtaken(Exception):
    """Another cleaning got further in the meantime."""


def clean(place: Place, table: Table, now: datetime) -> Cleaned:
    """Brings the stream's table up to what the ledger holds. One whose definition changed is filled anew from RAW.
    Raises CheckFailed where the contract says so."""
    for _ in range(TRIES):
        try:
            warnings = _clean(place, table, now)
        except Overtaken:
            continue
        rows = place.run(f"SELECT COUNT(*) FROM {table.name}")[0][0]
        return Cleaned(table.model.table, int(rows), warnings)
    raise WarehouseError(f"others clean {table.name} all the time: run again when they are done")


def _clean(place: Place, table: Table, now: datetime) -> list[str]:
    definition = hashlib.sha256(repr(table.model).encode()).hexdigest()[:16]
    after, known = _known(place, table)
    loading = place.warehouse.ops("_INGEST_LOADING")
    through = int(place.run(f"SELECT COALESCE(MAX(LOG), 0) FROM {loading} WHERE {place.these()}")[0][0])
    anew = known != definition and table.by != "dynamic_table"
    if through <= max(after, 0) and not anew:
        _by_itself(place, table)
        return []
    _by_itself(place, table)
    start = 0 if anew else max(after, 0)
    for statement in prepared(place.account, table, start, through):
        place.run(statement)
    warnings = _warnings(place, table, start, through)
    with place.warehouse.transaction():
        for statement in _changes(place, table, start, through, anew):
            place.run(statement)
        _advance(place, table, (after, known), (through, definition), now)
    return warnings


def _known(place: Place, table: Table) -> tuple[int, str | None]:
    """The log entry up to which the table is clean, and by which definition. Its row is made where it is missing."""
    name = quote_text(table.model.table)
    cleaned = place.warehouse.ops("_INGEST_CLEANED")
    found = place.run(f"SELECT SOURCE, LOG, DEFINITION FROM {cleaned} WHERE TABLE_NAME = {name}")
    if not found:
        values = ", ".join([name, *map(quote_text, (place.source, place.stream)), str(NEVER), "''"])
        place.run(
            f"MERGE INTO {cleaned} AS T USING (SELECT {name} AS TABLE_NAME) AS S ON T.TABLE_NAME = S.TABLE_NAME "
            f"WHEN NOT MATCHED THEN INSERT (TABLE_NAME, SOURCE, STREAM, LOG, DEFINITION) VALUES ({values})"
        )
        return NEVER, ""
    source, log, definition = found[0]
    if source != place.source:
        raise WarehouseError(
            f"the table {table.model.table} is that of the source {source!r}: give one of the two another name. If "
            f"that source is gone, delete the table's row in {cleaned}."
        )
    return int(log), str(definition)


def _by_itself(place: Place, table: Table) -> None:
    """What fills the table by itself does so now."""
    if table.by == "dynamic_table":
        place.run(f"ALTER DYNAMIC TABLE {table.name} REFRESH")
    if table.by != "task":
        return
    stream = place.account.within("RAW", f"STM_{place.source.upper()}_{place.stream.upper()}")
    if place.run(f"SELECT SYSTEM$STREAM_HAS_DATA({quote_text(stream)})")[0][0]:
        tasks.execute(place, "CLEAN", f"TSK_{table.model.table}")


def _changes(place: Place, table: Table, after: int, through: int, anew: bool) -> Iterator[str]:
    """What is done to the table. One that a task fills is left to it, unless it is to be filled anew: then the task has
    just taken what was waiting for it."""
    names = names_of(place.account, table)
    if anew:
        parts = (
            f"SELECT {quote_text(names.prefix)} || PART FROM {names.parts} WHERE {place.these()} AND LOG <= {through}"
        )
        only = f" WHERE _PART IN ({parts})" if table.by == "task" else ""
        yield f"DELETE FROM {names.table}{only}"
        yield f"DELETE FROM {names.quarantine} WHERE TABLE_NAME = {quote_text(table.model.table)}"
        if table.model.has_shadows:
            yield f"DELETE FROM {names.shadows}"
    yield from (
        applied(place.account, table, after, through)
        if anew or table.by == "run"
        else noted(place.account, table, after)
    )


def _advance(place: Place, table: Table, before: tuple[int, str | None], after: tuple[int, str], now: datetime) -> None:
    """The table is clean up to here, if it still stands where this cleaning began."""
    cleaned = place.warehouse.ops("_INGEST_CLEANED")
    moment = quote_value(now.astimezone(UTC).replace(tzinfo=None))
    (changed, *_), *_ = place.run(
        f"UPDATE {cleaned} SET LOG = {after[0]}, DEFINITION = {quote_text(after[1])}, STREAM = "
        f"{quote_text(place.stream)}, CLEANED_AT = {moment} WHERE TABLE_NAME = {quote_text(table.model.table)} "
        f"AND LOG = {before[0]} AND DEFINITION = {quote_text(before[1])}"
    )
    if not changed:
        raise Overtaken


def _warnings(place: Place, table: Table, after: int, through: int) -> list[str]:
    """What is said of the records that are new."""
    stream, model, names = table.stream, table.model, names_of(place.account, table)
    warnings = unfit(stream, model, place.run(counted(place.account, table, after)))
    for child in children.counted(stream, model):
        warnings += children.said(stream, child, place.run(counted_in(place.account, table, child, after)))
    if asks_for_new_fields(stream) and after > 0:
        warnings += new_fields(stream, _new_fields(place, table, after, through))
    if model.mode == "replace":
        query = f"SELECT PARTITION, TURN, SUM(ROW_COUNT) FROM {names.read} GROUP BY PARTITION, TURN ORDER BY TURN"
        warnings += kept(model, place.run(query))
    return warnings


def _new_fields(place: Place, table: Table, after: int, through: int) -> list[str]:
    """Fields that no record up to `after` had."""
    names = names_of(place.account, table)

    def fields(condition: str) -> str:
        return (
            f"SELECT DISTINCT F.KEY AS NAME FROM {names.raw} AS R JOIN {names.parts} AS P "
            f"ON R.SRC_FILENAME = {quote_text(names.prefix)} || P.PART, LATERAL FLATTEN(INPUT => R.PAYLOAD) AS F "
            f"WHERE R.SRC_STREAM = {quote_text(place.stream)} AND P.SOURCE = {quote_text(place.source)} "
            f"AND P.STREAM = {quote_text(place.stream)} AND P.LOG {condition}"
        )

    query = f"{fields(f'> {after} AND P.LOG <= {through}')} MINUS {fields(f'<= {after}')}"
    return [str(name) for (name,) in place.run(query)]
