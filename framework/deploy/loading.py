"""Which way the parts of a source got into RAW: what loading keeps, and a deployment that changes the way tells it.

COPY remembers what it loaded in its table, a pipe in itself, and neither knows of the other: changed without care,
parts are loaded twice or never.
"""

from framework.deploy.account import Account
from framework.snowflake_words import quote_text

TABLE = "_INGEST_LOADING"
"""In OPS: a row for each stream, with how far it is loaded (LOG) and by which way (LOADED_BY)."""
_REMEMBERS = {"copy": "the table", "snowpipe": "the pipe", "snowpipe_rest": "the pipe"}
WAYS = tuple(_REMEMBERS)


def is_switch(before: str, after: str) -> bool:
    """Whether the new way knows nothing of what the old one loaded."""
    return _REMEMBERS[before] != _REMEMBERS[after]


def ways_of(account: Account) -> str:
    """The query for SOURCE and LOADED_BY, as far as anything was loaded."""
    return f"SELECT DISTINCT SOURCE, LOADED_BY FROM {account.within('OPS', TABLE)} ORDER BY 1, 2"


def switched(account: Account, source: str, way: str) -> str:
    """The statement that lets the source be loaded the new way, and no other."""
    table = account.within("OPS", TABLE)
    return f"UPDATE {table} SET LOADED_BY = {quote_text(way)} WHERE SOURCE = {quote_text(source)}"
