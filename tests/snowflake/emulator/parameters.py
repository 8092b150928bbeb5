"""What a session can be told: ALTER SESSION, SHOW PARAMETERS."""

from typing import TYPE_CHECKING

from . import grammar, options
from .errors import compilation
from .lexer import Reader, like
from .results import SHOW, Result, done

if TYPE_CHECKING:
    from .account import Session

PARAMETERS: options.Options = grammar.SESSION | {
    "QUERY_TAG": options.text,
    "TIMEZONE": options.text,
    "STATEMENT_TIMEOUT_IN_SECONDS": options.integer,
    "AUTOCOMMIT": options.boolean,
    "LOCK_TIMEOUT": options.integer,
    "TIMESTAMP_TYPE_MAPPING": options.anything,
    "ERROR_ON_NONDETERMINISTIC_MERGE": options.boolean,
    "ERROR_ON_NONDETERMINISTIC_UPDATE": options.boolean,
    "USE_CACHED_RESULT": options.boolean,
    "WEEK_START": options.integer,
    "TRANSACTION_ABORT_ON_ERROR": options.boolean,
    "QUOTED_IDENTIFIERS_IGNORE_CASE": options.boolean,
    "TIMESTAMP_OUTPUT_FORMAT": options.text,
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": options.integer,
    "MULTI_STATEMENT_COUNT": options.integer,
    "ROWS_PER_RESULTSET": options.integer,
    "CLIENT_SESSION_KEEP_ALIVE": options.boolean,
}


def alter(session: "Session", reader: Reader) -> Result:
    if reader.accept("UNSET"):
        while not reader.done:
            session.parameters.pop(reader.take().upper, None)
            reader.accept(",")
        return done()
    reader.expect("SET")
    found = options.parse(reader, PARAMETERS, "SESSION")
    reader.end()
    if len(str(found.get("QUERY_TAG", ""))) > 2000:
        raise compilation("QUERY_TAG is limited to 2000 characters.", 1012, "22023")
    if "TIMEZONE" in found:
        session.duck.execute(f"SET TimeZone = '{found['TIMEZONE']}'")
    session.parameters |= found
    return done()


def show(session: "Session", reader: Reader) -> Result:
    pattern = like(reader.string()) if reader.accept("LIKE") else None
    if reader.accept("IN"):
        reader.rest()
    known = {"TIMEZONE": "Etc/UTC", "QUERY_TAG": "", "STATEMENT_TIMEOUT_IN_SECONDS": 172800} | session.parameters
    rows = [
        (name, str(value), "", "SESSION" if name in session.parameters else "", "", "STRING")
        for name, value in sorted(known.items())
        if not pattern or pattern.fullmatch(name)
    ]
    return Result(["key", "value", "default", "level", "description", "type"], rows, statement=SHOW)
