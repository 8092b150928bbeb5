"""The contract of the warehouses family: statements in, rows out, and parts into RAW.

A new kind is one file: an options class with `type: Literal["…"]` and `open()`, added to the union in `__init__.py`,
and a folder of templates in sql_templates/ named after its dialect.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Opening:
    """What a warehouse is opened with."""

    folder: Path
    """The project's."""
    resolve: Callable[[str], str] = str
    """A setting, which may be `env:NAME` or `secret:OWNER#NAME` → its value."""
    cloud: str = ""
    """Where the stage is: aws, azure."""
    tag: Mapping[str, str] = field(default_factory=dict)
    """What is said of all statements."""


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

    def ops(self, table: str) -> str:
        """A bookkeeping table as statements name it."""
        ...

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Adds rows to a bookkeeping table."""
        ...

    def tag(self, **facts: str) -> None:
        """What the warehouse's own history says of the statements to come: source, stream, run."""
        ...

    def close(self) -> None:
        """Ends the connection."""
        ...


class FileWarehouse(Warehouse, Protocol):
    """One that reads parts from files of this machine."""

    def load(self, table: str, parts: Sequence[PartFile]) -> dict[str, int]:
        """Copies the parts' lines into a RAW table, inside the transaction. Returns the rows of each part's key."""
        ...
