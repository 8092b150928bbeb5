"""RAW → CLEAN → ANALYTICS: typed, each key once, in whatever order parts arrive."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import Any

from framework import children, sql
from framework.children import child_of
from framework.errors import CheckFailed, SpecError, WarehouseError
from framework.load import raw_table
from framework.names import refs
from framework.spec import Mart, Source, Stream
from framework.sql import CleanModel, ColumnModel
from framework.template import render_text
from framework.warehouses.base import Warehouse


@dataclass(frozen=True)
class Cleaned:
    """What cleaning did to a table."""

    table: str
    rows: int
    """In the table now."""
    warnings: list[str] = field(default_factory=list)


def model_of(source: str, stream: Stream) -> CleanModel:
    """The CLEAN table that a stream asks for."""
    clean = stream.clean
    if clean is None:
        raise SpecError(f"the stream {stream.name!r} has no `clean`")
    incremental = stream.incremental
    form = tuple(incremental.forms) if incremental else ("iso8601",)
    columns = [
        ColumnModel(
            name,
            tuple(column.from_.split(".")),
            column.type,
            form if incremental and column.from_ == incremental.cursor else ("iso8601",),
            column.description or "",
        )
        for name, column in clean.columns.items()
    ]
    keys: list[ColumnModel] = []
    for path in stream.primary_key or []:
        keys.append(_key_column([*columns, *keys], path))
    new = [key for key in dict.fromkeys(keys) if key not in columns]
    children = tuple(child_of(name, child, tuple(dict.fromkeys(keys))) for name, child in clean.child_tables.items())
    return CleanModel(
        table=clean.table,
        raw=raw_table(source),
        source=source,
        stream=stream.name,
        mode=clean.mode,
        scope=clean.scope,
        columns=(*new, *columns, *(child.held for child in children)),
        keys=tuple(dict.fromkeys(key.name for key in keys)) if clean.mode != "append" else (),
        payload=not clean.columns,
        cursor=tuple(incremental.cursor.split(".")) if incremental else None,
        cursor_form=form,
        delete_when=clean.delete_when,
        quarantine=bool(stream.contract and stream.contract.type_changes == "quarantine"),
        allow_empty=clean.allow_empty,
        children=children,
    )


_KEY_TYPES = ("text", "integer", "boolean", "date", "timestamp")


def _key_column(columns: list[ColumnModel], path: str) -> ColumnModel:
    """The column that holds a field of the key; a text column of its own where none holds it to the last digit."""
    names = tuple(path.split("."))
    for column in columns:
        if column.path == names and column.type in _KEY_TYPES:
            return column
    name = "_".join("".join(c if c.isalnum() else "_" for c in part) for part in names).lower()
    taken = {column.name for column in columns}
    while name in taken:
        name = f"{name}_key"
    return ColumnModel(name, names, "text")


def clean(warehouse: Warehouse, source: Source, stream: Stream, now: datetime) -> Cleaned:
    """Brings the stream's table up to what RAW holds, in one transaction. A table whose definition changed is made
    anew from RAW. Raises CheckFailed where the contract says so, WarehouseError where the table is someone else's."""
    model = model_of(source.name, stream)
    if model.mode == "replace" and model.scope == "stream" and stream.follows_changes:
        raise SpecError(
            f"{model.table}: a run reads only what belongs to parents that changed, and all rows would be replaced by "
            "that: write `scope: partition`."
        )
    made_by = sql.render(warehouse.dialect, "create_clean", model=model) + children.made_by(model)
    definition = definition_of(model, made_by)
    table = sql.quote_name(model.table)
    with warehouse.transaction():
        known = _cleaned(warehouse, model, definition)
        after = known or 0
        if known is None:
            children.check_names(warehouse, model)
        warehouse.execute(made_by)
        where = "where source = ? and stream = ?"
        owner = (source.name, stream.name)
        through = warehouse.execute(f"select coalesce(max(log), 0) from _INGEST_ENTRIES {where}", owner)[0][0]
        warnings: list[str] = []
        if through > after:
            warnings = _work(warehouse, stream, model, after, through)
        if through > after or known is None:
            warehouse.execute('delete from _INGEST_CLEANED where lower("table") = lower(?)', (model.table,))
            row = (model.table, *owner, through, definition, now.astimezone(UTC).replace(tzinfo=None))
            columns = ('"table"', "source", "stream", "log", "definition", "cleaned_at")
            warehouse.insert("_INGEST_CLEANED", columns, [row])
            children.note(warehouse, model, row)
        rows = warehouse.execute(f"select count(*) from {table}")[0][0]
    return Cleaned(model.table, rows, warnings)


