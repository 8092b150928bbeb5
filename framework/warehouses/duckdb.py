"""A DuckDB file as the warehouse: the whole product on a laptop."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from framework.errors import WarehouseError
from framework.model import Strict, text_schema
from framework.warehouses.base import Opening, PartFile, Rows

LOCK_SECONDS = 30.0
"""How long to wait for another process that holds the file."""


_MEMORY = r"[0-9]+(\.[0-9]+)? ?[KMGT]i?B"


def _memory(text: str) -> str:
    if not re.fullmatch(_MEMORY, text):
        reason = f"{text!r} is no amount of memory: write a number and a unit, such as 400MB or 8GB"
        raise PydanticCustomError("pattern", "{reason}", {"reason": reason})
    return text


Memory = Annotated[str, AfterValidator(_memory), text_schema(_MEMORY)]


class DuckDBWarehouse(Strict):
    """A DuckDB file."""

    type: Literal["duckdb"]
    path: str
    """The file; relative paths start at the project's folder."""
    memory_limit: Memory = "1GB"
    """What DuckDB may use, such as 400MB or 8GB."""

    def open(self, opening: Opening) -> "DuckDB":
        """Makes the file if need be. One process at a time writes to it: waits half a minute for another one."""
        return DuckDB(opening.folder / self.path, self.memory_limit)


class DuckDB:
    """A connection to a DuckDB file."""

    dialect = "duckdb"

    def __init__(self, path: Path, memory_limit: str, lock_seconds: float = LOCK_SECONDS) -> None:
        import duckdb  # noqa: PLC0415 - a driver is loaded where it connects

        self.url = str(path)
        self._error = duckdb.Error
        if "?" in str(path):
            raise WarehouseError(f"DuckDB takes a ? in a path for the end of it: give {path} another name")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WarehouseError(f"can't make the folder {path.parent}: {error.strerror}") from error
        self._connection = duckdb.connect()
        try:
            self._attach(path, lock_seconds)
            self.execute("set timezone = 'UTC'; set preserve_insertion_order = true")
            self.execute(f"set memory_limit = {_quoted(memory_limit)}")
            self.execute(f"set temp_directory = {_quoted(f'{path}.tmp')}")
        except BaseException:
            self._connection.close()
            raise

    def _attach(self, path: Path, lock_seconds: float) -> None:
        """A new file gets a storage version that DuckDB 1.4 and later all read; another file keeps its own."""
        deadline = time.monotonic() + lock_seconds
        while True:
            version = "" if path.exists() else " (storage_version 'v1.4.0')"
            try:
                self._connection.execute(f"attach {_quoted(str(path))} as warehouse{version}; use warehouse")
                return
            except self._error as error:
                if "lock" not in str(error).lower():
                    raise WarehouseError(f"can't open the DuckDB file {path}: {_first_line(error)}") from None
                if time.monotonic() > deadline:
                    found = re.search(r"PID (\d+)", str(error))
                    holder = f" ({found[0]})" if found else ""
                    raise WarehouseError(
                        f"the DuckDB file {path} is still in use by another process{holder} "
                        f"after a wait of {lock_seconds:g} s: close it, and run again"
                    ) from None
                time.sleep(min(0.2, lock_seconds))

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Runs it and fetches all."""
        try:
            return self._connection.execute(sql, list(params) or None).fetchall()
        except RuntimeError as error:
            if str(error) != "Query interrupted":
                raise
            raise KeyboardInterrupt from None  # Ctrl-C, which DuckDB takes for itself while it works
        except self._error as error:
            if "No space left" in str(error):
                raise WarehouseError(f"the disk of {self.url} is full: free some space and run again") from None
            raise WarehouseError(f"DuckDB refused a statement: {_in_short(error)} (in: {_first_line(sql)})") from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN … COMMIT, ROLLBACK on any exception."""
        self.execute("begin")
        try:
            yield
            self.execute("commit")
        except BaseException:
            with suppress(self._error):  # it is gone where the connection broke
                self._connection.execute("rollback")
            raise

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A list a column: a row at a time costs a millisecond each."""
        if rows:
            lists = [list(column) for column in zip(*rows, strict=True)]
            places = ", ".join("unnest(?)" for _ in columns)
            self.execute(f"insert into {table} ({', '.join(columns)}) select {places}", lists)

    def load(self, table: str, parts: Sequence[PartFile]) -> dict[str, int]:
        """`read_ndjson_objects` keeps every line as it is written; row numbers come from the order of the scan."""
        self.execute(
            "create or replace temp table _loading "
            "(path varchar, part varchar, stream varchar, run varchar, log bigint)"
        )
        rows = [(str(part.path), part.key, part.stream, part.run, part.log) for part in parts]
        self.insert("_loading", ("path", "part", "stream", "run", "log"), rows)
        longest = max(16 << 20, max(part.longest for part in parts) + 1024)
        self.execute(
            f"""
            insert into {table} (payload, _stream, _part, _row, _log, _run_id, _loaded_at)
            select json, stream, part, rn - min(rn) over (partition by filename) + 1, log, run, now()::timestamp
            from (
                select json, filename, row_number() over () as rn
                from read_ndjson_objects(?, filename = true, hive_partitioning = false,
                                         compression = 'gzip', maximum_object_size = {longest})
            ) join _loading on path = filename
            """,
            [[str(part.path) for part in parts]],
        )
        keys = [part.key for part in parts]
        counted = self.execute(
            f"select _part, count(*) from {table} where _part in (select unnest(?)) group by 1", [keys]
        )
        return {str(key): int(count) for key, count in counted}

    def ops(self, table: str) -> str:
        """All tables stand side by side."""
        return table

    def tag(self, **facts: str) -> None:
        """A file keeps no history of statements."""

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _first_line(text: object) -> str:
    lines = str(text).strip().splitlines() or [""]
    return _cut(lines[0])


def _in_short(error: Exception) -> str:
    """What DuckDB says in its first line, and the line of the SQL that it is about."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    place = [line for line in lines[1:] if line.startswith("LINE ")]
    return " / ".join(map(_cut, [lines[0], *place[:1]]))


def _cut(line: str, length: int = 200) -> str:
    return line if len(line) <= length else f"{line[:length]}…"
