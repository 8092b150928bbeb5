"""What was loaded: the history of each table (64 days) and of each pipe (14 days), and the functions that tell it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .catalog import Path, Thing
from .errors import compilation, missing, unsupported
from .files import File
from .lexer import name_of

if TYPE_CHECKING:
    from .account import Account, Session

TABLE_DAYS, PIPE_DAYS = 64, 14


@dataclass
class Load:
    """One file and one table, by COPY or by a pipe."""

    table: Path
    table_number: int
    stage: str
    """Where it lies: the stage's URL, or the name of an internal stage."""
    file: File
    pipe: Path | None
    pipe_number: int
    at: datetime
    received: datetime
    status: str = "Loaded"
    parsed: int = 0
    loaded: int = 0
    errors: int = 0
    error_limit: int = 1
    first_error: str | None = None
    first_line: int | None = None
    first_character: int | None = None
    first_column: str | None = None
    lines: list[tuple[int, str, str]] = field(default_factory=list)
    """Bad lines: (line, message, text)."""

    @property
    def counts(self) -> bool:
        """A file that failed whole may be loaded again."""
        return self.status in ("Loaded", "Partially loaded")


def loaded_before(account: "Account", table: Thing, stage: str, file: File) -> Load | None:
    """COPY: the same file, by place and content, in the last 64 days, by COPY, into this very table."""
    since = account.now() - timedelta(days=TABLE_DAYS)
    for load in reversed(account.loads):
        same = load.table_number == table.number and (load.stage, load.file.path) == (stage, file.path)
        if same and load.pipe is None and load.counts and load.at > since:
            return load if load.file.etag == file.etag else None
    return None


def piped_before(account: "Account", pipe: Thing, stage: str, file: File) -> bool:
    """Pipe: the same name, whatever its content, in the last 14 days, by this very pipe. A failed file counts."""
    since = account.now() - timedelta(days=PIPE_DAYS)
    return any(
        load.pipe_number == pipe.number and (load.stage, load.file.path) == (stage, file.path) and load.at > since
        for load in reversed(account.loads)
    )


def table(
    columns: dict[str, Callable[[Any], Any]], rows: list[Any], types: dict[str, pa.DataType] | None = None
) -> pa.Table:
    arrays = {}
    for name, value in columns.items():
        values = [value(row) for row in rows]
        kind = (types or {}).get(name)
        if kind is None and all(each is None for each in values):
            kind = pa.timestamp("us", "UTC") if name.endswith("_TIME") else pa.string()
        arrays[name] = pa.array(values, kind)
    return pa.table(arrays)


COPY_COLUMNS: dict[str, Callable[[Load], Any]] = {
    "FILE_NAME": lambda load: load.file.path,
    "STAGE_LOCATION": lambda load: load.stage,
    "LAST_LOAD_TIME": lambda load: load.at,
    "ROW_COUNT": lambda load: load.loaded,
    "ROW_PARSED": lambda load: load.parsed,
    "FILE_SIZE": lambda load: load.file.size,
    "FIRST_ERROR_MESSAGE": lambda load: load.first_error,
    "FIRST_ERROR_LINE_NUMBER": lambda load: load.first_line,
    "FIRST_ERROR_CHARACTER_POS": lambda load: load.first_character,
    "FIRST_ERROR_COLUMN_NAME": lambda load: load.first_column,
    "ERROR_COUNT": lambda load: load.errors,
    "ERROR_LIMIT": lambda load: load.error_limit,
    "STATUS": lambda load: load.status,
    "TABLE_CATALOG_NAME": lambda load: load.table[0],
    "TABLE_SCHEMA_NAME": lambda load: load.table[1],
    "TABLE_NAME": lambda load: load.table[2],
    "PIPE_CATALOG_NAME": lambda load: load.pipe[0] if load.pipe else None,
    "PIPE_SCHEMA_NAME": lambda load: load.pipe[1] if load.pipe else None,
    "PIPE_NAME": lambda load: load.pipe[2] if load.pipe else None,
    "PIPE_RECEIVED_TIME": lambda load: load.received if load.pipe else None,
    "FIRST_COMMIT_TIME": lambda load: load.at,
}
NUMBERS = {name: pa.int64() for name in ("ROW_COUNT", "ROW_PARSED", "FILE_SIZE", "FIRST_ERROR_LINE_NUMBER",
                                         "FIRST_ERROR_CHARACTER_POS", "ERROR_COUNT", "ERROR_LIMIT")}  # fmt: skip


def _needed(function: str, given: dict[str, Any], known: tuple[str, ...], required: tuple[str, ...]) -> dict[str, Any]:
    named = {known[int(name)] if name.isdigit() else name: value for name, value in given.items()}
    for name in named:
        if name not in known:
            raise compilation(f"Invalid argument name '{name}' for function {function}", 1031, "42601")
    for name in required:
        if name not in named:
            raise compilation(f"not enough arguments for function [{function}], missing {name}", 938, "22023")
    return named


