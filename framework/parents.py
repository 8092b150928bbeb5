"""A child's view of its parent: the parent's records as its log and parts hold them, never from memory."""

import gzip
from collections.abc import Iterator
from contextlib import ExitStack

from framework.log import Log
from framework.manifest import Closed, Committed, Numbered, Position
from framework.names import parent_fields
from framework.partitions.stream import ForEachRecord
from framework.plan import Parent
from framework.spec import Stream
from framework.stages.base import Stage


def read(
    child: Stream, parent: Stream, log: Log, stage: Stage, position: Position, run: str | None
) -> Iterator[Parent]:
    """The parent's records that a child is to follow, oldest first, doubles included: those logged after the child's
    position where it follows changes only; else all that count. `run` narrows it to what that run logged."""
    spec = child.for_each
    assert isinstance(spec, ForEachRecord)
    after = position.parents if spec.only_changed and run is None else 0
    entries = [(number, entry) for number, entry in log.published(after)]
    for number, entry in _that_count(entries, parent, spec.only_changed, run):
        for part in entry.parts:
            with ExitStack() as files:
                path = files.enter_context(stage.as_file(part.key))
                lines = files.enter_context(gzip.open(path, "rb"))
                for partition, extra in spec.partitions(lines, parent_fields(child), parent.primary_key or []):
                    yield Parent(partition, extra, number if spec.only_changed else log_end(entries))


def log_end(entries: list[Numbered]) -> int:
    """The number of the last entry."""
    return entries[-1][0] if entries else 0


def _that_count(
    entries: list[Numbered], parent: Stream, only_changed: bool, run: str | None
) -> Iterator[tuple[int, Committed]]:
    """A parent that is read whole every time counts as its last complete run left it."""
    if run is None and not only_changed and parent.incremental is None and parent.parent is None:
        complete = [entry.run for _, entry in entries if isinstance(entry, Closed) and entry.complete]
        run = complete[-1] if complete else None
    for number, entry in entries:
        if isinstance(entry, Committed) and (run is None or entry.run == run):
            yield number, entry
