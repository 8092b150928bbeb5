"""Plans as values: which slices a run reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from framework.manifest import Position, Slice
from framework.plan import Parent, Plan, Request, covered, fingerprint, slices
from framework.spec import Stream
from framework.window import Window

NOW = datetime(2026, 1, 31, 12, 0, 0, 500, tzinfo=UTC)
WINDOWED = {"since": "{{ window.start }}", "until": "{{ window.end }}"}


def stream(params: dict[str, Any] | None = None, **more: Any) -> Stream:
    """A stream by time."""
    incremental = {"cursor": "at", "start": "2026-01-01", "window": "7d", "lookback": "1h", "delay": "2m"}
    request = {"path": "/x", "params": WINDOWED if params is None else params}
    return Stream.model_validate({"name": "x", "request": request, "incremental": incremental | more})


def windows(of: Stream, position: Position = Position(), asked: Request = Request()) -> list[str]:  # noqa: B008
    """As text, days and hours."""
    found = slices(of, {}, position, NOW, asked)
    return [f"{s.window.start:%d.%H:%M}-{s.window.end:%d.%H:%M}" for s in found if s.window]


def read(*spans: tuple[int, float]) -> Position:
    """A position that covers these days of January."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = tuple(Window(start + timedelta(days=a - 1), start + timedelta(days=b - 1)) for a, b in spans)
    return Position(covered={"{}": found})


def test_the_first_run_reads_from_start_to_now_less_delay() -> None:
    assert windows(stream()) == [
        "01.00:00-08.00:00",
        "08.00:00-15.00:00",
        "15.00:00-22.00:00",
        "22.00:00-29.00:00",
        "29.00:00-31.11:58",
    ]


def test_later_runs_go_on_from_the_position_less_lookback() -> None:
    assert windows(stream(), read((1, 31))) == ["30.23:00-31.11:58"]


def test_a_window_that_failed_is_read_again_and_no_other() -> None:
    assert windows(stream(), read((1, 8), (15, 31))) == ["07.23:00-14.23:00", "14.23:00-15.00:00", "31.00:00-31.11:58"]


def test_a_run_right_after_another_reads_the_lookback_again() -> None:
    assert windows(stream(), read((1, 40))) == ["31.10:58-31.11:58"]


def test_without_window_there_is_one_slice() -> None:
    assert windows(stream(window=None)) == ["01.00:00-31.11:58"]


def test_a_backfill_reads_just_what_is_asked() -> None:
    asked = Request(datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC))
    assert windows(stream(), read((1, 31)), asked) == ["03.00:00-05.00:00"]
    assert asked.backfill


def test_a_child_follows_the_parents_beyond_its_position_and_its_failures() -> None:
    for_each = {"stream": "x", "as": "x", "only_changed": True}
    raw = {"name": "y", "request": {"path": "/x/{{ x.id }}"}, "for_each": for_each}
    child = Stream.model_validate(raw)
    parents = [Parent({"x": {"id": number}}, {}, entry) for number, entry in ((1, 4), (2, 5), (1, 6))]
    failed = Slice({"x": {"id": 9}})
    position = Position(parents=3, followed={'{"x":{"id":2}}': 5}, pending={failed.partition_key: failed})
    due = [item.partition["x"]["id"] for item in slices(child, {}, position, NOW, Request(), {"x": parents})]
    assert due == [1, 9]
    every = Stream.model_validate(raw | {"for_each": for_each | {"only_changed": False}})
    due = [item.partition["x"]["id"] for item in slices(every, {}, position, NOW, Request(), {"x": parents})]
    assert due == [1, 2]


def test_time_between_two_windows_is_due_whatever_the_clock_says() -> None:
    """The clock was ahead when the second one was read."""
    assert windows(stream(lookback="0s"), read((1, 3), (40, 41))) == [
        "03.00:00-10.00:00",
        "10.00:00-17.00:00",
        "17.00:00-24.00:00",
        "24.00:00-31.00:00",
        "31.00:00-31.11:58",
    ]


def test_a_position_covers_what_was_sent_never_beyond_the_apis_own_clock() -> None:
    window = Window(NOW - timedelta(hours=1), NOW)
    early = NOW - timedelta(minutes=9)
    both = stream()
    assert covered(both, Slice({}, window), None, None) == window
    slow = covered(both, Slice({}, window), None, early)
    assert slow is not None
    assert slow.end <= early
    open_ended = stream({"since": "{{ window.start }}"})
    assert covered(open_ended, Slice({}, window), None, None) is None
    found = covered(open_ended, Slice({}, window), early, None)
    assert found == Window(window.start, early)


@pytest.mark.parametrize("change", [{"cursor": "other"}, {"format": "epoch"}])
def test_a_change_that_makes_a_position_meaningless_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(stream()) != fingerprint(stream(**change))
    assert fingerprint(stream()) == fingerprint(stream(window="1d", lookback="2h"))


def test_a_plan_is_read_back_as_it_is_written() -> None:
    items = list(slices(stream(), {}, Position(), NOW, Request()))
    plan = Plan(run="r", source="s", stream="x", started=NOW, base=1, fingerprint="f", slices=items)
    assert Plan.from_json(plan.to_json()) == plan
