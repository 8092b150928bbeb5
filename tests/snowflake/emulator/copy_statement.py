"""A COPY INTO a table as it is written: what may stand in it."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import formats, grammar, options
from .catalog import Thing
from .errors import compilation, invalid_value, missing, unsupported
from .lexer import Reader

if TYPE_CHECKING:
    from .account import Session

MAX_FILES = 1000
ALLOWED = {
    "ARRAY_CONSTRUCT", "ARRAY_SIZE", "ASCII", "CASE", "CAST", "TRY_CAST", "CEIL", "CHAR", "CHECK_JSON",
    "CHECK_XML", "COLLATE", "CONCAT", "CONVERT_TIMEZONE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP",
    "DATEADD", "DATEDIFF", "DATE_TRUNC", "DATE_PART", "DAYNAME", "DECODE", "ENDSWITH", "EXTRACT", "FLOOR",
    "GET", "GET_PATH", "HASH", "HEX_DECODE_STRING", "HEX_ENCODE", "IFF", "IFNULL", "INITCAP", "LEFT", "LENGTH",
    "LOWER", "LPAD", "LTRIM", "MD5", "MD5_HEX", "MONTHNAME", "NULLIF", "NULLIFZERO", "NVL", "NVL2",
    "OBJECT_CONSTRUCT", "PARSE_JSON", "TRY_PARSE_JSON", "PARSE_URL", "POSITION", "RANDOM", "REGEXP_COUNT",
    "REGEXP_INSTR", "REGEXP_LIKE", "REGEXP_REPLACE", "REGEXP_SUBSTR", "REPLACE", "REVERSE", "RIGHT", "ROUND",
    "RPAD", "RTRIM", "SHA1", "SHA1_HEX", "SHA2", "SHA2_HEX", "SPLIT", "SPLIT_PART", "STARTSWITH",
    "STRIP_NULL_VALUE", "SUBSTR", "SUBSTRING", "SYSDATE", "TO_ARRAY", "TO_BINARY", "TO_BOOLEAN", "TO_CHAR",
    "TO_DATE", "TO_DECIMAL", "TO_DOUBLE", "TO_JSON", "TO_NUMBER", "TO_NUMERIC", "TO_OBJECT", "TO_TIME",
    "TO_TIMESTAMP", "TO_TIMESTAMP_LTZ", "TO_TIMESTAMP_NTZ", "TO_TIMESTAMP_TZ", "TO_VARCHAR", "TO_VARIANT",
    "TRIM", "TRUNC", "TRY_TO_BINARY", "TRY_TO_BOOLEAN", "TRY_TO_DATE", "TRY_TO_DECIMAL", "TRY_TO_DOUBLE",
    "TRY_TO_NUMBER", "TRY_TO_NUMERIC", "TRY_TO_TIME", "TRY_TO_TIMESTAMP", "TRY_TO_TIMESTAMP_LTZ",
    "TRY_TO_TIMESTAMP_NTZ", "TRY_TO_TIMESTAMP_TZ", "TYPEOF", "UPPER", "UUID_STRING", "ZEROIFNULL", "NUMBER",
    "VARCHAR", "DECIMAL", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ",
}  # fmt: skip
"""Functions (and sized types) that may stand in the SELECT of a COPY."""
METADATA = (
    "METADATA$FILENAME",
    "METADATA$FILE_ROW_NUMBER",
    "METADATA$FILE_CONTENT_KEY",
    "METADATA$FILE_LAST_MODIFIED",
    "METADATA$START_SCAN_TIME",
)


@dataclass(frozen=True)
class Copy:
    """A COPY INTO table, as written."""

    table: tuple[str, ...]
    columns: list[str]
    select: str
    """The SELECT's expressions with $1 → EMU_COLUMN_1; empty when there is none."""
    reference: str
    options: dict[str, Any] = field(default_factory=dict)
    streaming: bool = False


def parse(reader: Reader) -> Copy:
    reader.expect("COPY", "INTO")
    table = reader.name()
    columns = options.names(reader, "columns") if reader.peek() == "(" else []
    reader.expect("FROM")
    select, reference, streaming = "", "", False
    if reader.accept("("):
        select, reference, streaming = _select(reader)
    else:
        reference = _reference(reader)
    given = options.parse(reader, grammar.COPY, "COPY")
    reader.end()
    _check(given, bool(select))
    return Copy(table, [column.upper() for column in columns], select, reference, given, streaming)


