"""INFORMATION_SCHEMA and SNOWFLAKE.ACCOUNT_USAGE as tables made when they are read."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from . import history, shown
from .catalog import RELATIONS, Column, Thing
from .errors import missing, unsupported

if TYPE_CHECKING:
    from .account import Session

Cells = dict[str, Callable[["Session", Thing], Any]]
STAMP = pa.timestamp("us", "UTC")


def _yes(value: Any) -> str:
    return "YES" if value else "NO"


def _numbers(column: Column) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", column.type)]


PLACE: Cells = {
    "TABLE_CATALOG": lambda s, t: t.database, "TABLE_SCHEMA": lambda s, t: t.schema, "TABLE_NAME": lambda s, t: t.name,
    "TABLE_OWNER": lambda s, t: t.owner,
}  # fmt: skip
TIMES: Cells = {"CREATED": lambda s, t: t.created, "LAST_ALTERED": lambda s, t: t.created}
TYPES = {"TABLE": "BASE TABLE", "DYNAMIC TABLE": "BASE TABLE"}


def _named(prefix: str) -> Cells:
    return {f"{prefix}_CATALOG": lambda s, t: t.database, f"{prefix}_SCHEMA": lambda s, t: t.schema,
            f"{prefix}_NAME": lambda s, t: t.name, f"{prefix}_OWNER": lambda s, t: t.owner}  # fmt: skip


VIEWS: dict[str, tuple[tuple[str, ...], Cells]] = {
    "DATABASES": (("DATABASE",), {
        "DATABASE_NAME": lambda s, t: t.name, "DATABASE_OWNER": lambda s, t: t.owner, "COMMENT": lambda s, t: t.comment,
        **TIMES, "RETENTION_TIME": lambda s, t: int(shown.retention(s, t)),
    }),
    "SCHEMATA": (("SCHEMA",), {
        "CATALOG_NAME": lambda s, t: t.database, "SCHEMA_NAME": lambda s, t: t.name,
        "SCHEMA_OWNER": lambda s, t: t.owner,
        "IS_TRANSIENT": lambda s, t: _yes("TRANSIENT" in t.facts.get("modifiers", [])),
        "IS_MANAGED_ACCESS": lambda s, t: _yes(t.facts.get("managed")),
        "RETENTION_TIME": lambda s, t: int(shown.retention(s, t)), **TIMES, "COMMENT": lambda s, t: t.comment,
    }),
    "TABLES": (RELATIONS, {
        **PLACE, "TABLE_TYPE": lambda s, t: TYPES.get(t.kind, t.kind),
        "IS_TRANSIENT": lambda s, t: _yes("TRANSIENT" in t.facts.get("modifiers", [])),
        "CLUSTERING_KEY": lambda s, t: shown.clustering(s, t) or None,
        "ROW_COUNT": lambda s, t: shown.rows(s, t) if t.kind in TYPES else None,
        "BYTES": lambda s, t: 0 if t.kind in TYPES else None,
        "RETENTION_TIME": lambda s, t: int(shown.retention(s, t)), **TIMES, "COMMENT": lambda s, t: t.comment,
        "IS_DYNAMIC": lambda s, t: _yes(t.kind == "DYNAMIC TABLE"),
    }),
    "VIEWS": (("VIEW", "MATERIALIZED VIEW"), {
        **PLACE, "VIEW_DEFINITION": lambda s, t: t.facts["text"], "IS_SECURE": lambda s, t: _yes(t.facts.get("secure")),
        **TIMES, "COMMENT": lambda s, t: t.comment,
    }),
    "PIPES": (("PIPE",), {
        **_named("PIPE"), "DEFINITION": lambda s, t: t.facts["copy"],
        "IS_AUTOINGEST_ENABLED": lambda s, t: _yes(t.options.get("AUTO_INGEST")),
        "NOTIFICATION_CHANNEL_NAME": lambda s, t: t.facts.get("channel"), **TIMES, "COMMENT": lambda s, t: t.comment,
        "PATTERN": shown.pattern,
    }),
    "STAGES": (("STAGE",), {
        **_named("STAGE"), "STAGE_URL": lambda s, t: t.options.get("URL", ""),
        "STAGE_TYPE": lambda s, t: "External Named" if t.options.get("URL") else "Internal Named",
        **TIMES, "COMMENT": lambda s, t: t.comment,
    }),
    "FILE_FORMATS": (("FILE FORMAT",), {
        **_named("FILE_FORMAT"), "FILE_FORMAT_TYPE": lambda s, t: t.options["TYPE"], **TIMES,
        "COMMENT": lambda s, t: t.comment,
    }),
}  # fmt: skip
COLUMNS: dict[str, Callable[[Thing, Column, int], Any]] = {
    "TABLE_CATALOG": lambda t, c, n: t.database, "TABLE_SCHEMA": lambda t, c, n: t.schema,
    "TABLE_NAME": lambda t, c, n: t.name, "COLUMN_NAME": lambda t, c, n: c.name, "ORDINAL_POSITION": lambda t, c, n: n,
    "COLUMN_DEFAULT": lambda t, c, n: c.default, "IS_NULLABLE": lambda t, c, n: _yes(c.nullable),
    "DATA_TYPE": lambda t, c, n: c.type.partition("(")[0].replace("VARCHAR", "TEXT"),
    "CHARACTER_MAXIMUM_LENGTH": lambda t, c, n: _numbers(c)[0] if c.type.startswith("VARCHAR") else None,
    "CHARACTER_OCTET_LENGTH": lambda t, c, n: min(_numbers(c)[0] * 4, 16777216) if c.type[0:7] == "VARCHAR" else None,
    "NUMERIC_PRECISION": lambda t, c, n: _numbers(c)[0] if c.type.startswith("NUMBER") else None,
    "NUMERIC_PRECISION_RADIX": lambda t, c, n: 10 if c.type.startswith("NUMBER") else None,
    "NUMERIC_SCALE": lambda t, c, n: _numbers(c)[1] if c.type.startswith("NUMBER") else None,
    "DATETIME_PRECISION": lambda t, c, n: _numbers(c)[0] if c.type.startswith("TIME") else None,
    "COMMENT": lambda t, c, n: c.comment,
}  # fmt: skip
INTEGERS = ("ORDINAL_POSITION", "CHARACTER_MAXIMUM_LENGTH", "CHARACTER_OCTET_LENGTH", "NUMERIC_PRECISION",
            "NUMERIC_PRECISION_RADIX", "NUMERIC_SCALE", "DATETIME_PRECISION", "ROW_COUNT", "BYTES", "RETENTION_TIME",
            "ROW_PARSED", "ERROR_COUNT", "ERROR_LIMIT", "FIRST_ERROR_LINE_NUMBER", "FIRST_ERROR_CHARACTER_POSITION",
            "BYTES_INSERTED", "FILES_INSERTED")  # fmt: skip


def table(columns: list[str], rows: list[tuple[Any, ...]]) -> pa.Table:
    def kind(name: str) -> pa.DataType:
        if name in INTEGERS:
            return pa.int64()
        if name in ("CREATED", "LAST_ALTERED", "LAST_LOAD_TIME", "START_TIME", "END_TIME"):
            return STAMP
        return pa.float64() if name == "CREDITS_USED" else pa.string()

    return pa.table({name: pa.array([row[index] for row in rows], kind(name)) for index, name in enumerate(columns)})


def view(session: "Session", names: tuple[str, ...]) -> pa.Table | None:
    """The rows of [DB.]INFORMATION_SCHEMA.NAME or SNOWFLAKE.ACCOUNT_USAGE.NAME; None for any other name."""
    if names[:2] == ("SNOWFLAKE", "ACCOUNT_USAGE") and len(names) == 3:
        return account_usage(session, names[2])
    schema = names[-2] if len(names) > 1 else session.schema
    if schema != "INFORMATION_SCHEMA":
        return None
    database = names[0] if len(names) == 3 else session.database
    if database is None or not session.account.catalog.find("DATABASE", (database,)):
        raise missing("database", str(database))
    session.find("DATABASE", (database,))
    return rows(session, database, names[-1])


def rows(session: "Session", database: str, name: str) -> pa.Table:
    if name == "COLUMNS":
        found = [tuple(cell(thing, column, place) for cell in COLUMNS.values())
                 for thing in shown.visible(session, RELATIONS, (database,))
                 for place, column in enumerate(thing.columns, 1)]  # fmt: skip
        return table(list(COLUMNS), found)
    if name == "LOAD_HISTORY":
        return load_history(session, database)
    if name not in VIEWS:
        raise unsupported(f"INFORMATION_SCHEMA.{name}")
    kinds, cells = VIEWS[name]
    within = () if kinds == ("DATABASE",) else (database,)
    return table(list(cells), [tuple(cell(session, thing) for cell in cells.values())
                               for thing in shown.visible(session, kinds, within)])  # fmt: skip


def load_history(session: "Session", database: str) -> pa.Table:
    """COPY only: what pipes loaded is not in it."""
    columns = ["SCHEMA_NAME", "FILE_NAME", "TABLE_NAME", "LAST_LOAD_TIME", "STATUS", "ROW_COUNT", "ROW_PARSED",
               "FIRST_ERROR_MESSAGE", "FIRST_ERROR_LINE_NUMBER", "FIRST_ERROR_CHARACTER_POSITION",
               "FIRST_ERROR_COL_NAME", "ERROR_COUNT", "ERROR_LIMIT"]  # fmt: skip
    status = {"Loaded": "LOADED", "Partially loaded": "PARTIALLY_LOADED", "Load failed": "LOAD_FAILED"}
    found = [(load.table[1], load.stage + load.file.path, load.table[2], load.at, status[load.status], load.loaded,
              load.parsed, load.first_error, load.first_line, load.first_character, load.first_column, load.errors,
              load.error_limit)
             for load in session.account.loads if load.pipe is None and load.table[0] == database]  # fmt: skip
    return table(columns, found)


def account_usage(session: "Session", name: str) -> pa.Table:
    if not session.account.access.has(session.role, "MONITOR USAGE", "ACCOUNT", ()):
        raise missing("object", f"SNOWFLAKE.ACCOUNT_USAGE.{name}")
    if name == "PIPE_USAGE_HISTORY":
        columns = ["PIPE_NAME", "START_TIME", "END_TIME", "CREDITS_USED", "BYTES_INSERTED", "FILES_INSERTED"]
        loads = [load for load in session.account.loads if load.pipe]
        return table(columns, [(load.pipe[2], load.at, load.at, 0.0, load.file.size, 1) for load in loads if load.pipe])
    if name == "COPY_HISTORY":
        return history.table(history.COPY_COLUMNS, session.account.loads, history.NUMBERS)
    raise unsupported(f"SNOWFLAKE.ACCOUNT_USAGE.{name}")
