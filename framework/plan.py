"""Spec + config + window + position → the slices to run. Pure: time and what is known come in as values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec.structs import replace

from framework import exact_json
from framework.errors import SpecError
from framework.incremental import Incremental
from framework.manifest import Partition, Position, Record, Slice
from framework.names import uses_window
from framework.partitions.base import ForEach
from framework.partitions.stream import ForEachRecord
from framework.partitions.values import ForEachValue
from framework.spec import Stream
from framework.template import render_text
from framework.window import Window, cut, floor, merged, parse_instant

Values = Mapping[str, Any]


class Plan(Record, frozen=True):
    """What a run is going to do for one stream. Its slices follow it in the plan's file."""

    run: str
    source: str
    stream: str
    started: datetime
    base: int
    """The log entry that the plan was made after."""
    fingerprint: str
    slices: list[Slice]
    through: int = 0
    """For a child: the parent's log entry up to which parents were looked at."""
    backfill: bool = False
    limit: int | None = None
    shared: bool = False
    """Whether all partitions have one position."""

    @property
    def moves_position(self) -> bool:
        """Whether what it reads counts as read; else it is read again by the next run."""
        return not self.backfill and self.limit is None

    def to_json(self) -> bytes:
        """As it waits in the stage."""
        return exact_json.encode(self)

    @classmethod
    def from_json(cls, text: bytes) -> "Plan":
        """The inverse of `to_json`."""
        return _decoder.decode(text)


_decoder: msgspec.json.Decoder[Plan] = msgspec.json.Decoder(Plan, float_hook=exact_json.ExactFloat)


@dataclass(frozen=True)
class Parent:
    """A record of the parent: its identity, what else templates use of it, and the parent's log entry it stands in."""

    partition: Partition
    extra: Partition
    entry: int