def _reference(reader: Reader) -> str:
    token = reader.take()
    if token.kind == "stage":
        return token.text
    if token.kind == "string" and token.value.startswith("@"):
        return token.value
    raise unsupported("COPY FROM anything but a stage") if token.kind == "string" else reader.unexpected()


def _select(reader: Reader) -> tuple[str, str, bool]:
    """SELECT expression, … FROM @stage [alias] ) — nothing else may stand in it."""
    reader.expect("SELECT")
    out, depth = [], 0
    while depth or reader.peek() != "FROM":
        token = reader.take()
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        _allowed(reader, token.upper, token.kind)
        out.append(token)
    reader.expect("FROM")
    if reader.peek() == "TABLE":
        reader.take()
        reader.parenthesised()
        reader.expect(")")
        return _text(reader, out), "", True
    reference = _reference(reader)
    if reader.peek() == "(":
        reader.parenthesised()
    if reader.accept("AS") or (
        reader.peek_kind() == "word" and reader.peek() not in ("WHERE", "JOIN", "ORDER", "GROUP", "LIMIT")
    ):
        reader.identifier()
    if not reader.accept(")"):
        if reader.peek() in ("WHERE", "JOIN", "ORDER", "GROUP", "LIMIT", "QUALIFY", "LEFT", "INNER", "HAVING", ","):
            raise compilation(
                f"COPY statement only supports simple SELECT from stage statements for import; found {reader.peek()}.",
                1100,
                "0A000",
            )
        raise reader.unexpected()
    return _text(reader, out), reference, False


def _allowed(reader: Reader, word: str, kind: str) -> None:
    if kind == "word" and reader.peek() == "(" and word not in ALLOWED and word not in ("IN", "AND", "OR", "NOT", "AS"):
        raise compilation(f"Function '{word}' is not supported in the SELECT of a COPY statement.", 1101, "0A000")
    if word in ("DISTINCT", "SELECT", "OVER"):
        raise compilation(
            f"COPY statement only supports simple SELECT from stage statements for import; found {word}.", 1100, "0A000"
        )


def _text(reader: Reader, found: list[Any]) -> str:
    """$1, t.$1 → EMU_COLUMN_1; METADATA$… must be one that there is."""
    words: list[str] = []
    for index, token in enumerate(found):
        before = reader.sql[found[index - 1].end : token.start] if index else ""
        text = token.text
        if token.kind == "column":
            text = f"EMU_COLUMN_{token.text[1:]}"
        if token.upper.startswith("METADATA$") and token.upper not in METADATA:
            raise compilation(f"invalid identifier '{token.upper}'", 904, "42000")
        words += [" " if before else "", text]
    return "".join(words)


def _check(given: dict[str, Any], selects: bool) -> None:
    error = str(given.get("ON_ERROR", "")).upper()
    if error and not re.fullmatch(r"CONTINUE|ABORT_STATEMENT|SKIP_FILE(_\d+%?)?", error):
        raise invalid_value(error, "ON_ERROR")
    if len(given.get("FILES", [])) > MAX_FILES:
        raise compilation(f"Maximum number of files ({MAX_FILES}) exceeded in the FILES list.", 1005, "42601")
    if "FILES" in given and "PATTERN" in given:
        raise compilation("FILES and PATTERN cannot be combined.", 1006, "42601")
    if selects and given.get("MATCH_BY_COLUMN_NAME", "NONE") != "NONE":
        raise compilation("MATCH_BY_COLUMN_NAME copy option is not supported with copy transforms.", 1007, "0A000")
    if selects and "VALIDATION_MODE" in given:
        raise compilation("VALIDATION_MODE does not support COPY statements that transform data.", 1009, "0A000")
    formats.check(given.get("FILE_FORMAT", {}))


def target(session: "Session", copy: Copy) -> Thing:
    """The table, its columns checked, INSERT allowed."""
    thing = session.account.catalog.relation(session.path("TABLE", copy.table))
    if not thing or thing.kind != "TABLE":
        raise missing("table", ".".join(session.path("TABLE", copy.table)))
    session.need("INSERT", thing)
    known = {column.name for column in thing.columns}
    for name in copy.columns:
        if name not in known:
            raise compilation(f"invalid identifier '{name}'", 904, "42000")
    return thing
