"""What must hold when a run is over, and that it is seen where it does not."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from framework.check import Check
from tests.warehouses.lake import AT, Lake, Read, day, source, table


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    made = Lake(tmp_path, source({"clean": table(columns={"v": "text"})}, {"name": "others"}))
    made.add(Read([{"id": 1, "v": 1}, {"id": 2, "v": 1}]))
    made.add(Read([{"id": 3}]), run="b")
    made.add(Read([{"id": 1}]), stream="others")
    made.round()
    made.load("others")
    yield made
    made.warehouse.close()


def found(lake: Lake, stream: str = "items", **at: Any) -> list[tuple[str, bool, str]]:
    return [(check.name, check.passed, check.found) for check in lake.check(stream, **at)]


COUNTS = "rows in RAW = rows in manifests"


def test_raw_holds_what_the_manifests_say(lake: Lake) -> None:
    assert lake.check() == [Check("items", COUNTS, True, "all parts")]
    assert lake.check("others") == [Check("others", COUNTS, True, "all parts")]


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        ("delete from RAW_API_JSON where _part like '%-a-0000%' and _row = 2", "part-items-a-0000.jsonl.gz: 1 of 2"),
        ("delete from RAW_API_JSON where _log = 2", "part-items-b-0001.jsonl.gz: 0 of 1"),
        ("insert into RAW_API_JSON from RAW_API_JSON where _log = 2", "part-items-b-0001.jsonl.gz: 2 of 1"),
        ("update RAW_API_JSON set _part = 'z' where _log = 2", "part-items-b-0001.jsonl.gz: 0 of 1"),
        ("delete from _INGEST_PARTS where rows = 1 and stream = 'items'", "part-items-b-0001.jsonl.gz: 1 of 0"),
    ],
)  # fmt: skip
def test_rows_that_were_removed_or_added_by_hand_are_seen(lake: Lake, harm: str, says: str) -> None:
    lake.warehouse.execute(harm)
    (check,) = lake.check()
    assert not check.passed
    assert check.found.endswith(says)
    assert lake.check("others")[0].passed


def test_nulls_and_doubles_are_counted(lake: Lake) -> None:
    rules = {"not_null": ["id", "v"], "unique": ["v"]}
    lake.respec({"clean": table(columns={"v": "text"}), "checks": rules})
    assert found(lake)[1:] == [
        ("id is never null", True, "0 nulls"),
        ("v is never null", False, "1 nulls"),
        ("v is unique", False, "1 doubles"),
    ]
    lake.respec({"clean": table(columns={"v": "text"}), "checks": {"unique": ["id", "v"]}})
    assert found(lake)[1:] == [("id, v is unique", True, "0 doubles")]


def test_in_a_history_current_rows_are_unique(lake: Lake) -> None:
    lake.respec({"clean": table("history", {"v": "text"}), "checks": {"unique": ["id"]}})
    lake.add(Read([{"id": 1, "v": 2}]), run="c", started=AT + timedelta(days=1))
    assert lake.round().rows == 4
    assert found(lake)[1:] == [("id is unique", True, "0 doubles")]


def test_a_table_that_was_never_cleaned_fails_and_says_so(lake: Lake) -> None:
    lake.respec({"clean": table(columns={"v": "text"}, table="T2"), "checks": {"not_null": ["v"]}})
    assert found(lake)[1:] == [("there is a table T2", False, "clean first")]


def test_freshness_of_the_load_is_that_of_the_newest_part(lake: Lake) -> None:
    lake.respec({"checks": {"freshness": {"max": "6h"}}}, {"name": "others"}, {"name": "none"} | lake_checks())
    lake.close("c", planned=1, done=0)
    lake.load(now=AT + timedelta(hours=5))  # a run that failed brought nothing
    label = "load is no older than 6h"
    assert found(lake, now=AT + timedelta(hours=6))[1:] == [(label, True, "6h old")]
    assert found(lake, now=AT + timedelta(hours=7))[1:] == [(label, False, "7h old")]
    assert found(lake, "none")[1:] == [(label, False, "nothing there yet")]


def lake_checks() -> dict[str, Any]:
    return {"checks": {"freshness": {"max": "6h"}}}


@pytest.mark.parametrize("form", ["iso8601", "epoch", "epoch_ms"])
def test_freshness_of_the_cursor(lake: Lake, form: str) -> None:
    at = {"iso8601": "2026-01-03T02:00:00+02:00", "epoch": 1767398400, "epoch_ms": "1767398400000"}[form]
    lake.respec(
        {
            "clean": table(columns={"v": "text"}),
            "incremental": {"cursor": "at", "start": "2024-01-01", "format": form},
            "checks": {"freshness": {"of": "cursor", "max": "1d"}},
        }
    )
    lake.add(Read([{"id": 1, "at": at}]), run="c")
    lake.round()
    label = "cursor is no older than 1d"
    assert found(lake, now=AT + timedelta(days=2, hours=1))[1:] == [(label, True, "1h old")]
    assert found(lake, now=AT + timedelta(days=3, hours=1))[1:] == [(label, False, "1d1h old")]
    assert found(lake, now=AT)[1:] == [(label, True, "0s old")]
    assert day(2).startswith("2026-01-03")
