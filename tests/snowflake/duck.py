"""The same project in Snowflake and in DuckDB: one run, its parts loaded again beside it, all tables compared."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb

from framework.deploy.desired import Desired
from framework.deploy.sources import tables_of
from framework.project import find
from framework.run import Report, run
from framework.spec import Source
from framework.workspace import Options, Workspace
from tests.snowflake.mirror import alike

Rows = list[tuple[Any, ...]]


def read(folder: Path) -> Report:
    """All steps."""
    report = run(Workspace(find(folder).deployment("shop", "snow")), Options())
    assert (report.problems(), report.status) == ([], "ok")
    return report


def beside(folder: Path) -> None:
    """The same log and parts into DuckDB."""
    workspace = Workspace(find(folder).deployment("shop", "duck"))
    with workspace.warehouse() as warehouse:
        for stream in workspace.streams([]):
            workspace.load(warehouse, stream)
            workspace.clean(warehouse, stream)
        workspace.marts(warehouse)


def same(ask: Callable[[str], Rows], wanted: Desired, source: Source, folder: Path) -> None:
    """Every table of CLEAN and ANALYTICS as in DuckDB."""
    tables = {each.model.table: each.name for each in tables_of(wanted.account, source)}
    tables |= {mart.table: wanted.account.within("ANALYTICS", mart.table) for mart in source.analytics}
    with duckdb.connect(str(folder / ".data" / "warehouse.duckdb"), read_only=True) as connection:
        for table, name in tables.items():
            described = connection.execute(f'select * from "{table}" limit 0').description
            columns = [column[0] for column in described if not column[0].startswith("_")]
            ours = alike(connection.execute(f'select {quoted(columns)} from "{table}"').fetchall())
            assert ours
            assert alike(ask(f"SELECT {quoted(map(str.upper, columns))} FROM {name}")) == ours, table


def quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
