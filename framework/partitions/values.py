"""A stream repeated for each value of a list."""

from collections.abc import Iterator, Mapping
from typing import Any

from framework import exact_json
from framework.errors import SpecError
from framework.manifest import Partition
from framework.model import Template
from framework.partitions.base import ForEach
from framework.template import render


class ForEachValue(ForEach):
    """Repeat the stream for each value of a list, written out or configured."""

    values: Template | list[str | int]
    """The list, or a template that gives one, such as `{{ config.warehouses }}`."""

    def partitions(self, values: Mapping[str, Any]) -> Iterator[Partition]:
        """One partition a value, in order, doubles left out."""
        items = render(self.values, values) if isinstance(self.values, str) else self.values
        if not isinstance(items, list):
            raise SpecError(f"for_each.values: {self.values!r} gives {items!r}, which is no list")
        for item in {exact_json.canonical(item): item for item in items}.values():
            yield {self.as_: item}
