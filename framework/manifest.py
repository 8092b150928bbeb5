"""What a stream's log says: the entries, the parts and slices in them, and the position they add up to."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from framework import exact_json
from framework.window import Window, merged

Partition = dict[str, Any]
"""A part of a stream by value: the `as` name of each level → a parent's fields, or a list's item. {} is the whole."""

WHOLE = "{}"


def partition_key(partition: Partition) -> str:
    """The partition's identity as text."""
    return exact_json.canonical(partition)


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something written to the stage and read back strictly."""


class Slice(Record, frozen=True):
    """Partition × window: the smallest unit that is run, retried and counted."""

    partition: Partition = msgspec.field(default_factory=dict)
    window: Window | None = None
    extra: Partition = msgspec.field(default_factory=dict)
    """More of the parent's record that templates use, in the shape of `partition`; no part of the identity."""
    first: bool = False
    """Whether it is read by the stream's `first_run`; no part of the identity either."""

    @property
    def id(self) -> str:
        """The slice's identity within a stream, as text."""
        return exact_json.canonical([self.partition, self.window and self.window.to_json()])

    @property
    def partition_key(self) -> str:
        """The partition's identity as text."""
        return partition_key(self.partition)

    def overlaps(self, other: "Slice") -> bool:
        """Whether a record could belong to both."""
        if self.partition_key != other.partition_key:
            return False
        return self.window is None or other.window is None or self.window.overlaps(other.window)

    def __str__(self) -> str:
        by_value = ", ".join(f"{name}={exact_json.encode(v).decode()}" for name, v in self.partition.items())
        return " ".join(part for part in (by_value, str(self.window) if self.window else "") if part) or "everything"


class Part(Record, frozen=True):
    """An object in the stage: gzip-compressed JSON Lines."""

    key: str
    rows: int
    bytes: int
    sha256: str
    longest: int
    """Bytes of its longest line."""
    upload: str
    """What the stage needs to publish it; means something to the stage alone."""


class Range(Record, frozen=True):
    """A run of rows of one part, counted from 1."""

    part: str
    first: int
    rows: int


class SliceResult(Record, frozen=True):
    """What a finished slice left behind."""

    slice: Slice
    status: Literal["done", "skipped", "limited"]
    rows: int = 0
    ranges: list[Range] = []
    requests: int = 0
    retries: int = 0
    covered: Window | None = None
    """The time that is now known complete; None for a backfill and for streams without a cursor."""
    warnings: list[str] = []


class Failure(Record, frozen=True):
    """A slice that did not get through, and why (secrets hidden)."""

    slice: Slice
    error: str

    @property
    def text(self) -> str:
        """Both, to read."""
        whole = not self.slice.partition and self.slice.window is None
        return self.error if whole else f"[{self.slice}] {self.error}"


class Entry(Record, frozen=True, tag_field="kind"):
    """One object of the log. `at` is when it was written."""

    run: str
    at: datetime


class Committed(Entry, frozen=True, tag="slices"):
    """Finished slices and their parts. Writing this entry is the moment they count."""

    base: int
    """The last entry that the plan knew."""
    started: datetime
    """The run's start; names the parts' dt= and hour= folders."""
    fingerprint: str
    parts: list[Part]
    slices: list[SliceResult]
    through: int = 0
    """For a child: the parent's entry up to which the plan had looked."""
    before: str = ""
    after: str = ""
    """The stream's position before and after this entry, to read; the fold is what counts."""
    backfill: bool = False
    shared: bool = False
    """Whether all partitions have one position: what these slices cover counts once the run is closed."""


class Closed(Entry, frozen=True, tag="close"):
    """The end of a run over a stream: what had been planned, and what failed of it."""

    base: int
    planned: int
    done: int
    skipped: int
    failed: list[Failure] = []
    unfinished: int = 0
    """Slices planned and not begun, as after --limit."""
    through: int = 0
    backfill: bool = False
    started: datetime | None = None
    covered: list[Window] = []
    """Where all partitions have one position: the time that was read of all of them."""
    by_time: bool = False
    """For a child: whether its slices have windows."""
    seconds: float = 0.0
    """The time that reading took, added up over the slices: what the next run's batches are cut by."""

    @property
    def complete(self) -> bool:
        """Whether every planned slice was read whole."""
        return self.done == self.planned


