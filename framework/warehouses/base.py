"""The contract of the warehouses family: statements in, rows out, and parts into RAW.

A new kind is one file: an options class with `type: Literal["…"]` and `open()`, added to the union in `__init__.py`,
and a folder of templates in sql_templates/ named after its dialect.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class PartFile:
    """A part to load: where its file is now, and what RAW is to say of it."""

    path: Path
    key: str
    stream: str
    run: str
    log: int
    rows: int
    longest: int


class Warehouse(Protocol):
    """A connection. Used by one thread."""

    dialect: str
    """Names the folder of its templates."""
    url: str
    """Where it is, for people."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """One or more statements; the rows of the last one. Raises WarehouseError."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All statements inside count together, or none does."""
        ...

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Adds rows to a bookkeeping table."""
        ...

    def load(self, table: str, parts: Sequence[PartFile]) -> dict[str, int]:
        """Copies the parts' lines into a RAW table, inside the transaction. Returns the rows of each part's key."""
        ...

    def close(self) -> None:
        """Ends the connection."""
        ...
