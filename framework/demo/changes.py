"""What a run changed in the tables: rows of before against rows of after, by key."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from framework.clean import model_of
from framework.spec import Source
from framework.sql import quote_name, quote_text


@dataclass(frozen=True)
class Change:
    """One table's."""

    table: str
    new: int
    changed: int
    gone: int


class Tables:
    """The tables of a source as they stand now, to be compared with what they become."""

    def __init__(self, path: Path, source: Source) -> None:
        self._path = path
        models = [model_of(source.name, stream) for stream in source.in_order() if stream.clean]
        keys = {model.table: [*model.keys, *(["valid_from"] if model.mode == "history" else [])] for model in models}
        self._memory = duckdb.connect()
        self._keys = {}
        if path.exists():
            self._attach()
            there = {row[0] for row in self._memory.execute("select table_name from duckdb_tables()").fetchall()}
            self._keys = {table: names for table, names in keys.items() if table in there}
            for table in self._keys:
                name = quote_name(table)
                self._memory.execute(f"create table memory.{name} as from warehouse.{name}")
            self._memory.execute("detach warehouse")

    def compared(self) -> list[Change]:
        """With the tables as they are by now; nothing for a table that is new."""
        if self._keys:
            self._attach()
        return [self._compare(table, keys) for table, keys in self._keys.items()]

    def close(self) -> None:
        """Forgets the tables."""
        self._memory.close()

    def _attach(self) -> None:
        self._memory.execute(f"attach {quote_text(self._path)} as warehouse (read_only)")

    def _compare(self, table: str, keys: list[str]) -> Change:
        name = quote_name(table)
        using = ", ".join(map(quote_name, keys))
        rows = "* exclude (_log, _part, _row)"
        new, gone, changed = (
            self._memory.execute(query).fetchone() or (0,)
            for query in (
                f"select count(*) from warehouse.{name} anti join memory.{name} using ({using})",
                f"select count(*) from memory.{name} anti join warehouse.{name} using ({using})",
                f"select count(*) from (select {rows} from warehouse.{name} semi join memory.{name} using ({using}) "
                f"except select {rows} from memory.{name})",
            )
        )
        return Change(table, new[0], changed[0], gone[0])
