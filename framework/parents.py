"""A child's view of its parent: the parent's records as its log and parts hold them, never from memory."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from framework.errors import StageError
from framework.log import Log
from framework.manifest import Closed, Committed, Numbered, Part, Position, Slice
from framework.partitions.stream import ForEachRecord
from framework.plan import Parent
from framework.spec import Stream
from framework.stages.base import Stage


@dataclass(frozen=True)
class Ask:
    """What a child wants of one parent."""

    child: Stream
    level: ForEachRecord
    parent: Stream
    fields: Mapping[str, list[str]]
    """By name: what templates use, those of the child and of all that follow it."""
    run: str | None = None
    """Only what this run logged."""


def read(ask: Ask, log: Log, stage: Stage, position: Position) -> Iterator[Parent]:
    """The parent's records that a child is to follow, oldest first, doubles included: those logged after the child's
    position where it follows changes only; else all that count."""
    level = ask.level
    after = position.parents if level.only_changed and ask.run is None else 0
    entries = list(log.published(after))
    own = {name for each in ask.child.levels for name in (each.as_, getattr(each, "parent_as", None))}
    for number, entry in _that_count(entries, ask.parent, level.only_changed, ask.run):
        for part in entry.parts:
            for item, lines in _by_slice(entry, part, _lines(stage, part.key)):
                above = {k: v for k, v in _values(item).items() if k in ask.fields and k not in own}
                for partition, extra in level.partitions(lines, ask.fields, ask.parent.primary_key or []):
                    yield Parent(partition, {**above, **extra}, number)


def _by_slice(entry: Committed, part: Part, lines: Iterator[bytes]) -> Iterator[tuple[Slice, Iterator[bytes]]]:
    """A part's lines by the slice that they were read for."""
    ranges = [(r.first, r.rows, result.slice) for result in entry.slices for r in result.ranges if r.part == part.key]
    at = 1
    for first, rows, item in sorted(ranges, key=lambda found: found[0]):
        yield item, islice(lines, first - at, first - at + rows)
        at = first + rows
    for _ in lines:  # to its end, where a part that is damaged shows
        pass
    for _ in lines:  # to the end, where a damaged file shows
        pass


def _values(item: Slice) -> dict[str, Any]:
    """What the parent's own templates were told of those above it."""
    values: dict[str, Any] = dict(item.partition)
    for name, value in item.extra.items():
        held = values.get(name)
        values[name] = {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value
    return values


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
    if run is None and not only_changed and parent.incremental is None and not parent.parents:
        complete = [entry.run for _, entry in entries if isinstance(entry, Closed) and entry.complete]
        run = complete[-1] if complete else None
    for number, entry in entries:
        if isinstance(entry, Committed) and (run is None or entry.run == run):
            yield number, entry
