"""The whole way in a Snowflake account of somebody's own: deployed, loaded by each way, the same tables as on DuckDB.

    pytest -m snowflake_live tests/snowflake

Skipped, and said so, where the account's variables are missing. docs/snowflake-live.md tells how to get them.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import shop
from tests.snowflake import live
from tests.snowflake.duck import beside, read, same

pytestmark = [
    pytest.mark.snowflake_live,
    pytest.mark.skipif(bool(live.missing(os.environ)), reason=live.missing(os.environ)),
]


@pytest.fixture(params=["copy", "snowpipe_rest", "snowpipe"])
def account(request: pytest.FixtureRequest) -> Iterator[live.Live]:
    with live.account(request.param) as made:
        yield made


def test_the_shop_ends_in_the_same_tables_as_on_duckdb(account: live.Live, tmp_path: Path) -> None:
    for changes in ([], [shop.CHANGED]):
        with shop.played(tmp_path / "shop", *changes) as address:
            if not changes:
                place = shop.project(tmp_path / "project", address, tmp_path / "shop")
                wanted = account.administer(place)
                done = account.deploy(place, "apply")
                assert done.returncode == 0, done.stdout + done.stderr
                again = account.deploy(place, "plan")
                assert (again.returncode, "nothing to do" in again.stdout) == (0, True), again.stdout + again.stderr
                if account.load == "snowpipe":
                    account.subscribe()
            moved(place, address)
            read(place)
        beside(place)
        assert account.project
        same(account.ask, wanted, account.project.deployment("shop", "snow").source, place)
    drift = account.deploy(place, "drift")
    assert drift.returncode == 0, drift.stdout + drift.stderr


def moved(place: Path, address: str) -> None:
    """The shop's address in the project: it has another port each time."""
    settings = json.loads((place / "framework.yaml").read_text(encoding="utf-8"))
    for each in settings["environments"].values():
        each["hosts"] = dict.fromkeys(each["hosts"], address)
    (place / "framework.yaml").write_text(json.dumps(settings), encoding="utf-8")
