"""An environment in a DuckDB file as what plans are made of and performed in."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from framework import __version__
from framework.clean import clean, make_mart
from framework.deploy.actions import Action, Build, Fill, Plan, Statement, Step
from framework.deploy.compare import held_back
from framework.deploy.duckdb.compare import planned
from framework.deploy.duckdb.live import Live, read
from framework.deploy.duckdb.wanted import BOOKKEEPING, Wanted, wanted
from framework.deploy.perform import Done, Listener, told
from framework.errors import FrameworkError, SettingsError, WarehouseError
from framework.project import Project
from framework.warehouses.base import Opening
from framework.warehouses.duckdb import DuckDB, DuckDBWarehouse

_JOURNAL = ("deployment_id", "number_in_plan", "version", "object", "definition", "action", "statement", "status",
            "error", "started_at", "finished_at")  # fmt: skip


class DuckDBTarget:
    """A file, and what it should hold. It is opened where it is there, or where something is made in it."""

    def __init__(self, project: Project, environment: str | None, sources: Sequence[str]) -> None:
        """Raises SettingsError, InvalidSpec."""
        name, settings = project.environment(environment)
        if not isinstance(settings.warehouse, DuckDBWarehouse):
            raise SettingsError(f"framework.yaml: environments.{name}.warehouse is no DuckDB file")
        deployments = [project.deployment(each, name) for each in sources or project.deployments(name)]
        if not deployments:
            raise SettingsError(f"there is no source in {project.specs}")
        self._settings, self._folder = settings.warehouse, project.folder
        self.wanted: Wanted = wanted(name, project.folder / settings.warehouse.path, deployments)
        self.whole = not sources
        self._opened: DuckDB | None = None

    def plan(self) -> Plan:
        """What is to be done. A file that is not there is not made."""
        there = (self._folder / self._settings.path).exists()
        return planned(self.wanted, read(self._warehouse) if there else Live(), self.whole)

    def files(self) -> dict[str, str]:
        """The SQL that makes it all: one file for what all sources share, one for each."""
        place = f"-- {self.wanted.environment}: {self.wanted.place}\n"
        found = {"1_shared.sql": place}
        for each in self.wanted.objects:
            name = f"2_{each.source}.sql" if each.source else "1_shared.sql"
            found[name] = f"{found.get(name, place)}\n{each.sql.strip()}\n"
        return found

    def perform(self, plan: Plan, may: Callable[[Action], bool], listener: Listener) -> Done:
        """Does it, action by action. Raises WarehouseError where a step fails: what was done before it stays."""
        held = held_back(plan, may)
        performed = [action for action in plan.actions if action not in held]
        deployment, number = f"{_now():%Y%m%dT%H%M%S%f}", 0
        for action in performed:
            listener("action", {"action": action})
            for step in action.steps:
                number += 1
                self._take(action, step, (deployment, number))
        return Done(tuple(performed), tuple(held), number)

    def close(self) -> None:
        """Closes the file."""
        if self._opened:
            self._opened.close()

    @property
    def _warehouse(self) -> DuckDB:
        if self._opened is None:
            self._opened = self._settings.open(Opening(self._folder))
        return self._opened

    def _take(self, action: Action, step: Step, number: tuple[str, int]) -> None:
        started, error = _now(), ""
        try:
            self._do(step)
        except FrameworkError as problem:
            error = str(problem)
            raise WarehouseError(
                f"{action.name}: {error}. What was done before stays; put this right, and run it again."
            ) from None
        finally:
            if not (error and action.object == BOOKKEEPING):
                verb, status = f"{action.grade} {action.verb}", "failed" if error else "done"
                row = (
                    *number,
                    __version__,
                    action.object,
                    action.definition,
                    verb,
                    told(step),
                    status,
                    error,
                    started,
                    _now(),
                )
                self._warehouse.insert("_INGEST_DEPLOYMENTS", _JOURNAL, [row])

    def _do(self, step: Step) -> None:
        match step:
            case Statement():
                with self._warehouse.transaction():
                    self._warehouse.execute(step.sql)
            case Fill():
                source = self.wanted.deployments[step.source].source
                (stream,) = [each for each in source.in_order() if each.name == step.stream]
                clean(self._warehouse, source, stream, datetime.now(UTC))
            case Build():
                deployment = self.wanted.deployments[step.source]
                (mart,) = [each for each in deployment.source.analytics if each.table == step.table]
                make_mart(self._warehouse, deployment.source, mart, deployment.config)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
