"""How Snowflake writes names, texts, fields of a record and forms of instants.

https://docs.snowflake.com/en/sql-reference/identifiers-syntax
"""

import re
from collections.abc import Iterable

from framework.errors import SpecError

_WORDS = """
    ACCOUNT ALL ALTER AND ANY AS BETWEEN BY CASE CAST CHECK COLUMN CONNECT CONNECTION CONSTRAINT CREATE CROSS
    CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DATABASE DELETE DISTINCT DROP ELSE EXISTS FALSE
    FOLLOWING FOR FROM FULL GRANT GROUP GSCLUSTER HAVING ILIKE IN INCREMENT INNER INSERT INTERSECT INTO IS ISSUE
    JOIN LATERAL LEFT LIKE LOCALTIME LOCALTIMESTAMP MINUS NATURAL NOT NULL OF ON OR ORDER ORGANIZATION QUALIFY
    REGEXP REVOKE RIGHT RLIKE ROW ROWS SAMPLE SCHEMA SELECT SET SOME START TABLE TABLESAMPLE THEN TO TRIGGER TRUE
    TRY_CAST UNION UNIQUE UPDATE USING VALUES VIEW WHEN WHENEVER WHERE WITH
"""
RESERVED = frozenset(_WORDS.split())
"""https://docs.snowflake.com/en/sql-reference/reserved-keywords"""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def quote_name(name: object) -> str:
    """An identifier: as it is in capitals where that needs no quotes, so that nobody else needs any either."""
    text = str(name)
    if not _PLAIN.fullmatch(text):
        return '"' + text.replace('"', '""') + '"'
    upper = text.upper()
    return f'"{upper}"' if upper in RESERVED else upper


def exact_name(name: object) -> str:
    """An identifier that means exactly this name, as SHOW tells it."""
    text = str(name)
    return quote_name(text) if text == text.upper() else '"' + text.replace('"', '""') + '"'


def qualified(*parts: object) -> str:
    """DATABASE.SCHEMA.NAME"""
    return ".".join(map(quote_name, parts))


def quote_text(text: object) -> str:
    """A text literal; a backslash begins an escape there."""
    if text is None:
        return "NULL"
    written = str(text).replace("\\", "\\\\").replace("'", "''")
    return "'" + written.replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0") + "'"


def quote_list(texts: Iterable[object]) -> str:
    """('a', 'b')"""
    return "(" + ", ".join(map(quote_text, texts)) + ")"


def quote_value(value: object) -> str:
    """A literal; instants as text, which Snowflake reads where it knows the column."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    return str(value) if isinstance(value, int) else quote_text(value)


def field_path(path: Iterable[str]) -> str:
    """['customer']['id']: what follows a VARIANT to get at a field, whatever its name holds."""
    return "".join(f"[{quote_text(name)}]" for name in path)


class SnowflakeFields:
    """How Snowflake gets at a field of a record, for conditions."""

    def text(self, path: list[str]) -> str:
        """The field as text."""
        return f"_PAYLOAD{field_path(path)}::VARCHAR"

    def kind(self, path: list[str]) -> str:
        """Its JSON type."""
        asked = f"TYPEOF(_PAYLOAD{field_path(path)})"
        return (
            f"CASE {asked} WHEN 'VARCHAR' THEN 'string' WHEN 'NULL_VALUE' THEN 'null' WHEN 'BOOLEAN' THEN 'boolean' "
            f"WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'object' WHEN 'INTEGER' THEN 'number' "
            f"WHEN 'DECIMAL' THEN 'number' WHEN 'DOUBLE' THEN 'number' END"
        )

    def quote(self, value: str) -> str:
        """A text literal."""
        return quote_text(value)


_FORMAT = {
    "Y": "YYYY", "y": "YY", "m": "MM", "d": "DD", "H": "HH24", "I": "HH12", "M": "MI", "S": "SS", "f": "FF", "p": "AM",
    "z": "TZHTZM", "b": "MON", "B": "MMMM", "a": "DY", "T": "HH24:MI:SS", "F": "YYYY-MM-DD", "R": "HH24:MI", "%": "%",
}  # fmt: skip


def instant_format(form: str) -> str:
    """A strptime pattern as Snowflake's format. Raises SpecError for what it has no word for."""

    def word(found: re.Match[str]) -> str:
        if found[1] is None:
            return f'"{found[0]}"'
        if found[1] not in _FORMAT:
            raise SpecError(f"Snowflake can't read instants written as {form!r}: it has no word for %{found[1]}")
        return _FORMAT[found[1]]

    return re.sub(r"%(.)|[A-Za-z]+", word, form)
