"""Killed at any step and run again, a run ends as one that was never killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shop import CHANGED, contents, played, project, read

POINTS = [
    ("planned", 2),
    ("slice read", 1),
    ("slice read", 8),
    ("prepared", 1),
    ("prepared", 4),
    ("before publish", 1),
    ("after publish", 2),
    ("before put_if_absent", 1),
    ("after put_if_absent", 1),
    ("after put_if_absent", 5),
    ("logged", 1),
    ("published", 2),
    ("closed", 3),
    ("before load", 1),
    ("after load", 2),
    ("loaded", 3),
    ("before execute", 9),
    ("before execute", 30),
    ("after execute", 55),
    ("after execute", 80),
    ("cleaned", 2),
    ("mart", 1),
]


@dataclass(frozen=True)
class Stages:
    """The shop's API before and after a change, and the tables of runs that were not killed."""

    credentials: Path
    before: str
    after: str
    wanted: dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    credentials = tmp_path_factory.mktemp("shop")
    with played(credentials) as before, played(credentials, CHANGED) as after:
        calm = project(tmp_path_factory.mktemp("calm"), before, credentials)
        assert read(calm).status == "ok"
        project(calm, after, credentials)
        assert read(calm).status == "ok"
        yield Stages(credentials, before, after, contents(calm))


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "number"), POINTS, ids=[f"{moment} {number}" for moment, number in POINTS])
def test_a_killed_run_is_made_whole_by_the_next_one(shop: Stages, tmp_path: Path, moment: str, number: int) -> None:
    for address in (shop.before, shop.after):
        project(tmp_path, address, shop.credentials)
        killed = subprocess.run(
            [sys.executable, "tests/crash.py", str(tmp_path), moment, str(number)],
            env={**os.environ, "PYTHONPATH": "."},
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL, "the moment never came"
        assert read(tmp_path).status == "ok"
    found = contents(tmp_path)
    for table, rows in shop.wanted.items():
        assert found[table] == rows, table
