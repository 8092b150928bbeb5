"""A stream repeated for each record of another stream."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Self

import msgspec
from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from framework import exact_json
from framework.errors import DataProblem
from framework.manifest import Partition
from framework.model import FieldPath, Name, given
from framework.partitions.base import ForEach


class ForEachRecord(ForEach):
    """Repeat the stream for each record of another stream, its parent."""

    model_config = ConfigDict(json_schema_extra={"if": given("parent_as"), "then": given("each")})

    stream: Name | Annotated[list[Name], Field(min_length=1)]
    """The parent, or several whose records make one set: what two of them hold comes once."""
    only_changed: bool = False
    """Only for parents that changed since this stream last got through, rather than for all, every time."""
    each: FieldPath | None = None
    """A field of the parent's record: its value takes the record's place, or, of a list, each of its elements does.
    What several records hold comes once."""
    parent_as: Name | None = None
    """With `each`: the name that templates use for the parent's record; a value then comes once for each record."""

    @model_validator(mode="after")
    def _each(self) -> Self:
        if self.parent_as and not self.each:
            raise PydanticCustomError("one_of", "`parent_as` goes with `each`")
        return self

    @property
    def streams(self) -> list[str]:
        """The parents that the values come from."""
        return [self.stream] if isinstance(self.stream, str) else self.stream

    def partitions(
        self, lines: Iterable[bytes], fields: Mapping[str, list[str]], key: list[str]
    ) -> Iterator[tuple[Partition, Partition]]:
        """For each parent record its identity (the fields of its key) and what else templates use of it, as far as it
        is there; with `each`, for each of its values. `fields` says what templates use, by name. Raises DataProblem
        where a field of the key is not there."""
        for line in lines:
            record = exact_json.decode(line)
            identity, extra = self._cut(record, key, fields.get(self.parent_as or self.as_, []))
            if self.each is None:
                yield {self.as_: identity}, {self.as_: extra}
                continue
            above = ({self.parent_as: identity}, {self.parent_as: extra}) if self.parent_as else ({}, {})
            for value in _values(_at(record, self.each.split("."))):
                yield {**above[0], self.as_: _used(value, fields.get(self.as_, []))}, above[1]

    def _cut(self, record: Any, key: list[str], fields: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        identity: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for path in dict.fromkeys([*key, *filter(None, fields)]):
            value = _at(record, path.split("."))
            if path in key and (value is msgspec.UNSET or value is None):
                raise DataProblem(f"a record of the parent {' or '.join(map(repr, self.streams))} has no {path!r}")
            if value is not msgspec.UNSET:
                _put(identity if path in key else extra, path.split("."), value)
        return identity, extra


def _values(value: Any) -> list[Any]:
    """The elements of a list, else the value itself; null is none."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if item is not None and item is not msgspec.UNSET]


def _used(value: Any, fields: list[str]) -> Any:
    """Of an object what templates use of it, unless they use all of it."""
    if not isinstance(value, dict) or not fields or "" in fields:
        return value
    kept: dict[str, Any] = {}
    for path in fields:
        found = _at(value, path.split("."))
        if found is not msgspec.UNSET:
            _put(kept, path.split("."), found)
    return kept


def _at(value: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return msgspec.UNSET
        value = value[name]
    return value


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        target = target.setdefault(name, {})
    target[path[-1]] = value
