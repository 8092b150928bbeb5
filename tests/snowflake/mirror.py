"""The same parts twice: in DuckDB, where a run left them, and through the rendered SQL in an emulated account."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import snowflake.connector

from framework.deploy.cleaning import applied, prepared
from framework.deploy.desired import Desired, desired
from framework.deploy.sources import Table, tables_of
from framework.project import Project
from framework.spec import Source
from tests.snowflake.running import BUCKET, Account

ENVIRONMENT = {
    "stage": {"type": "s3", "bucket": BUCKET},
    "warehouse": {
        "type": "snowflake", "account": "emulator", "user": "LOADER", "database": "LAKE", "warehouse": "WH",
        "role": "LOADER", "load": "snowpipe",
    },
    "deploy": {"storage": {"aws_role_arn": "arn:aws:iam::111122223333:role/snowflake"}},
}  # fmt: skip
"""To be added to a project's environments, as `snow`."""
LEDGER = ("_INGEST_PARTS", "_INGEST_SLICES", "_INGEST_ENTRIES")


class Mirror:
    """An account with the objects of one source."""

    def __init__(self, account: Account, project: Project, source: str) -> None:
        self._account = account
        self.wanted: Desired = desired(project, "snow", [source])
        self.source: Source = project.deployment(source, "snow").source
        self._sent: set[str] = set()
        self._ledgers: set[tuple[Any, ...]] = set()
        self._cleaned: dict[str, int] = {}
        connection = snowflake.connector.connect(**account.parameters)
        self._cursor = connection.cursor()
        role = ""
        for each in self.wanted.objects:
            if each.owner != role:
                role = each.owner
                self.run(f"USE ROLE {role}")
            self.run(each.ddl)
            if each.kind == "role":  # the administrator of these tests takes every role
                self.run(f"GRANT ROLE {each.name} TO USER ADMIN")
        self._loader()
        pipes = self.run(f"SHOW PIPES IN SCHEMA {self.wanted.account.schema('RAW')}")
        channel = next(value for value in pipes[0] if str(value).startswith("arn:aws:sqs"))
        account.notify(channel, f"{self.wanted.account.folder}source=")

    def close(self) -> None:
        """Ends the session."""
        self._cursor.connection.close()

    def _loader(self) -> None:
        self.run(f"USE ROLE {self.wanted.account.loader}")
        self.run(f"USE WAREHOUSE {self.wanted.account.compute}")
        self.run(f"USE SCHEMA {self.wanted.account.schema('OPS')}")

    def run(self, statement: str, rows: Sequence[Sequence[Any]] = ()) -> list[tuple[Any, ...]]:
        """One statement by the real connector."""
        if rows:
            self._cursor.executemany(statement, rows)
            return []
        return list(self._cursor.execute(statement).fetchall())

    def take(self, stage: Path, warehouse: duckdb.DuckDBPyConnection) -> None:
        """What came since: parts into the bucket, whose events start pipes and tasks, the ledger's rows, and cleaning
        by run."""
        s3 = self._account.client("s3")
        folder = self.wanted.account.folder
        for path in sorted((stage / folder / f"source={self.source.name}").rglob("*.jsonl.gz")):
            key = path.relative_to(stage).as_posix()
            if key not in self._sent:
                s3.upload_file(str(path), BUCKET, key)
                self._sent.add(key)
        for table in LEDGER:
            self._copy_ledger(table, warehouse)
        self._account.pump()
        for each in tables_of(self.wanted.account, self.source):
            if each.by == "run":
                self._clean(each)
        self._account.pump()

    def _copy_ledger(self, table: str, warehouse: duckdb.DuckDBPyConnection) -> None:
        rows = warehouse.execute(f"select * from {table} where source = ?", [self.source.name]).fetchall()
        fresh = [row for row in rows if (table, *row) not in self._ledgers]
        self._ledgers |= {(table, *row) for row in rows}
        for row in fresh:
            values = ", ".join(map(literal, row))
            self.run(f"INSERT INTO {self.wanted.account.within('OPS', table)} SELECT {values}")

    def _clean(self, table: Table) -> None:
        entries = self.wanted.account.within("OPS", "_INGEST_ENTRIES")
        stream = table.stream.name
        (through,) = self.run(f"SELECT COALESCE(MAX(LOG), 0) FROM {entries} WHERE STREAM = {literal(stream)}")[0]
        after = self._cleaned.get(stream, 0)
        if through == after:
            return
        for statement in prepared(self.wanted.account, table, after, int(through)):
            self.run(statement)
        self.run("BEGIN")
        for statement in applied(self.wanted.account, table, after, int(through)):
            self.run(statement)
        self.run("COMMIT")
        self._cleaned[stream] = int(through)

    def rows(self, table: str, columns: Iterable[str]) -> list[tuple[Any, ...]]:
        """A table's rows, sorted."""
        names = ", ".join(columns)
        self.run(f"USE ROLE {self.wanted.account.deployer}")
        found = self.run(f"SELECT {names} FROM {table}")
        self._loader()
        return alike(found)

    def check(self, warehouse: duckdb.DuckDBPyConnection) -> int:
        """Every CLEAN table and every mart holds the same rows as in DuckDB. Returns how many rows were compared."""
        account, count = self.wanted.account, 0
        held = tables_of(account, self.source)
        tables = [(each.model.table, each.name) for each in held]
        tables += [(c.table, account.within("CLEAN", c.table)) for each in held for c in each.model.children]
        tables += [(mart.table, account.within("ANALYTICS", mart.table)) for mart in self.source.analytics]
        for table, name in tables:
            found = warehouse.execute(f'select * from "{table}" limit 0').description or []
            columns = [column[0] for column in found if not column[0].startswith("_")]
            quoted = ", ".join(f'"{column}"' for column in columns)
            ours = alike(warehouse.execute(f'select {quoted} from "{table}"').fetchall())
            theirs = self.rows(name, [f'"{column.upper()}"' for column in columns])
            if theirs != ours:
                here, there = [r for r in ours if r not in theirs], [r for r in theirs if r not in ours]
                raise AssertionError(
                    f"{name}: {len(ours)} and {len(theirs)} rows; DuckDB {here[:9]}, there {there[:9]}"
                )
            count += len(ours)
        view = account.within("OPS", f"RECONCILE_{self.source.name.upper()}")
        assert self.run(f"SELECT * FROM {view} WHERE MISSING_ROWS <> 0") == []
        return count


@contextmanager
def mirrored(account: Account, project: Project, source: str) -> Iterator[Mirror]:
    """Opened and closed."""
    mirror = Mirror(account, project, source)
    try:
        yield mirror
    finally:
        mirror.close()


def literal(value: Any) -> str:
    """A value in Snowflake's SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | Decimal):
        return str(value).upper()
    if isinstance(value, datetime):
        return f"'{value.isoformat(sep=' ')}'::TIMESTAMP_NTZ"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def alike(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows in an order of their own, JSON texts as what they mean, numbers by value."""
    return sorted((tuple(map(plain, row)) for row in rows), key=repr)


def plain(value: Any) -> Any:
    """A value, whatever its driver calls it."""
    if isinstance(value, str) and value[:1] in '{["':
        try:
            return json.dumps(json.loads(value, parse_float=number, parse_int=number), sort_keys=True)
        except ValueError:
            return value
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return Decimal(value).normalize()
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return value


def number(text: str) -> str:
    """A number inside JSON by its value: VARIANT does not keep how it was written."""
    return f"{Decimal(text).normalize():f}"
