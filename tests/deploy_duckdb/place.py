"""A project whose environment is a DuckDB file, and what is in it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from framework.cli import main
from framework.deploy.actions import Plan
from framework.deploy.duckdb.target import DuckDBTarget
from framework.project import find
from framework.workspace import Workspace
from tests.warehouses.lake import Lake, Read

SPEC: dict[str, Any] = {
    "version": 1, "name": "api", "http": {"base_url": "https://api.example"},
    "streams": [
        {
            "name": "items", "request": {"path": "/items"}, "primary_key": ["id"],
            "clean": {
                "table": "CLN_ITEM", "columns": {
                    "id": {"from": "id", "type": "integer"},
                    "amount": {"from": "amount", "type": "decimal(9,2)", "description": "In euro."},
                },
                "child_tables": {"CLN_ITEM_TAG": {"from": "tags", "columns": {"tag": {"from": "@"}}}},
            },
        },
        {
            "name": "gone", "request": {"path": "/gone"}, "primary_key": ["id"],
            "clean": {"table": "CLN_GONE", "delete_when": "deleted", "columns": {"id": {"from": "id"}}},
        },
    ],
    "analytics": [
        {"table": "ANL_TOTAL", "sql": "select sum(amount) as total from {{ ref('CLN_ITEM') }}"},
        {"table": "ANL_DOUBLE", "sql": "select total * 2 as twice from {{ ref('ANL_TOTAL') }}"},
    ],
}  # fmt: skip
"""A source with every kind of object."""
ITEMS = [{"id": 1, "amount": "1.10", "note": "a", "tags": ["x", "y"]}, {"id": 2, "amount": "2.20", "note": "b"}]


class Filled(Lake):
    """The stage of a workspace, filled by hand."""

    def __init__(self, workspace: Workspace) -> None:
        self.source, self.stage, self.project = workspace.source, workspace.stage, workspace.deployment.project
        self.parts = 0


@dataclass
class Place:
    """The project's folder."""

    folder: Path
    parts: int = field(default=0)

    def write(self, *specs: dict[str, Any]) -> None:
        """framework.yaml, and exactly these specs."""
        sources = self.folder / "sources"
        sources.mkdir(parents=True, exist_ok=True)
        for old in sources.glob("*.yaml"):
            old.unlink()
        for spec in specs:
            (sources / f"{spec['name']}.yaml").write_text(json.dumps(spec), encoding="utf-8")
        environment = {
            "stage": {"type": "local", "path": "stage"}, "warehouse": {"type": "duckdb", "path": "warehouse.duckdb"}
        }  # fmt: skip
        settings = {
            "version": 1,
            "project": "p",
            "default_environment": "local",
            "environments": {"local": environment},
        }
        (self.folder / "framework.yaml").write_text(json.dumps(settings), encoding="utf-8")

    def deploy(self, *words: str) -> int:
        """`framework deploy …`, in this process."""
        return main(["deploy", *words, "--project", str(self.folder)])

    def plan(self, *sources: str) -> Plan:
        """The plan as a value."""
        target = DuckDBTarget(find(self.folder), None, sources)
        try:
            return target.plan()
        finally:
            target.close()

    def fill(self, source: str = "api", **streams: list[dict[str, Any]]) -> None:
        """Records of streams into the stage, RAW, CLEAN and the marts, as a run brings them."""
        workspace = Workspace(find(self.folder).deployment(source))
        lake = Filled(workspace)
        lake.parts = self.parts
        for name, records in streams.items():
            lake.add(Read(records), run=f"r{self.parts}", stream=name)
        self.parts = lake.parts
        self.run_all(source)

    def run_all(self, source: str = "api") -> None:
        """The steps load, clean and marts."""
        workspace = Workspace(find(self.folder).deployment(source))
        with workspace.warehouse() as warehouse:
            for stream in workspace.streams([]):
                workspace.load(warehouse, stream)
                workspace.clean(warehouse, stream)
            workspace.marts(warehouse)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """What is in the file, or what somebody does to it."""
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            return connection.execute(query).fetchall()

    def contents(self) -> dict[str, Any]:
        """Every table and view: how it is made, and its rows but for their times."""
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            found: dict[str, Any] = {}
            for (name,) in connection.execute("select table_name from information_schema.tables order by 1").fetchall():
                rows = connection.execute(
                    f"select * exclude (cleaned_at) from {name} order by all" if name == "_INGEST_CLEANED"
                    else f"select * from {name} order by all" if not name.startswith("_INGEST_") else "select 1"
                )  # fmt: skip
                found[name] = ([column[:2] for column in rows.description or ()], rows.fetchall())
            return found


def changed(spec: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """A copy of a spec with a change."""
    copy: dict[str, Any] = json.loads(json.dumps(spec))
    change(copy)
    return copy