class Voided(Entry, frozen=True, tag="void"):
    """The store lost an upload of that entry: it never counted, and its slices are to be run again."""

    entry: int
    reason: str


class BadLine(Record, frozen=True):
    """A line of a part that the warehouse does not take, and why."""

    row: int
    reason: str


class Reissued(Entry, frozen=True, tag="reissue"):
    """A part could not be loaded whole: from here on another one with its good lines counts in its place. The part
    itself stays in the stage, byte for byte."""

    entry: int
    """The entry that it belongs to."""
    part: str
    """Its key."""
    replaced_by: Part | None
    """None where no line of it was good."""
    bad: list[BadLine]
    """The lines that are left out, by their rows in the old part."""

    @property
    def parts(self) -> list[Part]:
        """What has to be published."""
        return [self.replaced_by] if self.replaced_by else []

    @property
    def started(self) -> datetime:
        """When the upload was begun, or a moment later."""
        return self.at


class Reset(Entry, frozen=True, tag="reset"):
    """The position was given up on purpose; the stream is read anew from its start."""

    fingerprint: str
    reason: str


class Kept(Entry, frozen=True, tag="keep"):
    """The position was kept on purpose though the spec gives it another meaning."""

    fingerprint: str
    reason: str


AnyEntry = Committed | Closed | Voided | Reissued | Reset | Kept
Numbered = tuple[int, AnyEntry]

_decoder: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry, float_hook=exact_json.ExactFloat)


def entry_to_json(entry: AnyEntry) -> bytes:
    """The entry as it is written."""
    return exact_json.encode(entry)


def entry_from_json(text: bytes) -> AnyEntry:
    """The inverse of `entry_to_json`. Raises msgspec.DecodeError where it is none."""
    return _decoder.decode(text)


def settled(numbered: Iterable[Numbered]) -> list[Numbered]:
    """The entries, none of them void, as they count: where a part was reissued, with the other one and its rows."""
    found = list(numbered)
    places = {number: index for index, (number, _) in enumerate(found)}
    for _, entry in list(found):
        if isinstance(entry, Reissued) and entry.entry in places:
            number, old = found[places[entry.entry]]
            if isinstance(old, Committed):
                found[places[number]] = (number, _superseded(old, entry))
    return found


def _superseded(old: Committed, by: Reissued) -> Committed:
    parts: list[Part] = []
    for part in old.parts:
        parts += by.parts if part.key == by.part else [part]
    return replace(old, parts=parts, slices=[_less(result, by) for result in old.slices])


def _less(result: SliceResult, by: Reissued) -> SliceResult:
    """The slice without the bad lines: later rows move up."""
    bad = sorted(line.row for line in by.bad)
    ranges: list[Range] = []
    lost = 0
    for each in result.ranges:
        if each.part != by.part:
            ranges.append(each)
            continue
        before = bisect_left(bad, each.first)
        within = bisect_left(bad, each.first + each.rows) - before
        lost += within
        if by.replaced_by and each.rows > within:
            ranges.append(Range(by.replaced_by.key, each.first - before, each.rows - within))
    return replace(result, ranges=ranges, rows=result.rows - lost) if ranges != result.ranges else result


