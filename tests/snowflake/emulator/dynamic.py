"""Dynamic tables: refreshed on demand and at each round of the pump, in the order of what reads what."""

import re
from typing import TYPE_CHECKING

from .account import table_name
from .catalog import Thing
from .errors import SnowflakeError, compilation, invalid_value
from .translate import Query

if TYPE_CHECKING:
    from .account import Account, Session

UNITS = r"(second|minute|hour|day)s?"
VOLATILE = re.compile(r"\b(CURRENT_TIMESTAMP|CURRENT_DATE|CURRENT_TIME|SYSDATE|RANDOM|UUID_STRING)\b", re.I)


def check_lag(text: str) -> None:
    found = re.fullmatch(rf"(\d+)\s+{UNITS}", text.strip(), re.I)
    if text.upper() != "DOWNSTREAM" and (not found or (found[2].lower() == "second" and int(found[1]) < 60)):
        raise invalid_value(text, "TARGET_LAG")


def check_mode(thing: Thing) -> None:
    """INCREMENTAL is refused for a query that cannot be; AUTO settles for FULL, once, at creation."""
    mode = thing.options.get("REFRESH_MODE", "AUTO")
    possible = not VOLATILE.search(thing.facts["query"])
    if mode == "INCREMENTAL" and not possible:
        message = "Dynamic table cannot be refreshed incrementally: its query is not deterministic."
        raise compilation(message, 91903, "0A000")
    thing.facts["mode"] = "FULL" if mode == "FULL" or not possible else "INCREMENTAL"


def refresh(account: "Account", thing: Thing) -> int:
    """Its rows anew, as its owner; those it reads first."""
    for path in thing.facts["reads"]:
        source = account.catalog.find("DYNAMIC TABLE", path)
        if source:
            refresh(account, source)
    session = account.session("SYSTEM", thing.owner, *thing.path[:2], None)
    try:
        query = Query(session, owner=thing.owner)
        with query.made:
            tree = query.parse(thing.facts["query"])
            query.resolve(tree)
            session.begin()
            session.duck.execute(f"DELETE FROM {table_name(thing.path)}")
            row = session.first(f"INSERT INTO {table_name(thing.path)} {query.sql(tree)}")
            session.commit()
        thing.facts["refreshed"] = account.now()
        return int(row[0]) if row else 0
    finally:
        session.rollback()
        account.sessions.pop(session.token, None)
        session.duck.close()


def refresh_all(account: "Account") -> None:
    """Those with a lag of their own, and what stands above them; DOWNSTREAM waits for who reads it."""
    for thing in account.catalog.of("DYNAMIC TABLE"):
        if thing.facts["state"] == "ACTIVE" and str(thing.options["TARGET_LAG"]).upper() != "DOWNSTREAM":
            thing.facts.pop("failed", None)
            try:
                refresh(account, thing)
            except SnowflakeError as error:  # as in Snowflake it keeps its rows, and the others go on
                thing.facts["failed"] = str(error)


def suspend(session: "Session", thing: Thing, suspended: bool) -> None:
    thing.facts["state"] = "SUSPENDED" if suspended else "ACTIVE"
