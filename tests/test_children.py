"""Child tables: a row for each element of a nested array, in every mode, always as the record's own table has it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from framework.errors import CheckFailed, WarehouseError
from tests.warehouses.lake import Lake, Read, day, source, table

Make = Callable[..., Lake]
CURSOR = {"cursor": "at", "start": "2024-01-01"}
LINES = {"C": {"from": "lines", "columns": {"sku": {"from": "sku"}, "quantity": {"from": "of.n", "type": "integer"}}}}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Lake] = []

    def one(*streams: dict[str, Any], **more: Any) -> Lake:
        made.append(Lake(tmp_path / str(len(made)), source(*streams, **more)))
        return made[-1]

    yield one
    for lake in made:
        lake.warehouse.close()


def order(number: Any, *skus: str, at: str | None = None, **more: Any) -> dict[str, Any]:
    """An order with a line for each."""
    lines = [{"sku": sku, "of": {"n": index}} for index, sku in enumerate(skus)]
    return {"id": number, "at": at or day(0), "lines": lines} | more


def children(lake: Lake, columns: str = "id, ordinal, sku, quantity", name: str = "C") -> list[tuple[Any, ...]]:
    return sorted(lake.rows(f"select {columns} from {name}"), key=repr)


ID = {"id": "integer"}


def test_each_element_of_a_record_is_a_row(make: Make) -> None:
    lake = make({"clean": table(columns=ID, child_tables=LINES)})
    lake.add(Read([order(1, "a", "b"), order(2), {"id": 3}, {"id": 4, "lines": None}, order(5, "a")]))
    assert lake.round().warnings == []
    assert children(lake) == [(1, 1, "a", 0), (1, 2, "b", 1), (5, 1, "a", 0)]
    assert children(lake, "_part, _row") == sorted(lake.rows("select _part, _row from T, unnest([1]) where id = 5")
        + 2 * lake.rows("select _part, _row from T where id = 1"), key=repr)  # fmt: skip
    described = [row[:2] for row in lake.rows("describe C")]
    assert described == [("id", "HUGEINT"), ("ordinal", "BIGINT"), ("sku", "VARCHAR"), ("quantity", "HUGEINT"),
                         ("_part", "VARCHAR"), ("_row", "BIGINT")]  # fmt: skip


def test_a_newer_version_takes_the_place_of_its_elements_too(make: Make) -> None:
    clean = table(columns=ID, child_tables=LINES, delete_when="gone")
    lake = make({"incremental": CURSOR, "clean": clean})
    lake.add(Read([order(1, "a", "b"), order(2, "x")]), run="r0")
    lake.round()
    lake.add(Read([order(1, "c", at=day(2)), order(2, at=day(2), gone=True)]), run="r1")
    lake.add(Read([order(1, "late", "later", at=day(1))]), run="r2")
    lake.round()
    assert children(lake) == [(1, 1, "c", 0)]
    before = children(lake, "*")
    lake.anew()
    assert children(lake, "*") == before


def test_append_keeps_the_elements_of_every_record(make: Make) -> None:
    lake = make({"primary_key": None, "clean": table("append", {"name": "text"}, child_tables=LINES)})
    for run in ("r0", "r1"):
        lake.add(Read([order(1, "a", "b")]), run=run)
        lake.round()
    assert children(lake, "ordinal, sku") == [(1, "a"), (1, "a"), (2, "b"), (2, "b")]
    assert len(set(children(lake, "_part, _row, ordinal"))) == 4


def test_replace_leaves_the_elements_of_the_last_read(make: Make) -> None:
    clean = table("replace", ID, child_tables=LINES, scope="partition")
    lake = make({"for_each": {"values": ["p", "q"], "as": "of"}, "clean": clean})
    p, q = {"of": "p"}, {"of": "q"}
    lake.add(Read([order(1, "p"), order(2, "p", "p")], p), Read([order(3, "q")], q), run="r0")
    lake.round()
    lake.add(Read([order(1, "q", "q")], q), run="r1")
    lake.round()
    assert children(lake, "id, sku") == [(1, "q"), (1, "q"), (2, "p"), (2, "p")]
    lake.add(Read([order(3)], q), run="r2")
    lake.round()
    assert children(lake, "id, sku") == [(1, "p"), (2, "p"), (2, "p")], "the shadowed record is back with its own"


def test_history_has_the_elements_of_each_version(make: Make) -> None:
    lake = make({"incremental": CURSOR, "clean": table("history", ID, child_tables=LINES)})
    lake.add(Read([order(1, "a"), order(1, "a", at=day(1)), order(1, "a", "b", at=day(2))]))
    lake.round()
    columns = "valid_from::date::varchar, is_current, ordinal, sku"
    assert children(lake, columns) == [
        ("2026-01-01", False, 1, "a"), ("2026-01-03", True, 1, "a"), ("2026-01-03", True, 2, "b"),
    ]  # fmt: skip


VALUES = [
    ('1.10', "text", "1.10"), ('12345678901234567890', "text", "12345678901234567890"), ('"x\\"y"', "text", 'x"y'),
    ('0.12345678901234567890', "decimal(38,20)", "0.12345678901234567890"), ('1e3', "integer", "1000"),
    ('"2024-02-29"', "date", "2024-02-29"), ('"2024-02-29T12:00:00+02:00"', "timestamp", "2024-02-29 10:00:00"),
    ('true', "boolean", "true"), ('0.5', "float", "0.5"), ('{"a":[1.50,null]}', "json", '{"a":[1.50,null]}'),
    ('null', "text", None), ('[1]', "text", "[1]"),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(VALUES)))
@pytest.mark.parametrize("field", ["v", "@"])
def test_values_are_those_of_the_record(make: Make, field: str, index: int) -> None:
    """Numbers keep how they were written, inside elements and as elements."""
    text, kind, wanted = VALUES[index]
    element = text if field == "@" else f'{{"v":{text},"w":2.50}}'
    columns = {"value": {"from": field, "type": kind}}
    lake = make(
        {"clean": table(columns=ID, child_tables={"C": {"from": "a.b", "columns": columns, "ordinal": "place"}})}
    )
    lake.add(Read([f'{{"id":1,"a":{{"b":[0,{element}]}}}}']))
    lake.round()
    assert children(lake, "place, value::varchar")[-1] == (2, wanted)


def test_without_columns_the_element_is_there_whole(make: Make) -> None:
    lake = make({"clean": table(child_tables={"C": {"from": "lines"}})})
    lake.add(Read(['{"id":1,"lines":[{"b":1.10,"a":null},7]}']))
    lake.round()
    assert children(lake, "id, ordinal, payload::varchar") == [("1", 1, '{"b":1.10,"a":null}'), ("1", 2, "7")]


def test_what_does_not_fit_is_said(make: Make) -> None:
    """No array where one is expected, and values of elements."""
    stream = {"clean": table(columns=ID, child_tables=LINES)}
    records = [{"id": 1, "lines": {"sku": "a"}}, {"id": 2, "lines": [{"of": {"n": "many"}}, {"of": {"n": 2}}]}]
    lake = make(stream)
    lake.add(Read(records))
    assert lake.round().warnings == [
        "T: 1 records whose 'lines' does not fit its type; the column is null there",
        "C: 1 rows whose 'quantity' does not fit its type; the column is null there",
    ]
    assert children(lake) == [(2, 1, None, None), (2, 2, None, 2)]
    strict = make(stream | {"contract": {"type_changes": "fail"}})
    strict.add(Read(records[1:]))
    with pytest.raises(CheckFailed, match="C: 1 rows whose 'quantity' does not fit its type; the contract says fail"):
        strict.round()
    kept_out = make(stream | {"contract": {"type_changes": "quarantine"}})
    kept_out.add(Read(records))
    kept_out.round()
    assert kept_out.rows("select id from T") == [(2,)], "a record whose array is none is kept out"


def test_a_mart_is_made_of_a_child_table(make: Make) -> None:
    mart = {"table": "ANL_SKU", "sql": "select sku, count(*) as orders from {{ ref('C') }} group by 1"}
    lake = make({"clean": table(columns=ID, child_tables=LINES)}, analytics=[mart])
    lake.add(Read([order(1, "a", "b"), order(2, "a")]))
    lake.round()
    lake.marts()
    assert sorted(lake.rows("select * from ANL_SKU")) == [("a", 2), ("b", 1)]


def test_another_spec_leaves_no_old_view_behind(make: Make) -> None:
    lake = make({"clean": table(columns=ID, child_tables=LINES)})
    lake.add(Read([order(1, "a")]))
    lake.round()
    lake.respec({"clean": table(columns=ID, child_tables={"D": LINES["C"]})})
    lake.clean()
    views = "select view_name from duckdb_views() where not internal order by 1"
    assert lake.rows(views) == [("D",)]
    assert children(lake, name="D") == [(1, 1, "a", 0)]
    lake.respec({"clean": table(columns=ID)})
    lake.clean()
    assert lake.rows(views) == []
    assert lake.rows('select "table" from _INGEST_CLEANED') == [("T",)]


def test_a_table_may_become_a_child_table_and_a_child_table_a_table(make: Make) -> None:
    both = {"name": "others", "clean": table(columns=ID) | {"table": "C"}}
    first = {"clean": table(columns=ID, child_tables=LINES)}
    lake = make(first)
    lake.add(Read([order(1, "a")]))
    lake.round()
    lake.respec({"clean": table(columns=ID)}, both)
    for name in ("others", "items"):
        lake.clean(name)
    assert lake.rows("select * from C") == []
    lake.respec(first)
    with pytest.raises(WarehouseError, match="there is a table C already, and cleaning did not make it as a child"):
        lake.clean()


def test_a_child_table_moves_to_another_stream(make: Make) -> None:
    lake = make({"clean": table(columns=ID, child_tables=LINES)}, {"name": "others"})
    lake.add(Read([order(1, "a")]))
    lake.round()
    lake.respec(
        {"clean": table(columns=ID)},
        {"name": "others", "clean": table(columns=ID, child_tables=LINES) | {"table": "O"}},
    )
    lake.clean("others")
    lake.clean("items")
    assert children(lake) == []
    assert lake.rows("select \"table\", stream from _INGEST_CLEANED where definition = 'view'") == [("C", "others")]
