"""An apply that dies after any of its statements, and is run again, leaves what an undisturbed one leaves."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from framework.deploy.actions import Action
from framework.deploy.live import Live
from framework.deploy.on_snowflake import SnowflakeTarget
from tests.snowflake.deploying import SPEC, Site, site
from tests.snowflake.running import ROOT, Account

pytestmark = pytest.mark.slow
Spec = dict[str, Any]
KILLED = -9


def apply(there: Site, statements: int = 0) -> int:
    """`framework deploy apply --allow all`, dead after so many statements; its status."""
    command = [sys.executable, "-m", "tests.snowflake.dying", str(statements), "deploy", "apply", "--allow", "all"]
    done = subprocess.run(
        [*command, "--project", str(there.folder)], cwd=ROOT, timeout=120, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, KILLED), done.stdout + done.stderr
    return done.returncode


def left(there: Site) -> dict[str, Any]:
    """What is there: every object's state, grants and settings, and the rows of every table that holds data."""
    target = SnowflakeTarget(there.project, "snow", ())
    try:
        assert [each.name for each in target.plan().of("safe", "guarded", "manual")] == []
        live: Live = target.live
        rows = {
            each.name: sorted(_told(row) for row in target.session.rows(f"SELECT * FROM {each.name}"))
            for each in live.objects.values()
            if each.kind in ("table", "dynamic table") and ".OPS." not in each.name
        }
    finally:
        target.close()
    return {
        "objects": {id: each.state for id, each in live.objects.items()},
        "grants": live.grants, "settings": live.settings, "rows": rows,
    }  # fmt: skip


def _told(row: dict[str, Any]) -> str:
    """Without what differs each time a part is written and loaded: moments, and the hash of the compressed bytes."""
    return str([value for name, value in row.items() if name != "loaded_at" and not name.startswith("src_file_")])


def data(there: Site) -> None:
    there.land("a1", "items", {"id": 1, "amount": "1.10"}, {"id": 2, "amount": "12345678.90"}, day="2026-01-01")
    there.land("a1", "notes", {"id": 1, "text": "one"}, day="2026-01-01")
    there.account.pump()


def small() -> Spec:
    """A stream with a task, one that is cleaned by the run, and a mart."""
    spec = copy.deepcopy(SPEC)
    spec["streams"], spec["analytics"] = spec["streams"][:2], spec["analytics"][:1]
    return spec


def other() -> Spec:
    """The same with each kind of change: a column more, another key, a table renamed, another mart, a stream more."""
    spec = small()
    items, notes = spec["streams"]
    items["primary_key"] = ["id", "amount"]
    items["clean"]["columns"]["note"] = {"from": "note"}
    notes["clean"]["table"] = "CLN_REMARK"
    spec["streams"].append({
        "name": "more", "request": {"path": "/more"}, "primary_key": ["id"],
        "clean": {"table": "CLN_MORE", "columns": {"id": {"from": "id"}}},
    })  # fmt: skip
    spec["analytics"][0]["sql"] = "select max(amount) as total from {{ ref('CLN_ITEM') }}"
    return spec


def step_by_step(there: Site, statements: int) -> int:
    """Applied, dead after so many statements each time, until it is done; how often it died. What was cut off is begun
    again: where that leaves all as it was, the next one lives a statement longer."""
    before, more = planned(there), 0
    for died in range(200):
        there.account.pump()
        if (status := apply(there, statements + more)) != KILLED:
            assert status == 0
            return died
        after = planned(there)
        before, more = after, more + 1 if after == before else 0
    raise AssertionError("it never came to an end")


def planned(there: Site) -> tuple[Action, ...]:
    """What is to be done yet."""
    target = SnowflakeTarget(there.project, "snow", ())
    try:
        return target.plan().actions
    finally:
        target.close()


@pytest.mark.parametrize("statements", [pytest.param(1, marks=pytest.mark.long), 7])
def test_killed_after_each_statement(tmp_path: Path, account: Account, statements: int) -> None:
    """The first deployment, and then one with changes of every kind. Each statement in turn takes minutes: see
    `make test-long`."""
    whole = site(tmp_path / "whole", account, small())
    assert apply(whole) == 0
    whole.subscribe()
    data(whole)
    first = left(whole)
    whole.write(other())
    assert apply(whole) == 0
    account.pump()
    second = left(whole)

    account.reset()
    broken = site(tmp_path / "broken", account, small())
    assert step_by_step(broken, statements) > 20 // statements
    broken.subscribe()
    data(broken)
    assert left(broken) == first
    broken.write(other())
    assert step_by_step(broken, statements) > 8 // statements
    account.pump()
    assert left(broken) == second
