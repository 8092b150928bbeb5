"""A stream repeated for each value of a list."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from framework import exact_json
from framework.errors import SpecError
from framework.manifest import Partition
from framework.model import FieldPath, Name, Strict, Template
from framework.partitions.base import ForEach
from framework.partitions.stream import ForEachRecord
from framework.template import render


class Otherwise(Strict):
    """Where the values come from when the list is empty."""

    stream: Name
    """The parent."""
    each: FieldPath
    """The field of its records that holds the value, or a list of values."""


class ForEachValue(ForEach):
    """Repeat the stream for each value of a list, written out or configured."""

    values: Template | list[str | int]
    """The list, or a template that gives one, such as `{{ config.warehouses }}`."""
    or_: Otherwise | None = Field(default=None, alias="or")
    """Where the values come from when the list is empty or null: a field of another stream's records."""

    @property
    def streams(self) -> list[str]:
        """The parents that the values come from."""
        return [self.or_.stream] if self.or_ else []

    @property
    def otherwise(self) -> ForEachRecord | None:
        """The same for a parent's records, where there is one."""
        if self.or_ is None:
            return None
        return ForEachRecord(stream=self.or_.stream, each=self.or_.each, as_=self.as_, batch=self.batch)

    def partitions(self, values: Mapping[str, Any]) -> Iterator[Partition]:
        """One partition a value, in order, doubles left out."""
        items = render(self.values, values) if isinstance(self.values, str) else self.values
        if items is None and self.or_:
            items = []
        if not isinstance(items, list):
            raise SpecError(f"for_each.values: {self.values!r} gives {items!r}, which is no list")
        for item in {exact_json.canonical(item): item for item in items}.values():
            yield {self.as_: item}
