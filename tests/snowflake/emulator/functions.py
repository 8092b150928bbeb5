"""Functions whose answers differ between Snowflake and DuckDB, and the DuckDB that knows them."""

import functools
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

import duckdb
from fakesnow import macros

from . import flatten

STAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|UTC|[+-]\d{1,2}(?::?\d{2})?)?$",
    re.I,
)
RENAMED = {
    "PARSE_JSON": "emu_parse_json", "TRY_PARSE_JSON": "emu_try_parse_json", "TYPEOF": "emu_typeof",
    "OBJECT_KEYS": "emu_object_keys", "IS_NULL_VALUE": "emu_is_null_value", "HASH": "emu_hash",
    "IS_ROLE_IN_SESSION": "emu_is_role_in_session", "SYSDATE": "emu_sysdate", "UUID_STRING": "emu_uuid",
    **{f"{safe}TO_TIMESTAMP{kind}": f"emu_{safe}to{kind or '_ntz'}".lower()
       for safe in ("", "TRY_") for kind in ("", "_NTZ", "_LTZ", "_TZ")},
    **{f"CURRENT_{name}": f"emu_current_{name}".lower()
       for name in ("ROLE", "USER", "WAREHOUSE", "DATABASE", "SCHEMA", "ACCOUNT")},
}  # fmt: skip
"""Calls that are renamed before anything else reads the statement."""


def variant(text: str | None, duplicates: bool = False, strip_nulls: bool = False) -> str | None:
    """JSON as VARIANT keeps it: keys in order, numbers as fixed-point up to 38 digits, else as double."""

    def number(digits: str) -> Any:
        if re.search("[eE]", digits) or len(re.sub(r"\D", "", digits).lstrip("0")) > 38:
            return Plain(format(float(digits), ".15e"))
        value = Decimal(digits)
        return int(value) if value == value.to_integral_value() else Plain(format(value.normalize(), "f"))

    def sorted_pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if not duplicates and len({key for key, _ in found}) < len(found):
            raise ValueError("duplicate object attribute")
        kept = [(key, value) for key, value in found if not (strip_nulls and value is None)]
        return dict(sorted(kept, key=lambda pair: pair[0]))

    def constant(name: str) -> Any:
        raise ValueError(f"unknown keyword {name}")

    if text is None or not text.strip():
        return None
    value = json.loads(
        text, parse_int=number, parse_float=number, parse_constant=constant, object_pairs_hook=sorted_pairs
    )
    return dumps(value)


def variant_of(text: str | None) -> str | None:
    return variant(text)


class Plain(float):
    """A number with the digits that it is written with: a decimal its own, a double those of Snowflake."""

    def __new__(cls, digits: str) -> "Plain":
        made = super().__new__(cls, digits)
        made.digits = digits  # type: ignore[attr-defined]
        return made

    def __repr__(self) -> str:
        return str(self.digits)  # type: ignore[attr-defined]


