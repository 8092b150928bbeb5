"""The pages of a slice: in order, the next ones on their way while one is written; no thread outlives the run."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from framework.ahead import Flight, Pool
from framework.decoders.json import JsonDecoder
from framework.errors import ApiError
from framework.fetch import Client
from framework.limiter import Stopped
from framework.manifest import Slice
from framework.model import Redactor
from framework.paging import Pages
from framework.request import Page, Request
from framework.spec import Http, Stream
from tests.api import Answer, Api, Seen, framework, project, raw, serving, spec

pytestmark = pytest.mark.slow

CURSOR = {"type": "cursor", "next": "next", "param": "page"}
NUMBER = {"type": "page_number", "param": "page", "total_records": "total"}
LAST = 12


def number(seen: Seen) -> int:
    """Of the page that is asked for."""
    return int(seen.params.get("page", 1))


def body(asked: int, last: int = LAST) -> dict[str, Any]:
    """A page with one record."""
    return {"items": [{"id": asked}], "total": last, "next": asked + 1 if asked < last else None}


@contextmanager
def pages(api: Api, pagination: Mapping[str, Any], ahead: bool = True, concurrency: int = 4) -> Iterator[Pages]:
    """The pages of a stream of that API."""
    http = Http.model_validate(
        {"base_url": api.address, "retry": {"attempts": 1}, "rate_limit": {"concurrency": concurrency}}
    )
    client = Client(http, {}, Redactor())
    stream = Stream.model_validate(
        {"name": "items", "request": {"path": "/items"}, "records": "items", "pagination": pagination}
    )
    assert stream.pagination
    kind = stream.pagination

    def ask(item: Slice) -> tuple[Request, Mapping[str, Any]]:
        return kind.first(client.request("GET", "/items")), {}

    decoder = JsonDecoder(stream.records.path, kind.paths())
    try:
        with Pages(stream, client, decoder, Slice(), ask, ahead) as opened:
            yield opened
    finally:
        client.close()
        assert [thread for thread in threading.enumerate() if thread.name == "ahead"] == []


def ids(found: Page) -> list[bytes]:
    return [bytes(record) for record in found.records]


def test_the_next_page_is_asked_for_while_this_one_is_written_and_no_other() -> None:
    asked = threading.Semaphore(0)

    def answer(seen: Seen) -> Any:
        asked.release()
        return body(number(seen))

    with serving(answer) as api, pages(api, CURSOR) as found:
        for count, page in enumerate(found, 1):
            if count < LAST:
                assert asked.acquire(timeout=5), "this page"
                assert asked.acquire(timeout=5), "the next page"
                assert not asked.acquire(timeout=0.02), "one page ahead only"
                asked.release()
            assert ids(page) == [b'{"id": %d}' % count]
    assert found.requests == LAST


def test_nothing_is_asked_for_ahead_where_the_caller_may_stop() -> None:
    for kind in (CURSOR, NUMBER):
        with serving(lambda seen: body(number(seen))) as api, pages(api, kind, ahead=False) as found:
            for count, _ in enumerate(found, 1):
                assert len(api.seen) == count
                if count == 3:
                    break


def test_pages_with_a_total_are_asked_for_side_by_side_and_come_in_order() -> None:
    together = threading.Barrier(4)

    def answer(seen: Seen) -> Any:
        asked = number(seen)
        if 2 <= asked <= 9:
            together.wait(timeout=10)
            time.sleep(0.01 * (asked % 3))
        return body(asked, 9)

    with serving(answer) as api, pages(api, NUMBER) as found:
        assert [record for page in found for record in ids(page)] == [b'{"id": %d}' % n for n in range(1, 10)]
    assert found.requests == 9


def test_pages_ahead_are_bounded() -> None:
    with serving(lambda seen: body(number(seen), 1000)) as api, pages(api, NUMBER) as found:
        for count, _ in enumerate(found, 1):
            time.sleep(0.05)
            assert len(api.seen) <= count + 1 + 4
            if count == 5:
                break


def test_a_total_that_was_wrong_is_made_up_for() -> None:
    """More records than the first page said: what comes after the last page that was foreseen is asked for too."""

    def answer(seen: Seen) -> Any:
        asked = number(seen)
        return {"items": [{"id": asked}] if asked < 8 else [], "total": 3 if asked == 1 else 7}

    with serving(answer) as api, pages(api, NUMBER) as found:
        assert [record for page in found for record in ids(page)] == [b'{"id": %d}' % n for n in range(1, 8)]


def test_short_pages_shift_the_offsets_that_were_foreseen() -> None:
    kind = {"type": "offset", "param": "o", "total_records": "n", "page_size": {"param": "l", "value": 10}}

    def answer(seen: Seen) -> Any:
        at = int(seen.params["o"])
        size = 3 if at == 10 else 10
        return {"items": [{"id": n} for n in range(at, min(at + size, 45))], "n": 45}

    with serving(answer) as api, pages(api, kind) as found:
        assert [record for page in found for record in ids(page)] == [b'{"id": %d}' % n for n in range(45)]


def test_an_error_comes_up_when_it_is_its_turn() -> None:
    def answer(seen: Seen) -> Any:
        return Answer(b"", 404) if number(seen) == 3 else body(number(seen))

    with serving(answer) as api, pages(api, NUMBER) as found:
        read = iter(found)
        assert ids(next(read)) == [b'{"id": 1}']
        time.sleep(0.1)
        assert ids(next(read)) == [b'{"id": 2}']
        with pytest.raises(ApiError, match="page=3: status 404"):
            next(read)


def test_a_pool_that_is_closed_does_nothing_more() -> None:
    pool, begun, go = Pool(1), threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return go.wait(5)

    first, second = pool.submit(work), pool.submit(lambda: "never")
    assert begun.wait(5)
    closing = threading.Thread(target=pool.close, args=(5,))
    closing.start()
    time.sleep(0.05)
    go.set()
    closing.join()
    assert first.result() is True
    with pytest.raises(Stopped):
        second.result()
    with pytest.raises(Stopped):
        pool.submit(lambda: None)


def test_calls_that_were_given_up_take_no_thread_away() -> None:
    pool, go = Pool(1), threading.Event()
    flight: Flight[str] = Flight(pool, lambda request: str(go.wait(5)))
    flight.send(Request("GET", "https://a.example"), lambda: iter(()))
    flight.drop()
    assert pool.submit(lambda: "at once").result() == "at once"
    go.set()
    pool.close(5)


def test_no_thread_outlives_a_run_that_fails(tmp_path: Path) -> None:
    def answer(seen: Seen) -> Any:
        if number(seen) > 2:
            time.sleep(0.3)
        return {"items": [{"nr": 1}] if number(seen) == 2 else [{"id": number(seen)}], "total": 40}

    before = threading.active_count()
    with serving(answer) as api:
        project(tmp_path, spec(api.address, {"pagination": NUMBER}))
        assert framework(tmp_path, "run", "api") == 1
        assert [thread.name for thread in threading.enumerate() if thread.name == "ahead"] == []
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize("kind", [CURSOR, NUMBER], ids=["cursor", "page_number"])
def test_ctrl_c_ends_a_run_whose_pages_are_under_way(kind: Mapping[str, Any], tmp_path: Path) -> None:
    begun = threading.Event()

    def answer(seen: Seen) -> Any:
        if number(seen) > 3:
            begun.set()
            time.sleep(1.5)
        return body(number(seen), 40)

    with serving(answer) as api:
        project(tmp_path, spec(api.address, {"pagination": kind}))
        words = [sys.executable, "-m", "framework.cli", "run", "api", "--project", str(tmp_path)]
        run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert begun.wait(60)
        run.send_signal(signal.SIGINT)
        _, stderr = run.communicate(timeout=60)
        assert run.returncode == 130, stderr
        assert len(api.seen) < 40, "it read on to the end"
        assert "Stopped" in stderr
        api.answer = lambda seen: body(number(seen), 4)
        assert framework(tmp_path, "run", "api") == 0
    assert raw(tmp_path) == ['{"id": 1}', '{"id": 2}', '{"id": 3}', '{"id": 4}']


def test_the_next_page_is_on_its_way_while_this_one_is_written() -> None:
    arrived = [threading.Event() for _ in range(12)]

    def answer(seen: Seen) -> Any:
        arrived[number(seen)].set()
        return body(number(seen), 10)

    with serving(answer) as api, pages(api, CURSOR) as found:
        for count, _ in enumerate(found, 1):
            assert count == 10 or arrived[count + 1].wait(30), "nobody asked for it before this one was done"


@pytest.mark.slow
def test_the_wait_for_pages_side_by_side_is_shared() -> None:
    """An API that answers in 100 ms, asked by 8 at once: one after the other would take eight times as long. The goal
    is 1.15; here the API shares the machine with other tests."""

    def answer(seen: Seen) -> Any:
        time.sleep(0.1)
        return body(number(seen), 81)

    def measured() -> float:
        with serving(answer) as api, pages(api, NUMBER, concurrency=8) as found:
            begun = time.perf_counter()
            assert sum(1 for _ in found) == 81
            return (time.perf_counter() - begun) / (81 * 0.1 / 8)

    assert min(measured() for _ in range(3)) < 4
