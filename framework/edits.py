"""What a stream changes in its records, made ready once and then done to each of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from framework import exact_json
from framework.conditions import DoesNotFit, condition
from framework.errors import DataProblem
from framework.fields import (
    Fields,
    Hasher,
    Path,
    at,
    drop,
    flatten,
    hash_at,
    is_null,
    object_in,
    objects_in,
    opened,
    path_of,
    rename,
)
from framework.model import JmesPath


@dataclass(frozen=True)
class Edits:
    """What a stream changes in its records. Paths are dotted; names are those that the edits before have left."""

    filter: JmesPath | None = None
    explode: str | None = None
    carry: Sequence[str] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    flatten: int = 0
    drop: Sequence[str] = ()
    hash: Sequence[str] = ()
    hash_key: bytes = b""
    add: Fields = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.filter is not None or self.open_records

    @property
    def open_records(self) -> bool:
        """Whether they change what is in a record, rather than which ones there are."""
        return bool(self.explode or self.rename or self.flatten or self.drop or self.hash or self.add)

    @cached_property
    def ready(self) -> "Editor":
        """They themselves, ready to be done."""
        return Editor(self)


class Editor:
    """Does one stream's edits. Used by one thread at a time."""

    def __init__(self, edits: Edits) -> None:
        self._edits = edits
        self._explode = path_of(edits.explode) if edits.explode else None
        self._carry = [path_of(path) for path in edits.carry]
        self._changes = _Changes(edits, edits.drop, edits.hash)
        self._apart = _Apart(edits) if edits.explode and not edits.rename and not edits.flatten else None

    def kept(self, records: Sequence[msgspec.Raw]) -> list[msgspec.Raw]:
        """Those that the filter lets through, as they are."""
        return [record for record, _ in self._kept(records)]

    def lines(self, records: Sequence[msgspec.Raw]) -> list[bytes]:
        """What becomes of the records. Raises DataProblem where an edit does not fit one of them."""
        found = self._kept(records) if self._edits.filter is not None else ((record, None) for record in records)
        opened_ones = (opened(record) if fields is None else fields for record, fields in found)
        if self._explode is None:
            return [exact_json.encode(self._changes.made(fields)) for fields in opened_ones]
        return [exact_json.encode(fields) for outer in opened_ones for fields in self._exploded(outer, self._explode)]

    def _kept(self, records: Sequence[msgspec.Raw]) -> Iterator[tuple[msgspec.Raw, Fields | None]]:
        assert self._edits.filter is not None
        holds = condition(self._edits.filter).holds
        for number, record in enumerate(records, 1):
            fields = object_in(record)
            try:
                if holds(record, fields):
                    yield record, fields
            except DoesNotFit as error:
                raise DataProblem(f"`records.filter` does not fit record {number} of the page: {error}") from None

    def _exploded(self, outer: Fields, path: Path) -> list[Fields]:
        """The fields of each element of a list, and with them what the outer record has for all."""
        array = at(outer, path)
        if is_null(array) and not _goes_astray(outer, path):
            return []
        items = objects_in(array, path[-1])
        if items is None:
            raise DataProblem(f"the field {self._edits.explode!r} to explode is no list")
        carried = {name[-1]: at(outer, name) for name in self._carry}
        if self._apart is None:
            return [self._changes.made({**item, **carried}) for item in items]
        return self._apart.made(items, carried)


class _Changes:
    """Rename, flatten, drop, hash and add, one after the other."""

    def __init__(self, edits: Edits, drops: Sequence[str], hashes: Sequence[str]) -> None:
        self._rename, self._flatten, self._add = edits.rename, edits.flatten, edits.add
        self._drop = [path_of(name) for path in drops for name in _flat_names(path, edits.flatten)]
        self._hash = [path_of(name) for path in hashes for name in _flat_names(path, edits.flatten)]
        self._hasher = Hasher(edits.hash_key)

    def made(self, fields: Fields) -> Fields:
        """The record changed; the one that was given is used up."""
        if self._rename:
            fields = rename(fields, self._rename)
        if self._flatten:
            fields = flatten(fields, self._flatten)
        self.change(fields)
        fields.update(self._add)
        return fields

    def change(self, fields: Fields) -> None:
        """Drop and hash alone."""
        for path in self._drop:
            drop(fields, path)
        for path in self._hash:
            hash_at(fields, path, self._hasher)


class _Apart:
    """The edits of what is carried and added, done once for all elements of a list, and those of the elements' own
    fields. With one name on both sides the carried field stands, as where they are put together first."""

    def __init__(self, edits: Edits) -> None:
        carried = {path_of(path)[-1] for path in edits.carry}
        both = [[path for path in paths if path_of(path)[0] in carried] for paths in (edits.drop, edits.hash)]
        own = [[path for path in paths if path_of(path)[0] not in carried] for paths in (edits.drop, edits.hash)]
        self._of_carried, self._of_own = _Changes(edits, *both), _Changes(edits, *own)
        self._gone = [path for path in both[0] if path in carried]
        self._is_own = bool(own[0] or own[1] or self._gone)
        self._add = edits.add

    def made(self, items: list[Fields], carried: Fields) -> list[Fields]:
        """The elements with what they are given."""
        self._of_carried.change(carried)
        carried.update(self._add)
        if self._is_own:
            for item in items:
                for name in self._gone:
                    item.pop(name, None)
                self._of_own.change(item)
        return [{**item, **carried} for item in items]


def _flat_names(path: str, depth: int) -> list[str]:
    """The names that a field may have once its record is flattened: nobody who drops customer.email means to keep
    customer_email."""
    parts = path.split(".")
    joined = range(1, min(depth + 1, len(parts)) + 1)
    return [".".join(["_".join(parts[:count]), *parts[count:]]) for count in joined]


def _goes_astray(fields: Fields, path: Path) -> bool:
    """Whether something stands on the way of a path that is no object."""
    on_the_way = [at(fields, path[:length]) for length in range(1, len(path))]
    return any(not is_null(value) and object_in(value) is None for value in on_the_way)
