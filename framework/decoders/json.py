"""JSON bodies (RFC 8259)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import msgspec
from jmespath.exceptions import JMESPathError

from framework import exact_json
from framework.decoders.base import Asked, Decoded, Decoder, Undecodable
from framework.decoders.format import Format
from framework.decoders.projection import as_values, at, body_type, simple_names
from framework.decoders.text import instead_of, utf8
from framework.errors import DataProblem
from framework.model import JmesPath

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class JsonFormat(Format):
    """One JSON document, the records at a path in it."""

    type: Literal["json"]

    structured: ClassVar[bool] = True

    def decoder(self, asked: Asked) -> Decoder:
        """Reads the records, and the values beside them."""
        return JsonDecoder(asked.path, asked.values)


class JsonDecoder:
    """Reads records at one path, and some values beside them."""

    def __init__(self, path: JmesPath, asked: Sequence[JmesPath] = ()) -> None:
        self._path = path
        self._asked = list(asked)
        self._names = simple_names(path)
        self._together = self._type(list[msgspec.Raw], self._asked)
        self._alone = self._type(list[msgspec.Raw], ()) if self._together is None else None
        self._single = self._type(msgspec.Raw, ())
        self._values = _decoder(body_type([], None, self._asked)) if self._asked else None

    def _type(self, leaf: Any, asked: Sequence[JmesPath]) -> Any:
        if self._names is None or (not self._names and asked):
            return None
        return _decoder(body_type(self._names, leaf, asked))

    def read(self, body: bytes) -> Decoded:
        """One pass over the body where its shape is as the paths say; in full otherwise."""
        body = utf8(body)
        try:
            return self._read(body)
        except Undecodable:
            mended, replaced = without_halves(body)
            if not replaced:
                raise
            return replace(self._read(mended), replaced=replaced)

    def _read(self, body: bytes) -> Decoded:
        try:
            one_line = b"\n" not in body and b"\r" not in body
            try:
                records, values = self._cut(body)
            except msgspec.ValidationError:
                records, values, single = self._parse(body)
                return Decoded(records, values, one_line=one_line, single=single)
            return Decoded(records, values, one_line=one_line)
        except msgspec.DecodeError as error:
            raise Undecodable(_reason(body, error)) from None
        except JMESPathError as error:
            raise DataProblem(f"a JMESPath does not fit the body: {_first_line(error)}") from None
        except RecursionError:
            raise DataProblem("the body is nested too deeply to be read") from None

    def _cut(self, body: bytes) -> tuple[list[msgspec.Raw] | None, dict[str, Any]]:
        if self._together is not None:
            found = self._together.decode(body)
            return _records(at(found, self._names or [])), self._search(as_values(found))
        if self._alone is None or self._values is None:
            raise msgspec.ValidationError
        found = self._alone.decode(body)
        return _records(at(found, self._names or [])), self._search(as_values(self._values.decode(body)))

    def _parse(self, body: bytes) -> tuple[list[msgspec.Raw] | None, dict[str, Any], bool]:
        whole = exact_json.decode(body)
        values = self._search(whole)
        found = self._path.search(whole)
        if isinstance(found, dict) and self._single is not None:  # one object is one record, as it is written
            return [at(self._single.decode(body), self._names or [])], values, True
        if found is None or isinstance(found, str | int | float):
            return None, values, False
        items = [found] if isinstance(found, dict) else found
        return [msgspec.Raw(exact_json.encode(item)) for item in items], values, isinstance(found, dict)

    def _search(self, values: Any) -> dict[str, Any]:
        return {path: path.search(values) for path in self._asked}

    def names_at_path(self, body: bytes) -> str:
        """Walks down the path as far as it goes."""
        value = exact_json.decode(without_halves(utf8(body))[0])
        walked = "the body"
        for name in self._names or []:
            if not isinstance(value, dict) or name not in value:
                break
            value, walked = value[name], name
        if isinstance(value, dict):
            return f"{walked} has {', '.join(map(repr, list(value)[:20])) or 'no keys'}"
        return f"{walked} is {'a list' if isinstance(value, list) else type(value).__name__}"


class JsonProbe:
    """Answers one question about bodies, and reads no more of them than that takes."""

    def __init__(self, path: JmesPath) -> None:
        self._path = path
        self._roots = _decoder(body_type([], None, [path]))

    def value(self, body: bytes) -> Any:
        """The value at the path; None where there is none, or no JSON, or a function of it does not take what is
        there."""
        try:
            return self._value(body)
        except msgspec.DecodeError:
            mended, replaced = without_halves(body)
        except (JMESPathError, RecursionError):
            return None
        try:
            return self._value(mended) if replaced else None
        except (msgspec.DecodeError, JMESPathError):
            return None

    def _value(self, body: bytes) -> Any:
        try:
            if self._roots is not None:
                return self._path.search(as_values(self._roots.decode(body)))
        except msgspec.DecodeError:  # as where the body is a list
            pass
        return self._path.search(exact_json.decode(body))


def _decoder(kind: Any) -> Any:
    return None if kind is None else msgspec.json.Decoder(kind, float_hook=exact_json.ExactFloat)


def _records(found: Any) -> list[msgspec.Raw] | None:
    if found is msgspec.UNSET:
        return None
    return found or []


def without_halves(body: bytes) -> tuple[bytes, int]:
    """The body with U+FFFD for each half of a surrogate pair that stands alone, and how many those were."""
    count = 0

    def mend(found: re.Match[bytes]) -> bytes:
        nonlocal count
        if not found["half"]:
            return found[0]
        count += 1
        return b"\\ufffd"

    return (_ESCAPE.sub(mend, body), count) if b"\\u" in body else (body, 0)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _reason(body: bytes, error: Exception) -> str:
    other = instead_of("JSON", body)
    if other:
        return other
    if "truncated" in str(error):
        return f"the body ends in the middle of the JSON, after {len(body)} bytes"
    return f"the body is not JSON: {error}"
