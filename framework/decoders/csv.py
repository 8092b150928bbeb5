"""CSV bodies (RFC 4180, and what goes by that name)."""

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from framework import exact_json
from framework.decoders.base import Asked, Decoded, Decoder, Undecodable
from framework.decoders.columns import field_names
from framework.decoders.format import Format
from framework.decoders.text import instead_of, utf8
from framework.errors import DataProblem

csv.field_size_limit(2**31 - 1)  # of the whole process; the default of 128 KB refuses long texts


def _sign(text: str) -> str:
    if len(text) != 1:
        raise PydanticCustomError("sign", "{text} is not one sign", {"text": repr(text)})
    return text


Sign = Annotated[str, AfterValidator(_sign), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 1})]


class CsvFormat(Format):
    """A row a record, with the header's names as fields. Every value is text, as it is written; an empty one is "". An
    empty name becomes column_N by its place, a second `id` becomes id_2. A row with more or fewer values than there are
    columns is an error."""

    type: Literal["csv"]
    delimiter: Sign = ","
    """What stands between two values: one sign, such as ";" or "\\t"."""
    quote: Sign | None = '"'
    """What stands around a value that holds a delimiter or a line break; doubled, it stands for itself. null: nothing
    does."""
    escape: Sign | None = None
    """What stands before a delimiter or quote that is part of the value, such as "\\\\"."""
    skip_rows: Annotated[int, Field(ge=0)] = 0
    """Lines to leave out at the top."""
    names: list[Annotated[str, Field(min_length=1)]] | None = Field(default=None, min_length=1)
    """The columns' names, for a file without a header row. To give a file other names than its own, leave the header
    out with `skip_rows`."""

    def problem(self) -> str | None:
        """As for every kind."""
        signs = [sign for sign in (self.delimiter, self.quote, self.escape) if sign]
        if len(set(signs)) < len(signs) or {*signs} & {"\n", "\r"}:
            return "`delimiter`, `quote` and `escape` are three different signs, and no line breaks"
        return None

    def decoder(self, asked: Asked) -> Decoder:
        """Reads every row."""
        return CsvDecoder(self)


class CsvDecoder:
    """Reads the rows as objects of texts."""

    def __init__(self, spec: CsvFormat) -> None:
        self._spec = spec

    def read(self, body: bytes) -> Decoded:
        """Every row but the header; blank lines are skipped."""
        text = utf8(body)
        rows = self._rows(text)
        if wrong := _not_csv(text):
            raise Undecodable(wrong)
        try:
            names = self._spec.names or next(rows, (0, None))[1]
            if names is None:
                raise Undecodable(instead_of("CSV", text) or "the body holds no header row")
            return Decoded(self._records(field_names(names), rows))
        except csv.Error as error:
            raise Undecodable(f"the body is not CSV: {error}") from None

    def _rows(self, text: bytes) -> Iterator[tuple[int, list[str]]]:
        """The rows that are not blank, each with its line."""
        spec = self._spec
        source = io.StringIO(text.decode(), newline="")
        for _ in range(spec.skip_rows):
            source.readline()
        reader = csv.reader(
            source,
            delimiter=spec.delimiter,
            quotechar=spec.quote,
            escapechar=spec.escape,
            quoting=csv.QUOTE_MINIMAL if spec.quote else csv.QUOTE_NONE,
            strict=True,
        )
        for row in reader:
            if row:
                yield spec.skip_rows + reader.line_num, row

    def _records(self, names: list[str], rows: Iterator[tuple[int, list[str]]]) -> list[msgspec.Raw]:
        records = []
        for line, row in rows:
            if len(row) != len(names):
                what = f"line {line} holds {len(row)} values, and there are {len(names)} columns"
                if next(rows, None) is None and len(row) < len(names):
                    raise Undecodable(f"{what}: the body may be cut short")
                raise DataProblem(f"{what}: check `format`")
            records.append(msgspec.Raw(exact_json.encode(dict(zip(names, row, strict=True)))))
        return records

    def names_at_path(self, body: bytes) -> str:
        """There is no path that could break off."""
        return "the body is a list of rows"


def _not_csv(text: bytes) -> str | None:
    """Says so where the body is an HTML page or JSON, as errors are: either would pass for a header row."""
    if text[:50].lstrip()[:1] in (b"{", b"["):
        try:
            msgspec.json.decode(text, type=msgspec.Raw)
        except msgspec.DecodeError:
            return None
        return "the body is JSON, not CSV"
    return instead_of("CSV", text) if text[:50].lstrip()[:1] == b"<" else None
