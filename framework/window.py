"""Spans of time: durations, half-open windows, how an API writes an instant, and sets of covered time."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d|w)")

Bounds = Literal["[start,end)", "[start,end]", "(start,end]", "(start,end)"]


def parse_duration(text: object) -> timedelta:
    """`90s`, `5m`, `1h30m`, `7d`, `2w` → a timedelta. Raises ValueError where it is none of these."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not re.fullmatch(rf"(?:{_DURATION.pattern})+", text):
        raise ValueError(f"{text!r} is no duration: write a number and a unit, such as 30s, 5m, 1h or 7d")
    try:
        return sum((timedelta(**{_UNITS[u]: int(n)}) for n, u in _DURATION.findall(text)), timedelta())
    except OverflowError:
        raise ValueError(f"{text!r} is longer than can be counted") from None


@dataclass(frozen=True)
class Months:
    """So many months of the calendar, counted from January."""

    count: int

    def end_after(self, moment: datetime) -> datetime:
        """Where the next span of so many months begins."""
        index = (moment.year * 12 + moment.month - 1) // self.count * self.count + self.count
        if index >= 10_000 * 12:
            return datetime.max.replace(tzinfo=UTC)
        return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)


def parse_length(text: object) -> timedelta | Months:
    """`1mo`, `3mo`, `1y` → Months, anything else as `parse_duration` does."""
    found = re.fullmatch(r"(\d{1,5})(mo|y)", text) if isinstance(text, str) else None
    if found is None:
        try:
            return parse_duration(text)
        except ValueError as error:
            raise ValueError(str(error).replace("1h or 7d", "1h, 7d, 1mo or 1y")) from None
    if not int(found[1]):
        raise ValueError(f"{text} is no length of time")
    return Months(int(found[1]) * (12 if found[2] == "y" else 1))


def show_duration(span: timedelta) -> str:
    """The shortest text that `parse_duration` reads back as the same span (whole milliseconds)."""
    left = round(span / timedelta(milliseconds=1))
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(timedelta(**{_UNITS[unit]: 1}) / timedelta(milliseconds=1))
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_instant(value: object, form: str = "iso8601") -> datetime:
    """An instant as an API writes it → UTC datetime. Text without an offset is UTC. ValueError if it is none.

    `form` is iso8601, date, epoch, epoch_ms, epoch_us, or a strptime pattern.
    """
    try:
        return _parsed(value, form)
    except OverflowError:
        raise ValueError(f"{value!r} is an instant beyond the years 1 to 9999") from None


def parse_any(value: object, forms: Sequence[str]) -> datetime:
    """An instant in the first of these forms that fits it. ValueError, of the first form, if none does."""
    problem: ValueError | None = None
    for form in forms:
        try:
            return parse_instant(value, form)
        except ValueError as error:
            problem = problem or error
    raise problem or ValueError("no form to read an instant in")