@dataclass(frozen=True)
class Request:
    """What is asked of a run."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def backfill(self) -> bool:
        """Whether it covers a range of its own choice and leaves the position alone."""
        return self.since is not None or self.until is not None


def fingerprint(stream: Stream) -> str:
    """What gives a position its meaning. A change of it makes the position worthless."""
    parts = []
    if stream.incremental:
        parts.append(f"cursor {stream.incremental.cursor}, written as {stream.incremental.forms[0]}")
        if stream.incremental.position == "shared":
            parts.append("one position for all partitions")
    for level in stream.levels:
        by = f", {level.batch} at a time" if level.batch else ""
        parts.append(f"for each {level.as_} of {' and '.join(level.streams) or 'values'}{by}")
    return "; ".join(parts) or "everything, every time"


def slices(
    stream: Stream,
    values: Values,
    position: Position,
    now: datetime,
    asked: Request,
    parents: Mapping[str, Iterable[Parent]] = MappingProxyType({}),
) -> Iterator[Slice]:
    """The slices of one run, oldest first within a partition. `parents` by the name that a level gives them."""
    for item in _partitions(stream, values, position, asked, parents):
        if stream.incremental is None:
            yield item
        else:
            yield from _by_time(stream, stream.incremental, item, values, position, now, asked)


def _partitions(
    stream: Stream, values: Values, position: Position, asked: Request, parents: Mapping[str, Iterable[Parent]]
) -> Iterator[Slice]:
    """Every combination of the values of all levels, without a window."""
    found = [list(_of_level(each, values, position, asked, parents)) for each in stream.levels]
    for combination in product(*found):
        partition = {name: value for item in combination for name, value in item.partition.items()}
        yield Slice(partition, None, {name: value for item in combination for name, value in item.extra.items()})


def _of_level(
    level: ForEach, values: Values, position: Position, asked: Request, parents: Mapping[str, Iterable[Parent]]
) -> Iterator[Slice]:
    listed = level.partitions(values) if isinstance(level, ForEachValue) else ()
    found = [Slice(partition) for partition in listed]
    again: list[Slice] = []
    if level.streams and not found:
        found, again = _followed(level, position, asked, parents.get(level.as_, ()))
    yield from batched(found, level) if level.batch else found
    yield from again


def batched(items: Sequence[Slice], level: ForEach) -> Iterator[Slice]:
    """So many values as one partition, whose name stands for the list of them."""
    name, size = level.as_, level.batch or 1
    for start in range(0, len(items), size):
        yield Slice({name: [_whole(item, name) for item in items[start : start + size]]})


def _whole(item: Slice, name: str) -> Any:
    value, extra = item.partition[name], item.extra.get(name)
    return {**value, **extra} if isinstance(value, dict) and extra else value


def _followed(
    level: ForEach, position: Position, asked: Request, parents: Iterable[Parent]
) -> tuple[list[Slice], list[Slice]]:
    """A slice for each parent that is due, the newest mention of it counts; and those that failed before. A child that
    follows all of them does so every time, whatever an earlier run came to: what it reads is to be whole."""
    due: dict[str, tuple[Slice, int]] = {}
    for parent in parents:
        found = Slice(parent.partition, None, parent.extra)
        due[found.partition_key] = (found, parent.entry)
    again: list[Slice] = []
    if not asked.backfill and isinstance(level, ForEachRecord) and level.only_changed:
        due = {key: (item, entry) for key, (item, entry) in due.items() if position.followed.get(key, 0) < entry}
        again = [pending for key, pending in position.pending.items() if key not in due]
    return [item for item, _ in due.values()], again


def _by_time(
    stream: Stream,
    spec: Incremental,
    item: Slice,
    values: Values,
    position: Position,
    now: datetime,
    asked: Request,
) -> Iterator[Slice]:
    of = {} if spec.position == "shared" else item.partition
    if stream.first_run and not asked.backfill and not position.covered.get(_key(of)):
        whole = Window(_start(spec, values), _newest(spec, now))
        yield replace(item, window=whole, first=True)
        return
    for window in _windows(spec, of, values, position, now, asked):
        yield replace(item, window=window)


def _windows(
    spec: Incremental, partition: Partition, values: Values, position: Position, now: datetime, asked: Request
) -> Iterator[Window]:
    newest = _newest(spec, now)
    first = _start(spec, values)
    if asked.backfill:
        span = Window(asked.since or first, min(asked.until or newest, newest))
        yield from cut(span, spec.window)
        return
    reached = min(position.reached(partition, first), max(first, newest))
    again = Window(reached - min(spec.lookback, reached - first), reached)  # read again, for records that arrive late
    gaps = _uncovered(Window(first, max(first, newest)), position.covered.get(_key(partition), ()))
    for span in merged([*gaps, *([again] if again.start < again.end else [])]):
        yield from cut(span, spec.window)


def _newest(spec: Incremental, now: datetime) -> datetime:
    """How far may be read by that clock."""
    try:
        return floor(now - spec.delay, spec.step)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _key(partition: Partition) -> str:
    return Slice(partition).partition_key


def _uncovered(span: Window, covered: Iterable[Window]) -> Iterator[Window]:
    start = span.start
    for window in covered:
        if min(window.start, span.end) > start:
            yield Window(start, min(window.start, span.end))
        start = max(start, window.end)
    if start < span.end:
        yield Window(start, span.end)


def _start(spec: Incremental, values: Values) -> datetime:
    text = render_text(spec.start, values)
    for form in ("iso8601", *spec.forms):
        try:
            return parse_instant(text, form)
        except ValueError:
            continue
    raise SpecError(f"incremental.start: {text!r} is no instant. Write it like 2024-01-31 or 2024-01-31T12:00:00Z.")


def is_whole(stream: Stream, item: Slice) -> bool:
    """Whether a slice that was read to its end holds all of its window: its end was sent, records are told apart by
    their own time, or the list was read whole."""
    spec = stream.incremental
    return item.first or uses_window(stream, "end") or (spec is not None and spec.drops)


def covered(stream: Stream, item: Slice, greatest: datetime | None, api_now: datetime | None) -> Window | None:
    """The time that is complete once a slice was read to its end: all of its window where it holds that, see
    `is_whole`, else up to the greatest cursor seen. Never past the API's own clock."""
    spec, window = stream.incremental, item.window
    if spec is None or window is None:
        return None
    end = window.end
    if not is_whole(stream, item):
        if greatest is None:
            return None
        end = min(end, greatest)
    if api_now is not None:
        end = min(end, _newest(spec, api_now))
    return Window(window.start, end) if end > window.start else None
