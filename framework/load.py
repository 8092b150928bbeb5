"""Log → RAW: every part exactly once, its rows counted against its manifest.

The ledger and the rows are written in one transaction, so a run that dies leaves either both or neither.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from framework import sql
from framework.errors import WarehouseError
from framework.log import Log
from framework.manifest import Closed, Committed, Numbered, Part, Reissued, partition_key
from framework.stages.base import Stage
from framework.warehouses.base import FileWarehouse, PartFile, Warehouse

BATCH_BYTES = 64 << 20
BATCH_ENTRIES = 200

_SLICE_COLUMNS = (
    "source", "stream", "log", "slice", "run_id", "started", "partition", "window_start", "window_end", "status",
    "rows", "part", "first_row", "part_rows",
)  # fmt: skip
_PART_COLUMNS = ("source", "stream", "log", "part", "rows", "bytes", "sha256", "run_id", "loaded_at")
_QUARANTINE_COLUMNS = ('"table"', "source", "stream", "part", "row", "columns", "cleaned_at")
_ENTRY_COLUMNS = ("source", "stream", "log", "kind", "run_id", "started", "complete", "loaded_at")


@dataclass(frozen=True)
class Loaded:
    """What was loaded of a stream."""

    parts: int = 0
    rows: int = 0
    warnings: tuple[str, ...] = ()


def raw_table(source: str) -> str:
    """The source's RAW table."""
    return f"RAW_{source.upper()}_JSON"


def prepare(warehouse: Warehouse, source: str) -> None:
    """Makes the tables that loading needs."""
    with warehouse.transaction():
        warehouse.execute(sql.render(warehouse.dialect, "create_ops"))
        warehouse.execute(sql.render(warehouse.dialect, "create_raw", table=raw_table(source)))


def load(warehouse: FileWarehouse, stage: Stage, log: Log, source: str, stream: str, now: datetime) -> Loaded:
    """Loads what the stream's log holds beyond the ledger. Raises WarehouseError where a part is not what its manifest
    says; then nothing of its batch is in RAW."""
    where = "where source = ? and stream = ?"
    last = warehouse.execute(
        f"select log, run_id from _INGEST_ENTRIES {where} order by log desc limit 1", (source, stream)
    )
    head, run = last[0] if last else (0, "")
    same_log(log, head, run, warehouse.url)
    parts = rows = 0
    for batch in batches(log.published(head), lambda part: part.bytes, BATCH_BYTES, BATCH_ENTRIES):
        with ExitStack() as files, warehouse.transaction():
            found = [
                PartFile(
                    _whole(files.enter_context(stage.as_file(part.key)), part),
                    part.key,
                    stream,
                    entry.run,
                    number,
                    part.rows,
                    part.longest,
                )
                for number, entry in batch
                if isinstance(entry, Committed)
                for part in entry.parts
            ]
            if found:
                _reconcile(found, warehouse.load(raw_table(source), found))
            keep(warehouse, source, stream, batch, now)
        parts += len(found)
        rows += sum(part.rows for part in found)
    return Loaded(parts, rows)


def same_log(log: Log, head: int, run: str, where: str) -> None:
    """Raises WarehouseError where the log is not the one that was loaded up to that entry, which that run wrote: its
    entries would be taken for loaded ones."""
    if not head:
        return
    entry = log.entry(head)
    if entry is None or entry.run != run:
        found = f"was written by run {entry.run}" if entry else "is not there"
        raise WarehouseError(
            f"{log.name}: {where} has loaded the log up to entry {head}, written by run {run}, and here that "
            f"entry {found}. So the stage was emptied, or it is another one. Nothing of it was loaded: what it holds "
            "would be taken for what was loaded before. Put the stage back that was there, or load this one into "
            "another warehouse (another file or database), which then holds all that is in this stage."
        )


