"""What fills RAW, CLEAN and ANALYTICS, by the kind of warehouse; the steps of a run know nothing more of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from framework import clean as cleaning
from framework import load as loading
from framework.check import Check
from framework.check import check as check_stream
from framework.errors import WarehouseError
from framework.log import Log
from framework.spec import Source, Stream
from framework.stages.base import Stage
from framework.warehouses.base import Warehouse
from framework.warehouses.duckdb import DuckDB


class Filling(Protocol):
    """The steps behind the log, of one source."""

    def prepare(self, warehouse: Warehouse) -> None:
        """What every step needs is there."""
        ...

    def load(self, warehouse: Warehouse, log: Log, stream: Stream, now: datetime) -> loading.Loaded:
        """RAW holds what the log holds."""
        ...

    def clean(self, warehouse: Warehouse, stream: Stream, now: datetime) -> cleaning.Cleaned | None:
        """CLEAN holds what RAW says; None for a stream without a CLEAN table."""
        ...

    def marts(self, warehouse: Warehouse, config: Mapping[str, Any]) -> list[cleaning.Cleaned]:
        """ANALYTICS is made of CLEAN."""
        ...

    def check(self, warehouse: Warehouse, stream: Stream, now: datetime) -> list[Check]:
        """What must hold, and whether it does."""
        ...


@dataclass(frozen=True)
class InDuckDB:
    """A file: whatever is missing is made on the way."""

    source: Source
    stage: Stage

    def prepare(self, warehouse: Warehouse) -> None:
        """Makes the tables that loading needs."""
        loading.prepare(warehouse, self.source.name)

    def load(self, warehouse: Warehouse, log: Log, stream: Stream, now: datetime) -> loading.Loaded:
        """From files of this machine."""
        if not isinstance(warehouse, DuckDB):
            raise WarehouseError(f"{warehouse.url} reads no files")
        return loading.load(warehouse, self.stage, log, self.source.name, stream.name, now)

    def clean(self, warehouse: Warehouse, stream: Stream, now: datetime) -> cleaning.Cleaned | None:
        """Makes the table where it is missing or was another."""
        return cleaning.clean(warehouse, self.source, stream, now) if stream.clean else None

    def marts(self, warehouse: Warehouse, config: Mapping[str, Any]) -> list[cleaning.Cleaned]:
        """Makes them anew."""
        return cleaning.marts(warehouse, self.source, config)

    def check(self, warehouse: Warehouse, stream: Stream, now: datetime) -> list[Check]:
        """By queries."""
        return check_stream(warehouse, self.source, stream, now)
