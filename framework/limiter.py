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
        self._sent: deque[float] = deque()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(concurrency)
        self._paused_until = 0.0
        self._stop = threading.Event()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Waits for its turn, then holds a place until the request is done. Raises Stopped."""
        with self._places:
            turn = self._reserve()
            self.sleep(turn - time.monotonic())
            while not self._is_good(turn):
                turn = self._reserve()
                self.sleep(turn - time.monotonic())
            yield

    def _is_good(self, turn: float) -> bool:
        """Not where a pause came while this one waited."""
        return turn >= self._paused_until

    def _reserve(self) -> float:
        """The moment when this request may go."""
        with self._lock:
            turn = max(time.monotonic(), self._paused_until)
            if self._requests:
                if len(self._sent) >= self._requests:
                    turn = max(turn, self._sent.popleft() + self._per)
                self._sent.append(turn)
            return turn

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
