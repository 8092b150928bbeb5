"""What a DAG run reads: params, intervals of a backfill, or nothing said."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dag_factory.window import asked
from framework.errors import SettingsError

MONDAY = datetime(2025, 3, 31, 6, 15, tzinfo=UTC)


def of(params: dict[str, Any], run_type: str = "manual", by_interval: bool = False, zone: str = "UTC") -> Any:
    return asked(params, run_type, MONDAY, "15 6 * * *", zone, by_interval)


def test_a_scheduled_run_goes_on_from_the_position() -> None:
    assert of({}, "scheduled") == {}
    assert of({}) == {}
    assert of({}, "asset_triggered") == {}


def test_a_backfill_covers_the_time_since_the_tick_before() -> None:
    assert of({}, "backfill") == {"since": "2025-03-30T06:15:00Z", "until": "2025-03-31T06:15:00Z"}


def test_an_interval_is_the_time_up_to_the_next_tick() -> None:
    wanted = {"since": "2025-03-31T06:15:00Z", "until": "2025-04-01T06:15:00Z"}
    assert of({}, "scheduled", by_interval=True) == wanted
    assert of({}, "backfill", by_interval=True) == wanted
    assert of({}, "manual", by_interval=True) == {}


def test_ticks_are_those_of_the_zone() -> None:
    """On 30 March 2025 Amsterdam put its clocks forward: that day had 23 hours."""
    tick = datetime(2025, 3, 31, 4, 15, tzinfo=UTC)
    found = asked({}, "backfill", tick, "15 6 * * *", "Europe/Amsterdam", False)
    assert found == {"since": "2025-03-30T04:15:00Z", "until": "2025-03-31T04:15:00Z"}
    found = asked({}, "backfill", tick, "15 6 * * 1", "Europe/Amsterdam", False)
    assert found["since"] == "2025-03-24T05:15:00Z"


def test_params_come_first() -> None:
    given = {"since": "2024-01-01", "until": None, "full_refresh": False, "limit": 5, "streams": ["a"]}
    assert of(given, "backfill") == {"since": "2024-01-01T00:00:00Z", "limit": 5}
    assert of({"full_refresh": True}, "manual") == {"full_refresh": True}


@pytest.mark.parametrize("params", [{"since": "yesterday"}, {"since": "2024-01-01", "full_refresh": True}])
def test_what_makes_no_sense(params: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        of(params)