def definition_of(model: CleanModel, made_by: str) -> str:
    """What is remembered of a table: a hash of all that makes it, and one of what its rows are."""
    rows = (model.mode, model.scope, model.keys, model.cursor, model.cursor_form, str(model.delete_when))
    return f"{_hash(repr(model) + made_by)} {_hash(repr(rows))}"


def rows_in(definition: str) -> str:
    """The hash of what a table's rows are."""
    return definition.partition(" ")[2]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cleaned(warehouse: Warehouse, model: CleanModel, definition: str) -> int | None:
    """The log entry up to which the table is clean; None where it is to be made, after what was there is dropped."""
    known = warehouse.execute(
        'select source, log, definition from _INGEST_CLEANED where lower("table") = lower(?)', (model.table,)
    )
    there = _is_there(warehouse, model.table)
    if not known:
        if there:
            raise WarehouseError(
                f"there is a table {model.table} already, and cleaning did not make it: give the stream's table "
                "another name, or drop that one."
            )
        return None
    source, log, made = known[0]
    if made == children.VIEW and source == model.source:  # it was a child table until now
        children.drop(warehouse, model.table)
        return None
    if source != model.source:
        raise WarehouseError(
            f"the table {model.table} is that of the source {source!r}: give one of the two another name. If that "
            f"source is gone, drop the table and its row in _INGEST_CLEANED."
        )
    if made == definition and there:
        return int(log)
    children.drop_all(warehouse, model)
    warehouse.execute(sql.render(warehouse.dialect, "drop_clean", model=model))
    return None


def _is_there(warehouse: Warehouse, table: str) -> bool:
    there = "select 1 from information_schema.tables where lower(table_name) = lower(?)"
    return bool(warehouse.execute(there, (table,)))


def _work(warehouse: Warehouse, stream: Stream, model: CleanModel, after: int, through: int) -> list[str]:
    fresh = {"replace": "fresh_replace", "history": "fresh_history"}.get(model.mode, "fresh")
    values: Mapping[str, Any] = {"model": model, "after": after, "through": through}
    warehouse.execute(sql.render(warehouse.dialect, fresh, **values))
    warnings = _fit(warehouse, stream, model, after) + children.unfit(warehouse, stream, model, after)
    warnings += _known_fields(warehouse, stream, model, after, through)
    if model.mode == "replace":
        warnings += _kept(warehouse, model)
    warehouse.execute(sql.render(warehouse.dialect, model.mode, **values))
    return warnings


def _fit(warehouse: Warehouse, stream: Stream, model: CleanModel, after: int) -> list[str]:
    """What does not fit its column, or lacks its key: counted, and treated as the contract says."""
    if model.mode == "replace":
        after = -1  # a slice is applied when its run is complete, which may be long after it was loaded
    counted = warehouse.execute(
        "select v, count(*) from (select unnest(_bad) v from _fresh where _log > ?) group by v order by v",
        (after,),
    )
    warnings = unfit(stream, model, counted)
    policy = stream.contract.type_changes if stream.contract else "warn"
    bad = "len(_bad) > 0" if policy == "quarantine" else "len(list_intersect(_bad, {}::varchar[])) > 0"
    condition = bad.format("[" + ", ".join(map(sql.quote_text, model.keys)) + "]")
    if policy == "quarantine" or model.keys:
        warehouse.execute(sql.render(warehouse.dialect, "quarantine", model=model, condition=condition, after=after))
    return warnings


def unfit(stream: Stream, model: CleanModel, counted: Iterable[tuple[Any, ...]]) -> list[str]:
    """What is said of values that do not fit, by column and number. Raises CheckFailed where the contract says so."""
    policy = stream.contract.type_changes if stream.contract else "warn"
    warnings = []
    for name, count in counted:
        what = f"{model.table}: {count} records whose {children.shown(model, name)!r} does not fit its type"
        if name == "_cursor" and model.cursor:
            field = ".".join(model.cursor)
            forms = " or ".join(model.cursor_form)
            what = f"{model.table}: {count} records whose {field!r} is no instant in the form {forms}"
        if policy == "fail":
            raise CheckFailed(f"{what}; the contract says fail. Correct `columns` or the contract, and clean again.")
        if name in model.keys:
            warnings.append(f"{what}, or is missing; it is part of the key, so they stay in RAW only")
        elif policy == "quarantine":
            warnings.append(f"{what}; they are kept out of CLEAN, see _INGEST_QUARANTINE")
        elif policy == "warn":
            warnings.append(
                f"{what}; {'they count as the oldest' if name == '_cursor' else 'the column is null there'}"
            )
    return warnings


