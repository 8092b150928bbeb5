"""What authors write who come from other tools or from a guess, and what it is called here."""

import re
from collections.abc import Sequence

from framework.problem import nearest, suggestion

KEYS = {
    "action": ["then"],
    "authentication": ["auth"],
    "authenticator": ["auth"],
    "body": ["json"],
    "client": ["http"],
    "columns": ["clean: {table: …, columns: {…}}", "columns"],
    "cursor_field": ["incremental: {cursor: …, start: …}", "cursor"],
    "data": ["json"],
    "data_selector": ["records"],
    "depends_on": ["for_each: {stream: …, as: …}"],
    "endpoint": ["request: {path: …}", "path"],
    "endpoints": ["streams"],
    "fields": ["columns"],
    "flow": ["grant"],
    "grant_type": ["grant"],
    "has_more": ["more"],
    "headers": ["request: {headers: {…}}", "http: {headers: {…}}"],
    "interval": ["per", "every", "schedule: {cron: …}", "window"],
    "key": ["primary_key"],
    "keys": ["primary_key"],
    "limit": ["page_size: {param: limit, value: …}", "requests"],
    "limit_param": ["page_size: {param: …, value: …}"],
    "method": ["request: {path: …, method: …}"],
    "mode": ["clean: {table: …, mode: …}"],
    "next_page": ["next"],
    "paginator": ["pagination"],
    "params": ["request: {params: {…}}", "http: {params: {…}}"],
    "parent": ["for_each: {stream: …, as: …}"],
    "parent_stream": ["for_each: {stream: …, as: …}"],
    "page_start": ["first"],
    "path": ["request: {path: …}", "next"],
    "payload": ["json"],
    "query": ["params"],
    "record_path": ["records", "path"],
    "record_selector": ["records"],
    "replication_key": ["incremental: {cursor: …, start: …}"],
    "resources": ["streams"],
    "selector": ["records", "path"],
    "size": ["value", "page_size: {param: …, value: …}"],
    "start": ["first"],
    "start_page": ["first"],
    "initial_page": ["first"],
    "start_date": ["start", "config: {start_date: {type: string, format: date}}"],
    "status": ["when: {status: …}"],
    "table": ["clean: {table: …}"],
    "tables": ["streams"],
    "unique_key": ["primary_key"],
    "url": ["base_url", "path", "token_url", "http: {base_url: …}", "request: {path: …}"],
    "while": ["more"],
    "write_disposition": ["clean: {table: …, mode: …}"],
}
"""Of several, the first whose key is taken at that place."""

WORDS = {
    "scd2": "history",
    "snapshot": "history",
    "upsert": "merge",
    "overwrite": "replace",
    "full_refresh": "replace",
    "truncate": "replace",
    "insert": "append",
    "incremental": "merge",
    "ignore": "skip",
    "continue": "skip",
    "backoff": "retry",
    "error": "fail",
    "raise": "fail",
    "string": "text",
    "varchar": "text",
    "number": "decimal(18,2)",
    "int": "integer",
    "bigint": "integer",
    "bool": "boolean",
    "double": "float",
    "datetime": "timestamp",
    "timestamptz": "timestamp",
    "object": "json",
    "variant": "json",
    "array": "json",
    "list": "json",
    "dict": "json",
    "map": "json",
    "struct": "json",
    "record": "json",
    "str": "text",
    "char": "text",
    "long": "integer",
    "real": "float",
    "numeric": "decimal(18,2)",
    "decimal": "decimal(18,2)",
    "money": "decimal(18,2)",
    "timestamp_ntz": "timestamp",
    "timestamp_tz": "timestamp",
    "date_time": "timestamp",
    "none": "ignore",
    "page": "page_number",
    "page_increment": "page_number",
    "offset_increment": "offset",
    "token": "bearer",
    "header": "api_key",
    "apikey": "api_key",
    "oauth": "oauth2",
    "link": "link_header",
    "json_link": "next_url",
}


def key(word: str, known: Sequence[str]) -> str | None:
    """What an unknown key is called among the keys that are taken here, with the shape of its value."""
    for shape in KEYS.get(word.lower().replace("-", "_"), []):
        if shape.partition(":")[0] in known:
            return shape
    return None


_UNLIKE = {"format": ["from"]}
"""Words that look alike and mean another thing."""


def near_key(word: str, known: Sequence[str]) -> str | None:
    """The key that is most like an unknown one."""
    return nearest(word, [key for key in known if key not in _UNLIKE.get(word, [])])


def word(given: object, known: list[str]) -> str | None:
    """The word of this place that other tools call so, else the nearest one."""
    right = WORDS.get(str(given).lower().replace("-", "_"))
    return right if right in known else nearest(given, known)


def suggest(given: object, known: list[str]) -> str:
    """The word that is meant, else the list of them."""
    right = word(given, known)
    return f" Did you mean {right!r}?" if right is not None and right != given else suggestion(given, known)


def name(given: str) -> str | None:
    """Weather Data → weather_data"""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", given)
    made = "_".join(words).lower().lstrip("0123456789_")
    return made or None


_LENGTHS = {"hourly": "1h", "daily": "1d", "weekly": "7d", "monthly": "1mo", "quarterly": "3mo", "yearly": "1y"}
_LENGTHS |= {"month": "1mo", "quarter": "3mo", "year": "1y"}


def length(given: object) -> str | None:
    """monthly → 1mo"""
    return _LENGTHS.get(str(given).lower())


_UNITS = {"s": "1s", "second": "1s", "sec": "1s", "m": "1m", "minute": "1m", "min": "1m", "h": "1h", "hour": "1h"}
_UNITS |= {"d": "1d", "day": "1d"}


def rate(given: str) -> str | None:
    """10/s → {requests: 10, per: 1s}"""
    found = re.fullmatch(r"(\d+)\s*(?:requests|reqs?|calls)?\s*(?:/|per)\s*([a-z]+?)s?", given.strip().lower())
    unit = _UNITS.get(found[2]) if found else None
    return f"{{requests: {found[1]}, per: {unit}}}" if found and unit else None


_JAVA = [
    *[
        ("yyyy", "%Y"),
        ("YYYY", "%Y"),
        ("MM", "%m"),
        ("dd", "%d"),
        ("DD", "%d"),
        ("HH", "%H"),
        ("mm", "%M"),
        ("ss", "%S"),
    ],
    *[("SSSSSS", "%f"), ("SSS", "%f"), ("XXX", "%z"), ("ZZ", "%z"), ("Z", "%z"), ("'", "")],
]


def instant(given: str) -> str | None:
    """yyyy-MM-dd'T'HH:mm:ss → %Y-%m-%dT%H:%M:%S"""
    if not re.search(r"yyyy|YYYY", given):
        return None
    for theirs, ours in _JAVA:
        given = given.replace(theirs, ours)
    return given