def batches(
    entries: Iterable[Numbered], size: Callable[[Part], int], most: int, most_entries: int
) -> Iterator[list[Numbered]]:
    """As many entries as one transaction should hold, by their number and by the size of their parts."""

    def number() -> Iterator[tuple[int, Numbered]]:
        found = count = group = 0
        for item in entries:
            found += sum(map(size, item[1].parts)) if isinstance(item[1], Committed) else 0
            count += 1
            yield group, item
            if found >= most or count >= most_entries:
                found, count, group = 0, 0, group + 1

    for _, batch in groupby(number(), key=lambda pair: pair[0]):
        yield [item for _, item in batch]


def _whole(path: Path, part: Part) -> Path:
    """The part's file, which is byte for byte what was published."""
    size = path.stat().st_size
    if size != part.bytes:
        raise _changed(part.key, f"holds {size} bytes and its manifest says {part.bytes}")
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != part.sha256:
            raise _changed(part.key, "has another checksum than its manifest says")
    return path


def _reconcile(parts: Sequence[PartFile], loaded: dict[str, int]) -> None:
    for part in parts:
        if loaded.get(part.key, 0) != part.rows:
            raise _changed(part.key, f"holds {loaded.get(part.key, 0)} rows and its manifest says {part.rows}")


def _changed(key: str, what: str) -> WarehouseError:
    return WarehouseError(
        f"the part {key} {what}: it was changed after it was published. Nothing of its batch was loaded; put the part "
        "back as it was, and load again."
    )


def keep(warehouse: Warehouse, source: str, stream: str, batch: Sequence[Numbered], now: datetime) -> None:
    """The ledger: parts, slices and entries of the log, and the lines that were left out of parts."""
    parts: list[Sequence[Any]] = []
    slices: list[Sequence[Any]] = []
    entries: list[Sequence[Any]] = []
    bad: list[Sequence[Any]] = []
    now = _utc(now)
    for number, entry in batch:
        started = getattr(entry, "started", None)
        started = _utc(started) if started else None
        kind = type(entry).__struct_config__.tag
        complete = _read_all(entry) if isinstance(entry, Closed) else None
        entries.append((source, stream, number, kind, entry.run, started, complete, now))
        if isinstance(entry, Committed):
            parts += [(source, stream, number, p.key, p.rows, p.bytes, p.sha256, entry.run, now) for p in entry.parts]
            slices += _slice_rows(source, stream, number, entry, started)
        if isinstance(entry, Reissued) and not _has_whole(warehouse, entry.part):
            bad += [(raw_table(source), source, stream, entry.part, line.row, line.reason, now) for line in entry.bad]
    warehouse.insert("_INGEST_PARTS", _PART_COLUMNS, parts)
    warehouse.insert("_INGEST_SLICES", _SLICE_COLUMNS, slices)
    warehouse.insert("_INGEST_ENTRIES", _ENTRY_COLUMNS, entries)
    warehouse.insert("_INGEST_QUARANTINE", _QUARANTINE_COLUMNS, bad)


def _has_whole(warehouse: Warehouse, part: str) -> bool:
    """Whether the part was loaded as it was, before it was reissued for another warehouse."""
    return bool(warehouse.execute(f"select 1 from {warehouse.ops('_INGEST_PARTS')} where part = ?", (part,)))


def _read_all(entry: Closed) -> bool:
    """Whether the run read all that the stream holds: a backfill of a child follows its own run's parents only."""
    return entry.complete and not (entry.backfill and entry.through)


def _utc(moment: datetime) -> datetime:
    """As the ledger keeps it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _slice_rows(
    source: str, stream: str, number: int, entry: Committed, started: datetime | None
) -> Iterator[Sequence[Any]]:
    """A row for each run of rows that a slice left, one without a part where it left none."""
    for index, result in enumerate(entry.slices):
        window = result.slice.window
        start, end = (_utc(window.start), _utc(window.end)) if window else (None, None)
        head = (
            source,
            stream,
            number,
            index,
            entry.run,
            started,
            partition_key(result.slice.partition),
            start,
            end,
        )
        places: list[Sequence[Any]] = [(place.part, place.first, place.rows) for place in result.ranges]
        for place in places or [(None, None, None)]:
            yield (*head, result.status, result.rows, *place)
