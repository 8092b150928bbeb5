"""Requests that are on their way before it is their turn: the next page is asked for while this one is written.

Threads are daemons and belong to a run: they end with `close`. What they hold is bounded: for each slice the page after
the one in hand, and `size` more over all slices.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from framework.limiter import Stopped
from framework.request import Request

T = TypeVar("T")


class Call(Generic[T]):
    """Work that another thread does."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None
        self.wanted = True
        """Whether anybody waits for it."""

    def run(self) -> None:
        """Does the work, unless it was given up."""
        try:
            if not self.wanted:
                raise Stopped("stopped")
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            self._error = error
        self._done.set()

    def result(self) -> T:
        """Waits for the result. Raises what the work raised."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]


class Pool:
    """Threads that are started as they are needed, at most so many that work for somebody."""

    def __init__(self, size: int) -> None:
        self.places = threading.BoundedSemaphore(size)
        """For pages beyond the next one of a slice."""
        self._size = size
        self._waiting: deque[Call[Any]] = deque()
        self._running: dict[threading.Thread, Call[Any] | None] = {}
        self._change = threading.Condition()
        self._closed = False

    def submit(self, work: Callable[[], T]) -> Call[T]:
        """Has it done by a thread of the pool."""
        call = Call(work)
        with self._change:
            if self._closed:
                raise Stopped("stopped")
            self._waiting.append(call)
            idle = sum(running is None for running in self._running.values())
            busy = sum(running is not None and running.wanted for running in self._running.values())
            if len(self._waiting) > idle and busy + idle < self._size:
                thread = threading.Thread(target=self._serve, name="ahead", daemon=True)
                self._running[thread] = None
                thread.start()
            self._change.notify()
        return call

    def _serve(self) -> None:
        me = threading.current_thread()
        while True:
            with self._change:
                self._running[me] = None
                while not self._waiting and not self._closed:
                    self._change.wait()
                if not self._waiting:
                    del self._running[me]
                    return
                call = self._running[me] = self._waiting.popleft()
            call.run()

    def close(self, seconds: float) -> None:
        """Nobody waits for anything any more; waits so long for the threads to end."""
        deadline = time.monotonic() + seconds
        with self._change:
            self._closed = True
            for call in (*self._waiting, *self._running.values()):
                if call is not None:
                    call.wanted = False
            threads = list(self._running)
            self._change.notify_all()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


class Flight(Generic[T]):
    """The requests of one slice that are under way, in the order of their pages."""

    def __init__(self, pool: Pool, fetch: Callable[[Request], T]) -> None:
        self._pool, self._fetch = pool, fetch
        self._under_way: deque[tuple[Request, Call[T], bool]] = deque()
        self._guesses: Iterator[Request] = iter(())

    def send(self, request: Request, guesses: Callable[[], Iterator[Request]]) -> None:
        """Sees to it that this request is under way, and as many of those that are likely to follow as there are places
        for. A wrong guess is given up here."""
        if not self._under_way or self._under_way[0][0] != request:
            self.drop()
            self._add(request, False)
            self._guesses = guesses()
        while self._pool.places.acquire(blocking=False):
            guess = next(self._guesses, None)
            if guess is None:
                self._pool.places.release()
                return
            self._add(guess, True)

    def _add(self, request: Request, holds_place: bool) -> None:
        self._under_way.append((request, self._pool.submit(lambda: self._fetch(request)), holds_place))

    def take(self, request: Request) -> T:
        """The answer to a request: the one that is under way, else it is sent now."""
        if self._under_way and self._under_way[0][0] == request:
            _, call, holds_place = self._under_way.popleft()
            try:
                return call.result()
            finally:
                if holds_place:
                    self._pool.places.release()
        self.drop()
        return self._fetch(request)

    def drop(self) -> None:
        """Gives up all that is under way."""
        self._guesses = iter(())
        while self._under_way:
            _, call, holds_place = self._under_way.popleft()
            call.wanted = False
            if holds_place:
                self._pool.places.release()
