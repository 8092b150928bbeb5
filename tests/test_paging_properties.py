"""Whatever an API's pages look like, and whatever goes wrong between them: CLEAN holds each of its records once.

Made-up APIs with a stable order, in every kind of paging, that change while they are read, fail now and then and lower
their own page size. Where the order moves and records are counted, no tool can promise that: then it is said.
"""

import json
import random
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from framework.lint import problems_of
from framework.project import find
from framework.run import run
from framework.spec_file import load
from framework.workspace import Options, Workspace
from tests.api import Answer, Api, Seen, project, rows, serving, spec

FAST = settings(
    max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass
class World:
    """An API's records, its pages, and its moods."""

    kind: str
    asked: int
    """The page size that is asked for …"""
    cap: int
    """… and what the API makes of it."""
    total: bool
    count: int
    changes: int
    """How many records change or are added while it is read."""
    failures: int
    chance: random.Random
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    clock: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        for number in range(1, self.count + 1):
            self._touch(number)

    def _touch(self, number: int) -> None:
        self.clock += 1
        version = self.records.get(number, {}).get("version", 0) + 1
        self.records[number] = {"id": number, "version": version, "at": self.clock}

    def _change(self) -> None:
        while self.changes and self.chance.random() < 0.6:
            self.changes -= 1
            highest = max(self.records, default=0)
            self._touch(self.chance.randint(1, highest) if highest and self.chance.random() < 0.7 else highest + 1)

    def answer(self, seen: Seen) -> Any:
        """One page, after something may have changed or gone wrong."""
        with self.lock:
            return self._answer(seen)

    def _answer(self, seen: Seen) -> Any:
        if self.failures and self.chance.random() < 0.4:
            self.failures -= 1
            return self.chance.choice(
                [Answer(b"", 503, {"Retry-After": "0"}), Answer(b"slow down", 429, {"Retry-After": "0"})]
            )
        self._change()
        return getattr(self, f"_{self.kind}")(seen.params, max(1, min(int(seen.params["size"]), self.cap)))

    def _page(self, found: list[dict[str, Any]], **more: Any) -> Any:
        return {"items": found, **({"total": len(self.records)} if self.total else {}), **more}

    def _keyset(self, params: dict[str, str], size: int) -> Any:
        """By time of change: what changes moves to the end and is read again."""
        after = tuple(map(int, params.get("after", "0,0").split(",")))
        left = sorted((r for r in self.records.values() if (r["at"], r["id"]) > after), key=lambda r: r["at"])
        found = left[:size]
        return self._page(found, next=f"{found[-1]['at']},{found[-1]['id']}" if len(left) > size else None)

    _template = _keyset

    def _last(self, params: dict[str, str], size: int) -> Any:
        """By id, an empty page at the end."""
        after = int(params.get("after", 0))
        return self._page([self.records[n] for n in sorted(self.records) if n > after][:size])

    def _next_url(self, params: dict[str, str], size: int) -> Any:
        found = self._last(params, size)
        last = found["items"][-1]["id"] if found["items"] else None
        return found | {"next": f"/items?after={last}&size={size}" if last and last < max(self.records) else None}

    def _page_number(self, params: dict[str, str], size: int) -> Any:
        begin = (int(params["page"]) - 1) * size
        return self._page([self.records[n] for n in sorted(self.records)][begin : begin + size])

    def _offset(self, params: dict[str, str], size: int) -> Any:
        """Each page is as long as the API likes."""
        begin, size = int(params["offset"]), self.chance.randint(1, size)
        return self._page([self.records[n] for n in sorted(self.records)][begin : begin + size])

    def _moving(self, params: dict[str, str], size: int) -> Any:
        begin = int(params["offset"])
        return self._page(sorted(self.records.values(), key=lambda r: r["at"])[begin : begin + size])

    def pagination(self) -> dict[str, Any]:
        """How a spec says it."""
        size = {"page_size": {"param": "size", "value": self.asked}}
        total = {"total_records": "total"} if self.total else {}
        kinds: dict[str, dict[str, Any]] = {
            "keyset": {"type": "cursor", "next": "next", "param": "after"},
            "template": {
                "type": "cursor",
                "token": "{{ last.at ~ ',' ~ last.id if body.next else none }}",
                "param": "after",
            },
            "last": {"type": "cursor", "last": "id", "param": "after"},
            "next_url": {"type": "next_url", "next": "next"},
            "page_number": {"type": "page_number", "param": "page"},
            "offset": {"type": "offset", "param": "offset"},
            "moving": {"type": "offset", "param": "offset"},
        }
        return {**kinds[self.kind], **size, **total}


KINDS = ["keyset", "template", "last", "next_url", "page_number", "offset"]


@st.composite
def worlds(draw: st.DrawFn, kinds: list[str]) -> World:
    kind = draw(st.sampled_from(kinds))
    world = World(
        kind=kind,
        asked=draw(st.integers(1, 9)),
        cap=draw(st.integers(1, 9)),
        total=draw(st.booleans()),
        count=draw(st.integers(0, 30)),
        changes=draw(st.integers(0, 12)),
        failures=draw(st.integers(0, 3)),
        chance=random.Random(draw(st.integers(0, 2**32))),
    )
    return world


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with serving(lambda seen: None) as running:
        yield running


def came_of(world: World, api: Api, folder: Path, **more: Any) -> tuple[str, dict[int, int], list[str]]:
    """The run's status, CLEAN's versions by id, and what lint says."""
    api.answer = world.answer
    clean = {"table": "CLN_ITEM", "columns": {"version": {"from": "version", "type": "integer"}}}
    stream = {"pagination": world.pagination(), "clean": clean, **more}
    project(folder, spec(api.address, stream, http={"retry": {"attempts": 5}}))
    report = run(Workspace(find(folder).deployment("api")), Options())
    found = rows(folder, "select id, version from CLN_ITEM") if report.of("items").table else []
    said = [problem.code for problem in problems_of(load(folder / "sources" / "api.yaml"))]
    assert len({int(number) for number, _ in found}) == len(found), "each key once"
    return report.status, {int(number): version for number, version in found}, said


@pytest.mark.slow
@FAST
@given(worlds(KINDS))
def test_no_record_is_lost_or_doubled(api: Api, world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        status, found, _ = came_of(world, api, Path(folder))
    assert status == "ok"
    assert set(found) <= set(world.records)
    began_with = set(range(1, world.count + 1))
    # What is added on the way may belong to a page that was read, or that came before its turn.
    late = world.kind == "page_number" or (world.kind == "offset" and world.total)
    assert set(found) >= (began_with if late else set(world.records)), world
    if world.kind in ("keyset", "template"):  # what changed was read again
        assert found == {number: record["version"] for number, record in world.records.items()}


@pytest.mark.slow
@FAST
@given(worlds(["moving"]), st.sampled_from(["", "updated", "at"]))
def test_what_counting_over_a_moving_order_may_lose_is_said(api: Api, world: World, sort: str) -> None:
    assume(world.count > 1 and world.changes)
    params = {"since": "{{ window.start }}", "until": "{{ window.end }}"} | ({"sort": sort} if sort else {})
    more = {
        "request": {"path": "/items", "params": params},
        "incremental": {"cursor": "updated_at" if sort == "updated" else "at", "start": "0", "format": "epoch"},
    }
    with tempfile.TemporaryDirectory() as folder:
        status, found, said = came_of(world, api, Path(folder), **more)
    assert set(found) == set(world.records) or status == "failed" or "W223" in said


def test_a_world_is_json() -> None:
    world = World("keyset", 3, 2, True, 4, 0, 0, random.Random(1))
    assert json.loads(json.dumps(world.answer(Seen("GET", "/", {"size": "3"}, {}, b""))))["next"] == "2,2"
