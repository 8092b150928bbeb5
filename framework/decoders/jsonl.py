"""JSON Lines: a record a line (https://jsonlines.org)."""

from typing import Literal

import msgspec

from framework.decoders.base import Asked, Decoded, Decoder, Undecodable
from framework.decoders.format import Format
from framework.decoders.json import without_halves
from framework.decoders.text import instead_of, utf8
from framework.errors import DataProblem

_records = msgspec.json.Decoder(msgspec.Raw)


class JsonlFormat(Format):
    """A record a line, each one JSON. Blank lines are skipped; a last line that is cut short is an error."""

    type: Literal["jsonl"]

    def decoder(self, asked: Asked) -> Decoder:
        """Reads every line."""
        return JsonlDecoder()


class JsonlDecoder:
    """Reads the lines as they are written."""

    def read(self, body: bytes) -> Decoded:
        """No line at all is no record."""
        body, replaced = utf8(body), 0
        try:
            return Decoded(_cut(body), {}, one_line=False)
        except msgspec.DecodeError:
            body, replaced = without_halves(body)
        try:
            return Decoded(_cut(body), {}, replaced, one_line=False)
        except msgspec.DecodeError as error:
            raise Undecodable(_reason(body, error)) from None

    def names_at_path(self, body: bytes) -> str:
        """There is no path that could break off."""
        return "the body is a list of lines"


def _cut(body: bytes) -> list[msgspec.Raw]:
    try:
        return _records.decode_lines(body)
    except RecursionError:
        raise DataProblem("a line is nested too deeply to be read") from None


def _reason(body: bytes, error: Exception) -> str:
    other = instead_of("JSON Lines", body)
    if other:
        return other
    lines = [line for line in body.split(b"\n") if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            _records.decode_lines(line)
        except msgspec.DecodeError:
            cut = number == len(lines) and "truncated" in str(error)
            return f"line {number} {'is cut short' if cut else 'is no JSON'}: {error}"
    return f"the body is no JSON Lines: {error}"
