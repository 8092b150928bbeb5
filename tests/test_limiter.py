"""How much of an API a run uses: at once, over time, and after it was asked to wait."""

import threading
import time

import pytest

from framework.limiter import Limiter, Stopped


def test_no_more_than_so_many_in_any_span() -> None:
    limiter = Limiter(5, 0.2, 8)
    times: list[float] = []

    def send() -> None:
        for _ in range(4):
            with limiter.request():
                times.append(time.monotonic())

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    assert all(later - earlier >= 0.19 for earlier, later in zip(times, times[5:], strict=False))


def test_no_more_than_so_many_at_once() -> None:
    limiter = Limiter(None, 1, 3)
    now: list[int] = []
    most: list[int] = []

    def send() -> None:
        with limiter.request():
            now.append(1)
            most.append(len(now))
            time.sleep(0.01)
            now.pop()

    threads = [threading.Thread(target=send) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 3


def test_a_pause_holds_for_all() -> None:
    limiter = Limiter(None, 1, 3)
    limiter.pause(0.1)
    began = time.monotonic()
    with limiter.request():
        assert time.monotonic() - began >= 0.09


def test_who_waits_is_woken_when_the_run_is_stopped() -> None:
    limiter = Limiter(None, 1, 3)
    limiter.pause(60)
    threading.Timer(0.05, limiter.stop).start()
    with pytest.raises(Stopped), limiter.request():
        pass
