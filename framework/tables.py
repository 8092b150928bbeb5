"""The CLEAN tables of a stream, as a spec writes them: columns, modes, and the tables of nested arrays."""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from framework.meant import suggest
from framework.model import ElementPath, FieldPath, JmesPath, Name, Span, Strict, TableName

_TYPES = ["integer", "float", "boolean", "text", "date", "timestamp", "json", "decimal(18,2)"]
_DECIMAL = r"decimal\(([1-9]|[12][0-9]|3[0-8]),([0-9]|[12][0-9]|3[0-8])\)"


def _column_type(text: str) -> str:
    if text in _TYPES:
        return text
    sizes = re.fullmatch(_DECIMAL, text)
    if sizes and int(sizes[2]) <= int(sizes[1]):
        return text
    remedy = " Write decimal(digits,decimals), 38 digits at most." if "decimal" in text else suggest(text, _TYPES)
    raise PydanticCustomError("word", "{text} is no type of a column.{remedy}", {"text": repr(text), "remedy": remedy})


ColumnType = Annotated[
    str,
    AfterValidator(_column_type),
    WithJsonSchema({"anyOf": [{"enum": _TYPES[:-1]}, {"type": "string", "pattern": f"^{_DECIMAL}$"}]}),
]


class Column(Strict):
    """A column of a CLEAN table."""

    from_: FieldPath = Field(alias="from")
    """The field of the record."""
    type: ColumnType = "text"
    """integer (38 digits), decimal(p,s), float, boolean, text, date, timestamp (an instant, in UTC) or json."""
    description: str | None = None
    """Becomes the column's comment."""
    personal_data: Name | None = None
    """The kind of personal data that it holds, such as email or name: a tag in Snowflake, by which it can be masked."""


class ElementColumn(Column):
    """A column of the table of a nested array."""

    from_: ElementPath = Field(alias="from")
    """The field of the element; @ is the element itself, for an array of plain values."""


class ChildTable(Strict):
    """The table of a nested array: a row for each element of the records that the stream's own table holds. It is a
    view of that table, so a record that is replaced or deleted takes its rows with it; with `history` there is a row
    for each element of each version. It begins with the columns of the record's key and the element's place, and ends
    with `_part` and `_row`, the place of its record in RAW."""

    from_: FieldPath = Field(alias="from")
    """The field of the record that holds the array. A value that is no array counts as one that does not fit."""
    ordinal: Name = "ordinal"
    """The column of the element's place in the array, from 1."""
    columns: dict[Name, ElementColumn] = {}
    """The table's columns, beside the key of the record. Without any it has the whole element as `payload`."""
    description: str | None = None
    """Becomes the table's comment."""


class Clean(Strict):
    """The CLEAN table of a stream: typed, and each key once."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["refreshed_by"], "properties": {"refreshed_by": {"enum": ["task", "dynamic_table"]}}},
            "then": {"properties": {"mode": {"enum": ["append", "merge"]}}},
        }
    )

    table: TableName
    """Its name, by custom CLN_…"""
    mode: Literal["append", "merge", "replace", "history"] = "merge"
    """append: every record. merge: the newest version of each key. replace: what the last complete read holds.
    history: a row per version, with valid_from, valid_to, is_current."""
    scope: Literal["stream", "partition"] = "stream"
    """What `replace` replaces: all rows, or those of the partition that was read."""
    allow_empty: bool = False
    """Whether `replace` may replace rows by none."""
    delete_when: JmesPath | None = None
    """A condition on the record, such as `status == 'deleted'`, that deletes its key from the table."""
    columns: dict[Name, Column] = {}
    """The table's columns. Without any it has the key's fields as text and the whole record as `payload`."""
    child_tables: dict[TableName, ChildTable] = {}
    """The tables of arrays inside the records, such as the lines of an order: a row for each element."""
    refreshed_by: Literal["task", "dynamic_table", "run"] | None = None
    """Snowflake: what brings the table up to RAW. task: a task, as parts arrive. dynamic_table: Snowflake, by the
    table's definition. run: the step `clean`, as on DuckDB. Without it, task for append and merge, unless the contract
    says fail; replace and history are always by run."""
    refresh: Span = timedelta(minutes=5)
    """How old a dynamic table may be."""
    refresh_mode: Literal["incremental", "full"] = "incremental"
    """How a dynamic table is refreshed."""

    @property
    def tables(self) -> list[str]:
        """The stream's table, and its child tables."""
        return [self.table, *self.child_tables]

    @model_validator(mode="after")
    def _by_itself(self) -> Self:
        if self.refreshed_by in ("task", "dynamic_table") and self.mode not in ("append", "merge"):
            reason = (
                f"`refreshed_by: {self.refreshed_by}` goes with append and merge: `mode: {self.mode}` needs to know "
                "which reads are complete, and is done by run"
            )
            raise PydanticCustomError("one_of", "{reason}", {"reason": reason})
        return self
