"""Where objects are made: the one thing that the command line knows of a warehouse."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from framework.deploy.actions import Action, Plan
from framework.deploy.on_snowflake import SnowflakeTarget
from framework.deploy.perform import Done, Listener
from framework.project import Project


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


@contextmanager
def opened(project: Project, environment: str | None, sources: Sequence[str]) -> Iterator[Target]:
    """The warehouse of an environment, closed in the end. Raises SettingsError, SecretError, WarehouseError."""
    target: Target = SnowflakeTarget(project, environment, sources)
    try:
        yield target
    finally:
        target.close()
