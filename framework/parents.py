"""A child's view of its parent: the parent's records as its log and parts hold them, never from memory."""

import gzip
import zlib
from collections.abc import Iterator

from framework.errors import StageError
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
    entries = list(log.published(after))
    for number, entry in _that_count(entries, parent, spec.only_changed, run):
        for part in entry.parts:
            lines = _lines(stage, part.key)
            for partition, extra in spec.partitions(lines, parent_fields(child), parent.primary_key or []):
                yield Parent(partition, extra, number)


def _lines(stage: Stage, key: str) -> Iterator[bytes]:
    with stage.as_file(key) as path, gzip.open(path, "rb") as lines:
        try:
            yield from lines
        except (EOFError, OSError, zlib.error) as error:
            remedy = "Put it back as it was, or read its stream anew with --full-refresh."
            raise StageError(f"the part {key} is damaged: {error}. {remedy}") from None


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
