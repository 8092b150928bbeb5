"""A stream's log in the stage: numbered entries written by put-if-absent. Writing one is the commit point.

<project>/_log/<source>/<stream>/00000001.json      an entry
<project>/_log/<source>/<stream>/at/00000001.json   the position after it, once all up to it is published
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec

from framework.errors import Conflict, StageError, UploadLost
from framework.manifest import (
    AnyEntry,
    Closed,
    Committed,
    Numbered,
    Position,
    Reissued,
    Reset,
    Slice,
    Voided,
    entry_from_json,
    entry_to_json,
    fold,
    settled,
)
from framework.stages.base import Leftover, Stage
from framework.sweep import CLAIMED_FROM, claimed

Notice = Callable[[str], None]

FRESH = timedelta(minutes=1)
"""Uploads of an entry that was written just now are there."""
_NUMBERED = re.compile(r"/(\d{8})\.json")


class AlreadyLogged(Conflict):
    """Another attempt of the same run was faster."""


class Log:
    """One stream's log. Holds no state but how far it has read."""

    def __init__(self, stage: Stage, project: str, source: str, stream: str) -> None:
        self._stage, self._project, self._source = stage, project, source
        self.name = f"{source}.{stream}"
        self._folder = f"{project}/_log/{source}/{stream}"
        self._recovered: int | None = None

    def entries(self, after: int = 0) -> Iterator[Numbered]:
        """The entries after that number, in order. Their parts may not be published yet: see `recover`."""
        seen = after
        for number in self._numbers("", after):
            for each in range(seen + 1, number + 1):  # a listing may miss an entry that was written while it went on
                text = self._stage.read(self._key(each))
                if text is None:
                    raise StageError(_gone(self._key(each), number))
                yield each, self._decoded(self._key(each), text)
            seen = number

    def entry(self, number: int) -> AnyEntry | None:
        """One entry, if it is there."""
        text = self._stage.read(self._key(number))
        return self._decoded(self._key(number), text) if text is not None else None

    def _numbers(self, folder: str, after: int = 0) -> Iterator[int]:
        start = f"{self._folder}{folder}"
        for found in self._stage.list(f"{start}/0", after=f"{start}/{after:08d}.json"):
            name = _NUMBERED.fullmatch(found.key, len(start))
            if name:
                yield int(name[1])

    def published(self, after: int = 0) -> Iterator[Numbered]:
        """Like `entries`, without those that were voided and, after `recover`, without those that came after it: the
        parts of these may be invisible yet. Of a part that was reissued among them, what it was reissued as."""
        found = list(self.entries(after))
        void = _voided(found)
        end = found[-1][0] if found and self._recovered is None else self._recovered or 0
        return iter(settled((number, entry) for number, entry in found if number <= end and number not in void))

    def append(self, entry: AnyEntry, after: int) -> int:
        """Writes the entry under the next free number after `after` and returns the number. Entries that others wrote
        in the meantime are read on the way: the same work done by another run refuses this one (Conflict), done by
        another attempt of this run makes this one needless (AlreadyLogged)."""
        number = after + 1
        while not self._stage.put_if_absent(self._key(number), entry_to_json(entry)):
            text = self._stage.read(self._key(number))
            other = self._decoded(self._key(number), text) if text is not None else None
            if other == entry:
                return number  # the first try got through, and its answer was lost
            if isinstance(entry, Committed | Closed) and isinstance(other, Reset) and other.run != entry.run:
                raise Conflict(_conflict(self.name, other.run, "the position was reset"))
            if isinstance(entry, Committed) and isinstance(other, Committed):
                self._refuse_double(entry, number, other)
            if isinstance(entry, Reissued) and isinstance(other, Reissued) and entry.part == other.part:
                self._refuse_second(number, other)
            number += 1
        return number

    def _refuse_double(self, entry: Committed, number: int, other: Committed) -> None:
        double = overlap([result.slice for result in entry.slices], [result.slice for result in other.slices])
        if double is None or number in _voided(self.entries(number)):
            return
        if other.run == entry.run:
            raise AlreadyLogged(f"{self.name}: the slice {double} is logged already by this run")
        raise Conflict(_conflict(self.name, other.run, f"the slice {double} is logged already"))

    def _refuse_second(self, number: int, other: Reissued) -> None:
        if number not in _voided(self.entries(number)):
            raise AlreadyLogged(f"{self.name}: the part {other.part} was reissued by another load meanwhile")

    def publish(self, number: int, entry: Committed | Reissued) -> None:
        """Makes the entry's parts visible. Idempotent. Raises UploadLost, after voiding the entry, where the store
        has thrown an upload away; then none of its parts is visible."""
        try:
            self._secure(number, entry)
            for part in entry.parts:
                self._stage.publish(part.key, part.upload, part.bytes)
        except UploadLost as error:
            self.append(Voided(entry.run, entry.at, number, str(error)), number)
            for part in entry.parts:
                with suppress(StageError):  # it is swept some day
                    self._stage.discard(Leftover(part.key, part.upload))
            again = "reissued by the next load" if isinstance(entry, Reissued) else "run again by the next run"
            what = "Its part is" if isinstance(entry, Reissued) else "Its slices are"
            raise UploadLost(f"{self.name}: log entry {number} is void, {error}. {what} {again}.") from None

    def _secure(self, number: int, entry: Committed | Reissued) -> None:
        """All of its parts can be published, before one is: what is old may be swept at any moment."""
        now = datetime.now(UTC)
        if now - entry.started > CLAIMED_FROM:
            for part in entry.parts:
                if not claimed(self._stage, self._project, self._source, part.key, f"{self.name} {number}"):
                    raise UploadLost(f"the upload of {part.key} was swept")
        if len(entry.parts) > 1 or now - entry.at > FRESH:
            for part in entry.parts:
                if not self._stage.is_prepared(part.key, part.upload, part.bytes):
                    raise UploadLost(f"the upload of {part.key} is gone")

    def recover(self, notice: Notice = lambda _: None) -> Position:
        """Publishes what a dead run left logged and invisible, and returns the position: a fold over all that counts.
        Keeps it as a checkpoint for the next reader."""
        start = self._checkpoint()
        found = list(self.entries(start.entry))
        void, lost = _voided(found), False
        for number, entry in found:
            if isinstance(entry, Committed | Reissued) and number not in void:
                try:
                    self.publish(number, entry)
                except UploadLost as error:
                    lost = True
                    notice(str(error))
        if lost:
            return self.recover(notice)  # with the entries that void them
        self._recovered = found[-1][0] if found else start.entry
        if not found:
            return start
        position = fold(found, start)  # never of what was logged meanwhile: nobody would publish that any more
        self._stage.put_if_absent(f"{self._folder}/at/{position.entry:08d}.json", position.to_json())
        return position

    def _checkpoint(self) -> Position:
        """The newest one that can be read: what is damaged can be had from the entries again."""
        for number in sorted(self._numbers("/at"), reverse=True):
            key = f"{self._folder}/at/{number:08d}.json"
            text = self._stage.read(key)
            try:
                if text:
                    return Position.from_json(text)
            except msgspec.ValidationError as error:
                raise StageError(_of_another_version(key, "position", error)) from None
            except msgspec.DecodeError:
                continue
        return Position()

    def _key(self, number: int) -> str:
        return f"{self._folder}/{number:08d}.json"

    def _decoded(self, key: str, text: bytes) -> AnyEntry:
        try:
            return entry_from_json(text)
        except msgspec.ValidationError as error:
            raise StageError(_of_another_version(key, "log entry", error)) from None
        except msgspec.DecodeError as error:
            raise StageError(
                f"the log entry {key} is damaged: {error}. Without it nobody knows what is read, so nothing goes on: "
                "put it back from a copy of the stage."
            ) from None


def _voided(entries: Iterable[Numbered]) -> set[int]:
    return {entry.entry for _, entry in entries if isinstance(entry, Voided)}


def _gone(key: str, later: int) -> str:
    return (
        f"the log entry {key} is missing, and entry {later} stands after it: it was deleted. Without it nobody knows "
        "what is read, so nothing goes on: put it back from a copy of the stage."
    )


def _of_another_version(key: str, what: str, error: Exception) -> str:
    return (
        f"{key} is no {what} that this version knows: {error}. If a newer version of the framework wrote it, use that "
        "one or a later one."
    )


def overlap(mine: list[Slice], theirs: list[Slice]) -> Slice | None:
    """A slice of mine that holds records of one of theirs, None where the work is disjoint."""
    by_partition: dict[str, list[Slice]] = {}
    for item in theirs:
        by_partition.setdefault(item.partition_key, []).append(item)
    for item in mine:
        if any(item.overlaps(other) for other in by_partition.get(item.partition_key, ())):
            return item
    return None


def _conflict(name: str, run: str, what: str) -> str:
    return (
        f"{name}: run {run} worked on the same data at the same time: {what}. Nothing of this run's is visible. "
        "Wait for the other run to end, then run again if you still need to."
    )
