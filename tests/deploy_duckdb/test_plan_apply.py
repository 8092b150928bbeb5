"""plan, apply, drift on a DuckDB file: each kind of change, its class, and what becomes of the data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.deploy.actions import Action
from tests.deploy_duckdb.place import ITEMS, SPEC, Place, changed

pytestmark = pytest.mark.slow
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """Deployed, with rows."""
    made = Place(tmp_path)
    made.write(SPEC)
    assert made.deploy("apply") == 0
    made.fill(items=ITEMS, gone=[{"id": "g1"}, {"id": "g2", "deleted": True}])
    capsys.readouterr()
    return made


def told(actions: tuple[Action, ...]) -> list[tuple[str, str, str]]:
    return [(each.grade, each.verb, each.name) for each in actions]


def test_plan_apply_plan_is_empty_and_a_second_apply_runs_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write(SPEC)
    assert len(place.plan().actions) == 6
    assert not (tmp_path / "warehouse.duckdb").exists(), "a plan makes no file"
    assert place.deploy("apply") == 0
    assert place.plan().actions == ()
    journal = "select count(*) from _INGEST_DEPLOYMENTS where status = 'done'"
    (before,) = place.ask(journal)
    assert (place.deploy("apply"), place.ask(journal)) == (0, [before])
    assert before == (6,)


def test_what_a_run_makes_is_what_apply_makes(tmp_path: Path) -> None:
    applied, run = Place(tmp_path / "applied"), Place(tmp_path / "run")
    for place in (applied, run):
        place.write(SPEC)
        if place is applied:
            place.deploy("apply")
        place.fill(items=ITEMS, gone=[{"id": "g1"}])
        assert place.plan().actions == ()
    raw = {name: rows for name, rows in applied.contents().items() if not name.startswith("RAW_")}
    assert raw == {name: rows for name, rows in run.contents().items() if not name.startswith("RAW_")}


def new_column(spec: dict[str, Any]) -> None:
    spec["streams"][0]["clean"]["columns"]["note"] = {"from": "note"}


def wider(spec: dict[str, Any]) -> None:
    spec["streams"][0]["clean"]["columns"]["amount"]["type"] = "decimal(12,3)"


def other_type(spec: dict[str, Any]) -> None:
    spec["streams"][0]["clean"]["columns"]["amount"]["type"] = "float"


def no_column(spec: dict[str, Any]) -> None:
    del spec["streams"][0]["clean"]["columns"]["amount"]
    spec["analytics"] = []


def renamed(spec: dict[str, Any]) -> None:
    spec["streams"][1]["clean"]["table"] = "CLN_LEFT"


def no_stream(spec: dict[str, Any]) -> None:
    del spec["streams"][1]


def other_mode(spec: dict[str, Any]) -> None:
    spec["streams"][1]["clean"] |= {"mode": "append", "delete_when": None}
    del spec["streams"][1]["clean"]["delete_when"]


def other_mart(spec: dict[str, Any]) -> None:
    spec["analytics"][0]["sql"] = "select sum(amount) + 1 as total, count(*) as n from {{ ref('CLN_ITEM') }}"


def poorer_mart(spec: dict[str, Any]) -> None:
    spec["analytics"] = [{"table": "ANL_TOTAL", "sql": "select count(*) as n from {{ ref('CLN_ITEM') }}"}]


CHANGES: dict[str, tuple[Change, list[tuple[str, str, str]], list[str]]] = {
    "new column": (new_column, [("safe", "replace", "CLN_ITEM")], []),
    "wider type": (wider, [("safe", "replace", "CLN_ITEM")], []),
    "another type": (other_type, [("guarded", "replace", "CLN_ITEM")], ["--allow", "CLN_ITEM"]),
    "dropped column": (
        no_column,
        [
            ("guarded", "replace", "CLN_ITEM"),
            ("destructive", "drop", "ANL_DOUBLE"),
            ("destructive", "drop", "ANL_TOTAL"),
        ],
        ["--allow", "all", "--destroy", "ANL_TOTAL", "--destroy", "ANL_DOUBLE"],
    ),
    "renamed table": (
        renamed, [("safe", "create", "CLN_LEFT"), ("destructive", "drop", "CLN_GONE")], ["--destroy", "CLN_GONE"]
    ),
    "no stream": (no_stream, [("destructive", "drop", "CLN_GONE")], ["--destroy", "CLN_GONE"]),
    "another mode": (other_mode, [("guarded", "replace", "CLN_GONE")], ["--allow", "CLN_GONE"]),
    "another mart": (other_mart, [("safe", "replace", "ANL_TOTAL")], []),
    "a poorer mart": (
        poorer_mart, [("guarded", "replace", "ANL_TOTAL"), ("destructive", "drop", "ANL_DOUBLE")],
        ["--allow", "ANL_TOTAL", "--destroy", "ANL_DOUBLE"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_has_its_class_and_loses_nothing_unsaid(place: Place, kind: str) -> None:
    change, expected, words = CHANGES[kind]
    before = place.contents()
    place.write(changed(SPEC, change))
    assert told(place.plan().actions) == expected
    waits = any(grade != "safe" for grade, _, _ in expected)
    assert place.deploy("apply") == (1 if any(grade == "guarded" for grade, _, _ in expected) else 0)
    kept = place.contents()
    for grade, _, name in expected:
        if grade != "safe":
            assert kept[name] == before[name], "without a word it stays"
    if waits:
        assert place.deploy("apply", *words) == 0
    assert place.plan().actions == ()
    assert place.contents()["RAW_API_JSON"] == before["RAW_API_JSON"]
    for grade, _, name in expected:
        assert (name in place.contents()) == (grade != "destructive")


def test_a_new_column_is_filled_from_raw(place: Place) -> None:
    place.write(changed(SPEC, new_column))
    assert place.deploy("apply") == 0
    assert place.ask("select id, amount::varchar, note from CLN_ITEM order by id") == [
        (1, "1.10", "a"),
        (2, "2.20", "b"),
    ]
    assert place.ask("select id, tag from CLN_ITEM_TAG order by all") == [(1, "x"), (1, "y")]


def test_a_new_source_is_one_safe_apply_and_touches_nothing_else(place: Place) -> None:
    before = place.contents()
    other = {
        **SPEC,
        "name": "other",
        "streams": [{**SPEC["streams"][1], "clean": {"table": "CLN_NEW"}}],
        "analytics": [],
    }
    place.write(SPEC, other)
    assert {each.grade for each in place.plan().actions} == {"safe"}
    assert place.deploy("apply", "other") == 0
    assert place.plan().actions == ()
    after = place.contents()
    assert {name: rows for name, rows in after.items() if name in before and name != "_INGEST_CLEANED"} == {
        name: rows for name, rows in before.items() if name != "_INGEST_CLEANED"
    }


def test_a_source_that_is_gone_is_dropped_by_name_only(place: Place) -> None:
    place.write({**SPEC, "name": "other", "streams": [{**SPEC["streams"][1], "clean": {"table": "CLN_NEW"}}],
                 "analytics": []})  # fmt: skip
    gone = [each.name for each in place.plan().actions if each.grade == "destructive"]
    assert sorted(gone) == ["ANL_DOUBLE", "ANL_TOTAL", "CLN_GONE", "CLN_ITEM", "CLN_ITEM_TAG", "RAW_API_JSON"]
    assert [each.name for each in place.plan("other").actions if each.grade == "destructive"] == []
    assert place.deploy("apply") == 0
    assert place.ask("select count(*) from RAW_API_JSON") == [(4,)]
    assert place.deploy("apply", *(word for name in gone for word in ("--destroy", name))) == 0
    assert place.plan().actions == ()
    assert not [name for name in place.contents() if "API" in name or "ITEM" in name or "GONE" in name]


@pytest.mark.parametrize("table", ["CLN_ITEM", "ANL_TOTAL"])
def test_what_is_somebody_s_own_is_not_touched(tmp_path: Path, table: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = Place(tmp_path)
    place.write(SPEC)
    place.ask(f"create table {table} as select 42 as mine")
    assert [each for each in told(place.plan().actions) if each[0] == "manual"] == [("manual", "adopt", table)]
    assert place.deploy("apply") == 1
    assert "not the framework's" in capsys.readouterr().out
    assert place.ask(f"select mine from {table}") == [(42,)]
    with pytest.raises(Exception, match="already"):
        place.fill(items=ITEMS)
    assert place.ask(f"select mine from {table}") == [(42,)]


def test_a_saved_plan_is_refused_once_the_file_moved(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.write(changed(SPEC, new_column))
    saved = str(place.folder / "plan.json")
    assert place.deploy("plan", "--out", saved) == 0
    place.fill(items=[{"id": 3, "amount": "3"}])  # makes the table anew
    assert place.deploy("apply", saved) != 0
    assert "was made from another state" in capsys.readouterr().err
    place.write(changed(changed(SPEC, new_column), wider))
    assert place.deploy("plan", "--out", saved) == 0
    assert place.deploy("apply", saved) == 0
    assert place.plan().actions == ()


BY_HAND = {
    "a table dropped": ("drop view CLN_ITEM_TAG; drop table CLN_ITEM", ["safe"]),
    "a column dropped": ("drop view CLN_ITEM_TAG; alter table CLN_ITEM drop column amount", ["safe"]),
    "another type": ("drop view CLN_ITEM_TAG; alter table CLN_ITEM alter amount type varchar", ["safe"]),
    "a view dropped": ("drop view CLN_ITEM_TAG", ["safe"]),
    "a view replaced": ("create or replace view CLN_ITEM_TAG as select 1 as id", ["safe"]),
    "a comment": ("comment on column CLN_ITEM.amount is 'other'", ["safe"]),
    "a mart dropped": ("drop table ANL_TOTAL", ["safe"]),
    "RAW dropped": ("drop table RAW_API_JSON", ["safe"]),
    "a column added": ("alter table CLN_ITEM add column mine integer", ["destructive"]),
}


@pytest.mark.parametrize("what", BY_HAND)
def test_drift_tells_what_was_done_by_hand_and_apply_puts_it_right(
    place: Place, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = place.contents()
    assert place.deploy("drift") == 0
    sql, grades = BY_HAND[what]
    place.ask(sql)
    assert place.deploy("drift") == 1
    assert "changed by hand" in capsys.readouterr().out
    actions = place.plan().actions
    assert [each.grade for each in actions] == grades
    assert place.deploy("apply", *(word for each in actions for word in ("--destroy", each.name))) == 0
    assert place.plan().actions == ()
    assert place.deploy("drift") == 0
    place.run_all()
    after = place.contents()
    assert {name: sorted(map(str, rows)) for name, (_, rows) in after.items() if not name.startswith(("RAW", "_"))} == {
        name: sorted(map(str, rows)) for name, (_, rows) in before.items() if not name.startswith(("RAW", "_"))
    }
    assert len(after["RAW_API_JSON"][1]) == len(before["RAW_API_JSON"][1])


def test_a_run_makes_a_dropped_table_whole_again(place: Place) -> None:
    place.ask("drop view CLN_ITEM_TAG; drop table CLN_ITEM")
    place.fill(items=[{"id": 3, "amount": "3"}])
    assert place.ask("select id from CLN_ITEM order by 1") == [(1,), (2,), (3,)]


def test_a_step_that_fails_leaves_what_was_there(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    failing = {"table": "ANL_TOTAL", "sql": "select error('no') as total from CLN_ITEM"}
    place.write(changed(SPEC, lambda spec: spec["analytics"].__setitem__(0, failing)))
    assert place.deploy("apply", "--allow", "all") != 0
    assert "What was done before stays" in capsys.readouterr().err
    assert place.ask("select total::varchar from ANL_TOTAL") == [("3.30",)]
    assert place.ask("select status, error <> '' from _INGEST_DEPLOYMENTS order by started_at desc limit 1") == [
        ("failed", True)
    ]


def test_a_mart_that_asks_for_what_is_not_there_is_named(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.write(changed(SPEC, lambda spec: spec["analytics"][0].update(sql="select nope from {{ ref('CLN_ITEM') }}")))
    assert place.deploy("plan") != 0
    assert "api: ANL_TOTAL can't be made" in capsys.readouterr().err


def test_the_rendered_sql_makes_what_apply_makes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    applied, rendered = Place(tmp_path / "applied"), Place(tmp_path / "rendered")
    applied.write(SPEC)
    applied.deploy("apply")
    capsys.readouterr()
    rendered.write(SPEC)
    assert rendered.deploy("render") == 0
    rendered.ask(capsys.readouterr().out)
    ours, theirs = applied.contents(), rendered.contents()
    assert {name: columns for name, (columns, _) in ours.items()} == {
        name: columns for name, (columns, _) in theirs.items()
    }
