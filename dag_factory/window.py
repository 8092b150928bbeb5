"""What a DAG run is to read: params first, then the interval of a backfill or of `by: interval`, else nothing is said
and each stream goes on from its position.

A cron expression alone has an empty interval in Airflow 3: the interval is worked out here, from tick to tick.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from framework.errors import SettingsError
from framework.window import parse_instant, to_text


def asked(
    params: Mapping[str, Any],
    run_type: str,
    logical_date: datetime | None,
    cron: str | None,
    zone: str,
    by_interval: bool,
) -> dict[str, Any]:
    """Options of the run, as text and numbers. Raises SettingsError where they make no sense."""
    found: dict[str, Any] = {name: params[name] for name in ("full_refresh", "limit") if params.get(name)}
    window = {name: _instant(name, params[name]) for name in ("since", "until") if params.get(name)}
    ticked = run_type in ("scheduled", "backfill")
    if not window and cron and logical_date and ticked and (by_interval or run_type == "backfill"):
        window = _interval(logical_date, cron, zone, by_interval)
    if window and found.get("full_refresh"):
        raise SettingsError("full_refresh reads everything: leave since and until away")
    return found | window


def _interval(logical_date: datetime, cron: str, zone: str, by_interval: bool) -> dict[str, str]:
    """With `by: interval` the logical date is the interval's start, else it is the tick at its end."""
    local = logical_date.astimezone(ZoneInfo(zone))
    ticks = croniter(cron, local)
    other = (ticks.get_next if by_interval else ticks.get_prev)(datetime)
    since, until = (local, other) if by_interval else (other, local)
    return {"since": to_text(since.astimezone(UTC)), "until": to_text(until.astimezone(UTC))}


def _instant(name: str, text: str) -> str:
    try:
        return to_text(parse_instant(str(text)))
    except ValueError:
        raise SettingsError(f"{name}: {text!r} is no instant: write 2024-01-31 or 2024-01-31T12:00:00Z") from None
