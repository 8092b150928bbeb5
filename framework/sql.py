"""Template + values → statements. Names and texts are quoted by their filters, never by hand.

The models here are what both dialects are rendered from; a dialect's folder holds its templates.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import jinja2

from framework import predicate, snowflake_words
from framework.model import JmesPath

Path = tuple[str, ...]


@dataclass(frozen=True)
class ColumnModel:
    """A typed column of a CLEAN table, and the field of the record that it holds."""

    name: str
    path: Path
    type: str
    form: tuple[str, ...] = ("iso8601",)
    """How its instants are written, for dates and timestamps."""
    description: str = ""

    @property
    def may_fail(self) -> bool:
        """Whether a value may not fit the type."""
        return self.type not in ("text", "json")


BESIDE = ("_DELETED_", "_SHADOWED_")
"""What the names of the tables beside a CLEAN table begin with: keys that are deleted, rows that another one covers."""
LIST = "list"
"""The type of the columns that hold arrays for child tables; no spec can ask for it."""


@dataclass(frozen=True)
class ChildModel:
    """The table of a nested array: a view of the CLEAN table that holds the array."""

    table: str
    held: ColumnModel
    """The column of the CLEAN table that holds the array."""
    keys: tuple[ColumnModel, ...]
    """The columns of the CLEAN table that identify the record."""
    ordinal: str
    columns: tuple[ColumnModel, ...]
    """Their paths begin at the element."""
    payload: bool
    """Whether the whole element is a column."""
    description: str = ""

    @property
    def has_decimals(self) -> bool:
        """Whether digits count that a double may lose."""
        return _has_decimals(self.columns)

    @property
    def may_fail(self) -> bool:
        """Whether a value may not fit."""
        return any(column.may_fail for column in self.columns)

    @property
    def paths(self) -> list[Path]:
        """Every field that is taken out of the element as text, once."""
        return _paths(self.columns)

    def index(self, path: Path) -> int:
        """Where in `paths` it stands, from 1."""
        return self.paths.index(path) + 1


@dataclass(frozen=True)
class CleanModel:
    """A CLEAN table: where its rows come from, and what becomes of them."""

    table: str
    raw: str
    source: str
    stream: str
    mode: str
    scope: str
    columns: tuple[ColumnModel, ...]
    keys: tuple[str, ...]
    """Names of the columns that identify a row."""
    payload: bool
    """Whether the whole record is a column too."""
    cursor: Path | None = None
    cursor_form: tuple[str, ...] = ("iso8601",)
    delete_when: JmesPath | None = None
    quarantine: bool = False
    allow_empty: bool = False
    children: tuple[ChildModel, ...] = ()

    @property
    def tombstones(self) -> str:
        """The table of deleted keys, so that a late older version does not bring one back."""
        return f"{BESIDE[0]}{self.table}"

    @property
    def shadows(self) -> str:
        """The table of rows whose key a newer row of another partition holds."""
        return f"{BESIDE[1]}{self.table}"

    @property
    def has_shadows(self) -> bool:
        """Whether a key may stand in several partitions."""
        return self.mode == "replace" and self.scope == "partition" and bool(self.keys)

    @property
    def has_decimals(self) -> bool:
        """Whether digits count that a double may lose."""
        return _has_decimals(self.columns)

    @property
    def paths(self) -> list[Path]:
        """Every field that is taken out of the record as text, once."""
        return list(dict.fromkeys([*_paths(self.columns), *([self.cursor] if self.cursor else [])]))

    @property
    def read(self) -> tuple[ColumnModel, ...]:
        """The columns that people read: all but those that hold arrays for child tables."""
        return tuple(column for column in self.columns if column.type != LIST)

    def index(self, path: Path) -> int:
        """Where in `paths` it stands, from 1."""
        return self.paths.index(path) + 1


def _has_decimals(columns: Iterable[ColumnModel]) -> bool:
    return any(column.type.startswith("decimal") for column in columns)


def _paths(columns: Iterable[ColumnModel]) -> list[Path]:
    return list(dict.fromkeys(column.path for column in columns if column.type != "json"))


@dataclass(frozen=True)
class MartModel:
    """A table of ANALYTICS."""

    table: str
    sql: str
    description: str = ""
    refresh: str = ""
    refs: tuple[str, ...] = field(default=())


def quote_name(name: str) -> str:
    """An identifier."""
    return '"' + str(name).replace('"', '""') + '"'


def quote_text(text: object) -> str:
    """A text literal; null for None."""
    return "null" if text is None else "'" + str(text).replace("'", "''") + "'"


def json_path(path: Iterable[str]) -> str:
    """$."a"."b" as a text literal."""
    return quote_text("$" + "".join('."' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in path))


def number_pattern(path: Path) -> str:
    """A pattern, as a text literal, that finds the numbers under a field's last name in JSON text; the whole text where
    there is no name."""
    if not path:
        return quote_text("^(-?[0-9][0-9.eE+-]*)$")
    return quote_text('"' + re.escape(path[-1]) + r'"\s*:\s*(-?[0-9][0-9.eE+-]*)')


def split_type(kind: str) -> tuple[str, str]:
    """decimal(18,2) → decimal, (18,2)"""
    name, bracket, rest = kind.partition("(")
    return name, bracket + rest


class DuckDBFields:
    """How DuckDB gets at a field of a record, for conditions."""

    def text(self, path: list[str]) -> str:
        """The field as text."""
        return f"json_extract_string(payload, {json_path(path)})"

    def kind(self, path: list[str]) -> str:
        """Its JSON type."""
        asked = f"json_type(payload, {json_path(path)})"
        return (
            f"case {asked} when 'VARCHAR' then 'string' when 'NULL' then 'null' when 'BOOLEAN' then 'boolean' "
            f"when 'ARRAY' then 'array' when 'OBJECT' then 'object' else if({asked} is null, null, 'number') end"
        )

    def quote(self, value: str) -> str:
        """A text literal."""
        return quote_text(value)


_FIELDS: dict[str, predicate.Dialect] = {"duckdb": DuckDBFields(), "snowflake": snowflake_words.SnowflakeFields()}
_QUOTING: dict[str, dict[str, Callable[..., Any]]] = {
    "duckdb": {"name": quote_name, "text": quote_text, "json_path": json_path, "number_pattern": number_pattern},
    "snowflake": {
        "name": snowflake_words.quote_name,
        "text": snowflake_words.quote_text,
        "texts": snowflake_words.quote_list,
        "field": snowflake_words.field_path,
        "instant_format": snowflake_words.instant_format,
    },
}


@lru_cache
def _environment(dialect: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sql_templates", dialect),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    quoting = _QUOTING[dialect]
    environment.filters |= quoting | {
        "names": lambda names: ", ".join(map(quoting["name"], names)),
        "split_type": split_type,
        "condition": partial(predicate.to_sql, dialect=_FIELDS[dialect]),
    }
    return environment


def render(dialect: str, template: str, **values: Any) -> str:
    """The statements of one template of sql_templates/<dialect>/."""
    return _environment(dialect).get_template(f"{template}.sql.j2").render(**values)
