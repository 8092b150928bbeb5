"""From the records of a page to the lines of a part: byte for byte, but for what the spec adds, drops or hashes.

Without edits the bytes are never parsed. With edits a record is opened one level at a time, so that every value that
is not touched keeps the text it came with.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from framework import exact_json
from framework.errors import DataProblem

Fields = dict[str, Any]

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True)
class Edits:
    """What a stream changes in its records. Paths are dotted; names are those of the record after `explode`."""

    explode: str | None = None
    carry: Sequence[str] = ()
    drop: Sequence[str] = ()
    hash: Sequence[str] = ()
    hash_key: bytes = b""
    add: Fields = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.explode or self.drop or self.hash or self.add)


def lines(records: Sequence[msgspec.Raw], edits: Edits, one_line: bool) -> list[bytes]:
    """The records as lines, without their newline. `one_line` says that no record holds a line break outside a string
    (none can inside: JSON escapes them there). Raises DataProblem where a record is no object."""
    if edits:  # what is not touched keeps its text, line breaks included
        written = [exact_json.encode(fields) for record in records for fields in _edited(record, edits)]
    else:
        written = [bytes(record) for record in records]
    return written if one_line else [line.replace(b"\r", b" ").replace(b"\n", b" ") for line in written]


def check_objects(written: Sequence[bytes]) -> None:
    """Raises DataProblem where a line is no JSON object."""
    for number, line in enumerate(written, 1):
        if not line.startswith(b"{"):
            kind = {b"[": "a list", b'"': "text", b"n": "null"}.get(line[:1], "a plain value")
            raise DataProblem(f"record {number} of the page is {kind}, not an object: check `records`")


def field_text(record: bytes, path: str) -> bytes | None:
    """The JSON text of one field of a record, None where it is missing or null."""
    value: Any = msgspec.Raw(record)
    for name in path.split("."):
        if not bytes(value[:1] if isinstance(value, bytes) else value).startswith(b"{"):
            return None
        value = _fields.decode(value).get(name)
        if value is None:
            return None
    text = bytes(value)
    return None if text == b"null" else text


def _edited(record: msgspec.Raw, edits: Edits) -> Iterator[Fields]:
    for fields in _exploded(_open(record), edits) if edits.explode else [_open(record)]:
        for path in edits.drop:
            _change(fields, path.split("."), None)
        for path in edits.hash:
            _change(fields, path.split("."), edits.hash_key)
        fields.update(edits.add)
        yield fields


def _open(record: msgspec.Raw) -> Fields:
    try:
        return _fields.decode(record)
    except msgspec.ValidationError:
        raise DataProblem("a record is no object: check `records`") from None


def _exploded(fields: Fields, edits: Edits) -> Iterator[Fields]:
    *above, last = (edits.explode or "").split(".")
    holder = fields
    for name in above:
        inner = holder.get(name)
        if inner is None or bytes(inner) == b"null":
            return
        holder = _open(inner)
    array = holder.get(last)
    if array is None or bytes(array) == b"null":
        return
    if not bytes(array).startswith(b"["):
        raise DataProblem(f"the field {edits.explode!r} to explode is no list")
    carried = {path.split(".")[-1]: _carried(fields, path) for path in edits.carry}
    for item in _items.decode(array):
        inner = _fields.decode(item) if bytes(item).startswith(b"{") else {last: item}
        yield {**inner, **carried}


def _carried(fields: Fields, path: str) -> Any:
    value: Any = fields.get(path.split(".", maxsplit=1)[0])
    for name in path.split(".")[1:]:
        value = _fields.decode(value).get(name) if value is not None and bytes(value).startswith(b"{") else None
    return value


def _change(fields: Fields, path: Sequence[str], key: bytes | None) -> None:
    """Drops (no key) or hashes the field at the path, in every element where the path goes through a list."""
    name, rest = path[0], path[1:]
    value = fields.get(name)
    if value is None:
        return
    if rest:
        fields[name] = _within(value, rest, key)
    elif key is None:
        del fields[name]
    else:
        fields[name] = hashed(value, key)


def _within(value: msgspec.Raw, path: Sequence[str], key: bytes | None) -> Any:
    text = bytes(value)
    if text.startswith(b"["):
        return [_within(item, path, key) for item in _items.decode(value)]
    if not text.startswith(b"{"):
        return value
    inner = _fields.decode(value)
    _change(inner, path, key)
    return inner


def hashed(value: msgspec.Raw, key: bytes) -> str | None:
    """HMAC-SHA-256 of a value, in hex: of the text that a JSON string holds, of the JSON text of anything else. null
    stays null."""
    text = bytes(value)
    if text == b"null":
        return None
    plain = msgspec.json.decode(text).encode() if text.startswith(b'"') else text
    return hmac.new(key, plain, hashlib.sha256).hexdigest()


def missing_key(written: Iterable[bytes], key: Sequence[str]) -> tuple[int, str] | None:
    """The first line (from 1) that lacks a field of its key, and which field."""
    for number, line in enumerate(written, 1):
        for path in key:
            if field_text(line, path) is None:
                return number, path
    return None
