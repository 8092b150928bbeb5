"""What a statement answers, and how it is written on the wire."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from fakesnow.arrow import timestamp_to_sf_struct, to_ipc
from fakesnow.rowtype import ColumnInfo

WIRE = {bool: "boolean", int: "fixed", float: "real", Decimal: "fixed", datetime: "timestamp_ltz", date: "date"}
SHOW, DESCRIBE = 0x4400, 0x4500
"""Types of statements."""


@dataclass
class Result:
    """Rows from a table (`arrow`, of a SELECT) or from the catalogue (`rows`)."""

    columns: list[str] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    arrow: pa.Table | None = None
    statement: int = 0
    """The statement's type: the connector counts rows by it."""
    types: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.arrow.num_rows if self.arrow is not None else len(self.rows)

    def table(self) -> pa.Table:
        """As a table, for RESULT_SCAN and ->>: all text, but for numbers and booleans."""
        if self.arrow is not None:
            return self.arrow
        columns = [[_plain(row[index]) for row in self.rows] for index in range(len(self.columns))]
        arrays = [
            pa.array(column) if any(value is not None for value in column) else pa.array(column, pa.string())
            for column in columns
        ]
        return pa.table(dict(zip(self.columns, arrays, strict=True)))

    def lists(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def done(message: str = "Statement executed successfully.", statement: int = 0x6000) -> Result:
    return Result(["status"], [(message,)], statement=statement)


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value


def payload(result: Result) -> dict[str, Any]:
    """The part of the answer that holds the rows."""
    if result.arrow is None:
        rowtype = [_column(name, _kind(result, index, name)) for index, name in enumerate(result.columns)]
        rows = [[_text(value) for value in row] for row in result.rows]
        return {"rowtype": rowtype, "queryResultFormat": "json", "rowset": rows}
    arrow = pa.table({f"c{index}": _simple(column) for index, column in enumerate(result.arrow.columns)})
    rowtype = [
        _column(name, *_arrow_kind(arrow.column(index).type)) for index, name in enumerate(result.arrow.column_names)
    ]
    for info, (name, kind) in zip(rowtype, _declared(result), strict=True):
        if kind:
            info["type"] = kind
            assert info["name"] == name
    batch = base64.b64encode(to_ipc(_encode(arrow, rowtype))).decode() if arrow.num_rows else ""
    return {"rowtype": rowtype, "queryResultFormat": "arrow", "rowsetBase64": batch}


def _declared(result: Result) -> list[tuple[str, str]]:
    assert result.arrow is not None
    return [(name, result.types.get(name, "")) for name in result.arrow.column_names]


def _kind(result: Result, index: int, name: str) -> str:
    if name in result.types:
        return result.types[name]
    value = next((row[index] for row in result.rows if row[index] is not None), "")
    return WIRE.get(type(value), "text")


def _column(name: str, kind: str, precision: int | None = None, scale: int | None = None) -> ColumnInfo:
    sized = {"text": 16777216, "binary": 8388608}.get(kind)
    if kind == "fixed" and precision is None:
        precision, scale = 38, 0
    if kind.startswith("time"):
        precision, scale = 0, 9
    return {
        "name": name,
        "database": "",
        "schema": "",
        "table": "",
        "nullable": True,
        "type": kind,
        "byteLength": sized,
        "length": sized,
        "scale": scale,
        "precision": precision,
        "collation": None,
    }


def _arrow_kind(kind: pa.DataType) -> tuple[str, int | None, int | None]:
    if pa.types.is_decimal(kind):
        return "fixed", kind.precision, kind.scale
    if pa.types.is_timestamp(kind):
        return ("timestamp_tz" if kind.tz else "timestamp_ntz"), None, None
    tests = (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "fixed"),
        (pa.types.is_floating, "real"),
        (pa.types.is_date, "date"),
        (pa.types.is_time, "time"),
        (pa.types.is_binary, "binary"),
    )
    return next((name for test, name in tests if test(kind)), "text"), None, None


def _simple(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Lists, structs and the like become JSON text; what the connector cannot read becomes what it can."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _simple(pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type))
    if pa.types.is_nested(kind):
        return pa.array(
            [None if value is None else json.dumps(value, default=str) for value in column.to_pylist()], pa.string()
        )
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_unsigned_integer(kind):
        return column.cast(pa.decimal128(38, 0))
    if pa.types.is_float32(kind):
        return column.cast(pa.float64())
    if pa.types.is_timestamp(kind) and kind.unit != "us":
        return column.cast(pa.timestamp("us", kind.tz))
    return column


def _encode(arrow: pa.Table, rowtype: list[ColumnInfo]) -> pa.Table:
    """Timestamps and times in the shapes that the connector reads, every field with its logical type."""
    arrays, fields = [], []
    for column, info in zip(arrow.columns, rowtype, strict=True):
        array = column.combine_chunks()
        if pa.types.is_timestamp(array.type):
            array = stamps(array)
        elif pa.types.is_time(array.type):
            array = pc.multiply(array.cast(pa.time64("us")).cast(pa.int64()), 1000)
        elif pa.types.is_date(array.type):
            array = array.cast(pa.date32())
        facts = {
            "logicalType": info["type"].upper(),
            "precision": str(info["precision"] or 38),
            "scale": str(info["scale"] or 0),
            "charLength": str(info["length"] or 0),
        }
        arrays.append(array)
        fields.append(pa.field(info["name"], array.type, metadata=facts))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def stamps(array: pa.Array) -> pa.Array:
    """fakesnow's encoding knows no NULL: 1970 would be read. So NULL is masked."""
    if pa.types.is_timestamp(array.type) and array.type.tz and array.type.tz != "UTC":
        array = array.cast(pa.timestamp("us", "UTC"))
    made = timestamp_to_sf_struct(pc.fill_null(array, 0))
    fields = [made.type.field(index) for index in range(made.type.num_fields)]
    return pa.StructArray.from_arrays(
        [made.field(index) for index in range(len(fields))], fields=fields, mask=pc.is_null(array)
    )


def _text(value: Any) -> str | None:
    """A value of the catalogue as JSON rows carry it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        since = aware - datetime(1970, 1, 1, tzinfo=UTC)
        return f"{since // timedelta(seconds=1)}.{since.microseconds:06d}000"
    if isinstance(value, date):
        return str((value - date(1970, 1, 1)).days)
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)