def _known_fields(warehouse: Warehouse, stream: Stream, model: CleanModel, after: int, through: int) -> list[str]:
    """Fields that records of this stream never had before, where the contract asks."""
    if not asks_for_new_fields(stream) or after == 0:
        return []
    raw = sql.quote_name(model.raw)
    names = f"select distinct unnest(json_keys(payload)) from {raw} where _stream = ? and _log"
    found = warehouse.execute(
        f"({names} > ? and _log <= ?) except ({names} <= ?)",
        (stream.name, after, through, stream.name, after),
    )
    return new_fields(stream, [str(name) for (name,) in found])


def asks_for_new_fields(stream: Stream) -> bool:
    """Whether the contract has a word on them."""
    return bool(stream.contract and stream.contract.new_fields != "allow")


def new_fields(stream: Stream, names: Sequence[str]) -> list[str]:
    """What is said of fields that no record had before. Raises CheckFailed where the contract says so."""
    if not names:
        return []
    what = f"{stream.name}: new fields {', '.join(sorted(names))}"
    if stream.contract and stream.contract.new_fields == "fail":
        raise CheckFailed(f"{what}; the contract says fail. Take them up in `columns` or change the contract.")
    return [what]


def _kept(warehouse: Warehouse, model: CleanModel) -> list[str]:
    """Says where rows were kept because what came was empty or not complete."""
    return kept(model, warehouse.execute("select partition, turn, sum(rows) from _read group by all order by turn"))


def kept(model: CleanModel, read: Sequence[tuple[Any, ...]]) -> list[str]:
    """What is said of a replacing read: its partitions, the turn of each and its rows, in the order of turns."""
    if not read and model.scope == "stream":
        return [f"{model.table}: no run read all of it since; old rows are kept"]
    if not read or model.allow_empty:
        return []
    newest = {partition: (turn, rows) for partition, turn, rows in read}
    if model.scope == "stream":
        last = read[-1][1]
        newest = {partition: found for partition, found in newest.items() if found[0] == last}
        if any(rows for _, rows in newest.values()):
            return []
    names = sorted(partition for partition, (_, rows) in newest.items() if not rows)
    if not names:
        return []
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return [f"{model.table}: nothing came for {', '.join(names[:3])}{more}; old rows are kept (allow_empty is false)"]


def marts(warehouse: Warehouse, source: Source, config: Mapping[str, Any]) -> list[Cleaned]:
    """Makes the tables of ANALYTICS, each after those that it is made of."""
    return [make_mart(warehouse, source, mart, config) for mart in in_order(source.analytics)]


def make_mart(warehouse: Warehouse, source: Source, mart: Mart, config: Mapping[str, Any]) -> Cleaned:
    """Makes one, from what CLEAN holds, in one transaction. Raises WarehouseError; then the old one stays."""
    table, statement = mart.table, mart_statement(mart, config)
    try:
        with warehouse.transaction():
            _is_ours(warehouse, source, table)
            warehouse.execute(statement)
            warehouse.execute('delete from _INGEST_CLEANED where lower("table") = lower(?)', (table,))
            columns = ('"table"', "source", "stream", "log", "definition", "cleaned_at")
            row = (table, source.name, "", 0, mart_definition(statement), datetime.now(UTC).replace(tzinfo=None))
            warehouse.insert("_INGEST_CLEANED", columns, [row])
    except WarehouseError as error:
        raise WarehouseError(f"{source.name}: {table} can't be made, the old one stays: {error}") from None
    rows = warehouse.execute(f"select count(*) from {sql.quote_name(table)}")[0][0]
    return Cleaned(table, rows)


def _is_ours(warehouse: Warehouse, source: Source, table: str) -> None:
    known = warehouse.execute('select source from _INGEST_CLEANED where lower("table") = lower(?)', (table,))
    if known and known[0][0] != source.name:
        raise WarehouseError(f"the table is that of the source {known[0][0]!r}: give one of the two another name")
    if not known and _is_there(warehouse, table):
        raise WarehouseError(
            "there is a table of that name already, and no run made it: give the mart another name, or drop that one"
        )


def mart_statement(mart: Mart, config: Mapping[str, Any]) -> str:
    """What makes it in DuckDB."""
    text = render_text(mart.sql, {"config": config, "ref": sql.quote_name}).strip().rstrip(";")
    return sql.render("duckdb", "mart", mart=sql.MartModel(mart.table, text, mart.description or ""))


def mart_definition(statement: str) -> str:
    """What is remembered of a mart."""
    return f"mart {_hash(statement)}"


def in_order(analytics: Sequence[Mart]) -> list[Mart]:
    """Each after those that it is made of."""
    by_table = {mart.table: mart for mart in analytics}
    order = TopologicalSorter({table: _inside(mart, by_table) for table, mart in by_table.items()})
    return [by_table[table] for table in order.static_order()]


def _inside(mart: Mart, by_table: Mapping[str, Mart]) -> list[str]:
    return [table for table in refs(mart.sql) if table in by_table]
