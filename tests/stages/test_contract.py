"""The contract of a stage, kept by a folder, a bucket of S3 and a container of Azure."""

import hashlib
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from framework.errors import StageError, UploadLost
from framework.settings import Environment
from framework.stages.base import Stage
from framework.stages.local import LocalFolder
from tests import moto
from tests.stages import places

KINDS = [
    "local",
    pytest.param("s3", marks=pytest.mark.slow),
    pytest.param("azure", marks=[pytest.mark.slow, places.NEEDS_AZURITE]),
]


def resolve(reference: str) -> str:
    """An environment variable's value."""
    return os.environ[reference.removeprefix("env:")]


LONG_AGO, ONE_DAY = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def aws() -> Iterator[moto.Moto]:
    with moto.serving() as server:
        yield server


@pytest.fixture(scope="module")
def azurite() -> Iterator[places.Azurite]:
    with places.azurite() as server:
        yield server


@pytest.fixture(params=KINDS)
def stage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    kinds = {
        "local": lambda: places.local(tmp_path),
        "s3": lambda: places.s3(request.getfixturevalue("aws")),
        "azure": lambda: places.azure(request.getfixturevalue("azurite")),
    }
    with kinds[request.param]() as place:
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        yield TypeAdapter(Environment).validate_python({"stage": place.settings}).stage.open(tmp_path, resolve)


def put(stage: Stage, key: str, *pieces: bytes) -> str:
    """Prepares an object; returns its handle."""
    upload = stage.prepare(key)
    for piece in pieces:
        upload.write(piece)
    return upload.finish()


def left(stage: Stage) -> list[str]:
    """The keys of uploads that were never published."""
    return sorted(found.key for found in stage.leftovers(ONE_DAY))


def test_an_object_is_seen_once_it_is_published_and_whole(stage: Stage) -> None:
    handle = put(stage, "a/b/c", b"12", b"", b"345")
    assert list(stage.list("a/")) == []
    assert stage.read("a/b/c") is None
    stage.publish("a/b/c", handle, 5)
    assert stage.read("a/b/c") == b"12345"
    stage.publish("a/b/c", handle, 5)


def test_publishing_overwrites_nothing(stage: Stage) -> None:
    """Two uploads of one key never happen by themselves; where they do, the first one stays."""
    first = put(stage, "p/source=s/a", b"one")
    stage.publish("p/source=s/a", first, 3)
    second = put(stage, "p/source=s/a", b"two")
    stage.publish("p/source=s/a", second, 3)
    assert stage.read("p/source=s/a") == b"one"
    assert left(stage) == []


def test_a_lost_upload_is_said(stage: Stage) -> None:
    handle = put(stage, "p/source=s/a", b"one")
    assert stage.is_prepared("p/source=s/a", handle, 3)
    for leftover in list(stage.leftovers(ONE_DAY)):
        stage.discard(leftover)
    assert not stage.is_prepared("p/source=s/a", handle, 3)
    with pytest.raises(UploadLost):
        stage.publish("p/source=s/a", handle, 3)
    with pytest.raises(UploadLost):
        stage.publish("p/source=s/never", "never-made", 1)


def test_what_was_published_counts_as_prepared(stage: Stage) -> None:
    handle = put(stage, "p/source=s/a", b"one")
    stage.publish("p/source=s/a", handle, 3)
    assert stage.is_prepared("p/source=s/a", handle, 3)


def test_an_aborted_upload_is_gone(stage: Stage) -> None:
    upload = stage.prepare("p/source=s/a")
    upload.write(b"x")
    upload.abort()
    for leftover in list(stage.leftovers(ONE_DAY)):
        stage.discard(leftover)
    assert left(stage) == []
    assert list(stage.list("")) == []


def test_a_part_of_many_chunks_arrives_as_it_was(stage: Stage) -> None:
    pieces = [hashlib.sha256(bytes([number])).digest() * 32768 for number in range(13)]  # 1 MiB each
    handle = put(stage, "p/source=s/a", *pieces)
    stage.publish("p/source=s/a", handle, 13 << 20)
    with stage.as_file("p/source=s/a") as path:
        assert path.read_bytes() == b"".join(pieces)


def test_two_uploads_of_one_key_do_not_meet(stage: Stage) -> None:
    one, two = put(stage, "a", b"one"), put(stage, "a", b"two")
    assert one != two


@pytest.mark.parametrize("number", range(3))
def test_of_eight_puts_at_once_exactly_one_wins(stage: Stage, number: int) -> None:
    start = threading.Barrier(8)
    won: list[int] = []

    def write(mine: int) -> None:
        start.wait()
        if stage.put_if_absent("log/1", str(mine).encode()):
            won.append(mine)

    threads = [threading.Thread(target=write, args=(mine,)) for mine in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert stage.read("log/1") == str(won[0]).encode()


def test_a_list_is_sorted_and_starts_after(stage: Stage) -> None:
    for key in ("l/3", "l/1", "l/2", "l/at/1", "m/1", "l2/1"):
        stage.put_if_absent(key, b"x")
    assert [found.key for found in stage.list("l/")] == ["l/1", "l/2", "l/3", "l/at/1"]
    assert [found.key for found in stage.list("l/", after="l/1")] == ["l/2", "l/3", "l/at/1"]
    assert [found.bytes for found in stage.list("m/")] == [1]


def test_an_object_as_a_file(stage: Stage) -> None:
    stage.put_if_absent("a", b"x")
    with stage.as_file("a") as path:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == hashlib.sha256(b"x").hexdigest()
    with pytest.raises(StageError, match="in the log and not in the stage"), stage.as_file("b"):
        pass


def test_leftovers_are_found_by_age_and_place(stage: Stage) -> None:
    put(stage, "p/source=s/dt=1/a", b"x")
    put(stage, "p/source=other/dt=1/a", b"x")
    put(stage, "p/source=s2/dt=1/a", b"x")
    assert list(stage.leftovers(LONG_AGO)) == []
    (found,) = stage.leftovers(ONE_DAY, "p/source=s/")
    assert found.key == "p/source=s/dt=1/a"
    stage.discard(found)
    stage.discard(found)
    assert left(stage) == ["p/source=other/dt=1/a", "p/source=s2/dt=1/a"]
    assert list(stage.list("")) == []


def test_what_is_removed_is_gone_and_nothing_else(stage: Stage) -> None:
    keys = [f"p/_run/s/{number}.json" for number in range(12)]
    for key in (*keys, "p/_run/s/kept.json"):
        stage.put_if_absent(key, b"x")
    stage.remove(keys[:10])
    stage.remove([*keys, "p/_run/s/never.json"])
    stage.remove([])
    assert [found.key for found in stage.list("p/")] == ["p/_run/s/kept.json"]
    assert stage.read(keys[0]) is None
    assert stage.put_if_absent(keys[0], b"y"), "the name is free again"


def test_the_store_has_a_clock(stage: Stage) -> None:
    assert abs((stage.time() - datetime.now(UTC)).total_seconds()) < 60


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StageError, match="can't make the folder"):
        LocalFolder(tmp_path / "file" / "stage")
