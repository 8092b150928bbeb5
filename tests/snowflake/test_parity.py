"""The same parts through the rendered SQL, on an emulated account, and through DuckDB: the same rows in every table."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from framework.project import find
from tests import shop, test_sources
from tests.snowflake.mirror import ENVIRONMENT, Mirror, mirrored
from tests.snowflake.running import Account
from tests.warehouses.lake import Lake, Read, day, source, table

pytestmark = pytest.mark.slow

Make = Callable[..., tuple[Lake, Mirror]]


@pytest.fixture
def make(tmp_path: Path, account: Account) -> Iterator[Make]:
    opened: list[Any] = []

    def both(stream: dict[str, Any], **more: Any) -> tuple[Lake, Mirror]:
        spec = source(stream, **more)
        lake = Lake(tmp_path, spec)
        folder = tmp_path / "project"
        (folder / "sources").mkdir(parents=True)
        written = {"version": 1, "project": "p", "environments": {"local": {}, "snow": ENVIRONMENT}}
        (folder / "framework.yaml").write_text(json.dumps(written), encoding="utf-8")
        least = {"name": "items", "request": {"path": "/"}, "primary_key": ["id"]}
        text = {"version": 1, "name": "api", "http": {"base_url": "https://x"}, "streams": [least | stream]} | more
        (folder / "sources" / "api.yaml").write_text(json.dumps(text), encoding="utf-8")
        opened.append(mirrored(account, find(folder), "api"))
        return lake, opened[-1].__enter__()

    yield both
    for each in opened:
        each.__exit__(None, None, None)


def step(lake: Lake, mirror: Mirror) -> int:
    """Both up to date, and of one mind. Returns how many rows they hold."""
    lake.round()
    lake.marts()
    connection = lake.warehouse._connection
    mirror.take(lake.stage.root, connection)
    return mirror.check(connection)


CURSOR = {"cursor": "at", "start": "2024-01-01"}
COLUMNS = {"id": "integer", "name": "text", "amount": "decimal(18,2)", "ratio": "float", "ok": "boolean", "day": "date",
           "at": "timestamp", "more": "json"}  # fmt: skip


def record(number: Any, at: str | None = None, **more: Any) -> dict[str, Any]:
    """A record with a value of each type."""
    return {"id": number, "name": f"n{number}", "amount": "12.345", "ratio": 0.5, "ok": True, "day": "2024-02-29",
            "at": at or day(0), "more": {"b": [1, {"c": None}], "a": "x'y\\z"}} | more  # fmt: skip


def test_merge_keeps_the_newest_version_of_each_key(make: Make) -> None:
    stream = {"incremental": CURSOR, "clean": table(columns=COLUMNS, delete_when="gone == `true`")}
    mart = {"table": "ANL_T", "sql": "select ok, count(*) as n, sum(amount) as total from {{ ref('T') }} group by 1"}
    lake, mirror = make(stream, analytics=[mart])
    lake.add(Read([record(1, day(1)), record(2, day(1)), record(1, day(2), name="newer"), record(3, day(1))]), run="r0")
    assert step(lake, mirror) == 4
    lake.add(Read([record(1, day(1), name="late"), record(2, day(3), gone=True), record(4, day(1))]), run="r1")
    lake.add(Read([record(2, day(2), name="older than its end"), record(3, day(1), name="the same cursor")]), run="r2")
    assert step(lake, mirror) == 4
    lake.add(Read([record(2, day(9), name="again")]), run="r3")
    step(lake, mirror)
    assert step(lake, mirror) == 5


def test_values_are_typed_alike(make: Make) -> None:
    numbers = [
        "1",
        2,
        12345678901234567890,
        -3,
        "1.0",
        1.5,
        "x",
        None,
        True,
        "007",
        1e3,
        "99999999999999999999999999999999999999",
    ]
    instants = ["2024-01-31T12:00:00Z", "2024-01-31T12:00:00+02:00", "2024-01-31T12:00:00-0530", "2024-01-31 12:00:00",
                "2024-01-31T12:00:00-05", "2024-01-31", "20240131T120000Z", "20240131", "2024-02-30", "soon",
                1700000000, "2024-01-31T12:00:00.123456Z", "1969-12-31T23:59:59+00:00", None, ""]  # fmt: skip
    lines = [{"id": f"n{i}", "n": n, "d": n, "f": n, "b": n, "s": n} for i, n in enumerate(numbers)]
    lines += [{"id": f"t{i}", "t": t, "y": t} for i, t in enumerate(instants)]
    lines += [{"id": f"b{i}", "b": b} for i, b in enumerate([True, False, "true", "FALSE", "1", 0, 2, "maybe"])]
    columns = {
        "id": "text",
        "n": "integer",
        "d": "decimal(38,2)",
        "f": "float",
        "b": "boolean",
        "t": "timestamp",
        "y": "date",
    }
    lake, mirror = make({"clean": table(columns=columns)})
    lake.add(Read(lines))
    assert step(lake, mirror) == len(lines)


FORMS = [
    ("epoch", [1700000000, "1700000000", -1, 1700000000.5, "x"]),
    ("epoch_ms", [1700000000000, "1700000000001", 10**30]),
    ("epoch_us", [1700000000000001, None]),
    ("%d/%m/%Y %H:%M", ["31/01/2024 12:30", "2024-01-31"]),
    ("%Y-%m-%dT%H:%M:%S%z", ["2024-01-31T12:00:00+0200", "2024-01-31T12:00:00Z"]),
]


@pytest.mark.parametrize("index", range(len(FORMS)), ids=lambda index: str(FORMS[index][0]))
def test_a_cursor_is_read_in_its_form(make: Make, index: int) -> None:
    form, values = FORMS[index]
    stream = {"incremental": CURSOR | {"format": form}, "clean": table(columns={"id": "integer", "at": "timestamp"})}
    lake, mirror = make(stream)
    lake.add(Read([{"id": number, "at": value} for number, value in enumerate(values)]))
    assert step(lake, mirror) == len(values)


@pytest.mark.parametrize("by", ["task", "dynamic_table", "run"])
@pytest.mark.parametrize("mode", ["append", "merge"])
def test_each_way_of_filling_ends_in_the_same_rows(make: Make, mode: str, by: str) -> None:
    stream = {"incremental": CURSOR, "clean": table(mode, COLUMNS, refreshed_by=by),
              "contract": {"type_changes": "quarantine"}}  # fmt: skip
    lake, mirror = make(stream)
    lake.add(Read([record(1, day(1)), record(2, day(1), amount="much"), record(None), record(3, day(2))]), run="r0")
    step(lake, mirror)
    lake.add(Read([record(1, day(3), name="newer"), record(4)]), run="r1")
    assert step(lake, mirror) == (4 if mode == "append" else 3) + (mode == "append")


def test_a_table_without_columns_holds_key_and_record(make: Make) -> None:
    lake, mirror = make({"primary_key": ["id", "of.it"], "clean": table()})
    lake.add(Read([{"id": 1, "of": {"it": "a"}, "x": [1, 2]}, {"id": 1, "of": {"it": "b"}}, {"id": 1}]))
    assert step(lake, mirror) == 2


def test_history_has_a_row_per_version(make: Make) -> None:
    columns = {"id": "integer", "name": "text", "more": "json"}
    stream = {"incremental": CURSOR, "clean": table("history", columns, delete_when="gone")}
    lake, mirror = make(stream)
    lake.add(Read([record(1, day(1)), record(2, day(1)), record(1, day(4), name="later")]), run="r0")
    assert step(lake, mirror) == 3
    lake.add(
        Read([record(1, day(2), name="late"), record(1, day(3), name="late"), record(2, day(5), gone=True)]), run="r1"
    )
    step(lake, mirror)
    lake.add(Read([record(2, day(6), name="back"), record(3, day(1), more=None), record(None, day(1))]), run="r2")
    assert step(lake, mirror) == 6


def test_history_without_a_cursor_goes_by_the_run(make: Make) -> None:
    lake, mirror = make({"clean": table("history")})
    for number, names in enumerate(["ab", "aB", "AB", "AB"]):
        started = shop.BORN.replace(year=2026, month=1 + number)
        lake.add(Read([{"id": i, "name": name} for i, name in enumerate(names)]), run=f"r{number}", started=started)
        step(lake, mirror)
    assert step(lake, mirror) == 4


@pytest.mark.parametrize("allow_empty", [False, True])
def test_replace_takes_the_last_complete_read(make: Make, allow_empty: bool) -> None:
    lake, mirror = make({"clean": table("replace", {"id": "integer", "name": "text"}, allow_empty=allow_empty)})
    lake.add(Read([record(1), record(2), record(2, name="again")]), run="r0")
    lake.close("r0")
    assert step(lake, mirror) == 2
    lake.add(Read([record(3)]), run="r1")
    step(lake, mirror)  # not closed
    lake.close("r1", planned=2, done=1)
    step(lake, mirror)
    lake.add(Read([record(4), record(5), record(6)]), run="r2")
    lake.close("r2")
    assert step(lake, mirror) == 3
    lake.add(Read([]), run="r3")
    lake.close("r3")
    assert step(lake, mirror) == (0 if allow_empty else 3)


def test_replace_by_partition_gives_a_key_to_its_newest_partition(make: Make) -> None:
    clean = table("replace", {"id": "integer", "name": "text"}, scope="partition")
    stream = {"for_each": {"values": ["p", "q"], "as": "of"}, "clean": clean}
    lake, mirror = make(stream)
    p, q = {"of": "p"}, {"of": "q"}
    lake.add(Read([record(1, name="p"), record(2)], p), Read([record(3)], q), run="r0")
    assert step(lake, mirror) == 3
    lake.add(Read([record(1, name="q"), record(3)], q), run="r1")
    assert step(lake, mirror) == 3
    lake.add(Read([record(3)], q), run="r2")
    assert step(lake, mirror) == 3  # 1 is p's again
    lake.add(Read([], p), Read([record(9)], q, status="skipped"), run="r3")
    assert step(lake, mirror) == 3


CHILDREN = {
    "C_LINE": {"from": "order.lines", "ordinal": "line", "columns": {
        name: {"from": name, "type": kind} for name, kind in COLUMNS.items() if name != "id"}},
    "C_TAG": {"from": "tags", "columns": {"tag": {"from": "@"}}},
    "C_WHOLE": {"from": "order.lines"},
}  # fmt: skip


def ordered(number: Any, at: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": number, "at": at, "order": {"lines": list(lines)}, "tags": ["x", f"y{number}", None]} | more


@pytest.mark.parametrize("way", ["merge", "merge dynamic_table", "append", "append run", "history", "replace"])
def test_child_tables_hold_the_same_rows(make: Make, way: str) -> None:
    """Before and after the records change, are deleted and come back; with values of every type, and none that is a
    list."""
    mode, _, by = way.partition(" ")
    more: dict[str, Any] = {"refreshed_by": by} if by else {}
    more |= {"delete_when": "gone"} if mode in ("merge", "history") else {}
    columns = {"id": "integer"}
    stream: dict[str, Any] = {"clean": table(mode, columns, child_tables=CHILDREN, **more)}
    stream |= {"for_each": {"values": ["p", "q"], "as": "of"}} if mode == "replace" else {"incremental": CURSOR}
    stream["clean"] |= {"scope": "partition"} if mode == "replace" else {}
    mart = {"table": "ANL_N", "sql": "select tag, count(*) as n from {{ ref('C_TAG') }} group by 1"}
    lake, mirror = make(stream, analytics=[mart])
    p = {"of": "p"} if mode == "replace" else {}
    lines = [record(1), record("x", name="no number", amount=1.5, more=[]), {}, {"name": None, "amount": "1e2"}]
    first = [ordered(1, day(1), *lines), ordered(2, day(1), tags="none"), {"id": 3, "at": day(1), "tags": {"a": 1}}]
    lake.add(Read(first, p), run="r0")
    assert step(lake, mirror) > 10
    lake.add(Read([ordered(1, day(2), record(9)), ordered(2, day(2), gone=True), ordered(4, day(2))], p), run="r1")
    step(lake, mirror)
    lake.add(Read([ordered(1, day(1), record(7)), ordered(2, day(3), record(8))], p), run="r2")
    step(lake, mirror)
    found = lake.rows("select id, count(*) from C_LINE group by 1 order by 1")
    assert found == {"merge": [(1, 1), (2, 1)], "append": [(1, 6), (2, 1)], "history": [(1, 2), (2, 1)],
                     "replace": [(1, 1), (2, 1)]}[mode]  # fmt: skip


# The shipped sources


def settled(folder: Path) -> None:
    """The project gets an environment in Snowflake beside its local one."""
    path = folder / "framework.yaml"
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("{"):
        settings = json.loads(text)
        settings["environments"]["snow"] = ENVIRONMENT | {"sources": settings["environments"]["local"]["sources"]}
        path.write_text(json.dumps(settings), encoding="utf-8")
    else:
        path.write_text(f"{text}\n  snow: {json.dumps(ENVIRONMENT)}\n", encoding="utf-8")


SOURCES = [
    ("pokeapi", "https://pokeapi.co", "{}", ["2025-06-01T04:00:00"]),
    ("frankfurter", "https://api.frankfurter.dev", "{start_date: '2025-06-06'}", ["2025-06-09T05:30:00"]),
    ("github", "https://api.github.com",
     '{org: octo-org, repos: [octo-org/hello-world, octo-org/gone], start_date: "2025-05-01"}',
     ["2025-06-09T12:00:00", "2025-06-10T12:00:00"]),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(SOURCES)), ids=lambda index: SOURCES[index][0])
def test_a_shipped_source_ends_in_the_same_tables(tmp_path: Path, account: Account, index: int) -> None:
    name, address, config, moments = SOURCES[index]
    case = test_sources.started(name, address, tmp_path, config)
    try:
        settled(tmp_path)
        with mirrored(account, find(tmp_path), name) as mirror:
            for moment in moments:
                case.run(moment)
                with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
                    mirror.take(tmp_path / "stage", connection)
                    assert mirror.check(connection) > 3
    finally:
        test_sources.stopped(case)


def test_the_shop_ends_in_the_same_tables_before_and_after_it_changed(tmp_path: Path, account: Account) -> None:
    credentials, folder = tmp_path / "shop", tmp_path / "project"
    with shop.played(credentials) as address:
        shop.project(folder, address, credentials)
        settled(folder)
        assert test_sources.failed(shop.read(folder)) == []
    with mirrored(account, find(folder), "shop") as mirror:
        taken(mirror, folder)
        with shop.played(credentials, shop.CHANGED) as address:
            shop.project(folder, address, credentials)
            assert test_sources.failed(shop.read(folder)) == []
        taken(mirror, folder)


def taken(mirror: Mirror, folder: Path) -> None:
    with duckdb.connect(str(folder / ".data/warehouse.duckdb"), read_only=True) as connection:
        mirror.take(folder / ".data/stage", connection)
        assert mirror.check(connection) > 100
