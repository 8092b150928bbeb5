"""The tables of nested arrays in DuckDB: views of the CLEAN table that holds the arrays."""

from collections.abc import Iterable, Sequence
from typing import Any

from framework import sql
from framework.errors import CheckFailed, WarehouseError
from framework.spec import Stream
from framework.sql import LIST, ChildModel, CleanModel, ColumnModel
from framework.tables import ChildTable
from framework.warehouses.base import Warehouse

VIEW = "view"
"""What stands as a child table's definition among the tables that are clean."""


def child_of(table: str, child: ChildTable, keys: tuple[ColumnModel, ...]) -> ChildModel:
    """The view that a child table asks for."""
    columns = tuple(
        ColumnModel(
            name,
            () if column.from_ == "@" else tuple(column.from_.split(".")),
            column.type,
            description=column.description or "",
        )
        for name, column in child.columns.items()
    )
    held = ColumnModel(f"_list_{table}".lower(), tuple(child.from_.split(".")), LIST)
    return ChildModel(table, held, keys, child.ordinal, columns, not columns, child.description or "")


def made_by(model: CleanModel) -> str:
    """The statements that make the views."""
    return sql.render("duckdb", "create_children", model=model) if model.children else ""


def shown(model: CleanModel, name: str) -> str:
    """A column's name for people: an array's is that of its field."""
    return next((".".join(child.held.path) for child in model.children if child.held.name == name), name)


def check_names(warehouse: Warehouse, model: CleanModel) -> None:
    """Raises WarehouseError where a view's name is that of something else."""
    for child in model.children:
        there = "select 1 from information_schema.tables where lower(table_name) = lower(?)"
        mine = 'select 1 from _INGEST_CLEANED where lower("table") = lower(?) and definition = ? and source = ?'
        if not warehouse.execute(there, (child.table,)):
            continue
        if not warehouse.execute(mine, (child.table, VIEW, model.source)):
            raise WarehouseError(
                f"there is a table {child.table} already, and cleaning did not make it as a child table of "
                f"{model.table}: give the child table another name, or drop that one."
            )


def note(warehouse: Warehouse, model: CleanModel, row: Sequence[Any]) -> None:
    """Remembers the views beside the row of their table."""
    _, source, stream, log, _, at = row
    warehouse.execute(
        "delete from _INGEST_CLEANED where source = ? and stream = ? and definition = ?", (source, stream, VIEW)
    )
    for child in model.children:  # it may have been another stream's until now
        warehouse.execute('delete from _INGEST_CLEANED where lower("table") = lower(?)', (child.table,))
    columns = ('"table"', "source", "stream", "log", "definition", "cleaned_at")
    rows = [(child.table, source, stream, log, VIEW, at) for child in model.children]
    warehouse.insert("_INGEST_CLEANED", columns, rows)


def drop_all(warehouse: Warehouse, model: CleanModel) -> None:
    """Drops the views of the table as it was."""
    found = warehouse.execute(
        'select "table" from _INGEST_CLEANED where source = ? and stream = ? and definition = ?',
        (model.source, model.stream, VIEW),
    )
    for (table,) in found:
        drop(warehouse, table)


def drop(warehouse: Warehouse, table: str) -> None:
    """Drops a view, and what is remembered of it."""
    warehouse.execute(f"drop view if exists {sql.quote_name(table)}")
    warehouse.execute('delete from _INGEST_CLEANED where lower("table") = lower(?) and definition = ?', (table, VIEW))


def unfit(warehouse: Warehouse, stream: Stream, model: CleanModel, after: int) -> list[str]:
    """What does not fit its column in the child tables, of the records in _fresh."""
    after = -1 if model.mode == "replace" else after
    warnings = []
    for child in counted(stream, model):
        query = sql.render("duckdb", "unfit_children", model=model, child=child, after=after)
        warnings += said(stream, child, warehouse.execute(query))
    return warnings


def counted(stream: Stream, model: CleanModel) -> list[ChildModel]:
    """Those whose values may not fit, where the contract has a word on it."""
    if stream.contract and stream.contract.type_changes == "allow":
        return []
    return [child for child in model.children if child.may_fail]


def said(stream: Stream, child: ChildModel, found: Iterable[tuple[Any, ...]]) -> list[str]:
    """What is said of values that do not fit, by column and number. They are null; `quarantine` keeps out records for
    the sake of their own columns only. Raises CheckFailed where the contract says so."""
    warnings = []
    for name, count in found:
        what = f"{child.table}: {count} rows whose {name!r} does not fit its type"
        if stream.contract and stream.contract.type_changes == "fail":
            raise CheckFailed(f"{what}; the contract says fail. Correct `columns` or the contract, and clean again.")
        warnings.append(f"{what}; the column is null there")
    return warnings
