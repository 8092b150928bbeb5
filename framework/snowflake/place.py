"""Where a step works: a session, the names of an account, and one stream of a source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from framework.deploy.account import Account
from framework.load import raw_table
from framework.manifest import Part
from framework.snowflake_words import quote_list, quote_text
from framework.stages.base import Stage
from framework.warehouses.base import Warehouse
from framework.warehouses.snowflake import SnowflakeWarehouse

MOST_FILES = 1_000
"""What one COPY takes, and one list of names that is asked for."""


@dataclass(frozen=True)
class Place:
    """One stream of a source, in one account."""

    warehouse: Warehouse
    account: Account
    stage: Stage
    source: str
    stream: str

    @property
    def settings(self) -> SnowflakeWarehouse:
        """The account's."""
        return self.account.warehouse

    @property
    def raw(self) -> str:
        """The source's RAW table."""
        return self.account.within("RAW", raw_table(self.source))

    @property
    def pipe(self) -> str:
        """The source's pipe."""
        return self.account.within("RAW", f"PIPE_{self.source.upper()}")

    @property
    def folder(self) -> str:
        """What the keys of the source's parts begin with."""
        return f"{self.account.project}/source={self.source}/"

    def path(self, part: Part) -> str:
        """A part as the source's COPY and pipe name it."""
        return part.key.removeprefix(self.folder)

    def these(self) -> str:
        """The condition for the stream's rows of a bookkeeping table."""
        return f"SOURCE = {quote_text(self.source)} AND STREAM = {quote_text(self.stream)}"

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """One statement."""
        return self.warehouse.execute(sql)

    def rows_in_raw(self, parts: Sequence[Part]) -> dict[str, int]:
        """Key of a part → how many rows RAW has of it, where it has any."""
        names = {f"{self.account.prefix}{part.key}": part.key for part in parts}
        found: dict[str, int] = {}
        for start in range(0, len(parts), MOST_FILES):
            some = quote_list(list(names)[start : start + MOST_FILES])
            query = f"SELECT SRC_FILENAME, COUNT(*) FROM {self.raw} WHERE SRC_FILENAME IN {some} GROUP BY SRC_FILENAME"
            found |= {names[str(name)]: int(count) for name, count in self.run(query)}
        return found
