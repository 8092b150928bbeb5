"""What a DuckDB file holds, read at once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from framework.warehouses.base import Warehouse


@dataclass(frozen=True)
class Table:
    """A table or view."""

    name: str
    is_view: bool
    comment: str
    columns: Mapping[str, str]
    """Name → type, in order."""
    comments: Mapping[str, str]
    """Of the columns that have one."""
    query: str = ""
    """A view's statement."""


@dataclass(frozen=True)
class Cleaned:
    """What the framework remembers of a table that it made."""

    name: str
    source: str
    stream: str
    definition: str


@dataclass(frozen=True)
class Live:
    """The file's state."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    """By name in lower case."""
    cleaned: Mapping[str, Cleaned] = field(default_factory=dict)
    loaded: frozenset[str] = frozenset()
    """The sources of which something was loaded."""

    @property
    def fingerprint(self) -> str:
        """A hash of it all: the same as long as no object was changed; rows may come."""
        said = repr((sorted(self.tables.items()), sorted(self.cleaned.items())))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def tables(warehouse: Warehouse) -> dict[str, Table]:
    """All that are the file's own."""
    own = "database_name = current_database() and schema_name = current_schema() and not internal"
    columns: dict[str, dict[str, str]] = {}
    comments: dict[str, dict[str, str]] = {}
    rows = warehouse.execute(
        f"select table_name, column_name, data_type, comment from duckdb_columns() where {own} order by column_index"
    )
    for table, column, kind, comment in rows:
        columns.setdefault(table, {})[column] = kind
        if comment:
            comments.setdefault(table, {})[column] = comment
    found = warehouse.execute(
        f"select table_name, false, comment, '' from duckdb_tables() where {own} union all "
        f"select view_name, true, comment, sql from duckdb_views() where {own} order by 1"
    )
    return {
        name.lower(): Table(name, is_view, comment or "", columns.get(name, {}), comments.get(name, {}), query or "")
        for name, is_view, comment, query in found
    }


def read(warehouse: Warehouse) -> Live:
    """The file as it is."""
    found = tables(warehouse)
    cleaned: dict[str, Cleaned] = {}
    if "_ingest_cleaned" in found:
        for row in warehouse.execute('select "table", source, stream, definition from _INGEST_CLEANED order by 1'):
            cleaned[row[0].lower()] = Cleaned(*row)
    loaded: list[tuple[str]] = []
    if "_ingest_entries" in found:
        loaded = warehouse.execute("select distinct source from _INGEST_ENTRIES")
    return Live(found, cleaned, frozenset(name for (name,) in loaded))
