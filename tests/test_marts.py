"""CLEAN → ANALYTICS: in the order of what each table is made of, whole or not at all."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from framework.errors import WarehouseError
from tests.warehouses.lake import Lake, Read, source, table

Make = Callable[..., Lake]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Lake] = []

    def lake(*marts: dict[str, Any]) -> Lake:
        made.append(Lake(tmp_path, source({"clean": table(columns={"v": "integer"})}, analytics=list(marts))))
        made[-1].add(Read([{"id": 1, "v": 2}, {"id": 2, "v": 3}]))
        made[-1].round()
        return made[-1]

    yield lake
    for each in made:
        each.warehouse.close()


def remake(lake: Lake, **marts: str) -> None:
    """Other marts from now on."""
    streams = [{"clean": table(columns={"v": "integer"})}]
    lake.respec(*streams, analytics=[{"table": name, "sql": sql} for name, sql in marts.items()])


def test_a_mart_is_made_after_those_that_it_is_made_of(make: Make) -> None:
    lake = make(
        {"table": "C", "sql": "select s + (select count(*) from {{ ref('A') }}) as s from {{ ref(\"B\") }};"},
        {"table": "B", "sql": "select sum(v)::int as s from {{ ref('A') }} -- the last line is a comment"},
        {"table": "A", "sql": "select v * {{ config.by }} as v from {{ ref('T') }}", "description": "it's\nA"},
    )
    assert [(made.table, made.rows) for made in lake.marts(by=10)] == [("A", 2), ("B", 1), ("C", 1)]
    assert lake.rows("from C") == [(52,)]
    assert lake.rows("select comment from duckdb_tables() where table_name = 'A'") == [("it's\nA",)]


def test_a_comment_at_the_end_does_not_swallow_the_description(make: Make) -> None:
    lake = make({"table": "A", "sql": "select 1 as x -- one", "description": "of one"})
    lake.marts()
    assert lake.rows("select comment from duckdb_tables() where table_name = 'A'") == [("of one",)]


def test_a_mart_follows_its_tables(make: Make) -> None:
    lake = make({"table": "A", "sql": "select sum(v)::int as s from {{ ref('T') }}"})
    lake.marts()
    lake.add(Read([{"id": 3, "v": 4}]), run="b")
    lake.round()
    lake.marts()
    assert lake.rows("from A") == [(9,)]
    remake(lake, A="select 'other' as o, 1 as columns")
    lake.marts()
    assert lake.rows("from A") == [("other", 1)]


BROKEN = [
    ("select nothing_of_that_name from {{ ref('T') }}", "nothing_of_that_name"),
    ("select * from {{ ref('T') }} where error('late') and v = 3", "late"),
    ("selekt 1", "selekt"),
    ("select 1 / 0 +", "syntax error"),
    ("select " + ", ".join(f"{number} as c{number}" for number in range(2000)) + ", oops", "oops"),
]


@pytest.mark.parametrize(("sql", "says"), BROKEN)
def test_a_mart_that_fails_is_named_and_the_old_one_stays(make: Make, sql: str, says: str) -> None:
    lake = make({"table": "A", "sql": "select 1 as good"}, {"table": "B", "sql": "select 2 as good"})
    lake.marts()
    remake(lake, A="select 3 as good", B=sql)
    with pytest.raises(WarehouseError, match=r"^api: B can't be made, the old one stays: DuckDB refused") as failed:
        lake.marts()
    assert says in str(failed.value)
    assert len(str(failed.value)) < 600
    assert "\n" not in str(failed.value)
    assert (lake.rows("from A"), lake.rows("from B")) == ([(3,)], [(2,)])
