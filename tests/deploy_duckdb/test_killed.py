"""`apply` killed after its statements, one by one, and run again: the same file as if it had never been killed."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.deploy_duckdb.place import ITEMS, SPEC, Place, changed

pytestmark = pytest.mark.slow


def everything_changes(spec: dict[str, Any]) -> None:
    spec["streams"][0]["clean"]["columns"]["note"] = {"from": "note"}
    spec["streams"][1]["clean"]["table"] = "CLN_LEFT"
    spec["analytics"][0]["sql"] = "select sum(amount) + 1 as total from {{ ref('CLN_ITEM') }}"


def apply(folder: Path, at: int = 0, *words: str) -> int:
    command = [sys.executable, "-m", "tests.deploy_duckdb.dying", str(at), "deploy", "apply", *words]
    return subprocess.run(
        [*command, "--project", str(folder)], capture_output=True, timeout=120, check=False
    ).returncode  # fmt: skip


def first(folder: Path) -> Place:
    place = Place(folder)
    place.write(SPEC)
    return place


def second(folder: Path) -> Place:
    place = first(folder)
    place.deploy("apply")
    place.fill(items=ITEMS, gone=[{"id": "g1"}, {"id": "g2", "deleted": True}])
    place.write(changed(SPEC, everything_changes))
    return place


@pytest.mark.parametrize("start", [first, second])
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.long)])
def test_a_killed_apply_is_run_again_to_the_same_end(
    tmp_path: Path, start: Callable[[Path], Place], every: int
) -> None:
    begun = start(tmp_path / "begun")
    shutil.copytree(begun.folder, tmp_path / "whole")
    words = ["--destroy", "CLN_GONE"]
    assert apply(tmp_path / "whole", 0, *words) == 0
    wanted = Place(tmp_path / "whole").contents()

    def killed(at: int) -> bool:
        folder = tmp_path / f"at{at}"
        shutil.copytree(begun.folder, folder)
        died = apply(folder, at, *words) == -signal.SIGKILL
        assert apply(folder, 0, *words) == 0
        assert Place(folder).contents() == wanted, at
        assert Place(folder).plan().actions == (), at
        shutil.rmtree(folder)
        return died

    at, died = every, 0
    with ThreadPoolExecutor(2) as pool:
        while all(found := list(pool.map(killed, range(at, at + 2 * every, every)))):
            at, died = at + 2 * every, died + 2
    assert (died + sum(found)) * every > 30
