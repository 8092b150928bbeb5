"""Records: where they stand in a response, and their way to the lines of a part.

Byte for byte, but for what the spec changes: without edits the bytes are never parsed, with edits a record is opened
one level at a time, so that every value that is not touched keeps the text it came with.
"""

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Annotated, Any, Self

import msgspec
from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from framework.decoders.shape import Shape
from framework.edits import Edits
from framework.errors import DataProblem
from framework.fields import at, is_null, object_in, path_of
from framework.lines import Lines
from framework.model import FieldName, FieldPath, JmesPath, Scalar, Strict, Template, given


class Hash(Strict):
    """Fields that are replaced by a keyed hash before anything is written."""

    fields: list[FieldPath]
    """Which fields; a path through a list means every element."""
    key: Template
    """The key of the HMAC-SHA-256, usually `{{ secrets.hash_key }}`."""


_SHAPES = ("wrap", "keyed_by", "header", "header_row")


def _said(key: str) -> dict[str, Any]:
    return {"required": [key], "properties": {key: {"not": {"enum": [None, False]}}}}


class Records(Strict):
    """Where the records stand in a response, and what is changed in them. In this order: path, then wrap, keyed_by,
    header or header_row, then filter, explode, rename, flatten, drop, hash, add. Each names fields as those before it
    have left them; `primary_key`, `cursor` and the columns name them as they are at the end. A value that is not
    touched keeps its text: 1.10 stays 1.10."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["carry"], "properties": {"carry": {"minItems": 1}}},
            "then": given("explode"),
            "allOf": [{"not": {"allOf": [_said(one), _said(two)]}} for one, two in combinations(_SHAPES, 2)],
        }
    )

    path: JmesPath = JmesPath("@")
    """JMESPath to the list of records; `@` is the whole body. For xml the elements from the root to the records."""
    wrap: FieldName | None = None
    """For a list of plain values: the field that each becomes. [7, 8] with `wrap: id` is {"id": 7}, {"id": 8}."""
    keyed_by: FieldName | None = None
    """For an object whose values are the records: the field that each one's key becomes, as text. {"a": {"x": 1}} with
    `keyed_by: id` is {"id": "a", "x": 1}. A value that is no object becomes the field `value`."""
    header: JmesPath | None = None
    """For a list of rows: JMESPath in the body to the list of their columns' names. A row that is shorter lacks the
    last fields, a longer one is an error; an empty name becomes column_N, a second `id` id_2."""
    header_row: bool = False
    """For a list of rows: the first row of each page holds the names."""
    filter: JmesPath | None = None
    """A condition on the record, such as status == 'paid' && total > `0`: only those stay where its value is not null,
    false or empty. Pages and totals count what the API sent."""
    explode: FieldPath | None = None
    """A list inside each record whose elements become the records."""
    carry: list[FieldPath] = []
    """Fields of the outer record that each element gets too."""
    rename: dict[str, FieldPath] = {}
    """Old path: new path. {customer.nr: customer.id} renames in place, in every element of a list too;
    {customer.nr: customer_id} moves. A field that would be overwritten is an error."""
    flatten: Annotated[int, Field(ge=1, le=20)] | None = None
    """How many levels of objects become fields of the record: 1 makes {"a": {"b": {"c": 1}}} {"a_b": {"c": 1}}, 2 makes
    it {"a_b_c": 1}. Lists stay. Two fields of one name are an error."""
    drop: list[FieldPath] = []
    """Fields that never reach the stage; of what was flattened, customer.email and customer_email mean the same."""
    hash: Hash | None = None
    """Fields that reach the stage only as a keyed hash."""
    add: dict[str, Scalar] = {}
    """Fields to add, such as {read_at: "{{ run.started }}"}; a whole expression keeps its type."""
    add_from_page: dict[str, JmesPath] = {}
    """Fields to add from the body of the record's page: the name, and a JMESPath in the body, such as
    {as_of: meta.date}; null where it leads nowhere."""

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.carry and not self.explode:
            raise PydanticCustomError("one_of", "`carry` goes with `explode`")
        shapes = [f"`{name}`" for name in _SHAPES if getattr(self, name)]
        if len(shapes) > 1:
            raise PydanticCustomError("one_of", "{shapes}: write one of them", {"shapes": " and ".join(shapes)})
        return self

    @property
    def shape(self) -> Shape:
        """What the records stand in the body as."""
        return Shape(self.wrap, self.keyed_by, self.header, self.header_row)

    @property
    def values(self) -> list[JmesPath]:
        """What is wanted of a body besides the records."""
        return [*([self.header] if self.header else []), *self.add_from_page.values()]

    @property
    def edited(self) -> bool:
        """Whether a line is anything else than a record of the body."""
        changed = self.filter or self.explode or self.rename or self.flatten or self.drop or self.hash
        return bool(self.shape or changed or self.add or self.add_from_page)


def as_records(value: Any) -> Any:
    """A text is short for `{path: …}`."""
    if isinstance(value, str):
        return {"path": value}
    if not isinstance(value, dict | Records):
        raise PydanticCustomError("kind", "write the path to the records, such as `data.items`, or `{path: …, …}`")
    return value


def lines(records: Sequence[msgspec.Raw], edits: Edits, one_line: bool) -> Lines:
    """The records as lines, without their newline. `one_line` says that no record holds a line break outside a string
    (none can inside: JSON escapes them there). Whether each is an object is the caller's to ask, see `check_objects`.
    Raises DataProblem where an edit does not fit a record."""
    if edits.open_records:
        written = Lines(edits.ready.lines(records))
    else:
        written = Lines(records if edits.filter is None else edits.ready.kept(records))
    return written if one_line else _on_one_line(written)  # what is not touched keeps its text, line breaks included


def _on_one_line(written: Lines) -> Lines:
    return Lines([line.replace(b"\r", b" ").replace(b"\n", b" ") for line in written])


_NO_OBJECT = re.compile(rb"\n(?!\{|\Z)")


def check_objects(written: Lines) -> None:
    """Raises DataProblem where a line is no JSON object."""
    text = written.text
    found = _NO_OBJECT.search(text) if text.startswith(b"{") else None
    if text and (found or not text.startswith(b"{")):
        place = found.end() if found else 0
        kind = {b"[": "a list", b'"': "text", b"n": "null"}.get(text[place : place + 1], "a plain value")
        number = text.count(b"\n", 0, place) + 1
        remedy = ", or `header` for rows with names" if kind == "a list" else ", or `wrap` plain values"
        raise DataProblem(f"record {number} of the page is {kind}, not an object: check `records`{remedy}")


def field_text(record: bytes, path: str) -> bytes | None:
    """The JSON text of one field of a record, None where it is missing or null."""
    value = at(object_in(msgspec.Raw(record)) or {}, path_of(path))
    return None if is_null(value) else bytes(value)
