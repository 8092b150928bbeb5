"""The steps behind the log, in a Snowflake account whose objects a deployment has made."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from framework.check import Check
from framework.clean import Cleaned
from framework.deploy.account import Account
from framework.deploy.sources import Table, tables_of
from framework.errors import WarehouseError
from framework.load import Loaded
from framework.log import Log
from framework.snowflake import checks, cleaning, load, marts
from framework.snowflake.place import Place
from framework.spec import Source, Stream
from framework.stages.base import Stage
from framework.warehouses.base import Warehouse


@dataclass(frozen=True)
class InSnowflake:
    """One source's."""

    account: Account
    source: Source
    stage: Stage

    def prepare(self, warehouse: Warehouse) -> None:
        """Nothing: its objects are made by `framework deploy apply`."""

    def load(self, warehouse: Warehouse, log: Log, stream: Stream, now: datetime) -> Loaded:
        """The way that the environment says."""
        with self._deployed():
            return load.load(self._place(warehouse, stream.name), log, now)

    def clean(self, warehouse: Warehouse, stream: Stream, now: datetime) -> Cleaned | None:
        """By its task, its dynamic table, or here."""
        if stream.clean is None:
            return None
        with self._deployed():
            return cleaning.clean(self._place(warehouse, stream.name), self._table(stream.name), now)

    def marts(self, warehouse: Warehouse, config: Mapping[str, Any]) -> list[Cleaned]:
        """Their tasks and dynamic tables are told to be up to date."""
        with self._deployed():
            return marts.refresh(self._place(warehouse, ""), self.source)

    def check(self, warehouse: Warehouse, stream: Stream, now: datetime) -> list[Check]:
        """By queries."""
        with self._deployed():
            return checks.check(self._place(warehouse, stream.name), self.source, stream, now)

    def _place(self, warehouse: Warehouse, stream: str) -> Place:
        return Place(warehouse, self.account, self.stage, self.source.name, stream)

    def _table(self, stream: str) -> Table:
        return next(table for table in tables_of(self.account, self.source) if table.stream.name == stream)

    @contextmanager
    def _deployed(self) -> Iterator[None]:
        """What is not there, or is not as the spec says, is to be deployed."""
        try:
            yield
        except WarehouseError as error:
            said = str(error)
            if "does not exist or not authorized" in said or "invalid identifier" in said:
                environment = self.account.environment
                raise WarehouseError(
                    f"{said}. Is the account as the spec says? `framework deploy plan --env {environment}` shows what "
                    f"is missing there, `framework deploy apply --env {environment}` makes it."
                ) from error
            raise
