"""The benchmark measures what it says: a small run of it, and what it makes of wrong records and of figures."""

import argparse
import gzip
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import contestants, orders, report
from benchmarks.__main__ import RESULTS, ROOT, certify, counts, rounds, serving, smaller
from benchmarks.checking import check
from benchmarks.contestants import Contestant
from benchmarks.goals import GOALS, ratio
from benchmarks.measure import Failed
from benchmarks.scenarios import SCENARIOS, Scenario

FEW = 200


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("orders")
    orders.write(folder / "orders.jsonl", FEW)
    certify(folder)
    return folder


def few(name: str) -> Scenario:
    page = min(SCENARIOS[name].page, 50)
    return replace(SCENARIOS[name], records=FEW, page=page, latency_ms=min(SCENARIOS[name].latency_ms, 5))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["A-tls", "B", "C", "D-pages", "E", "F", "G", "H"])
def test_a_scenario_runs_and_gives_the_records_of_its_api(name: str, data: Path) -> None:
    scenario = few(name)
    with serving(scenario, data) as place:
        takers = [contestants.ours(scenario, place), contestants.floor(scenario, place)]
        count, found = rounds(scenario, takers, {"ours": 1, "floor": 1}, data / "orders.jsonl")
    assert count >= FEW
    assert all(one.cpu > 0 and one.wall > 0 and one.peak_mb > 5 for of_one in found.values() for one in of_one)


@pytest.mark.slow
def test_a_list_that_repeats_its_pages_is_counted(data: Path) -> None:
    scenario = replace(few("records-10k"), repeat=3)
    with serving(scenario, data) as place:
        count, _ = rounds(scenario, [contestants.ours(scenario, place)], {"ours": 1}, data / "orders.jsonl")
    assert count == 3 * FEW


@pytest.mark.parametrize("name", ["A", "B", "C", "H"])
def test_the_floor_receives_every_order(name: str, data: Path, tmp_path: Path) -> None:
    scenario = few(name)
    with serving(scenario, data) as place:
        subprocess.run(contestants.floor(scenario, place).prepare(tmp_path), cwd=tmp_path, check=True)
    assert gzip.decompress((tmp_path / "floor.gz").read_bytes()).count(b'"reference"') == FEW


def with_records(found: list[dict[str, Any]]) -> Contestant:
    def records(folder: Path) -> Iterator[dict[str, Any]]:
        return iter(found)

    return Contestant("ours", lambda folder: [], records)


def cut(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return found[:-1]


def twice(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*found, found[3]]


def changed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*found[:-1], found[-1] | {"weight": 1}]


def renumbered(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*found[:-1], found[-1] | {"id": 10**9}]


@pytest.mark.parametrize("how", [cut, twice, changed, renumbered])
def test_a_wrong_record_stops_the_run(
    how: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], data: Path, tmp_path: Path
) -> None:
    sent = [json.loads(line) for line in (data / "orders.jsonl").read_bytes().splitlines()]
    assert check(few("A"), with_records(sent), tmp_path, data / "orders.jsonl") == FEW
    with pytest.raises(Failed):
        check(few("A"), with_records(how(sent)), tmp_path, data / "orders.jsonl")


def test_edited_records_are_told_from_others(data: Path, tmp_path: Path) -> None:
    sent = [json.loads(line) for line in (data / "orders.jsonl").read_bytes().splitlines()]
    with pytest.raises(Failed):
        check(few("E"), with_records(sent), tmp_path, data / "orders.jsonl")


def test_orders_are_the_same_each_time() -> None:
    assert orders.line(7) == orders.line(7) != orders.line(8)
    assert 900 < sum(len(orders.line(number)) for number in range(100)) / 100 < 1200


def test_a_ratio_is_taken_round_by_round() -> None:
    found = {"ours": [{"cpu": 2.0}, {"cpu": 20.0}, {"cpu": 3.0}], "floor": [{"cpu": 1.0}, {"cpu": 10.0}, {"cpu": 1.0}]}
    assert ratio(found, "ours", "floor", "cpu") == 2


def test_the_engines_may_take_part_in_fewer_rounds() -> None:
    takers = [Contestant(name, lambda folder: [], lambda folder: iter(())) for name in ("ours", "floor", "dlt")]
    whole = argparse.Namespace(rounds=0, peer_rounds=0, quick=False)
    assert counts(SCENARIOS["A"], whole, takers) == {"ours": 5, "floor": 5, "dlt": 5}
    fewer = argparse.Namespace(rounds=0, peer_rounds=2, quick=False)
    assert counts(SCENARIOS["A"], fewer, takers) == {"ours": 5, "floor": 5, "dlt": 2}
    quick = argparse.Namespace(rounds=0, peer_rounds=0, quick=True)
    assert counts(SCENARIOS["A"], quick, takers) == {"ours": 3, "floor": 3, "dlt": 1}


def test_a_quick_look_has_no_engines() -> None:
    assert smaller(SCENARIOS["A"]).peers == ("requests", "httpx")
    assert smaller(SCENARIOS["D-pages"]).peers == ()
    assert smaller(SCENARIOS["A"]).requests < SCENARIOS["A"].requests


def test_every_goal_is_of_a_scenario_that_there_is() -> None:
    one = {"cpu": 1.0, "wall": 1.0, "peak_mb": 1.0}
    everyone = {who: [one] for who in ("ours", "floor", "dlt", "airbyte", "singer")}
    measured = {name: {"rounds": everyone, "ideal_seconds": 1.0, "records": 1} for name in SCENARIOS}
    assert [goal.text for goal in GOALS if goal.found(measured) is None] == []
    assert [goal.text for goal in GOALS if goal.found({}) is not None] == []


def test_the_page_says_what_the_results_say() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert report.table(results) in (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
