"""Waiting for pipes: parts that come, come late, never come, or do not fit."""

import time
from pathlib import Path
from typing import Any

import pytest

from framework.errors import WarehouseError
from framework.snowflake import pipes
from framework.snowflake.tasks import moments
from tests.snowflake.deployed import Deployed, credentials
from tests.snowflake.pond import Pond
from tests.snowflake.running import BUCKET, key_pair
from tests.warehouses.lake import Read, table

pytestmark = pytest.mark.slow
STREAM = {"clean": table(columns={"v": "text"})}


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> str:
    """The loader's public key."""
    monkeypatch.setattr(pipes, "moments", lambda seconds, **_: moments(seconds, 0.05, 0.2))
    return credentials(monkeypatch)


def pond(folder: Path, deployed: Deployed, public: str, load: str = "snowpipe", **warehouse: Any) -> Pond:
    return Pond(folder, deployed, public, load, STREAM, **warehouse)


@pytest.mark.parametrize("load", ["snowpipe", "snowpipe_rest"])
def test_a_run_waits_for_parts_that_come_late(deployed: Deployed, public: str, tmp_path: Path, load: str) -> None:
    made = pond(tmp_path, deployed, public, load)
    made.add(Read([{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]), Read([{"id": 3, "v": "c"}]), split=2)
    with deployed.alive(0.5):
        assert made.bring().rows == 3
    made.round()
    made.brush()
    theirs, ours = made.pairs()
    assert theirs == ours
    assert len(ours) == 3
    assert all(check.passed for check in made.judge())
    assert (made.bring().rows, made.counts()) == (0, {"0000": 2, "0001": 1})


def test_a_part_whose_event_was_lost_is_found_at_half_of_the_time(
    deployed: Deployed, public: str, tmp_path: Path
) -> None:
    made = pond(tmp_path, deployed, public, load_timeout="8s")
    made.deployed.account.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={}
    )
    made.add(Read([{"id": 1, "v": "a"}]))
    deployed.account.forget()
    began = time.monotonic()
    with deployed.alive():
        assert made.bring().rows == 1
    assert time.monotonic() - began > 4
    (told,) = [each["sql"] for each in deployed.account.statements() if " REFRESH" in each["sql"]]
    assert told.endswith("PREFIX = 'dt=2026-01-01/hour=00/'")


def test_parts_that_do_not_come_in_time_are_named_and_waited_for_again(
    deployed: Deployed, public: str, tmp_path: Path
) -> None:
    made = pond(tmp_path, deployed, public, load_timeout="1s")
    made.add(Read([{"id": 1, "v": "a"}]))
    deployed.run("ALTER PIPE LAKE.RAW.PIPE_API SET PIPE_EXECUTION_PAUSED = TRUE")
    with deployed.alive(), pytest.raises(WarehouseError, match=r"0 of its 1 rows came.*load_timeout.*PAUSED"):
        made.bring()
    assert made.ask("SELECT COUNT(*) FROM LAKE.OPS._INGEST_PARTS") == [(0,)]
    deployed.run("ALTER PIPE LAKE.RAW.PIPE_API SET PIPE_EXECUTION_PAUSED = FALSE")
    made.add(Read([{"id": 2, "v": "b"}]))
    deployed.account.pump()
    assert made.bring().rows == 2
    assert made.counts() == {"0000": 1, "0001": 1}


def test_a_pipe_that_is_called_is_asked_for_what_it_did_before_the_run_died(
    deployed: Deployed, public: str, tmp_path: Path
) -> None:
    """Its report forgets after ten minutes, its history does not; and a part that it knows by name it never takes
    again."""
    made = pond(tmp_path, deployed, public, "snowpipe_rest", load_timeout="2s")
    made.add(Read([{"id": 1, "v": "a"}]))
    with pytest.raises(WarehouseError, match=r"0 of its 1 rows came.*RUNNING; 1 files wait"):
        made.bring()
    deployed.account.pump()
    deployed.account.pass_time(seconds=1200)
    made.add(Read([{"id": 2, "v": "b"}]))
    with deployed.alive():
        assert made.bring().rows == 2
    assert made.counts() == {"0000": 1, "0001": 1}


def test_a_key_that_is_not_the_users_can_not_call(
    deployed: Deployed, public: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pond(tmp_path, deployed, public, "snowpipe_rest")
    made.add(Read([{"id": 1, "v": "a"}]))
    with made.workspace.warehouse("r") as warehouse:
        deployed.run(f"ALTER USER LOADER SET RSA_PUBLIC_KEY = '{key_pair()[0]}'")
        with pytest.raises(WarehouseError, match=r"can't be called.*EMULATOR\.LOADER.*401"):
            made.workspace.load(warehouse, made.stream())


def test_what_was_loaded_before_any_history_counts(deployed: Deployed, public: str, tmp_path: Path) -> None:
    """The run died after its parts were published; the pipe loaded them; nobody ran for a month."""
    made = pond(tmp_path, deployed, public, load_timeout="1s")
    made.add(Read([{"id": 1, "v": "a"}]))
    deployed.account.pump()
    deployed.account.pass_time(days=30)
    assert made.bring().rows == 1


def test_rows_that_a_part_lacks_or_has_twice_are_told(deployed: Deployed, public: str, tmp_path: Path) -> None:
    made = pond(tmp_path, deployed, public, load_timeout="1s")
    made.add(Read([{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]))
    deployed.account.pump()
    deployed.run("DELETE FROM LAKE.RAW.RAW_API_JSON WHERE SRC_FILE_ROW_NUMBER = 2")
    with pytest.raises(WarehouseError, match=r"a-0000\.jsonl\.gz: 1 of its 2 rows came"):
        made.bring()
    copy = "INSERT INTO LAKE.RAW.RAW_API_JSON SELECT * FROM LAKE.RAW.RAW_API_JSON"
    for _ in range(2):
        deployed.run(copy)
    with pytest.raises(WarehouseError, match=r"a-0000\.jsonl\.gz has 4 rows in RAW and its manifest says 2"):
        made.bring()
