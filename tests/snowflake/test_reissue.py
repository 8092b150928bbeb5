"""A line that Snowflake does not take costs that line, not its part: by every way of loading, and however it dies."""

from pathlib import Path
from typing import Any

import pytest

from framework.errors import WarehouseError
from framework.log import Log
from framework.manifest import Reissued
from framework.snowflake import pipes
from framework.snowflake.tasks import moments
from framework.stages.s3 import S3Bucket
from tests.snowflake.deployed import Deployed, credentials
from tests.snowflake.pond import Pond
from tests.warehouses.lake import Read, table

pytestmark = pytest.mark.slow
ITEMS = {"clean": table(columns={"v": "text"})}
TURNS = {"name": "turns", "clean": {**table("replace", {"v": "text"}), "table": "T2"}}
BAD = '{"id": 2, "v": }'


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> str:
    """The loader's public key."""
    monkeypatch.setattr(pipes, "moments", lambda seconds, **_: moments(seconds, 0.05, 0.2))
    return credentials(monkeypatch)


def pond(folder: Path, deployed: Deployed, public: str, load: str = "copy") -> Pond:
    return Pond(folder, deployed, public, load, ITEMS, TURNS, load_timeout="20s")


def item(number: int) -> dict[str, Any]:
    return {"id": number, "v": f"v{number}"}


def reissued(made: Pond, stream: str = "items") -> list[Reissued]:
    return [entry for _, entry in made.log(stream).entries() if isinstance(entry, Reissued)]


@pytest.mark.parametrize("load", ["copy", "snowpipe", "snowpipe_rest"])
def test_good_lines_come_as_another_part_and_bad_ones_are_listed(
    deployed: Deployed, public: str, tmp_path: Path, load: str
) -> None:
    made = pond(tmp_path, deployed, public, load)
    made.add(Read([item(1), BAD, item(3), "nothing", item(5)]))
    made.add(Read([item(6)]))
    with deployed.alive():
        loaded = made.bring()
        assert (loaded.parts, loaded.rows) == (2, 4)
        (told,) = loaded.warnings
        assert "has 2 lines that Snowflake does not take: line 2: " in told
        (entry,) = reissued(made)
        assert entry.replaced_by
        assert entry.replaced_by.key.startswith(entry.part.removesuffix(".jsonl.gz") + "r")
        assert (entry.entry, [line.row for line in entry.bad]) == (1, [2, 4])
        listed = made.ask(
            "SELECT TABLE_NAME, SOURCE, STREAM, PART, ROW_NUMBER FROM LAKE.OPS._INGEST_QUARANTINE ORDER BY 5"
        )
        assert listed == [("RAW_API_JSON", "api", "items", entry.part, row) for row in (2, 4)]
        assert made.bring().rows == 0
        made.brush()
    parts = made.ask("SELECT LOG, PART, ROW_COUNT FROM LAKE.OPS._INGEST_PARTS ORDER BY 1")
    assert parts[0] == (1, entry.replaced_by.key, 3)
    assert made.ask("SELECT ID FROM LAKE.CLEAN.T ORDER BY 1") == [("1",), ("3",), ("5",), ("6",)]
    assert all(check.passed for check in made.judge())
    made.round()
    theirs, ours = made.pairs("T")
    assert theirs == ours, "DuckDB reads the same log"
    assert made.rows("select row, columns from _INGEST_QUARANTINE order by 1")[0][0] == 2


def test_slices_keep_their_rows(deployed: Deployed, public: str, tmp_path: Path) -> None:
    """Three partitions side by side in one part; the rows of the later ones move up."""
    made = pond(tmp_path, deployed, public)
    reads = [
        Read([item(1), BAD], {"p": 1}), Read(["nothing"], {"p": 2}), Read([item(4), item(5)], {"p": 3}),
        Read([item(6)], {"p": 4}),
    ]  # fmt: skip
    made.add(*reads, stream="turns")
    made.close(planned=4, done=4, stream="turns")
    assert made.bring("turns").rows == 4
    made.brush("turns")
    assert made.ask("SELECT ID FROM LAKE.CLEAN.T2 ORDER BY 1") == [("1",), ("4",), ("5",), ("6",)]
    slices = made.ask("SELECT PARTITION, FIRST_ROW, PART_ROWS FROM LAKE.OPS._INGEST_SLICES ORDER BY SLICE")
    assert [row[1:] for row in slices] == [(1, 1), (None, None), (2, 2), (4, 1)]
    made.round("turns")
    theirs, ours = made.pairs("T2")
    assert theirs == ours


def test_a_part_without_a_good_line_leaves_none(deployed: Deployed, public: str, tmp_path: Path) -> None:
    made = pond(tmp_path, deployed, public)
    made.add(Read(["nothing", "at all"]))
    made.add(Read([item(1)]))
    assert made.bring().rows == 1
    (entry,) = reissued(made)
    assert entry.replaced_by is None
    assert made.ask("SELECT COUNT(*) FROM LAKE.OPS._INGEST_QUARANTINE") == [(2,)]


@pytest.mark.parametrize("moment", ["append", "publish", "reconcile"])
def test_whoever_dies_on_the_way_leaves_it_to_the_next(
    deployed: Deployed, public: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    made = pond(tmp_path, deployed, public)
    made.add(Read([item(1), BAD, item(3)]))

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        if moment == "append":
            broken.setattr(Log, "append", die)
        elif moment == "publish":
            publish = S3Bucket.publish
            broken.setattr(S3Bucket, "publish", lambda *a: die() if "r" in a[1][-18:] else publish(*a))
        else:
            broken.setattr("framework.snowflake.load._reconcile", die)
        with pytest.raises(KeyboardInterrupt):
            made.bring()
    assert made.ask("SELECT COUNT(*) FROM LAKE.OPS._INGEST_ENTRIES") == [(0,)]
    assert made.bring().rows == 2
    assert len(reissued(made)) == 1
    assert made.ask("SELECT COUNT(*) FROM LAKE.RAW.RAW_API_JSON") == [(2,)]


def test_an_upload_that_the_store_lost_is_made_again(
    deployed: Deployed, public: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pond(tmp_path, deployed, public)
    made.add(Read([item(1), BAD]))
    publish = Log.publish

    def die(log: Log, number: int, entry: Any) -> None:
        if isinstance(entry, Reissued):
            raise KeyboardInterrupt
        publish(log, number, entry)

    with monkeypatch.context() as broken:
        broken.setattr(Log, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            made.bring()
    for leftover in list(made.stage.leftovers(made.workspace.now().replace(year=2100))):
        made.stage.discard(leftover)
    assert made.bring().rows == 1
    assert len(reissued(made)) == 2, "the first one is void"


def test_a_part_that_fails_for_another_reason_is_named(
    deployed: Deployed, public: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pond(tmp_path, deployed, public)
    made.add(Read([item(1), BAD]))
    monkeypatch.setattr("framework.snowflake.reissue._bad_lines", lambda *_: [])
    with pytest.raises(WarehouseError, match=r"did not load 1 part: .*a-0000\.jsonl\.gz: Error parsing JSON"):
        made.bring()
    assert reissued(made) == []
