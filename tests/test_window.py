"""Durations, instants, windows."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.window import (
    Window,
    common,
    cut,
    floor,
    format_instant,
    merged,
    parse_any,
    parse_duration,
    parse_instant,
    parse_length,
    sent_bounds,
    show_duration,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("1h30m", 5400), ("7d", 604800), ("2w", 1209600), ("250ms", 0.25)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "1y", "-1d", "1.5h", 5, None, "9999999999w"])
def test_no_durations(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**11))
def test_a_duration_is_read_back_as_it_is_shown(milliseconds: int) -> None:
    span = timedelta(milliseconds=milliseconds)
    assert parse_duration(show_duration(span)) == span


@pytest.mark.parametrize(
    ("value", "form", "wanted"),
    [
        ("2026-01-31T12:00:00Z", "iso8601", NOON),
        ("2026-01-31T13:00:00+01:00", "iso8601", NOON),
        ("2026-01-31T12:00:00", "iso8601", NOON),
        ("2026-01-31T12:00:00.000001Z", "iso8601", NOON + timedelta(microseconds=1)),
        ("2026-01-31", "date", NOON - timedelta(hours=12)),
        (1769860800, "epoch", NOON),
        ("1769860800", "epoch", NOON),
        (1769860800000, "epoch_ms", NOON),
        (1769860800000000, "epoch_us", NOON),
        ("31.01.2026 12:00", "%d.%m.%Y %H:%M", NOON),
    ],
)
def test_instants(value: object, form: str, wanted: datetime) -> None:
    assert parse_instant(value, form) == wanted


@pytest.mark.parametrize(("value", "form"), [("soon", "iso8601"), (True, "epoch"), (None, "iso8601"), ("x", "epoch")])
def test_no_instants(value: object, form: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_instant(value, form)


@given(
    st.datetimes(min_value=NOON.replace(year=1971, tzinfo=None), max_value=NOON.replace(year=2100, tzinfo=None)),
    st.sampled_from(["iso8601", "epoch_us"]),
)
def test_an_instant_is_read_back_as_it_is_sent(moment: datetime, form: str) -> None:
    moment = moment.replace(tzinfo=UTC)
    text = format_instant(moment, form, timedelta(microseconds=1))
    assert parse_instant(text, form) == moment


@pytest.mark.parametrize(
    ("bounds", "start", "end"),
    [
        ("[start,end)", "12:00:00", "13:00:00"),
        ("[start,end]", "12:00:00", "12:59:59"),
        ("(start,end]", "11:59:59", "12:59:59"),
        ("(start,end)", "11:59:59", "13:00:00"),
    ],
)
def test_what_is_sent_gets_back_start_to_end(bounds: str, start: str, end: str) -> None:
    sent = sent_bounds(Window(NOON, NOON + timedelta(hours=1)), bounds, SECOND)  # type: ignore[arg-type]
    assert (f"{sent.start:%H:%M:%S}", f"{sent.end:%H:%M:%S}") == (start, end)


@given(st.integers(min_value=1, max_value=1000), st.integers(min_value=1, max_value=97))
def test_windows_cover_a_span_without_gap_or_overlap(minutes: int, length: int) -> None:
    span = Window(NOON, NOON + timedelta(minutes=minutes))
    windows = list(cut(span, timedelta(minutes=length)))
    assert windows[0].start == span.start
    assert windows[-1].end == span.end
    assert all(a.end == b.start for a, b in pairwise(windows))
    assert merged(reversed(windows)) == (span,)


def test_windows_with_a_gap_stay_apart() -> None:
    one, two = Window(NOON, NOON + SECOND), Window(NOON + 2 * SECOND, NOON + 3 * SECOND)
    assert merged([two, one]) == (one, two)
    assert not one.overlaps(two)


def test_floor_goes_back_to_a_step_of_the_clock() -> None:
    assert floor(NOON + timedelta(microseconds=999_999), SECOND) == NOON
    assert floor(NOON, timedelta(days=1)) == NOON - timedelta(hours=12)


def test_months_and_years_of_the_calendar() -> None:
    span = Window(parse_instant("2025-11-15"), parse_instant("2026-02-01"))
    assert [f"{w.start:%m-%d}" for w in cut(span, parse_length("1mo"))] == ["11-15", "12-01", "01-01"]
    assert [f"{w.start:%m-%d}" for w in cut(span, parse_length("3mo"))] == ["11-15", "01-01"]
    assert [f"{w.start:%m-%d}" for w in cut(span, parse_length("1y"))] == ["11-15", "01-01"]
    assert list(cut(span, parse_length("9999y"))) == [span]
    assert parse_length("7d") == timedelta(days=7)
    for text in ("0mo", "1mo2d", "mo", "-1y"):
        with pytest.raises(ValueError, match=r"no length|no duration"):
            parse_length(text)


def test_the_time_that_several_sets_share() -> None:
    def days(*spans: tuple[int, int]) -> tuple[Window, ...]:
        start = parse_instant("2026-01-01")
        return tuple(Window(start + timedelta(days=a), start + timedelta(days=b)) for a, b in spans)

    assert common([days((1, 5), (7, 9)), days((2, 8))]) == days((2, 5), (7, 8))
    assert common([days((1, 5)), ()]) == ()
    assert common([]) == ()


def test_the_first_form_that_fits() -> None:
    assert parse_any("31/01/2026", ["iso8601", "%d/%m/%Y"]) == parse_instant("2026-01-31")
    with pytest.raises(ValueError, match="soon"):
        parse_any("soon", ["epoch", "iso8601"])
