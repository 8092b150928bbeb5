"""A stream repeated for each record of another stream."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from framework import exact_json
from framework.errors import DataProblem
from framework.manifest import Partition
from framework.model import Name
from framework.partitions.base import ForEach


class ForEachRecord(ForEach):
    """Repeat the stream for each record of another stream, its parent."""

    stream: Name
    """The parent."""
    only_changed: bool = False
    """Only for parents that changed since this stream last got through, rather than for all, every time."""

    def partitions(
        self, lines: Iterable[bytes], fields: list[str], key: list[str]
    ) -> Iterator[tuple[Partition, Partition]]:
        """For each parent record its identity (the fields of its key) and what else templates use of it, as far as it
        is there. Raises DataProblem where a field of the key is not."""
        for line in lines:
            record = exact_json.decode(line)
            identity: dict[str, Any] = {}
            extra: dict[str, Any] = {}
            for path in dict.fromkeys([*key, *fields]):
                value = _at(record, path.split("."))
                if path in key and (value is msgspec.UNSET or value is None):
                    raise DataProblem(f"a record of the parent {self.stream!r} has no {path!r}")
                if value is msgspec.UNSET:
                    continue
                _put(identity if path in key else extra, path.split("."), value)
            yield {self.as_: identity}, {self.as_: extra}


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
