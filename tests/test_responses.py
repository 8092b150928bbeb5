"""How long a client waits: by a header, by its budget, by its own backoff."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from framework.fetch import _backoff, _seconds
from framework.responses import Backoff
from tests.api import Answer, serving
from tests.test_fetch import GOOD, Answers, fetched, opened


@pytest.mark.parametrize(
    ("text", "form", "seconds"),
    [
        ("2.5", "seconds", 2.5),
        ("-1", "seconds", 0.0),
        ("1500", "milliseconds", 1.5),
        ("1000", "epoch", 0.0),
        ("soon", "seconds", None),
        ("", "seconds", None),
        (None, "epoch", None),
        ("1e999", "epoch_ms", None),
        ("tomorrow", "http_date", None),
    ],
)
def test_what_a_header_says(text: str | None, form: str, seconds: float | None) -> None:
    assert _seconds(text, form) == seconds


def test_a_moment_to_come_is_so_far_away() -> None:
    then = datetime.now(UTC) + timedelta(seconds=100)
    for text, form in [
        (str(then.timestamp()), "epoch"),
        (str(then.timestamp() * 1000), "epoch_ms"),
        (format_datetime(then, usegmt=True), "http_date"),
    ]:
        assert 98 < (_seconds(text, form) or 0) <= 100


def test_waits_grow_to_the_longest_or_stay_the_same() -> None:
    grows = Backoff.model_validate({"initial": "1s", "max": "3s"})
    for attempt, most in ((1, 1.0), (2, 2.0), (3, 3.0), (50, 3.0)):
        assert most / 2 <= _backoff(grows, attempt) <= most
    same = Backoff.model_validate({"type": "constant", "initial": "7s"})
    assert [_backoff(same, attempt) for attempt in (1, 9)] == [7.0, 7.0]


@pytest.mark.parametrize(("left", "waits"), [("0", True), ("1", False), ("unknown", False)])
def test_a_budget_that_is_used_up_holds_everyone_back(
    left: str, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    budget = {"remaining_header": "X-Left", "reset_header": "X-Reset"}
    answer = Answer(GOOD, 200, {"X-Left": left, "X-Reset": "0.3"})
    with serving(Answers(answer, GOOD)) as api, opened(api, rate_limit=budget) as client:
        paused: list[float] = []
        pause = client.limiter.pause
        monkeypatch.setattr(client.limiter, "pause", lambda seconds: (paused.append(seconds), pause(seconds)))
        started = time.monotonic()
        fetched(client)
        fetched(client)
        assert paused == ([0.3] if waits else [])
        assert not waits or time.monotonic() - started >= 0.3
