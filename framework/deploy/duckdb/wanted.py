"""An environment's sources → every table and view that a DuckDB file should hold, as a run would make it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from framework import sql
from framework.children import made_by
from framework.clean import definition_of, in_order, mart_definition, mart_statement, model_of
from framework.deploy.duckdb.live import Table, tables
from framework.errors import SettingsError, WarehouseError
from framework.load import raw_table
from framework.names import refs
from framework.project import Deployment
from framework.spec import Source
from framework.warehouses.duckdb import DuckDB

BOOKKEEPING = "table _INGEST_…"
"""The id of all tables in which the framework remembers what it did."""
Kind = Literal["bookkeeping", "raw", "clean", "mart"]


@dataclass(frozen=True)
class Object:
    """One table as it should be, with the views of its nested arrays."""

    kind: Kind
    name: str
    sql: str
    """The statements that make it, empty where it is CLEAN."""
    source: str = ""
    stream: str = ""
    definition: str = ""
    """What `_INGEST_CLEANED` says of it once it is made."""
    views: tuple[str, ...] = ()
    needs: tuple[str, ...] = (BOOKKEEPING,)

    @property
    def id(self) -> str:
        """Tells it from every other one."""
        return BOOKKEEPING if self.kind == "bookkeeping" else f"table {self.name}"


@dataclass(frozen=True)
class Wanted:
    """What the file should hold."""

    environment: str
    place: str
    objects: tuple[Object, ...]
    deployments: Mapping[str, Deployment]
    tables: Mapping[str, Table]
    """What the statements make, by name in lower case, found by running them on an empty file."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the deployments."""
        return tuple(self.deployments)


def wanted(environment: str, path: Path, deployments: Sequence[Deployment]) -> Wanted:
    """Of these deployments. Raises SettingsError where two want a table of one name, WarehouseError where a mart
    asks for what is not there."""
    objects = [Object("bookkeeping", "_INGEST_…", sql.render("duckdb", "create_ops"), needs=())]
    for each in deployments:
        objects += _of(each.source)
    for each in deployments:
        objects += _marts(each.source, each.config)
    _no_doubles(objects)
    by_name = {each.name: each for each in deployments}
    return Wanted(environment, str(path), tuple(objects), by_name, _made(objects))


def _of(source: Source) -> Iterator[Object]:
    raw = Object("raw", raw_table(source.name), sql.render("duckdb", "create_raw", table=raw_table(source.name)),
                 source.name)  # fmt: skip
    yield raw
    for stream in source.in_order():
        if stream.clean:
            model = model_of(source.name, stream)
            made = sql.render("duckdb", "create_clean", model=model) + made_by(model)
            views = tuple(child.table for child in model.children)
            definition = definition_of(model, made)
            yield Object("clean", model.table, made, source.name, stream.name, definition, views, (BOOKKEEPING, raw.id))


def _marts(source: Source, config: Mapping[str, Any]) -> Iterator[Object]:
    for mart in in_order(source.analytics):
        made = mart_statement(mart, config)
        needs = (BOOKKEEPING, *(f"table {name}" for name in refs(mart.sql)))
        yield Object("mart", mart.table, made, source.name, "", mart_definition(made), needs=needs)


def _no_doubles(objects: Sequence[Object]) -> None:
    seen: dict[str, Object] = {}
    for each in objects:
        for name in (each.name, *each.views):
            other = seen.setdefault(name.lower(), each)
            if other is not each:
                raise SettingsError(
                    f"the table {name} is wanted twice, by {other.source} and {each.source}: give one another name"
                )


def _made(objects: Sequence[Object]) -> dict[str, Table]:
    with TemporaryDirectory() as folder:
        scratch = DuckDB(Path(folder) / "empty.duckdb", "500MB")
        try:
            for each in objects:
                try:
                    scratch.execute(each.sql)
                except WarehouseError as error:
                    raise WarehouseError(f"{each.source}: {each.name} can't be made: {error}") from None
            return tables(scratch)
        finally:
            scratch.close()
