"""What the lines of a page say of their own key and cursor, read from all of them at once."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from framework import exact_json
from framework.decoders.projection import getter, record_type
from framework.lines import Lines
from framework.records import field_text

_PLAIN = re.compile(r"[A-Za-z0-9_@-]+")


class Keys:
    """Reads the fields of one stream's key, and its cursor."""

    def __init__(self, key: Sequence[str], cursor: str | None) -> None:
        self._key, self._cursor = list(key), cursor
        self._led = _Led(key[0]) if len(key) == 1 and _PLAIN.fullmatch(key[0]) else None
        kind = record_type([*key, *([cursor] if cursor else [])], key)
        self._decoder = msgspec.json.Decoder(kind, float_hook=exact_json.ExactFloat)
        self._cursor_of = getter(kind, cursor) if cursor else None

    def lead(self, lines: Lines) -> bool:
        """Whether every line begins with its key. Most APIs write a record's id first; where they do, nothing needs to
        be parsed to know that each is an object and has a key."""
        return self._led is not None and self._led.holds(lines.text)

    def missing(self, lines: Lines) -> tuple[int, str] | None:
        """The first line (from 1) that lacks a field of its key, and which field."""
        if not self._key or self._decoded(lines) is not None:
            return None
        for number, line in enumerate(lines, 1):
            for path in self._key:
                if field_text(line, path) is None:
                    return number, path
        return None

    def cursors(self, lines: Lines) -> list[Any]:
        """The cursor's value in each line that has one."""
        if self._cursor is None or self._cursor_of is None:
            return []
        found = self._decoded(lines)
        if found is None:
            texts = [field_text(line, self._cursor) for line in lines]
            return [exact_json.decode(text) for text in texts if text]
        values = map(self._cursor_of, found)
        return [value for value in values if value is not None]

    def _decoded(self, lines: Lines) -> list[Any] | None:
        """A struct a line, None where one of them lacks a field or holds another kind of value in its place."""
        try:
            found: list[Any] = self._decoder.decode_lines(lines.text)
        except msgspec.ValidationError:
            return None
        return found


class _Led:
    """Whether every line begins with one field and a plain value."""

    def __init__(self, name: str) -> None:
        start = rb'\{"%s": ?["\d\-tf]' % re.escape(name.encode())
        self._first, self._other = re.compile(start), re.compile(rb"\n(?!%s|\Z)" % start)

    def holds(self, text: bytes) -> bool:
        """Of the text of all lines."""
        return self._first.match(text) is not None and self._other.search(text) is None
