"""The commit protocol: prepare, log, publish, and what a dead run leaves behind."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from framework.errors import Conflict, StageError, UploadLost
from framework.log import AlreadyLogged, Log
from framework.manifest import Committed, Part, Position, Reset, Slice, SliceResult, Voided
from framework.stages.local import LocalFolder
from framework.sweep import claimed, throw_away, tidy
from framework.window import Window

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def stage(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path)


@pytest.fixture
def log(stage: LocalFolder) -> Log:
    return Log(stage, "project", "shop", "orders")


def swept(stage: LocalFolder) -> int:
    """How many uploads there were that nobody had published."""
    found = list(stage.leftovers(datetime.now(UTC).replace(year=2100)))
    for each in found:
        stage.discard(each)
    return len(found)


def uploaded(stage: LocalFolder, key: str, data: bytes = b"x") -> Part:
    """A part that is prepared and not visible."""
    upload = stage.prepare(key)
    upload.write(data)
    return Part(key, 1, len(data), "", len(data), upload.finish())


def entry(run: str, day: int, *parts: Part) -> Committed:
    """One day read."""
    window = Window(AT.replace(day=day), AT.replace(day=day + 1))
    result = SliceResult(Slice(window=window), "done", covered=window)
    return Committed(run, AT, 0, AT, "f", list(parts), [result])


def visible(stage: LocalFolder) -> list[str]:
    """The parts that a loader can see."""
    return [found.key for found in stage.list("project/source=")]


def test_a_part_is_invisible_until_its_entry_is_published(stage: LocalFolder, log: Log) -> None:
    part = uploaded(stage, "project/source=shop/part-1")
    assert visible(stage) == []
    number = log.append(entry("a", 1, part), 0)
    assert (number, visible(stage)) == (1, [])
    log.publish(number, entry("a", 1, part))
    log.publish(number, entry("a", 1, part))  # again is no harm
    assert visible(stage) == [part.key]


def test_what_a_dead_run_left_logged_is_published_by_the_next(stage: LocalFolder, log: Log) -> None:
    part = uploaded(stage, "project/source=shop/part-1")
    log.append(entry("dead", 1, part), 0)
    assert log.recover().entry == 1
    assert visible(stage) == [part.key]


def test_what_was_not_logged_never_becomes_visible(stage: LocalFolder, log: Log) -> None:
    uploaded(stage, "project/source=shop/part-1")
    assert log.recover() == Position()
    assert visible(stage) == []
    assert swept(stage) == 1


def test_a_lost_upload_voids_its_entry_and_its_slices_are_due_again(stage: LocalFolder, log: Log) -> None:
    part = uploaded(stage, "project/source=shop/part-1")
    log.append(entry("dead", 1, part), 0)
    swept(stage)
    notices: list[str] = []
    position = log.recover(notices.append)
    assert "log entry 1 is void" in notices[0]
    assert position.covered == {}
    assert [type(found) for _, found in log.entries()] == [Committed, Voided]
    assert list(log.published()) == [(2, next(found for n, found in log.entries() if n == 2))]


def test_publishing_a_lost_upload_is_said(stage: LocalFolder, log: Log) -> None:
    part = Part("project/source=shop/part-1", 1, 1, "", 1, "gone")
    number = log.append(entry("a", 1, part), 0)
    with pytest.raises(UploadLost, match="run again by the next run"):
        log.publish(number, entry("a", 1, part))


def test_a_part_of_an_entry_is_not_published_where_another_one_is_lost(stage: LocalFolder, log: Log) -> None:
    lost, whole = (uploaded(stage, f"project/source=shop/part-{number}") for number in (1, 2))
    for found in list(stage.leftovers(datetime.now(UTC).replace(year=2100), lost.key)):
        stage.discard(found)
    number = log.append(entry("a", 1, whole, lost), 0)
    with pytest.raises(UploadLost):
        log.publish(number, entry("a", 1, whole, lost))
    assert visible(stage) == []
    assert swept(stage) == 0, "the other upload goes with it"


def test_a_sweep_and_a_slow_run_do_not_share_an_upload(stage: LocalFolder, log: Log) -> None:
    """Whoever claims it first has it: the entry of a run that slept for a week, or the sweep."""
    one, two = (uploaded(stage, f"project/source=shop/part-{number}") for number in (1, 2))

    def sweep_now(publish: Callable[[], None]) -> int:
        return throw_away(stage, "project", "shop", publish, datetime.now(UTC).replace(year=2100))

    assert claimed(stage, "project", "shop", two.key, "sweep"), "a sweep that was killed right here"
    number = log.append(entry("slept", 1, one, two), 0)
    with pytest.raises(UploadLost, match="was swept"):
        log.publish(number, entry("slept", 1, one, two))
    assert visible(stage) == []

    three = uploaded(stage, "project/source=shop/part-3")

    def logged_meanwhile() -> None:
        if not list(log.entries(after=2)):
            assert log.append(entry("late", 2, three), 2) == 3
            assert claimed(stage, "project", "shop", three.key, f"{log.name} 3")
        else:
            log.recover()

    assert sweep_now(logged_meanwhile) == 1
    assert visible(stage) == [three.key]
    assert swept(stage) == 0


def test_old_plans_notes_and_turns_are_removed(stage: LocalFolder) -> None:
    """By age, of this source alone; parts and the log never are."""
    days = {"_plan/shop/orders/a.json": 31, "_run/shop/a/n.json": 31, "_rate/shop/5-per-3600s/7/00000001.json": 2}
    young = {"_plan/shop/orders/b.json": 29, "_run/shop/b/n.json": 29, "_rate/shop/5-per-3600s/8/00000001.json": 1}
    other = {"_plan/other/orders/a.json": 99, "_log/shop/orders/00000001.json": 99, "source=shop/dt=1/part-1": 99}
    now = datetime.now(UTC)
    for name, age in (days | young | other).items():
        stage.put_if_absent(f"project/{name}", b"x")
        then = (now - timedelta(days=age)).timestamp()
        os.utime(stage.root / "project" / name, (then, then))
    assert tidy(stage, "project", "shop", now, timedelta(hours=1)) == len(days)
    assert {found.key.removeprefix("project/") for found in stage.list("project/")} == {*young, *other}
    assert tidy(stage, "project", "shop", now, timedelta(hours=1)) == 0


def test_disjoint_work_takes_the_next_number(log: Log) -> None:
    assert log.append(entry("a", 1), 0) == 1
    assert log.append(entry("b", 2), 0) == 2


def test_overlapping_work_of_another_run_is_refused(log: Log) -> None:
    log.append(entry("a", 1), 0)
    with pytest.raises(Conflict, match="run a worked on the same data at the same time"):
        log.append(entry("b", 1), 0)


def test_the_same_work_of_the_same_run_is_done_already(log: Log) -> None:
    log.append(entry("a", 1), 0)
    again = Committed("a", AT.replace(hour=1), 0, AT, "f", [], entry("a", 1).slices)
    with pytest.raises(AlreadyLogged):
        log.append(again, 0)


def test_an_answer_that_was_lost_on_the_way_is_no_conflict(log: Log) -> None:
    assert log.append(entry("a", 1), 0) == 1
    assert log.append(entry("a", 1), 0) == 1


def test_a_reset_meanwhile_refuses_the_entry(log: Log) -> None:
    log.append(Reset("b", AT, "f", "x"), 0)
    with pytest.raises(Conflict, match="reset"):
        log.append(entry("a", 1), 0)


def test_of_many_writers_each_gets_a_number_of_its_own(log: Log) -> None:
    numbers: list[int] = []

    def write(day: int) -> None:
        numbers.append(log.append(entry(f"run{day}", day), 0))

    threads = [threading.Thread(target=write, args=(day,)) for day in range(1, 21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 21))
    assert [number for number, _ in log.entries()] == list(range(1, 21))


def test_a_checkpoint_gives_the_position_of_the_whole_log(stage: LocalFolder, log: Log) -> None:
    for day in range(1, 8):
        log.append(entry("a", day), day - 1)
        log.recover()
    assert log.recover().reached({}, AT) == AT.replace(day=8)
    for found in list(stage.list("project/_log/shop/orders/at/")):
        (stage.root / found.key).unlink()
    assert log.recover().reached({}, AT) == AT.replace(day=8)


def test_a_damaged_checkpoint_is_made_again(stage: LocalFolder, log: Log) -> None:
    for day in range(1, 4):
        log.append(entry("a", day), day - 1)
        log.recover()
    *_, newest = [stage.root / found.key for found in stage.list("project/_log/shop/orders/at/")]
    for text in ("", "xx", newest.read_text(encoding="utf-8")[:20]):
        newest.write_text(text, encoding="utf-8")
        assert log.recover().reached({}, AT) == AT.replace(day=4)
    newest.write_text("[1]", encoding="utf-8")
    with pytest.raises(StageError, match="no position that this version knows"):
        log.recover()


@pytest.mark.parametrize("text", ["", "xx", '{"kind":'])
def test_a_damaged_entry_is_said(text: str, stage: LocalFolder, log: Log) -> None:
    log.append(entry("a", 1), 0)
    (stage.root / "project/_log/shop/orders/00000001.json").write_text(text, encoding="utf-8")
    with pytest.raises(StageError, match=r"00000001.json is damaged: .* put it back from a copy"):
        log.recover()


def test_an_entry_that_was_deleted_is_said(stage: LocalFolder, log: Log) -> None:
    for day in range(1, 4):
        log.append(entry("a", day), day - 1)
    (stage.root / "project/_log/shop/orders/00000002.json").unlink()
    with pytest.raises(StageError, match=r"00000002.json is missing, and entry 3 stands after it: it was deleted"):
        log.recover()
