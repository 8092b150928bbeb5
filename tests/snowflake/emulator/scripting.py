"""Snowflake Scripting, as far as tasks and procedures of plain statements need it."""

import re
from typing import TYPE_CHECKING, Any

from .errors import compilation, invalid_value, unsupported
from .lexer import Reader, statements
from .results import Result
from .translate import scalar

if TYPE_CHECKING:
    from .account import Session

CRON = re.compile(r"USING CRON(\s+[\d*/,A-Z#L-]+){5}\s+[\w/+-]+", re.I)
MINUTES = re.compile(r"(\d+)\s+(SECONDS?|MINUTES?|HOURS?|S|M|H)", re.I)
FIRST = (
    "INSERT",
    "MERGE",
    "DELETE",
    "UPDATE",
    "TRUNCATE",
    "COPY",
    "CALL",
    "BEGIN",
    "DECLARE",
    "ALTER",
    "CREATE",
    "DROP",
    "SELECT",
    "WITH",
    "EXECUTE",
    "SHOW",
    "LET",
    "RETURN",
    "COMMIT",
    "ROLLBACK",
    "NULL",
    "REMOVE",
)


def check_schedule(text: str | None) -> None:
    if text is not None and not CRON.fullmatch(text.strip()) and not MINUTES.fullmatch(text.strip()):
        raise invalid_value(text, "SCHEDULE")


def check(text: str) -> None:
    """Refuse what could never be run."""
    for statement in inner(text):
        if Reader(statement).peek() not in FIRST:
            raise Reader(statement).unexpected()


def inner(text: str) -> list[str]:
    """BEGIN a; b; END → [a, b]; a single statement is itself."""
    reader = Reader(text)
    if reader.peek() == "DECLARE":
        raise unsupported("DECLARE in a block")
    if reader.peek() == "BEGIN" and reader.peek(1) not in ("", ";", "TRANSACTION", "WORK"):
        words = [token for token in reader.tokens if token.text != ";"]
        if words[-1].upper != "END":
            raise compilation("syntax error: BEGIN without END.")
        return statements(text[reader.tokens[0].end : words[-1].start])
    return [text]


def run(session: "Session", text: str) -> Any:
    """Run a block; what it returns, or the result of a single statement."""
    from . import run as statement

    session_values: dict[str, Any] = {}
    result: Any = None
    for each in inner(text):
        reader = Reader(each)
        if reader.accept("LET"):
            name = reader.identifier()
            while reader.peek() != ":=":
                reader.take()
            reader.expect(":=")
            session_values[name] = scalar(session, _with(reader.rest(), session_values))
        elif reader.accept("RETURN"):
            return scalar(session, _with(reader.rest(), session_values))
        elif reader.accept("NULL"):
            continue
        elif reader.peek() in ("IF", "FOR", "WHILE", "LOOP", "CASE"):
            raise unsupported(f"{reader.peek()} in a block")
        else:
            result = statement.one(session, each)
    return result


def _with(text: str, values: dict[str, Any]) -> str:
    """A block's variables in an expression."""
    for name, value in values.items():
        shown = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
        text = re.sub(rf"(?<![\w$.:]):?{name}(?![\w$])", shown, text, flags=re.I)
    return text


def block(session: "Session", text: str) -> Result:
    """EXECUTE IMMEDIATE and CALL: one row, unless the last statement's rows are asked for."""
    found = run(session, text)
    if isinstance(found, Result):
        return found
    return Result(["anonymous block"], [(found,)])
