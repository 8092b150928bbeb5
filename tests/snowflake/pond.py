"""A lake filled by hand whose stage is moto's bucket, loaded into the emulated account and into DuckDB."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from framework.check import Check
from framework.clean import Cleaned
from framework.deploy.sources import tables_of
from framework.load import Loaded
from framework.project import find
from framework.workspace import Workspace
from tests.snowflake.deployed import Deployed, environment
from tests.snowflake.mirror import alike
from tests.warehouses.lake import Lake, written

Rows = list[tuple[Any, ...]]


class Filled(Lake):
    """The stage of a workspace, filled by hand."""

    def __init__(self, workspace: Workspace) -> None:
        self.source, self.stage, self.project = workspace.source, workspace.stage, workspace.deployment.project
        self.parts, self.day = 0, f"{datetime.now(UTC):%Y-%m-%d}"


class Pond(Lake):
    """One source, `api`, in the environment `snow` of the project `p`."""

    def __init__(
        self, folder: Path, deployed: Deployed, public_key: str, load: str, *streams: dict[str, Any], **warehouse: Any
    ) -> None:
        settings = environment(deployed.account, load, public_key)
        settings["warehouse"] |= warehouse
        (folder / "sources").mkdir(parents=True)
        (folder / "sources" / "api.yaml").write_text(json.dumps(written(*streams)), encoding="utf-8")
        (folder / "framework.yaml").write_text(
            json.dumps(
                {"version": 1, "project": "p", "environments": {"snow": settings}, "default_environment": "snow"}
            ),
            encoding="utf-8",
        )
        project = find(folder)
        self.deployed = deployed
        self.wanted = deployed.apply(project, "snow", ["api"])
        self.workspace = Workspace(project.deployment("api", "snow"))
        super().__init__(folder, self.workspace.source)
        self.stage = self.workspace.stage

    def bring(self, stream: str = "items") -> Loaded:
        """The step `load`, into the account."""
        with self.workspace.warehouse("r") as warehouse, self.workspace.about(stream):
            return self.workspace.load(warehouse, self.stream(stream))

    def brush(self, stream: str = "items") -> Cleaned | None:
        """The step `clean`, in the account."""
        with self.workspace.warehouse("r") as warehouse, self.workspace.about(stream):
            return self.workspace.clean(warehouse, self.stream(stream))

    def judge(self, stream: str = "items") -> list[Check]:
        """The step `check`, in the account."""
        with self.workspace.warehouse("r") as warehouse:
            return self.workspace.check(warehouse, self.stream(stream))

    def ask(self, query: str) -> Rows:
        """What the account holds, as its administrator sees it."""
        return self.deployed.run(query)

    def counts(self) -> dict[str, int]:
        """Rows of RAW by the number at the end of their part's name."""
        rows = self.ask("SELECT SRC_FILENAME, COUNT(*) FROM LAKE.RAW.RAW_API_JSON GROUP BY 1 ORDER BY 1")
        return {str(name).rpartition("-")[2].partition(".")[0]: int(count) for name, count in rows}

    def pairs(self, name: str = "T") -> tuple[Rows, Rows]:
        """A CLEAN table's rows here and in DuckDB, sorted, less the framework's own columns."""
        (table,) = [each for each in tables_of(self.wanted.account, self.source) if each.model.table == name]
        described = self.warehouse._connection.execute(f"select * from {name} limit 0").description
        names = [each[0] for each in described if not each[0].startswith("_")]
        theirs = self.ask(f"SELECT {', '.join(each.upper() for each in names)} FROM {table.name}")
        return alike(theirs), alike(self.rows(f"select {', '.join(names)} from {name}"))
