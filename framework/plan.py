"""Spec + config + window + position → the slices to run. Pure: time and what is known come in as values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from framework import exact_json
from framework.errors import SpecError
from framework.manifest import Partition, Position, Record, Slice
from framework.names import uses_window
from framework.partitions.stream import ForEachRecord
from framework.partitions.values import ForEachValue
from framework.spec import Incremental, Stream
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
        parts.append(f"cursor {stream.incremental.cursor}, written as {stream.incremental.format}")
    if stream.for_each:
        of = stream.parent or "values"
        parts.append(f"for each {stream.for_each.as_} of {of}")
    return "; ".join(parts) or "everything, every time"


def slices(
    stream: Stream,
    values: Values,
    position: Position,
    now: datetime,
    asked: Request,
    parents: Iterable[Parent] = (),
) -> Iterator[Slice]:
    """The slices of one run, oldest first within a partition."""
    if stream.parent:
        yield from _followed(stream, position, asked, parents)
        return
    partitions: Iterable[Partition] = [{}]
    if isinstance(stream.for_each, ForEachValue):
        partitions = stream.for_each.partitions(values)
    for partition in partitions:
        if stream.incremental is None:
            yield Slice(partition)
        else:
            for window in _windows(stream.incremental, partition, values, position, now, asked):
                yield Slice(partition, window)


def _followed(stream: Stream, position: Position, asked: Request, parents: Iterable[Parent]) -> Iterator[Slice]:
    """A slice for each parent that is due: the newest mention of it counts. A child that follows all of them does so
    every time, whatever an earlier run came to: what it reads is to be whole."""
    due: dict[str, tuple[Slice, int]] = {}
    for parent in parents:
        found = Slice(parent.partition, None, parent.extra)
        due[found.partition_key] = (found, parent.entry)
    if not asked.backfill and isinstance(stream.for_each, ForEachRecord) and stream.for_each.only_changed:
        due = {key: (item, entry) for key, (item, entry) in due.items() if position.followed.get(key, 0) < entry}
        for key, pending in position.pending.items():
            due.setdefault(key, (pending, 0))
    yield from (item for item, _ in due.values())


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
    for form in ("iso8601", spec.format):
        try:
            return parse_instant(text, form)
        except ValueError:
            continue
    raise SpecError(f"incremental.start: {text!r} is no instant. Write it like 2024-01-31 or 2024-01-31T12:00:00Z.")


def covered(stream: Stream, item: Slice, greatest: datetime | None, api_now: datetime | None) -> Window | None:
    """The time that is complete once a slice was read to its end: all of its window where the window's end was sent,
    else up to the greatest cursor seen. Never past the API's own clock."""
    spec, window = stream.incremental, item.window
    if spec is None or window is None:
        return None
    end = window.end
    if not uses_window(stream, "end"):
        if greatest is None:
            return None
        end = min(end, greatest)
    if api_now is not None:
        end = min(end, _newest(spec, api_now))
    return Window(window.start, end) if end > window.start else None
