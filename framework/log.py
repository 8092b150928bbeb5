"""A stream's log in the stage: numbered entries written by put-if-absent. Writing one is the commit point.

<project>/_log/<source>/<stream>/00000001.json      an entry
<project>/_log/<source>/<stream>/at/00000001.json   the position after it, once all up to it is published
"""

from collections.abc import Callable, Iterator

import msgspec

from framework.errors import Conflict, StageError, UploadLost
from framework.manifest import (
    AnyEntry,
    Committed,
    Numbered,
    Position,
    Reset,
    Slice,
    Voided,
    entry_from_json,
    entry_to_json,
    fold,
)
from framework.stages.base import Stage

Notice = Callable[[str], None]


class AlreadyLogged(Conflict):
    """Another attempt of the same run was faster."""


class Log:
    """One stream's log. Holds no state but how far it has read."""

    def __init__(self, stage: Stage, project: str, source: str, stream: str) -> None:
        self._stage = stage
        self.name = f"{source}.{stream}"
        self._folder = f"{project}/_log/{source}/{stream}"

    def entries(self, after: int = 0) -> Iterator[Numbered]:
        """The entries after that number, in order. Their parts may not be published yet: see `recover`."""
        for found in self._stage.list(f"{self._folder}/0", after=self._key(after)):
            text = self._stage.read(found.key)
            if text is not None:
                yield int(found.key[-13:-5]), self._decoded(found.key, text)

    def published(self, after: int = 0) -> Iterator[Numbered]:
        """Like `entries`, without those that were voided."""
        found = list(self.entries(after))
        void = {entry.entry for _, entry in found if isinstance(entry, Voided)}
        return ((number, entry) for number, entry in found if number not in void)

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
            if isinstance(entry, Committed) and other is not None:
                self._refuse_double(entry, other)
            number += 1
        return number

    def _refuse_double(self, entry: Committed, other: AnyEntry) -> None:
        if isinstance(other, Reset) and other.run != entry.run:
            raise Conflict(_conflict(self.name, other.run, "the position was reset"))
        if not isinstance(other, Committed):
            return
        double = overlap([result.slice for result in entry.slices], [result.slice for result in other.slices])
        if double and other.run == entry.run:
            raise AlreadyLogged(f"{self.name}: the slice {double} is logged already by this run")
        if double:
            raise Conflict(_conflict(self.name, other.run, f"the slice {double} is logged already"))

    def publish(self, number: int, entry: Committed) -> None:
        """Makes the entry's parts visible. Idempotent. Raises UploadLost, after voiding the entry, where the store
        has thrown an upload away."""
        for part in entry.parts:
            try:
                self._stage.publish(part.key, part.upload, part.bytes)
            except UploadLost as error:
                self.append(Voided(entry.run, entry.at, number, str(error)), number)
                raise UploadLost(
                    f"{self.name}: log entry {number} is void, {error}. Its slices are run again by the next run."
                ) from None

    def recover(self, notice: Notice = lambda _: None) -> Position:
        """Publishes what a dead run left logged and invisible, and returns the position: a fold over all that counts.
        Keeps it as a checkpoint for the next reader."""
        start = self._checkpoint()
        found = list(self.entries(start.entry))
        void = {entry.entry for _, entry in found if isinstance(entry, Voided)}
        for number, entry in found:
            if isinstance(entry, Committed) and number not in void:
                try:
                    self.publish(number, entry)
                except UploadLost as error:
                    notice(str(error))
        if not found:
            return start
        position = fold(self.entries(start.entry), start)
        self._stage.put_if_absent(f"{self._folder}/at/{position.entry:08d}.json", position.to_json())
        return position

    def _checkpoint(self) -> Position:
        last = None
        for last in self._stage.list(f"{self._folder}/at/"):  # noqa: B007 - the last one is wanted
            pass
        text = self._stage.read(last.key) if last else None
        try:
            return Position.from_json(text) if text else Position()
        except msgspec.DecodeError as error:
            raise StageError(f"{last and last.key} is no position of this version: {error}") from None

    def _key(self, number: int) -> str:
        return f"{self._folder}/{number:08d}.json"

    def _decoded(self, key: str, text: bytes) -> AnyEntry:
        try:
            return entry_from_json(text)
        except msgspec.DecodeError as error:
            raise StageError(f"{key} is no log entry of this version: {error}") from None


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
