"""Sources that start at the same minute and call the same host."""

from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from croniter import croniter

from framework.lint.whole import schedule_problems
from framework.template import TemplateProblem, render_text
from framework.validation.across.group import Found, Group


def schedules(group: Group) -> Found:
    """One problem for each source that gets in another one's way."""
    seen: dict[str, list[tuple[str, str, str]]] = {}
    for name, (spec, source) in group.sources.items():
        host = _host(
            source.http.base_url, {key: rule["default"] for key, rule in source.config.items() if "default" in rule}
        )
        if source.schedule is None or host is None:
            continue
        mine = (source.schedule.cron, source.schedule.timezone)
        for other, *theirs in seen.get(host, []):
            if _starts(*mine) & _starts(*theirs):
                message = f"{other!r} starts at the same minute and calls {host} too: move one of the two."
                yield group.problem(spec, "W402", ("schedule", "cron"), message)
                break
        seen.setdefault(host, []).append((name, *mine))


def _host(base_url: str, config: dict[str, object]) -> str | None:
    try:
        written = urlsplit(base_url)
        if "{" not in written.netloc:
            return written.hostname
        return urlsplit(render_text(base_url, {"config": config})).hostname
    except (TemplateProblem, ValueError):
        return None


@lru_cache
def _starts(cron: str, zone: str) -> frozenset[datetime]:
    """The next starts, as far as a pattern may need to show itself; none of a schedule that does not work."""
    if "{{" in cron or any(schedule_problems(cron, zone)):
        return frozenset()
    times = croniter(cron, datetime(2024, 1, 1, tzinfo=ZoneInfo(zone))).all_next(datetime)
    return frozenset(moment.astimezone(UTC) for moment in islice(times, 100))
