"""Streams: the rows that were added to a table since they were last consumed."""

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from .account import table_name
from .catalog import Thing
from .errors import SnowflakeError, unsupported

if TYPE_CHECKING:
    from .account import Session


def end(session: "Session", path: tuple[str, ...]) -> int:
    row = session.first(f"SELECT coalesce(max(rowid) + 1, 0) FROM {table_name(path)}")
    return int(row[0]) if row else 0


def base(session: "Session", stream: Thing) -> Thing:
    """The table it stands on: the very one, not another that took its name."""
    catalog = session.account.catalog
    table = catalog.relation(stream.facts["table"])
    if not table or table.number != stream.facts["number"]:
        message = f"Base table '{'.'.join(stream.facts['table'])}' dropped, cannot read from stream '{stream.name}'."
        raise SnowflakeError(91901, "02000", message)
    return table


def stale_after(session: "Session", stream: Thing) -> object:
    """The offset may stay behind for the table's retention, or the extension (14 days), whichever is longer."""
    table = session.account.catalog.relation(stream.facts["table"])
    days = [
        int((table.options if table else {}).get(name, default) or 0)
        for name, default in (("DATA_RETENTION_TIME_IN_DAYS", 1), ("MAX_DATA_EXTENSION_TIME_IN_DAYS", 14))
    ]
    return stream.facts["consumed"] + timedelta(days=max(days))


def is_stale(session: "Session", stream: Thing) -> bool:
    table = session.account.catalog.relation(stream.facts["table"])
    if not table or table.number != stream.facts["number"]:
        return True
    return bool(session.account.now() > stale_after(session, stream))  # type: ignore[operator]


def has_data(session: "Session", stream: Thing) -> bool:
    table = base(session, stream)
    if stream.facts.get("initial"):
        return end(session, table.path) > 0
    return end(session, table.path) > stream.facts["offset"]


def rows(session: "Session", stream: Thing) -> str:
    """A query for what is new."""
    table = base(session, stream)
    if is_stale(session, stream):
        message = f"Offset of stream '{stream.name}' is no longer available: stream is stale."
        raise SnowflakeError(91911, "02000", message)
    if not stream.options.get("APPEND_ONLY") and table.facts.get("mutations", 0) != stream.facts["mutations"]:
        raise unsupported("updates and deletes in a stream that is not APPEND_ONLY")
    offset = 0 if stream.facts.get("initial") else stream.facts["offset"]
    salt = hashlib.sha1(stream.full.encode(), usedforsecurity=False).hexdigest()[:8]
    return (
        f'SELECT *, \'INSERT\' AS "METADATA$ACTION", FALSE AS "METADATA$ISUPDATE", '
        f"sha1('{salt}' || rowid) AS \"METADATA$ROW_ID\" FROM {table_name(table.path)} WHERE rowid >= {offset}"
    )


def consume(session: "Session", stream: Thing) -> None:
    """A DML statement read it: with the commit its offset moves to where that statement saw the table end."""
    seen = end(session, base(session, stream).path)

    def move() -> None:
        stream.facts.update(offset=seen, initial=False, consumed=session.account.now())

    session.on_commit.append(move)
