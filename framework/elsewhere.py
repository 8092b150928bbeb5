"""Keys that are asked for where there are none: where it stands instead, or that there is no such thing."""

from framework.problem import Path

_WINDOW = 'Send the window in the request: params: {NAME: "{{ window.start }}"}.'
_PARENT = 'A record keeps a field of its parent by `records: {add: {NAME: "{{ AS.field }}"}}`.'
_CAP = "The cap is that of the stream's `guards: {page_cap: …}`."
_FORM = (
    "A timestamp is read as ISO 8601, and the cursor as `incremental.format` says; read any other form as text or "
    "integer, and convert it in a mart."
)
_RESULT = "What the job made is read by the stream's own `request`."
_NO_CATCHING_UP = "A run reads on from where the last one ended, so there is nothing to catch up on."
_PACE = "There is none: `rate_limit` sets the pace."
_AGE = "`of: load` looks at when rows were loaded, `of: cursor` at the newest cursor; no other column is looked at."
_ROWS = "No check counts rows."

_OF = {
    "incremental": dict.fromkeys(
        ["param", "params", "parameter", "start_param", "end_param", "request_param", "start_time_option"], _WINDOW
    ),
    "for_each": dict.fromkeys(["include", "include_from_parent", "fields", "extra_fields"], _PARENT),
    "pagination": dict.fromkeys(["max_pages", "page_limit", "maximum_page", "pages"], _CAP),
    "column": dict.fromkeys(["format", "date_format", "timestamp_format"], _FORM),
    "job": dict.fromkeys(["result", "results", "download", "fetch", "output"], _RESULT),
    "schedule": dict.fromkeys(["catchup", "start_date", "depends_on_past"], _NO_CATCHING_UP),
    "http": dict.fromkeys(["concurrency", "max_connections", "parallel", "threads", "workers"], _PACE),
    "freshness": dict.fromkeys(["column", "field", "on"], _AGE),
    "checks": dict.fromkeys(["min_rows", "max_rows", "row_count", "rows"], _ROWS),
}
_WAIT = (
    "The wait stands in a header of the response: {header: …}. A fixed one is `then: retry`, with `retry: {backoff: "
    "{type: constant, initial: …}}` under `http`."
)
_ONE_TIMEOUT = "There is one for all of a request, such as 60s."


def key(path: Path) -> str:
    """What to say of an unknown key beside that it is unknown; "" where there is nothing."""
    return _OF.get(owner(path), {}).get(str(path[-1]).lower(), "")


def value(path: Path, given: object) -> str:
    """What to say of a value of another type than is wanted."""
    if path[-1:] == ("wait",) and "responses" in path and isinstance(given, str | int):
        return _WAIT
    if path[-2:] == ("http", "timeout") and isinstance(given, dict):
        return _ONE_TIMEOUT
    if path == ("secrets",) and isinstance(given, dict) and given:
        names = ", ".join(map(str, given))
        return f"Write [{names}]: where their values are is said by `secrets` in framework.yaml."
    return ""


def owner(path: Path) -> str:
    """The record that holds a key: the last name of its place, `column` for those of a table."""
    words = [step for step in path[:-1] if isinstance(step, str)]
    return "column" if words[-2:-1] == ["columns"] else words[-1] if words else ""
