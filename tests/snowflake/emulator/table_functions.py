"""Calls that the account answers, not the data: TABLE(… HISTORY()), RESULT_SCAN, SYSTEM$…, GET_DDL, staged files."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from . import history, staged, system
from .errors import SnowflakeError, unsupported
from .lexer import Reader, quote
from .translate import Query, replace, scalar

if TYPE_CHECKING:
    from .account import Session


def answered(query: Query, text: str) -> str:
    """The text with each such call replaced by its answer: a literal, or the name of a table made for it."""
    reader = Reader(text)
    staged_rows = any(token.kind == "stage" for token in reader.tokens)
    found = []
    while reader.at < len(reader.tokens):
        first = reader.tokens[reader.at]
        new = _answer(query, reader)
        if staged_rows and first.kind == "column":
            new = f"EMU_COLUMN_{reader.take().text[1:]}"
        if new is None:
            reader.take()
        else:
            found.append((first, reader.tokens[reader.at - 1], new))
    return replace(text, found)


def _answer(query: Query, reader: Reader) -> str | None:
    session = query.session
    if (
        reader.peek() == "TABLE"
        and reader.peek(1) == "("
        and reader.peek(2) not in ("FLATTEN", "GENERATOR", "SPLIT_TO_TABLE")
    ):
        return _table(query, reader)
    if reader.peek_kind() == "stage":
        return query.table(staged.select(session, reader))
    if reader.accept("DIRECTORY", "("):
        rows = staged.directory(session, reader.take().text)
        reader.expect(")")
        return query.table(rows)
    if reader.peek_kind() == "word" and reader.peek(1) == "(":
        name = reader.peek()
        if name.startswith("SYSTEM$") or name in ("GET_DDL", "LAST_QUERY_ID"):
            reader.take()
            return _literal(system.call(session, name, arguments(session, reader)))
    return None


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value).upper() if isinstance(value, bool) else quote(value)


def _table(query: Query, reader: Reader) -> str | None:
    """TABLE( name( … ) )"""
    at = reader.at
    reader.expect("TABLE", "(")
    if reader.peek_kind() in ("word", "quoted"):
        name = reader.name()
        if reader.peek() == "(":
            rows = _rows(query.session, name, arguments(query.session, reader))
            reader.expect(")")
            return query.table(rows)
    reader.at = at
    return None


def _rows(session: "Session", name: tuple[str, ...], given: dict[str, Any]) -> pa.Table:
    if name[-1] == "RESULT_SCAN":
        result = session.account.results.get(given.get("0"))
        if result is None:
            raise SnowflakeError(709, "02000", f"Statement {given.get('0')} not found")
        return result.table()
    function = history.TABLE_FUNCTIONS.get(name[-1])
    if not function:
        raise unsupported(f"TABLE({'.'.join(name)}())")
    return function(session, name, given)


def arguments(session: "Session", reader: Reader) -> dict[str, Any]:
    """( value, NAME => value ) by name, or by place as "0", "1"; each an expression."""
    inside = Reader(reader.parenthesised())
    out: dict[str, Any] = {}
    while inside.at < len(inside.tokens):
        name = str(len(out))
        if inside.peek(1) == "=>":
            name = inside.take().upper
            inside.take()
        first, depth = inside.tokens[inside.at], 0
        while inside.at < len(inside.tokens) and (depth or inside.peek() != ","):
            depth += {"(": 1, ")": -1}.get(inside.take().text, 0)
        out[name] = scalar(session, inside.sql[first.start : inside.tokens[inside.at - 1].end])
        inside.accept(",")
    return out
