"""A plan cut into batches, and put together again."""

from datetime import UTC, datetime, timedelta

import pytest

from framework.batches import MOST, Batch, cut
from framework.manifest import Slice
from framework.plan import Plan
from framework.window import Window

START = datetime(2025, 1, 1, tzinfo=UTC)


def plan(*slices: Slice, limit: int | None = None) -> Plan:
    return Plan("run", "shop", "orders", START, 0, "", list(slices), limit=limit)


def partitions(count: int) -> list[Slice]:
    return [Slice({"order": {"id": number}}) for number in range(count)]


@pytest.mark.parametrize("count", [1, 2, 7, 100, 12_345])
@pytest.mark.parametrize("pace", [0.001, 1.0, 60.0])
def test_every_slice_is_in_one_batch(count: int, pace: float) -> None:
    whole = plan(*partitions(count))
    batches = cut(whole, pace, 4, 30.0)
    assert [item for batch in batches for item in batch.of_plan(whole).slices] == whole.slices
    sizes = [len(batch.of_plan(whole).slices) for batch in batches]
    assert max(sizes) - min(sizes) <= 1
    assert len(batches) <= MOST
    if 1 < len(batches) < MOST:
        assert (max(sizes) - 1) * pace / 4 <= 60 or max(sizes) == 1, "about as long as was asked"
        assert max(sizes) * pace / 4 >= 30 or max(sizes) == 1, "and no shorter"


def test_no_slices_no_batches() -> None:
    assert cut(plan(), 1.0, 4, 30.0) == []


def test_a_limit_is_counted_in_one_place() -> None:
    assert len(cut(plan(*partitions(1000), limit=5), 60.0, 1, 30.0)) == 1


def test_names_say_what_is_in_it() -> None:
    days = [Window(START + timedelta(days=day), START + timedelta(days=day + 1)) for day in range(4)]
    by_time = [Slice({}, window) for window in days]
    named = [batch.name for batch in cut(plan(*by_time), 30.0, 1, 60.0)]
    assert named == [
        "1 of 2 · 2025-01-01T00:00:00Z to 2025-01-03T00:00:00Z",
        "2 of 2 · 2025-01-03T00:00:00Z to 2025-01-05T00:00:00Z",
    ]
    assert [batch.name for batch in cut(plan(*partitions(4)), 30.0, 1, 60.0)] == [
        "1 of 2 · 2 partitions",
        "2 of 2 · 2 partitions",
    ]
    (one,) = cut(plan(Slice({"warehouse": "ams"}, days[0])), 1.0, 1, 30.0)
    assert one == Batch(1, 1, "1 of 1 · warehouse=ams · 2025-01-01T00:00:00Z to 2025-01-02T00:00:00Z")
