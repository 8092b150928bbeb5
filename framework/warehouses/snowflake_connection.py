"""A session in a Snowflake account as the contract of the warehouses wants it."""

from collections.abc import Iterator, Sequence
from typing import Any

from framework.snowflake_session import Login, Session
from framework.snowflake_words import qualified, quote_name, quote_text, quote_value

STATEMENT_ROWS, STATEMENT_CHARACTERS = 2_000, 500_000
"""How much one INSERT holds: Snowflake takes 16,384 rows and 1 MB of text."""
_NAMES = {"rows": "ROW_COUNT", '"table"': "TABLE_NAME", "row": "ROW_NUMBER", "columns": "UNFIT"}
"""What bookkeeping columns are called where ROWS, TABLE and ROW are reserved words."""
_JSON = {"report"}


class Snowflake(Session):
    """A connection to a Snowflake account."""

    dialect = "snowflake"

    def __init__(self, login: Login, database: str) -> None:
        super().__init__(login)
        self.url = f"snowflake://{login.account}/{database}"
        self._database = database

    def ops(self, table: str) -> str:
        """In the schema OPS."""
        return qualified(self._database, "OPS", table)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """As literals: a driver's array of parameters goes by way of a stage once it is large."""
        names = [_NAMES.get(name, quote_name(name)) for name in columns]
        opening = f"INSERT INTO {self.ops(table)} ({', '.join(names)})"
        if _JSON & set(columns):
            for row in rows:
                told = ", ".join(
                    f"PARSE_JSON({quote_text(value)})" if name in _JSON else quote_value(value)
                    for name, value in zip(columns, row, strict=True)
                )
                self.execute(f"{opening} SELECT {told}")
            return
        for values in _chunks(rows):
            self.execute(f"{opening} VALUES {', '.join(values)}")


def _chunks(rows: Sequence[Sequence[Any]]) -> Iterator[list[str]]:
    """Rows in brackets, as many as one statement takes."""
    chunk: list[str] = []
    size = 0
    for row in rows:
        text = f"({', '.join(map(quote_value, row))})"
        if chunk and (len(chunk) >= STATEMENT_ROWS or size + len(text) > STATEMENT_CHARACTERS):
            yield chunk
            chunk, size = [], 0
        chunk.append(text)
        size += len(text)
    if chunk:
        yield chunk
