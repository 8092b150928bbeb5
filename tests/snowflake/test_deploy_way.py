"""Another way of loading is guarded: what one way loaded the other never loads again, and nothing is left out."""

from pathlib import Path

import pytest

from framework.errors import WarehouseError
from framework.workspace import Workspace
from tests.snowflake.deployed import CREDENTIALS
from tests.snowflake.deploying import SPEC, Site, site
from tests.snowflake.pond import Filled
from tests.snowflake.running import Account
from tests.snowflake.test_deploy import deploy, graded, planned
from tests.warehouses.lake import Read

pytestmark = pytest.mark.slow
PIPE = "RAW.PIPE_API"
NOTES = {**SPEC, "analytics": [], "streams": [each for each in SPEC["streams"] if each["name"] == "notes"]}


@pytest.fixture
def made(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    there = site(tmp_path / "site", account, NOTES, load="copy")
    there.write(NOTES, stage={"endpoint_url": account.s3_endpoint}, warehouse={"load_timeout": "20s"})
    return there


def bring(made: Site) -> int:
    """The step `load`, as the environment says."""
    workspace = Workspace(made.project.deployment("api", "snow"))
    with workspace.warehouse("r") as warehouse, made.at_work():
        return workspace.load(warehouse, workspace.source.stream("notes")).rows


def filled_by_hand(made: Site) -> Filled:
    return Filled(Workspace(made.project.deployment("api", "snow")))


def raw(made: Site) -> list[tuple[object, ...]]:
    return made.run("SELECT SRC_FILENAME, COUNT(*) FROM LAKE.RAW.RAW_API_JSON GROUP BY 1 ORDER BY 1")


def test_from_copy_to_a_pipe_and_back(made: Site) -> None:
    assert deploy(made, "apply") == 0
    filled = filled_by_hand(made)
    filled.add(Read([{"id": "n1", "text": "a"}]), stream="notes")
    assert bring(made) == 1
    filled.add(Read([{"id": "n2", "text": "b"}]), stream="notes")

    made.write(NOTES, warehouse={"load": "snowpipe"})
    assert graded(planned(made)) == {f"create {PIPE}": "guarded"}
    with pytest.raises(WarehouseError, match="were loaded by copy so far"):
        bring(made)
    assert deploy(made, "apply") == 1, "it waits for a word"
    with made.at_work():
        assert deploy(made, "apply", "--allow", PIPE) == 0
    assert planned(made).actions == ()
    made.subscribe()
    filled.add(Read([{"id": "n3", "text": "c"}]), stream="notes")
    assert bring(made) == 2
    assert [count for _, count in raw(made)] == [1, 1, 1]

    made.write(NOTES, warehouse={"load": "snowpipe_rest"})
    assert graded(planned(made)) == {f"replace {PIPE}": "guarded"}
    with made.at_work():
        assert deploy(made, "apply", "--allow", PIPE) == 0
    filled.add(Read([{"id": "n4", "text": "d"}]), stream="notes")
    assert bring(made) == 1
    assert made.run("SELECT DISTINCT LOADED_BY FROM LAKE.OPS._INGEST_LOADING") == [("snowpipe_rest",)]

    filled.add(Read([{"id": "n5", "text": "e"}]), stream="notes")
    made.write(NOTES, warehouse={"load": "copy"})
    assert graded(planned(made)) == {f"drop {PIPE}": "guarded"}
    with pytest.raises(WarehouseError, match="were loaded by snowpipe_rest so far"):
        bring(made)
    with made.at_work():
        assert deploy(made, "apply", "--allow", PIPE) == 0
    assert planned(made).actions == ()
    assert bring(made) == 1
    assert [count for _, count in raw(made)] == [1, 1, 1, 1, 1]


def test_a_change_of_the_way_that_broke_off_is_taken_up_again(made: Site) -> None:
    made.write(NOTES, warehouse={"load": "snowpipe"})
    assert deploy(made, "apply") == 0
    made.subscribe()
    filled = filled_by_hand(made)
    filled.add(Read([{"id": "n1", "text": "a"}]), stream="notes")
    assert bring(made) == 1
    made.write(NOTES, warehouse={"load": "copy"})
    made.account.trouble(1, "refuse", "SET LOADED_BY")
    assert deploy(made, "apply", "--allow", "all") == 1
    assert made.run("SHOW PIPES IN DATABASE LAKE") == []
    with pytest.raises(WarehouseError, match="were loaded by snowpipe so far"):
        bring(made)
    assert graded(planned(made)) == {f"drop {PIPE}": "guarded"}
    assert deploy(made, "apply", "--allow", PIPE) == 0
    assert planned(made).actions == ()
    filled.add(Read([{"id": "n2", "text": "b"}]), stream="notes")
    assert bring(made) == 1
    made.account.pump()  # nobody listens to the part's event
    made.write(NOTES, warehouse={"load": "snowpipe"})
    made.account.trouble(1, "refuse", "CREATE PIPE")
    assert deploy(made, "apply", "--allow", "all") == 1
    assert graded(planned(made)) == {f"create {PIPE}": "guarded"}
    with made.at_work():
        assert deploy(made, "apply", "--allow", "all") == 0
    assert planned(made).actions == ()
    filled.add(Read([{"id": "n3", "text": "c"}]), stream="notes")
    assert bring(made) == 1
    assert [count for _, count in raw(made)] == [1, 1, 1]
