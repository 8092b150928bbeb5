"""From the bucket to the mart, by both major versions of Snowflake's connector."""

import json
import subprocess

import pytest

from tests.snowflake import running
from tests.snowflake.by_connector import CONNECTORS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("major", CONNECTORS)
def test_what_lands_in_the_bucket_is_in_the_mart(account: running.Account, major: str) -> None:
    command = [CONNECTORS[major], "-m", "tests.snowflake.journey", str(account.port), account.s3_endpoint]
    done = subprocess.run(command, cwd=running.ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["connector"].startswith(major + ".")
    assert [seen[f"pump {number}"] for number in range(3)] == [{"events": 1, "files": 1, "tasks": 1}] * 3
    nothing = {"events": 0, "files": 0, "tasks": 0}
    assert (seen["idle"], seen["refreshed"], seen["after refresh"]) == (nothing, [], nothing), "nothing is loaded twice"
    part = "in/source=shop/dt=2026-01-01/part-{}.jsonl.gz"
    assert seen["raw"] == [[part.format(0), 1, "1"], [part.format(0), 2, "2"], [part.format(1), 1, "1"],
                           [part.format(1), 2, "12345678901234567890"], [part.format(2), 1, "1"]]  # fmt: skip
    assert seen["clean"] == [
        ["1", "paid", "1.10", "2026-01-01 09:00:00", "None"],
        ["2", "new", "2.20", "2026-01-01 00:00:00", "None"],
        ["12345678901234567890", "new", "3.00", "2026-01-02 01:02:03.456000", "None"],
    ], "a late part changes nothing"
    assert seen["mart"] == [["2026-01-01", "2", "3.30"], ["2026-01-02", "1", "3.00"]]
    assert [row[1:] for row in seen["history"]] == [["Loaded", 2], ["Loaded", 2], ["Loaded", 1]]
    assert (seen["status"], seen["has data"]) == ("RUNNING", False)
