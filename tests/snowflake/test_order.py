"""Parts that come shuffled, again and late, and loads that are killed: CLEAN as if all had come once and in order."""

import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from framework.errors import WarehouseError
from framework.snowflake import pipes
from framework.snowflake.tasks import moments
from tests.snowflake.deployed import Deployed, credentials
from tests.snowflake.pond import Pond
from tests.snowflake.running import BUCKET, ROOT
from tests.warehouses.lake import AT, Read, day, table

pytestmark = pytest.mark.slow
COLUMNS = {"v": "text", "n": "integer"}
CURSOR = {"cursor": "at", "start": "2024-01-01"}
STREAMS = (
    {"name": "items", "incremental": CURSOR, "clean": {**table(columns=COLUMNS, delete_when="gone == `true`")}},
    {"name": "past", "incremental": CURSOR, "clean": {**table("history", COLUMNS), "table": "T_PAST"}},
    {"name": "turns", "clean": {**table("replace", COLUMNS), "table": "T_TURN"}},
)
TABLES = ("T", "T_PAST", "T_TURN")


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> str:
    """The loader's public key."""
    monkeypatch.setattr(pipes, "moments", lambda seconds, **_: moments(seconds, 0.05, 0.2))
    return credentials(monkeypatch)


def land(made: Pond, number: int, chance: random.Random) -> None:
    """What a run reads of each stream: some of it older than what was read before, some of it once more. Every third
    run began long before it is logged."""
    run, started = f"r{number:02d}", AT + timedelta(days=number if number % 3 else -number)

    def records() -> list[Any]:
        return [
            {
                "id": chance.randrange(6),
                "v": f"{number}.{each}",
                "n": chance.randrange(9),
                "at": day(chance.randrange(9)),
            }
            | ({"gone": True} if chance.random() < 0.2 else {})
            for each in range(4)
        ]

    for stream in ("items", "past"):
        made.add(Read(records()), run=run, stream=stream, started=started, split=2)
    halves = [Read(records(), {"half": half}) for half in (0, 1)]
    made.add(*halves, run=run, stream="turns", started=started, split=3)
    made.close(run, planned=2, done=2, stream="turns", started=started)


def same(made: Pond) -> None:
    """As DuckDB has it, which takes the log in order."""
    for stream in made.source.streams:
        made.round(stream.name)
    for name in TABLES:
        theirs, ours = made.pairs(name)
        assert ours
        assert theirs == ours, name


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in (2, 3, 4))])
def test_parts_in_any_order_again_and_late(deployed: Deployed, public: str, tmp_path: Path, seed: int) -> None:
    made = Pond(tmp_path, deployed, public, "snowpipe", *STREAMS, load_timeout="30s")
    made.deployed.account.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={}
    )  # parts come when this test says so
    chance = random.Random(seed)
    come: list[str] = []
    for first in (1, 4):
        for number in range(first, first + 3):
            land(made, number, chance)
        keys = [each.key for each in made.stage.list("p/source=api/") if each.key not in come]
        chance.shuffle(keys)
        for key in keys:
            for each in {key, chance.choice([*come, key])}:
                deployed.run(f"ALTER PIPE LAKE.RAW.PIPE_API REFRESH PREFIX = '{each.partition('source=api/')[2]}'")
            come.append(key)
            if chance.random() < 0.4:
                deployed.account.pump()  # a task may begin with what is there
        with deployed.alive():
            for stream in chance.sample(made.source.streams, 3):
                assert made.bring(stream.name).rows
                made.brush(stream.name)
        same(made)
    assert all(check.passed for stream in made.source.streams for check in made.judge(stream.name))


def cut_short(folder: Path, number: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.snowflake.cut_short", str(folder), str(number)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)


def killed(made: Pond, folder: Path, step: int, first: int = 1) -> None:
    """Something new each time, killed at a later statement each time, and once not."""
    chance, number = random.Random(1), first
    while True:
        land(made, number, chance)
        done = cut_short(folder, number)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        made.deployed.account.ask("forget_sessions", {"user": "LOADER"})  # as Snowflake does before it lets others wait
        number += step
    assert number > 40, "there are more statements than that"
    same(made)
    raw = made.ask("SELECT SRC_FILENAME, SRC_FILE_ROW_NUMBER FROM LAKE.RAW.RAW_API_JSON")
    assert len(raw) == len(set(raw))
    assert all(check.passed for stream in made.source.streams for check in made.judge(stream.name))


@pytest.mark.parametrize("load", ["copy", pytest.param("snowpipe_rest", marks=pytest.mark.long)])
def test_a_load_and_a_cleaning_that_are_killed_are_made_whole_by_the_next(
    deployed: Deployed, public: str, tmp_path: Path, load: str
) -> None:
    made = Pond(tmp_path, deployed, public, load, *STREAMS, load_timeout="30s")
    with deployed.alive():
        killed(made, tmp_path, 9)


@pytest.mark.long
@pytest.mark.parametrize("load", ["copy", "snowpipe", "snowpipe_rest"])
def test_killed_at_every_statement(deployed: Deployed, public: str, tmp_path: Path, load: str) -> None:
    made = Pond(tmp_path, deployed, public, load, *STREAMS, load_timeout="30s")
    with deployed.alive():
        killed(made, tmp_path, 1)


@pytest.mark.parametrize("load", ["copy", "snowpipe_rest"])
def test_a_stage_that_was_emptied_is_not_taken_for_what_was_loaded(
    deployed: Deployed, tmp_path: Path, public: str, load: str
) -> None:
    made = Pond(tmp_path, deployed, public, load, {"clean": table(columns=COLUMNS)})
    made.add(Read([{"id": 1}]), run="a")
    with deployed.alive():
        assert made.bring().rows == 1
        assert made.bring().rows == 0
        bucket = deployed.account.client("s3")
        for found in bucket.list_objects_v2(Bucket=BUCKET, Prefix="lake/")["Contents"]:
            bucket.delete_object(Bucket=BUCKET, Key=found["Key"])
        made.add(Read([{"id": 2}]), run="b")
        with pytest.raises(
            WarehouseError, match=r"entry 1, written by run a, and here that entry was written by run b"
        ):
            made.bring()
    assert made.ask("SELECT COUNT(*) FROM LAKE.RAW.RAW_API_JSON") == [(1,)]
