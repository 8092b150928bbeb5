"""Runs and their steps as the command line offers them."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from framework import __version__
from framework.cli import VERBS, main
from framework.run import new_run_id
from tests.api import Answer, Api, Seen, framework, project, raw, rows, serving, spec

pytestmark = pytest.mark.slow

DAYS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(10)]
TIMED = {
    "request": {"path": "/items", "params": {"since": "{{ window.start }}", "until": "{{ window.end }}"}},
    "incremental": {"cursor": "at", "start": "2026-01-01", "window": "1d", "lookback": "1h"},
    "clean": {
        "table": "CLN_ITEM",
        "columns": {"item_id": {"from": "id", "type": "integer"}, "at": {"from": "at", "type": "timestamp"}},
    },
}
CHILD = {
    "name": "details",
    "for_each": {"stream": "items", "as": "item", "only_changed": True},
    "request": {"path": "/items/{{ item.id }}"},
    "records": {"path": "@", "add": {"item_id": "{{ item.id }}"}},
    "primary_key": ["item_id"],
    "clean": {"table": "CLN_DETAIL", "mode": "replace", "scope": "partition"},
}


class Items:
    """One item a day, and its details."""

    def __init__(self) -> None:
        self.at = dict(enumerate(DAYS))
        self.broken: set[str] = set()

    def __call__(self, seen: Seen) -> Any:
        if seen.path in self.broken:
            return Answer(b"", 400)
        if seen.path != "/items":
            return {"seen": len(seen.path)}
        since, until = (datetime.fromisoformat(seen.params[name]) for name in ("since", "until"))
        found = [{"id": number, "at": f"{at:%FT%TZ}"} for number, at in self.at.items() if since <= at < until]
        return {"items": found}


def source(api: Api, *streams: dict[str, Any]) -> dict[str, Any]:
    """Items, their details, and a mart."""
    mart = {"table": "ANL_COUNT", "sql": "select count(*) as n from {{ ref('CLN_ITEM') }}"}
    return spec(api.address, *(streams or (TIMED, CHILD)), analytics=[mart])


def ids(folder: Path) -> list[int]:
    """The items in CLEAN."""
    return [number for (number,) in rows(folder, "select item_id from CLN_ITEM order by 1")]


def test_the_steps_one_by_one_come_to_what_run_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Items()) as api:
        whole, steps = project(tmp_path / "a", source(api)), project(tmp_path / "b", source(api))
        assert framework(whole, "run", "api") == 0
        for stream in ("items", "details"):
            capsys.readouterr()
            assert framework(steps, "plan", "api", "--stream", stream) == 0
            run = re.search(r"^run ([0-9a-z]{26})$", capsys.readouterr().out, re.M)
            assert run
            for _ in range(2):  # the second time there is nothing left to do
                assert framework(steps, "extract", "api", "--stream", stream, "--run", run[1]) == 0
        for verb in ("load", "load", "clean", "clean", "check"):
            assert framework(steps, verb, "api") == 0
    for query in ('select item_id, "at" from CLN_ITEM', "select item_id, payload from CLN_DETAIL", "from ANL_COUNT"):
        assert sorted(rows(whole, query)) == sorted(rows(steps, query))
    assert sorted(raw(whole)) == sorted(raw(steps))
    assert ids(whole) == list(range(10))


def test_a_dry_run_sends_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Items()) as api:
        project(tmp_path, source(api))
        assert framework(tmp_path, "run", "api", "--dry-run", "--until", "2026-01-03") == 0
        assert api.seen == []
    said = capsys.readouterr().out
    assert "items: 2 slices" in said
    assert "/items?since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z" in said
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix not in (".yaml",)]


def test_a_limit_reads_a_few_and_moves_no_position(tmp_path: Path) -> None:
    with serving(Items()) as api:
        project(tmp_path, source(api))
        assert framework(tmp_path, "run", "api", "--stream", "items", "--limit", "3") == 0
        assert len(raw(tmp_path)) == 3
        assert framework(tmp_path, "run", "api") == 0
    assert ids(tmp_path) == list(range(10))


def test_a_backfill_reads_its_range_again_and_leaves_the_position(tmp_path: Path) -> None:
    items = Items()
    with serving(items) as api:
        project(tmp_path, source(api))
        assert framework(tmp_path, "run", "api") == 0
        before = len(api.seen)
        items.at[77] = DAYS[2] + timedelta(hours=5)  # a record that came far too late
        assert framework(tmp_path, "run", "api", "--since", "2026-01-03", "--until", "2026-01-04") == 0
        windows = {seen.params["since"][:10] for seen in api.seen[before:] if seen.path == "/items"}
        assert windows == {"2026-01-03"}
        assert 77 in ids(tmp_path)
        assert "/items/77" in api.paths()[before:]
        assert "/items/5" not in api.paths()[before:]
        before = len(api.seen)
        assert framework(tmp_path, "run", "api") == 0
        assert api.paths()[before:].count("/items") == 1  # the newest hour again: the position stayed where it was
        assert {*api.paths()[before:]} == {"/items", "/items/2", "/items/77"}  # a child's position stayed too


def test_a_full_refresh_reads_all_again(tmp_path: Path) -> None:
    with serving(Items()) as api:
        project(tmp_path, source(api, TIMED))
        assert framework(tmp_path, "run", "api") == 0
        first = len(api.seen)
        assert framework(tmp_path, "run", "api", "--full-refresh") == 0
        assert len(api.seen) >= 2 * first
    assert len(raw(tmp_path)) == 20
    assert ids(tmp_path) == list(range(10))


def test_another_cursor_stops_with_a_choice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Items()) as api:
        project(tmp_path, source(api, TIMED))
        assert framework(tmp_path, "run", "api") == 0
        changed = TIMED | {"incremental": TIMED["incremental"] | {"cursor": "changed_at"}}  # type: ignore[operator]
        project(tmp_path, source(api, changed))
        assert framework(tmp_path, "run", "api") == 1
    said = capsys.readouterr().err
    assert "api.items: the spec changed" in said
    assert "--full-refresh" in said


def test_a_failed_window_is_read_again_and_holds_back_no_other(tmp_path: Path) -> None:
    items = Items()
    bad = [True]

    def answer(seen: Seen) -> Any:
        if bad[0] and seen.params.get("since", "").startswith("2026-01-04"):
            return Answer(b"", 400)
        return items(seen)

    with serving(answer) as api:
        project(tmp_path, source(api, TIMED))
        assert framework(tmp_path, "run", "api") == 1
        assert ids(tmp_path) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
        bad[0] = False
        before = len(api.seen)
        assert framework(tmp_path, "run", "api") == 0
        assert any(seen.params["since"] == "2026-01-03T23:00:00Z" for seen in api.seen[before:])
        assert len(api.seen) - before <= 4
    assert ids(tmp_path) == list(range(10))


def test_a_child_that_failed_yesterday_catches_up_on_yesterdays_parents(tmp_path: Path) -> None:
    items = Items()
    items.broken = {"/items/3", "/items/4"}
    with serving(items) as api:
        project(tmp_path, source(api))
        assert framework(tmp_path, "run", "api") == 1
        assert len(rows(tmp_path, "select 1 from CLN_DETAIL")) == 8
        items.broken = {"/items/4"}
        assert framework(tmp_path, "run", "api") == 1
        items.broken = set()
        before = len(api.seen)
        assert framework(tmp_path, "run", "api") == 0
        assert [path for path in api.paths()[before:] if path != "/items"] == ["/items/4"]
    assert len(rows(tmp_path, "select 1 from CLN_DETAIL")) == 10


def test_a_child_added_later_follows_all_parents_from_the_log(tmp_path: Path) -> None:
    with serving(Items()) as api:
        project(tmp_path, source(api, TIMED))
        assert framework(tmp_path, "run", "api") == 0
        project(tmp_path, source(api))
        before = len(api.seen)
        assert framework(tmp_path, "run", "api", "--stream", "details") == 0
        assert len(api.seen) - before == 10
    assert len(rows(tmp_path, "select 1 from CLN_DETAIL")) == 10


def test_every_run_is_kept_with_what_it_did(tmp_path: Path) -> None:
    items = Items()
    items.broken = {"/items/3"}
    with serving(items) as api:
        project(tmp_path, source(api))
        framework(tmp_path, "run", "api")
        items.broken = set()
        framework(tmp_path, "run", "api")
    kept = rows(tmp_path, "select status, requests, records, report::varchar from _INGEST_RUNS order by started_at")
    assert [row[0] for row in kept] == ["failed", "ok"]
    report = json.loads(kept[0][3])
    assert report["streams"]["details"]["failed"] == 1
    assert "/items/3" in report["streams"]["details"]["errors"][0]


def test_the_layout_of_the_stage_is_as_promised(tmp_path: Path) -> None:
    with serving(Items()) as api:
        project(tmp_path, source(api))
        assert framework(tmp_path, "run", "api") == 0
    stage = tmp_path / ".data" / "stage"
    parts = [str(path.relative_to(stage)) for path in stage.rglob("*.gz")]
    pattern = (
        r"ingest/source=api/dt=\d{4}-\d\d-\d\d/hour=\d\d/part-(items|details)-[0-9a-z]{26}-[0-9a-f]{8}-\d{4}.jsonl.gz"
    )
    assert len(parts) == 2
    assert all(re.fullmatch(pattern, part) for part in parts), parts
    assert {path.name for path in (stage / "ingest" / "source=api").iterdir()} == {parts[0].split("/")[2]}


@pytest.mark.parametrize("source_name", ["nothing", "api.yml"])
def test_an_unknown_source_is_said(tmp_path: Path, source_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert framework(tmp_path, "run", source_name) == 1
    assert source_name in capsys.readouterr().err


def test_an_unknown_stream_names_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project(tmp_path, spec("http://127.0.0.1:9", {}))
    assert framework(tmp_path, "run", "api", "--stream", "item") == 1
    assert "Did you mean 'items'?" in capsys.readouterr().err


def test_an_invalid_spec_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project(tmp_path, spec("http://127.0.0.1:9", {"pagintion": {}}))
    assert framework(tmp_path, "run", "api") == 1
    assert re.search(r"api\.yaml:\d+:\d+: E101 .*Did you mean 'pagination'", capsys.readouterr().err)


def test_run_ids_sort_by_time() -> None:
    made = [new_run_id(day) for day in DAYS]
    assert made == sorted(made)
    assert all(re.fullmatch("[0-9a-z]{26}", name) for name in made)


@pytest.mark.parametrize("words", [["--help"], *([verb, "--help"] for verb in VERBS)])
def test_every_verb_has_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert "usage: framework" in said
    undescribed = [line for line in said.splitlines() if re.match(r"  --?\w[\w-]*( [A-Z]+)?$", line)]
    following = [said.splitlines()[said.splitlines().index(line) + 1] for line in undescribed]
    assert all(line.startswith("      ") for line in following)


def test_the_version_and_wrong_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"framework {__version__}\n"
    with pytest.raises(SystemExit) as caught:
        main(["fly"])
    assert caught.value.code == 2
    assert main([]) == 2


def test_help_imports_nothing_heavy() -> None:
    script = "import sys; from framework.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    script += "print([name for name in ('pydantic', 'duckdb', 'httpx', 'jinja2', 'rich') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_ctrl_c_while_a_verb_is_still_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("framework.cli.import_module", interrupted)
    assert main(["run", "x"]) == 130
    assert "Stopped." in capsys.readouterr().err
