"""A schedule in words, and when it comes next."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

from framework.spec import Schedule

NEXT = 3
_DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_SHORT = {day[:3].lower(): day for day in _DAYS}
_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"]  # fmt: skip


def cron_in_words(cron: str) -> str:
    """`15 * * * *` → every hour at minute 15. An expression that has no short name stays what it is."""
    fields = _WORDS.get(cron, cron).split()
    if len(fields) != 5:
        return f"by {cron}"
    minute, hour, day, month, weekday = fields
    times = _times(minute, hour)
    days = _days(day, month, weekday)
    if times is None or days is None:
        return f"by the cron expression {cron}"
    return times if days == "every day" and times.startswith("every") else f"{days} {times}"


def _times(minute: str, hour: str) -> str | None:
    if minute == hour == "*":
        return "every minute"
    if (step := re.fullmatch(r"\*/(\d+)", minute)) and hour == "*":
        return f"every {step[1]} minutes"
    if not re.fullmatch(r"\d+(,\d+)*", minute):
        return None
    if hour == "*":
        many = "minutes" if "," in minute else "minute"
        return "every hour, on the hour" if minute == "0" else f"every hour at {many} {_and(minute.split(','))}"
    if (step := re.fullmatch(r"\*/(\d+)", hour)) and "," not in minute:
        return f"every {step[1]} hours, at minute {int(minute)}"
    if re.fullmatch(r"\d+(,\d+)*", hour):
        found = [f"{int(h):02}:{int(m):02}" for h in hour.split(",") for m in minute.split(",")]
        return f"at {_and(sorted(found))}"
    if (span := re.fullmatch(r"(\d+)-(\d+)", hour)) and "," not in minute:
        return f"every hour from {int(span[1]):02}:{int(minute):02} to {int(span[2]):02}:{int(minute):02}"
    return None


def _days(day: str, month: str, weekday: str) -> str | None:
    if month != "*" and not month.isdigit():
        return None
    of = f" of {_MONTHS[int(month) - 1]}" if month != "*" else " of every month"
    if weekday in ("*", "?"):
        if day in ("*", "?"):
            return "every day" if month == "*" else f"every day of {_MONTHS[int(month) - 1]}"
        return f"on day {_and(day.split(','))}{of}" if re.fullmatch(r"\d+(,\d+)*", day) else None
    if day not in ("*", "?") or month != "*":
        return None
    if span := re.fullmatch(r"(\w+)-(\w+)", weekday):
        first, last = _day(span[1]), _day(span[2])
        return f"from {first} to {last}" if first and last else None
    names = [_day(word) for word in weekday.split(",")]
    return f"every {_and([name for name in names if name])}" if all(names) else None


def _day(word: str) -> str | None:
    return _DAYS[int(word)] if word.isdigit() and int(word) < len(_DAYS) else _SHORT.get(word.lower())


def _and(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def next_runs(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    """The next ticks, in the schedule's own zone."""
    ticks = croniter(schedule.cron, now.astimezone(ZoneInfo(schedule.timezone)))
    yield from (ticks.get_next(datetime) for _ in range(NEXT))


def tick_in_words(tick: datetime, now: datetime) -> str:
    """Wed 25 Nov 2026 19:15 CET, in 43 minutes"""
    return f"{tick:%a %d %b %Y %H:%M} {tick.tzname()}, in {about(tick - now)}"


def about(span: timedelta) -> str:
    """A length of time, roughly."""
    minutes = max(1, round(span / timedelta(minutes=1)))
    for size, word in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if minutes >= 1.5 * size or size == 1:
            number = round(minutes / size)
            return f"{number} {word}{'' if number == 1 else 's'}"
    raise AssertionError("the last size always fits")