def _parsed(value: object, form: str) -> datetime:
    if form in _EPOCHS:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(f"{value!r} is no number of {form}")
        whole = int(value) if isinstance(value, int) or str(value).lstrip("-").isdigit() else float(value)
        return _EPOCH + timedelta(microseconds=round(whole * _EPOCHS[form]))
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text that holds an instant")
    if form in ("iso8601", "date"):
        moment = datetime.fromisoformat(value.upper())  # RFC 3339, 5.6: t and z are fine too
    else:
        moment = datetime.strptime(value, form)  # noqa: DTZ007 - no zone means UTC, set below
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def format_instant(moment: datetime, form: str = "iso8601", precision: timedelta = timedelta(seconds=1)) -> str:
    """The inverse of `parse_instant`: 2026-01-31T12:00:00Z, with fractions only where the API's clock has them."""
    moment = moment.astimezone(UTC)
    if form in _EPOCHS:
        return str((moment - _EPOCH) // timedelta(microseconds=1) // _EPOCHS[form])
    if form == "date":
        return moment.date().isoformat()
    if form != "iso8601":
        return moment.strftime(form)
    digits = "milliseconds" if precision >= timedelta(milliseconds=1) else "microseconds"
    return moment.replace(tzinfo=None).isoformat("T", "seconds" if precision >= timedelta(seconds=1) else digits) + "Z"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCHS = {"epoch": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
INSTANT_FORMS = ["iso8601", "date", *_EPOCHS]


def is_instant_form(form: str) -> bool:
    """Whether `form` names how instants are written: a known word or a strptime pattern."""
    return form in INSTANT_FORMS or "%" in form


def step(form: str, precision: timedelta) -> timedelta:
    """The smallest step of the instants that are sent: that of the API's clock, or of the form, if that is coarser."""
    for signs, unit in _STEPS:
        if any(sign in form for sign in signs):
            return max(precision, unit)
    return max(precision, timedelta(days=1))


_STEPS = [
    (("iso8601", "epoch_us", "%f"), timedelta(microseconds=1)),
    (("epoch_ms",), timedelta(milliseconds=1)),
    (("epoch", "%S", "%s", "%T", "%X", "%c"), timedelta(seconds=1)),
    (("%M", "%R"), timedelta(minutes=1)),
    (("%H", "%I"), timedelta(hours=1)),
]


def floor(moment: datetime, precision: timedelta) -> datetime:
    """The last step of a clock of that precision at or before the moment."""
    return moment - (moment - _EPOCH) % precision


@dataclass(frozen=True, order=True)
class Window:
    """`[start, end)` in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Window") -> bool:
        """Whether an instant lies in both."""
        return self.start < other.end and other.start < self.end

    def to_json(self) -> list[str]:
        """`[start, end]` as ISO 8601 text with microseconds."""
        return [to_text(self.start), to_text(self.end)]

    @classmethod
    def from_json(cls, pair: list[str]) -> "Window":
        """The inverse of `to_json`."""
        return cls(parse_instant(pair[0]), parse_instant(pair[1]))

    def __str__(self) -> str:
        return f"[{to_text(self.start)}, {to_text(self.end)})"


def to_text(moment: datetime) -> str:
    """ISO 8601 in UTC, seconds, microseconds only where there are any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def sent_bounds(window: Window, bounds: Bounds, precision: timedelta) -> Window:
    """What to send so that an API with these ends returns `[start, end)`: an end that it includes, or a start that it
    leaves out, moves back by the smallest step of its clock."""
    first = datetime.min.replace(tzinfo=UTC) + precision
    start = max(first, window.start) - precision if bounds.startswith("(") else window.start
    end = window.end - precision if bounds.endswith("]") else window.end
    return Window(start, max(start, end))


def cut(span: Window, length: timedelta | Months | None) -> Iterator[Window]:
    """A span in windows of that length, oldest first; the last one may be shorter, and so may the first of months."""
    start = span.start
    while start < span.end:
        end = span.end
        if isinstance(length, Months):
            end = min(length.end_after(start), end)
        elif length and length < span.end - start:
            end = start + length
        yield Window(start, end)
        start = end


def merged(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The same covered time as the fewest windows, in order."""
    result: list[Window] = []
    for window in sorted(windows):
        if result and window.start <= result[-1].end:
            result[-1] = Window(result[-1].start, max(result[-1].end, window.end))
        else:
            result.append(window)
    return tuple(result)


def common(sets: Iterable[tuple[Window, ...]]) -> tuple[Window, ...]:
    """The time that lies in every one of these sets of windows, as the fewest windows."""
    result: tuple[Window, ...] | None = None
    for other in sets:
        if result is None:
            result = other
        else:
            pairs = [(max(a.start, b.start), min(a.end, b.end)) for a in result for b in other]
            result = merged(Window(start, end) for start, end in pairs if start < end)
    return result or ()


def day_start(day: date) -> datetime:
    """Midnight UTC of that day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
