"""How much of an API a run uses: at once, over time, and after it was asked to wait."""

import threading
import time

import pytest

from framework.limiter import Limiter, Stopped


class Clock:
    """Time that passes while somebody sleeps, and sometimes longer than asked for."""

    def __init__(self, limiter: Limiter, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.late: list[float] = []
        monkeypatch.setattr("framework.limiter.time.monotonic", lambda: self.now)
        monkeypatch.setattr(limiter, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.now += seconds + (self.late.pop() if self.late else 0)


def test_no_more_than_so_many_in_any_span(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = Limiter(5, 0.2, 8)
    clock = Clock(limiter, monkeypatch)
    clock.late = [0.15, 0.0, 0.19, 0.4]
    times = []
    for _ in range(40):
        with limiter.request():
            times.append(clock.now)
    assert all(later - earlier >= 0.2 - 1e-9 for earlier, later in zip(times, times[5:], strict=False))
    assert times[-1] - times[0] < 8 * 0.2 + sum([0.15, 0.19, 0.4])


def test_all_threads_share_one_limit() -> None:
    limiter = Limiter(5, 0.3, 8)
    began = time.monotonic()

    def send() -> None:
        for _ in range(4):
            with limiter.request():
                pass

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= 0.9  # 20 requests in four spans


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


def test_who_need_not_wait_is_stopped_too() -> None:
    limiter = Limiter(None, 1, 3)
    limiter.stop()
    with pytest.raises(Stopped), limiter.request():
        pass