class Position(Record, frozen=True):
    """How far a stream's data is known complete."""

    entry: int = 0
    """The last log entry that is folded in."""
    fingerprint: str = ""
    covered: dict[str, tuple[Window, ...]] = {}
    """By partition: the time that was read whole."""
    parents: int = 0
    """For a child: every parent logged up to this entry of the parent's log was followed, but for `pending`."""
    followed: dict[str, int] = {}
    """Partitions followed beyond `parents`, and how far."""
    pending: dict[str, Slice] = {}
    """By partition: slices that failed or were skipped, and are due again."""
    skips: dict[str, int] = {}
    """By partition: how many times in a row a pending slice was skipped."""

    def reached(self, partition: Partition, start: datetime) -> datetime:
        """The end of what is known complete from `start` on, `start` itself where nothing is."""
        for window in self.covered.get(partition_key(partition), ()):
            if window.start <= start <= window.end:
                return window.end
        return start

    def to_json(self) -> bytes:
        """The position as a checkpoint keeps it."""
        return msgspec.json.encode(self, enc_hook=lambda value: msgspec.Raw(value.text.encode()))

    @classmethod
    def from_json(cls, text: bytes) -> "Position":
        """The inverse of `to_json`."""
        return _position_decoder.decode(text)


_position_decoder: msgspec.json.Decoder[Position] = msgspec.json.Decoder(Position, float_hook=exact_json.ExactFloat)


SKIPS = 3
"""How often a child asks for a parent that is skipped each time, before it takes it for gone until it changes."""


class Fold:
    """A position in the making: entries are added one after the other, in order, none that a later one voids."""

    def __init__(self, start: Position) -> None:
        self._head = start
        self._covered, self._followed = dict(start.covered), dict(start.followed)
        self._pending, self._skips = dict(start.pending), dict(start.skips)

    @property
    def position(self) -> Position:
        """As it stands; to be used before the next entry is added."""
        return replace(
            self._head, covered=self._covered, followed=self._followed, pending=self._pending, skips=self._skips
        )

    def add(self, number: int, entry: AnyEntry) -> None:
        """One more entry."""
        if isinstance(entry, Reset):
            self._head = Position(fingerprint=entry.fingerprint)
            self._covered, self._followed, self._pending, self._skips = {}, {}, {}, {}
        elif isinstance(entry, Kept):
            self._head = replace(self._head, fingerprint=entry.fingerprint)
        elif isinstance(entry, Committed) and not entry.backfill:
            self._add_slices(entry)
        elif isinstance(entry, Closed) and not entry.backfill:
            self._close(entry)
        self._head = replace(self._head, entry=number)

    def _add_slices(self, entry: Committed) -> None:
        self._head = replace(self._head, fingerprint=entry.fingerprint)
        for result in entry.slices:
            if result.status == "limited":
                continue
            key = result.slice.partition_key
            if result.covered and not entry.shared:
                self._covered[key] = merged([*self._covered.get(key, ()), result.covered])
            if result.slice.window is not None:
                continue
            if entry.through:
                self._follow(key, result, entry.through)

    def _follow(self, key: str, result: SliceResult, through: int) -> None:
        skips = self._skips.pop(key, 0) + 1
        if result.status == "skipped" and skips < SKIPS:
            self._pending[key], self._skips[key] = result.slice, skips
        else:
            self._followed[key] = max(through, self._followed.get(key, 0))
            self._pending.pop(key, None)

    def _close(self, entry: Closed) -> None:
        """Every parent up to `through` was followed, but for those that failed or were skipped: they are due again."""
        if entry.covered:
            self._covered[WHOLE] = merged([*self._covered.get(WHOLE, ()), *entry.covered])
        if not entry.through or entry.unfinished or (entry.by_time and not entry.complete):
            return
        failed = {failure.slice.partition_key: failure.slice for failure in entry.failed}
        self._pending |= {key: item for key, item in failed.items() if self._followed.get(key, 0) < entry.through}
        self._followed = {key: through for key, through in self._followed.items() if through > entry.through}
        self._head = replace(self._head, parents=max(self._head.parents, entry.through))


def fold(entries: Iterable[Numbered], start: Position | None = None) -> Position:
    """The position after these entries, which must all be published and in order."""
    numbered = list(entries)
    void = {entry.entry for _, entry in numbered if isinstance(entry, Voided)}
    result = Fold(start or Position())
    for number, entry in numbered:
        if not (isinstance(entry, Committed) and number in void):
            result.add(number, entry)
    return replace(result.position, entry=numbered[-1][0]) if numbered else result.position