def _moment(value: Any) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def copy_history(session: "Session", name: Path, given: dict[str, Any]) -> pa.Table:
    """By table; needs a start no more than 14 days back, and a privilege on the table."""
    known = ("TABLE_NAME", "START_TIME", "END_TIME", "RESULT_LIMIT")
    values = _needed("COPY_HISTORY", given, known, known[:2])
    start = _moment(values["START_TIME"])
    if start < session.account.now() - timedelta(days=14, minutes=1):
        raise compilation("Invalid time range: the start time must be within the last 14 days", 90, "22023")
    path = session.path("TABLE", values["TABLE_NAME"])
    thing = session.account.catalog.relation(path)
    if not thing or not session.account.access.sees(session.role, thing):
        raise missing("object", ".".join(path))
    until = _moment(values["END_TIME"]) if values.get("END_TIME") else session.account.now() + timedelta(seconds=1)
    rows = [load for load in session.account.loads if load.table_number == thing.number and start <= load.at <= until]
    return table(COPY_COLUMNS, rows, NUMBERS)


def validate_pipe_load(session: "Session", name: Path, given: dict[str, Any]) -> pa.Table:
    known = ("PIPE_NAME", "START_TIME", "END_TIME")
    values = _needed("VALIDATE_PIPE_LOAD", given, known, known[:2])
    pipe = session.find("PIPE", str(values["PIPE_NAME"]))
    start = _moment(values["START_TIME"])
    rows = [(load, bad) for load in session.account.loads if load.pipe_number == pipe.number and load.at >= start
            for bad in load.lines]  # fmt: skip
    columns: dict[str, Callable[[Any], Any]] = {
        "ERROR": lambda row: row[1][1], "FILE": lambda row: row[0].file.path, "LINE": lambda row: row[1][0],
        "CHARACTER": lambda row: 1, "BYTE_OFFSET": lambda row: 0, "CATEGORY": lambda row: "parsing",
        "CODE": lambda row: 100069, "SQL_STATE": lambda row: "22P02", "COLUMN_NAME": lambda row: None,
        "ROW_NUMBER": lambda row: row[1][0], "ROW_START_LINE": lambda row: row[1][0],
        "REJECTED_RECORD": lambda row: row[1][2],
    }  # fmt: skip
    return table(columns, rows)


def task_history(session: "Session", name: Path, given: dict[str, Any]) -> pa.Table:
    known = ("SCHEDULED_TIME_RANGE_START", "SCHEDULED_TIME_RANGE_END", "RESULT_LIMIT", "TASK_NAME", "ERROR_ONLY",
             "ROOT_TASK_ID")  # fmt: skip
    values = _needed("TASK_HISTORY", given, known, ())
    wanted = str(values.get("TASK_NAME") or "").upper()
    start = values.get("SCHEDULED_TIME_RANGE_START")
    rows = [run for run in session.account.runs
            if (not wanted or run["NAME"] == wanted)
            and (not start or run["SCHEDULED_TIME"] >= _moment(start))
            and (not values.get("ERROR_ONLY") or run["STATE"] == "FAILED")]  # fmt: skip
    names = ("QUERY_ID", "NAME", "DATABASE_NAME", "SCHEMA_NAME", "QUERY_TEXT", "CONDITION_TEXT", "STATE", "ERROR_CODE",
             "ERROR_MESSAGE", "SCHEDULED_TIME", "QUERY_START_TIME", "COMPLETED_TIME", "RETURN_VALUE")  # fmt: skip
    return table({name: lambda run, name=name: run[name] for name in names}, list(reversed(rows)))


def policy_references(session: "Session", name: Path, given: dict[str, Any]) -> pa.Table:
    """The masking policies that a tag carries."""
    if str(given.get("REF_ENTITY_DOMAIN", "")).upper() != "TAG":
        raise unsupported("POLICY_REFERENCES of another domain than TAG")
    tag = session.find("TAG", name_of(str(given["REF_ENTITY_NAME"])))
    rows = [policy.split(".") for policy in tag.facts.get("policies", [])]
    columns = ("POLICY_DB", "POLICY_SCHEMA", "POLICY_NAME")
    return pa.table({each: pa.array([row[place] for row in rows], pa.string()) for place, each in enumerate(columns)})


TABLE_FUNCTIONS: dict[str, Callable[["Session", Path, dict[str, Any]], pa.Table]] = {
    "COPY_HISTORY": copy_history,
    "VALIDATE_PIPE_LOAD": validate_pipe_load,
    "TASK_HISTORY": task_history,
    "POLICY_REFERENCES": policy_references,
}
