"""Log → RAW in Snowflake: each part exactly once, whichever way it comes, its rows counted against its manifest.

The ledger is written in one transaction with a step of the row that says how far the stream is: of two that load at
the same time one is told so, undoes what it did and starts again behind the other.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from framework.deploy import loading
from framework.errors import WarehouseError
from framework.load import Loaded, batches, keep, same_log
from framework.log import Log
from framework.manifest import Committed, Numbered, Part
from framework.snowflake import copying, pipes
from framework.snowflake.auto_ingest import AutoIngest
from framework.snowflake.called import Called
from framework.snowflake.place import MOST_FILES, Place
from framework.snowflake.refused import NotLoaded
from framework.snowflake.reissue import reissue
from framework.snowflake_session import Session
from framework.snowflake_words import quote_list, quote_text, quote_value
from framework.snowpipe_rest import PipeCalls

BATCH_ENTRIES = 2_000
TRIES = 5
REISSUES = 20
"""Of each a load may be told of a single bad line."""

Bring = Callable[[Place, Sequence[Part]], None]


class Overtaken(Exception):
    """Another load got further in the meantime."""


class Reissue(Exception):
    """Parts were refused, and others stand in their place now."""


def load(place: Place, log: Log, now: datetime) -> Loaded:
    """Loads what the stream's log holds beyond the ledger. Raises WarehouseError where a part is not what its manifest
    says; then the ledger knows nothing of its batch."""
    parts = rows = 0
    warnings: list[str] = []
    tries = reissues = 0
    while tries < TRIES and reissues < REISSUES:
        try:
            head = _head(place)
            same_log(log, head, _run_of(place, head), place.warehouse.url)
            for batch in batches(log.published(head), lambda _: 1, MOST_FILES, BATCH_ENTRIES):
                found = [part for _, entry in batch if isinstance(entry, Committed) for part in entry.parts]
                try:
                    _bring(place, found, batch, head, now)
                except NotLoaded as refused:
                    warnings += reissue(place, log, batch, refused, now)  # or raises it, where no line is to blame
                    if refused.late:
                        raise
                    raise Reissue from None
                head = batch[-1][0]
                parts, rows = parts + len(found), rows + sum(part.rows for part in found)
            return Loaded(parts, rows, tuple(warnings))
        except Overtaken:
            tries += 1
        except Reissue:
            reissues += 1
            log.recover()
    if reissues:
        raise WarehouseError(f"parts of {place.source}.{place.stream} fail again and again: {'; '.join(warnings)}")
    raise WarehouseError(f"others load {place.source}.{place.stream} all the time: run again when they are done")


def _head(place: Place) -> int:
    """The last entry of the log that is loaded. Refuses where the source's parts came another way so far."""
    table, way = place.warehouse.ops(loading.TABLE), place.settings.load
    known = place.run(
        f"SELECT STREAM, LOG, LOADED_BY FROM {table} WHERE SOURCE = {quote_text(place.source)} ORDER BY LOG DESC"
    )
    for _, _, before in known:
        if loading.is_switch(str(before), way):
            raise WarehouseError(
                f"the parts of {place.source} were loaded by {before} so far, and the environment "
                f"{place.account.environment} says `load: {way}` now. Their histories know nothing of each other, so "
                "parts could be loaded twice or never. `framework deploy plan` shows the change of the way and "
                "`framework deploy apply` makes it; or set `load` back."
            )
    mine = [int(log) for stream, log, _ in known if stream == place.stream]
    if mine:
        return mine[0]
    values = ", ".join(map(quote_text, (place.source, place.stream, way)))
    place.run(
        f"MERGE INTO {table} AS T USING (SELECT {quote_text(place.stream)} AS STREAM) AS S "
        f"ON T.STREAM = S.STREAM AND T.SOURCE = {quote_text(place.source)} "
        f"WHEN NOT MATCHED THEN INSERT (SOURCE, STREAM, LOADED_BY, LOG) VALUES ({values}, 0)"
    )
    return 0


def _run_of(place: Place, head: int) -> str:
    """The run that wrote an entry of the log that is loaded."""
    table = place.warehouse.ops("_INGEST_ENTRIES")
    found = place.run(f"SELECT RUN_ID FROM {table} WHERE {place.these()} AND LOG = {head}") if head else []
    return str(found[0][0]) if found else ""


def _bring(place: Place, parts: Sequence[Part], batch: Sequence[Numbered], head: int, now: datetime) -> None:
    """A batch into RAW and the ledger."""
    copies = place.settings.load == "copy"
    if parts and not copies:
        pipes.arrive(place, _pipe(place, batch), parts)
    with place.warehouse.transaction():
        if parts and copies:
            copying.copy(place, parts)
        if parts:
            _reconcile(place, parts)
        keep(place.warehouse, place.source, place.stream, batch, now)
        _advance(place, head, batch[-1], now)


def _pipe(place: Place, batch: Sequence[Numbered]) -> pipes.Pipe:
    """The source's, as far back as a batch began."""
    began = min(entry.started for _, entry in batch if isinstance(entry, Committed)) - timedelta(hours=1)
    if place.settings.load == "snowpipe_rest" and isinstance(place.warehouse, Session):
        return Called(place, PipeCalls(place.warehouse.login, place.pipe), began)
    return AutoIngest(place, began)


def _reconcile(place: Place, parts: Sequence[Part]) -> None:
    found = place.rows_in_raw(parts)
    for part in parts:
        if found.get(part.key, 0) != part.rows:
            raise WarehouseError(
                f"the part {part.key} has {found.get(part.key, 0)} rows in RAW and its manifest says {part.rows}: "
                f"{'it was loaded twice' if found.get(part.key, 0) > part.rows else 'it did not get through whole'}. "
                "Nothing of its batch counts as loaded. COPY_HISTORY of the table says what became of it."
            )


def _advance(place: Place, head: int, last: Numbered, now: datetime) -> None:
    """The stream is loaded up to here, if it still stands where this load began and no deployment changed the way."""
    number, entry = last
    way = place.settings.load
    others = quote_list(each for each in loading.WAYS if not loading.is_switch(each, way))
    values = f"LOG = {number}, RUN_ID = {quote_text(entry.run)}, LOADED_AT = {quote_value(now.replace(tzinfo=None))}"
    (changed, *_), *_ = place.run(
        f"UPDATE {place.warehouse.ops(loading.TABLE)} SET {values}, LOADED_BY = {quote_text(way)} "
        f"WHERE {place.these()} AND LOG = {head} AND LOADED_BY IN {others}"
    )
    if not changed:
        raise Overtaken
