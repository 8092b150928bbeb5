"""The contract of a stage, kept by a folder."""

import hashlib
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from framework.errors import StageError, UploadLost
from framework.stages.local import LocalFolder


@pytest.fixture
def stage(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "stage")


def put(stage: LocalFolder, key: str, *pieces: bytes) -> str:
    """Prepares an object; returns its handle."""
    upload = stage.prepare(key)
    for piece in pieces:
        upload.write(piece)
    return upload.finish()


def test_an_object_is_seen_once_it_is_published_and_whole(stage: LocalFolder) -> None:
    handle = put(stage, "a/b/c", b"12", b"", b"345")
    assert list(stage.list("a/")) == []
    assert stage.read("a/b/c") is None
    stage.publish("a/b/c", handle, 5)
    assert stage.read("a/b/c") == b"12345"
    stage.publish("a/b/c", handle, 5)


def test_a_lost_upload_is_said(stage: LocalFolder) -> None:
    with pytest.raises(UploadLost):
        stage.publish("a", "never-made", 1)


def test_an_aborted_upload_is_gone(stage: LocalFolder) -> None:
    upload = stage.prepare("a")
    upload.write(b"x")
    upload.abort()
    assert stage.sweep(datetime(2100, 1, 1, tzinfo=UTC)) == 0


def test_two_uploads_of_one_key_do_not_meet(stage: LocalFolder) -> None:
    one, two = put(stage, "a", b"one"), put(stage, "a", b"two")
    assert one != two


def test_of_many_puts_at_once_exactly_one_wins(stage: LocalFolder) -> None:
    start = threading.Barrier(16)
    won: list[int] = []

    def write(number: int) -> None:
        start.wait()
        if stage.put_if_absent("log/1", str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert stage.read("log/1") == str(won[0]).encode()


def test_a_list_is_sorted_and_starts_after(stage: LocalFolder) -> None:
    for key in ("l/3", "l/1", "l/2", "l/at/1", "m/1"):
        stage.put_if_absent(key, b"x")
    assert [found.key for found in stage.list("l/")] == ["l/1", "l/2", "l/3", "l/at/1"]
    assert [found.key for found in stage.list("l/", after="l/1")] == ["l/2", "l/3", "l/at/1"]
    assert [found.bytes for found in stage.list("m/")] == [1]


def test_an_object_as_a_file(stage: LocalFolder) -> None:
    stage.put_if_absent("a", b"x")
    with stage.as_file("a") as path:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == hashlib.sha256(b"x").hexdigest()
    with pytest.raises(StageError, match="in the log and not in the stage"), stage.as_file("b"):
        pass


def test_old_uploads_are_swept_young_ones_stay(stage: LocalFolder) -> None:
    put(stage, "a", b"x")
    assert stage.sweep(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert stage.sweep(datetime(2100, 1, 1, tzinfo=UTC)) == 1


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StageError, match="can't make the folder"):
        LocalFolder(tmp_path / "file" / "stage")
