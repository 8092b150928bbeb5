"""Records that stand in a body as something else: plain values, an object by id, a header and rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from framework import exact_json
from framework.decoders.base import Decoded, Decoder
from framework.decoders.columns import field_names
from framework.errors import DataProblem
from framework.model import JmesPath

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True)
class Shape:
    """How records stand in a body; at most one of these."""

    wrap: str | None = None
    """Each is a value of its own: the field that it becomes."""
    keyed_by: str | None = None
    """They are the values of an object: the field that each one's key becomes."""
    header: JmesPath | None = None
    """They are rows, and their names stand here."""
    header_row: bool = False
    """They are rows, and the first one holds their names."""

    def __bool__(self) -> bool:
        return bool(self.wrap or self.keyed_by or self.header or self.header_row)


class ShapingDecoder:
    """Makes objects of what another decoder found."""

    def __init__(self, inner: Decoder, shape: Shape) -> None:
        self._inner, self._shape = inner, shape

    def read(self, body: bytes) -> Decoded:
        """As the inner one, the records made into objects whose values keep their text."""
        found = self._inner.read(body)
        if not self._shape or not found.records:
            return found
        return replace(found, records=self._records(found.records, found))

    def names_at_path(self, body: bytes) -> str:
        """As the inner one."""
        return self._inner.names_at_path(body)

    def _records(self, records: list[msgspec.Raw], found: Decoded) -> list[msgspec.Raw]:
        shape = self._shape
        if shape.wrap:
            return [_raw({shape.wrap: record}) for record in records]
        if shape.keyed_by:
            if not found.single:
                raise DataProblem("`keyed_by` asks for one object whose values are the records, and there is a list")
            return _by_key(records[0], shape.keyed_by)
        if shape.header_row:
            return _rows(_names(_row(records[0], 1)), records[1:], 2)
        return _rows(_names(found.values.get(shape.header) if shape.header else None), records, 1)


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(exact_json.encode(value))


def _by_key(holder: msgspec.Raw, name: str) -> list[msgspec.Raw]:
    made = []
    for key, value in _fields.decode(holder).items():
        fields = _fields.decode(value) if memoryview(value)[0] == b"{"[0] else {"value": value}
        made.append(_raw({name: key, **{field: inner for field, inner in fields.items() if field != name}}))
    return made


def _row(record: msgspec.Raw, number: int) -> list[msgspec.Raw]:
    if not bytes(record).startswith(b"["):
        raise DataProblem(f"row {number} of the page is no list of values: check `records`")
    return _items.decode(record)


def _names(header: Sequence[Any] | None) -> list[str]:
    texts = [exact_json.decode(bytes(name)) if isinstance(name, msgspec.Raw) else name for name in header or []]
    if not texts or not all(isinstance(text, str | None) for text in texts) or isinstance(header, str):
        raise DataProblem("the header of the rows is no list of names: check `records`")
    return field_names([text or "" for text in texts])


def _rows(names: list[str], records: Sequence[msgspec.Raw], first: int) -> list[msgspec.Raw]:
    made = []
    for number, record in enumerate(records, first):
        row = _row(record, number)
        if len(row) > len(names):
            raise DataProblem(f"row {number} of the page holds {len(row)} values, and the header {len(names)} names")
        made.append(_raw(dict(zip(names, row, strict=False))))
    return made
