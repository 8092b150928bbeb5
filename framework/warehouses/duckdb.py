"""A DuckDB file as the warehouse: the whole product on a laptop."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from framework.errors import WarehouseError
from framework.model import Strict
from framework.warehouses.base import PartFile, Rows

_LOCK_SECONDS = 30.0


class DuckDBWarehouse(Strict):
    """A DuckDB file."""

    type: Literal["duckdb"]
    path: str
    """The file; relative paths start at the project's folder."""
    memory_limit: str = "1GB"
    """What DuckDB may use, such as 400MB or 8GB."""

    def open(self, project_folder: Path) -> "DuckDB":
        """Makes the file if need be. One process at a time writes to it: waits half a minute for another one."""
        return DuckDB(project_folder / self.path, self.memory_limit)


class DuckDB:
    """A connection to a DuckDB file."""

    dialect = "duckdb"

    def __init__(self, path: Path, memory_limit: str) -> None:
        import duckdb  # noqa: PLC0415 - a driver is loaded where it connects

        self.url = str(path)
        self._error = duckdb.Error
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = duckdb.connect()
            self._attach(path)
            self.execute("set timezone = 'UTC'; set preserve_insertion_order = true")
            self.execute(f"set memory_limit = '{memory_limit}'")
        except duckdb.Error as error:
            raise WarehouseError(f"can't open the DuckDB file {path}: {_first_line(error)}") from None

    def _attach(self, path: Path) -> None:
        """A storage version that DuckDB 1.4 and later all read."""
        deadline = time.monotonic() + _LOCK_SECONDS
        where = str(path).replace("'", "''")
        while True:
            try:
                self._connection.execute(f"attach '{where}' as warehouse (storage_version 'v1.4.0'); use warehouse")
                return
            except self._error as error:
                if "lock" not in str(error).lower() or time.monotonic() > deadline:
                    raise WarehouseError(_locked(path, error)) from None
                time.sleep(0.2)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Runs it and fetches all."""
        try:
            return self._connection.execute(sql, list(params) or None).fetchall()
        except self._error as error:
            raise WarehouseError(f"DuckDB refused a statement: {error}\n{sql.strip()[:2000]}") from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN … COMMIT, ROLLBACK on any exception."""
        self.execute("begin")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self.execute("commit")

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

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def _locked(path: Path, error: Exception) -> str:
    if "lock" in str(error).lower():
        return f"the DuckDB file {path} is in use by another process: close it, or wait. ({_first_line(error)})"
    return f"can't open the DuckDB file {path}: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
