"""Where objects are made: the one thing that the command line knows of a warehouse."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from framework.deploy.actions import Action, Plan
from framework.deploy.desired import desired
from framework.deploy.duckdb.target import DuckDBTarget
from framework.deploy.on_snowflake import SnowflakeTarget
from framework.deploy.perform import Done, Listener
from framework.deploy.script import files
from framework.project import Project
from framework.warehouses.duckdb import DuckDBWarehouse


class Target(Protocol):
    """An environment's warehouse, opened."""

    def plan(self) -> Plan:
        """What is to be done. Reads only."""
        ...

    def perform(self, plan: Plan, may: Callable[[Action], bool], listener: Listener) -> Done:
        """Does what may be done of the plan that was just made."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


def rendered(project: Project, environment: str | None, sources: Sequence[str]) -> dict[str, str]:
    """The SQL of all objects, and the steps by hand, as files: name → text, in order. Opens nothing."""
    if on_duckdb(project, environment):
        return DuckDBTarget(project, environment, sources).files()
    return files(desired(project, environment, sources))


def on_duckdb(project: Project, environment: str | None) -> bool:
    """Whether the environment's warehouse is a file."""
    return isinstance(project.environment(environment)[1].warehouse, DuckDBWarehouse)


@contextmanager
def opened(project: Project, environment: str | None, sources: Sequence[str]) -> Iterator[Target]:
    """The warehouse of an environment, closed in the end. Raises SettingsError, SecretError, WarehouseError."""
    kind = DuckDBTarget if on_duckdb(project, environment) else SnowflakeTarget
    target: Target = kind(project, environment, sources)
    try:
        yield target
    finally:
        target.close()