def dumps(value: Any) -> str:
    """json.dumps, but a Plain keeps its digits."""
    if isinstance(value, Plain):
        return repr(value)
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{dumps(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(dumps, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def moment(text: str | None, scale: str | None = None) -> datetime | None:
    """A timestamp in the forms that AUTO detects; without an offset it is naive."""
    if text is None or text == "null":
        return None
    text = text.strip().strip('"')
    if scale and not scale.isdigit() and scale.upper() != "AUTO":
        return formatted(text, scale)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return epoch(text, scale)
    found = STAMP.match(text)
    if not found:
        try:
            return parsedate_to_datetime(text)
        except (ValueError, IndexError, TypeError):
            raise ValueError(f"Timestamp '{text}' is not recognized") from None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    micro = int((found[7] or "0").ljust(6, "0")[:6])
    zone = None
    if found[8]:
        digits = re.sub(r"\D", "", found[8]).ljust(2, "0")
        hours, minutes = (int(digits[:-2] or 0), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
        offset = timedelta(hours=hours, minutes=minutes) if found[8][0] in "+-" else timedelta()
        zone = timezone(-offset if found[8][0] == "-" else offset)
    try:
        return datetime(year, month, day, hour, minute, second, micro, zone)
    except ValueError:
        raise ValueError(f"Timestamp '{text}' is not recognized") from None


ELEMENTS = {
    "TZH:TZM": "%z", "TZHTZM": "%z", "YYYY": "%Y", "HH24": "%H", "HH12": "%I", "MON": "%b", "MI": "%M", "MM": "%m",
    "DD": "%d", "SS": "%S", "YY": "%y", "AM": "%p", "PM": "%p",
}  # fmt: skip
_ELEMENT = re.compile("|".join([*ELEMENTS, r"FF\d?"]), re.IGNORECASE)


def formatted(text: str, form: str) -> datetime:
    """By a format of Snowflake's; letters in double quotes stand for themselves."""
    pieces = form.replace("%", "%%").split('"')
    known = [
        piece if index % 2 else _ELEMENT.sub(lambda found: ELEMENTS.get(found[0].upper(), "%f"), piece)
        for index, piece in enumerate(pieces)
    ]
    try:
        return datetime.strptime(text, "".join(known))  # noqa: DTZ007 - naive where the format has no zone
    except ValueError:
        raise ValueError(f"Timestamp '{text}' is not recognized") from None


def epoch(text: str, scale: str | None) -> datetime:
    """Seconds; or, in a string of many digits, milli-, micro- or nanoseconds by their number."""
    value = Decimal(text)
    if scale and scale.isdigit():
        power = int(scale)
    else:
        size = abs(value)
        power = 0 if size < 31536000000 else 3 if size < 31536000000000 else 6 if size < 31536000000000000 else 9
    return datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(
        microseconds=int(value * 10**6 / 10**power)
    )


def ntz(text: str | None, scale: str | None) -> datetime | None:
    found = moment(text, scale)
    return found.replace(tzinfo=None) if found else None


def instant(text: str | None, scale: str | None) -> datetime | None:
    """In UTC; a text without an offset is read in the session's time zone, which is UTC here."""
    found = moment(text, scale)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC) if found else None


def kind_of(text: str | None) -> str | None:
    """TYPEOF of a VARIANT."""
    if text is None:
        return None
    value = json.loads(text, parse_float=Decimal)
    if isinstance(value, Decimal):
        return "DOUBLE" if re.search("[eE]", text) else "DECIMAL"
    names = {type(None): "NULL_VALUE", bool: "BOOLEAN", int: "INTEGER", str: "VARCHAR", list: "ARRAY", dict: "OBJECT"}
    return names[type(value)]


def safe(call: Any) -> Any:
    """The TRY_ form: NULL instead of an error."""

    @functools.wraps(call)
    def tried(*values: Any) -> Any:
        try:
            return call(*values)
        except (ValueError, OverflowError, InvalidOperation):
            return None

    return tried


MACROS = """
CREATE MACRO emu_parse_json(x) AS CAST(emu_json(CAST(x AS VARCHAR)) AS JSON);
CREATE MACRO emu_try_parse_json(x) AS CAST(emu_json_safe(CAST(x AS VARCHAR)) AS JSON);
CREATE MACRO emu_typeof(x) AS emu_kind(
    CASE typeof(x) WHEN 'JSON' THEN CAST(x AS VARCHAR) ELSE CAST(to_json(x) AS VARCHAR) END
);
CREATE MACRO emu_text(x) AS
    CASE typeof(x) WHEN 'JSON' THEN json_extract_string(to_json(x), '$') ELSE CAST(x AS VARCHAR) END;
CREATE MACRO emu_object_keys(x) AS to_json(json_keys(x));
CREATE MACRO emu_is_null_value(x) AS (json_type(x) = 'NULL');
CREATE MACRO emu_is_role_in_session(x) AS list_contains(string_split(getvariable('emu_roles'), ','), x);
CREATE MACRO emu_sysdate() AS CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP);
CREATE MACRO emu_uuid() AS CAST(uuid() AS VARCHAR);
"""


def database() -> duckdb.DuckDBPyConnection:
    """An empty DuckDB with these functions in it."""
    duck = duckdb.connect(":memory:", config={"lambda_syntax": "ENABLE_SINGLE_ARROW"})
    duck.execute("SET GLOBAL TimeZone = 'UTC'")
    duck.execute(macros.creation_sql("memory"))

    def function(name: str, call: Any, returns: str, arguments: int) -> None:
        duck.create_function(name, call, ["VARCHAR"] * arguments, returns, null_handling="special")

    function("emu_json", variant_of, "VARCHAR", 1)
    function("emu_json_safe", safe(variant_of), "VARCHAR", 1)
    function("emu_kind", kind_of, "VARCHAR", 1)
    for name, call, returns in (
        ("ntz", ntz, "TIMESTAMP"),
        ("tz", instant, "TIMESTAMPTZ"),
        ("ltz", instant, "TIMESTAMPTZ"),
    ):
        for prefix, made in (("", call), ("try_", safe(call))):
            function(f"emu_{prefix}{name}_of", made, returns, 2)
            body = f"emu_{prefix}{name}_of(CAST(x AS VARCHAR), {{}})"
            duck.execute(f"CREATE MACRO emu_{prefix}to_{name}(x) AS {body.format('NULL')}, "
                         f"(x, y) AS {body.format('CAST(y AS VARCHAR)')}")  # fmt: skip
    duck.execute(MACROS)
    duck.execute(flatten.MACRO)
    for name in ("role", "user", "warehouse", "database", "schema", "account"):
        duck.execute(f"CREATE MACRO emu_current_{name}() AS getvariable('emu_{name}')")
    return duck
