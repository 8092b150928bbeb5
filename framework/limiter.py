"""How much of an API a run uses at once and over time, shared by all of its threads."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from framework.errors import FrameworkError


class Stopped(FrameworkError):
    """The run was told to stop."""


class Limiter:
    """At most so many requests in any span of time, and so many at once. A pause asked for by the API holds for all."""

    def __init__(self, requests: int | None, per_seconds: float, concurrency: int) -> None:
        self._requests, self._per = requests, per_seconds
        self._sent: deque[float] = deque(maxlen=requests)
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(concurrency)
        self._paused_until = 0.0
        self._stop = threading.Event()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Waits for its turn, then holds a place until the request is done. Raises Stopped."""
        with self._places:
            self._await_turn()
            yield

    def _await_turn(self) -> None:
        while True:
            wait = self._wait()
            if wait <= 0 and not self._stop.is_set():
                return
            self.sleep(wait)  # however short: a run that was told to stop ends here

    def _wait(self) -> float:
        """The seconds until it may be its turn; none where it is, and then it counts as sent. What counts is when a
        request went, not when it was due: one that woke late would else be followed too closely."""
        with self._lock:
            now = time.monotonic()
            wait = self._paused_until - now
            if self._requests and len(self._sent) >= self._requests:
                wait = max(wait, self._sent[0] + self._per - now)
            if wait <= 0 and self._requests:
                self._sent.append(now)
            return wait

    def pause(self, seconds: float) -> None:
        """Nobody sends for this long."""
        with self._lock:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def sleep(self, seconds: float) -> None:
        """Sleeps, unless the run is told to stop: then raises Stopped."""
        if self._stop.wait(max(0.0, seconds)):
            raise Stopped("stopped")

    def stop(self) -> None:
        """Wakes everyone who waits, with Stopped."""
        self._stop.set()
