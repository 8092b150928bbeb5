"""A rate limit that holds over many machines: turns to send, taken from a ledger in the stage.

<project>/_rate/<source>/<limit>/<period>/00000001.json      all turns that may still matter, after the first taking

Each taking writes the next number by put-if-absent, so of two that come at once one sees the other's turns. The last
entry of a period is sealed: whoever finds it goes on in the period that it names. A turn is for a moment; who comes too
late lets it go, so what is in the ledger bounds what the API sees. Clocks may differ by `late_seconds` at most.
"""

import time
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from framework.limiter import Limiter
from framework.stages.base import Stage

PERIOD_SECONDS = 600


class _State(msgspec.Struct, frozen=True):
    """Moments in milliseconds since 1970, the earliest first."""

    turns: list[int]
    paused_until: int = 0
    next: int | None = None
    """Sealed: the period that goes on."""


class _Place(NamedTuple):
    period: int
    number: int
    state: _State


class Turns:
    """One API's ledger. Used by one thread at a time."""

    def __init__(
        self, stage: Stage, folder: str, requests: int, per_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._stage, self._clock = stage, clock
        self._folder = f"{folder}/{requests}-per-{per_seconds:g}s"
        self.late_seconds = min(5.0, max(0.2, per_seconds / 20))
        """How late a turn may be used. So much the limit's span is longer here than at the API."""
        self.ahead_seconds = min(10.0, max(1.0, per_seconds / 10))
        """How far ahead turns are taken."""
        self._requests, self._span = requests, int((per_seconds + self.late_seconds) * 1000)
        self._period = int(max(PERIOD_SECONDS, per_seconds / 8))
        self._known: _Place | None = None

    def take(self, wanted: int) -> list[float]:
        """At most so many turns, the first ones that the limit leaves room for; at least one, however far ahead."""
        while True:
            place = self._newest()
            now = int(self._clock() * 1000)
            taken = [turn for turn in place.state.turns if turn > now - self._span]
            mine = self._chosen(taken, max(now, place.state.paused_until), wanted)
            if self._written(place, _State(taken, place.state.paused_until)):
                return [turn / 1000 for turn in mine]

    def pause(self, seconds: float) -> None:
        """Nobody takes a turn before that time is over."""
        while True:
            place = self._newest()
            until = max(place.state.paused_until, int((self._clock() + seconds) * 1000) + 2)
            if self._written(place, _State(place.state.turns, until)):
                return

    def _chosen(self, taken: list[int], first: int, wanted: int) -> list[int]:
        """Puts turns among those that are taken, and returns them."""
        mine: list[int] = []
        last = first + int(self.ahead_seconds * 1000)
        for _ in range(wanted):
            turn = free(taken, first, self._requests, self._span)
            if mine and turn > last:
                break
            insort(taken, turn)
            mine.append(turn)
        return mine

    def _written(self, place: _Place, state: _State) -> bool:
        """Whether nobody was faster."""
        now = int(self._clock() // self._period)
        if now > place.period:
            seal = _State(place.state.turns, place.state.paused_until, now)
            if not self._put(place.period, place.number + 1, seal):
                return False
            place = _Place(now, 0, state)
        if not self._put(place.period, place.number + 1, state):
            return False
        self._known = _Place(place.period, place.number + 1, state)
        return True

    def _put(self, period: int, number: int, state: _State) -> bool:
        return self._stage.put_if_absent(self._key(period, number), msgspec.json.encode(state))

    def _newest(self) -> _Place:
        """The ledger's last entry, wherever others have brought it to."""
        place = self._known or self._found()
        while True:
            text = self._stage.read(self._key(place.period, place.number + 1))
            if text is not None:
                place = _Place(place.period, place.number + 1, msgspec.json.decode(text, type=_State))
            elif place.state.next is not None:
                place = _Place(place.state.next, 0, _State(place.state.turns, place.state.paused_until))
            else:
                self._known = place
                return place

    def _found(self) -> _Place:
        """By looking through the periods, from now on back to where turns matter no more."""
        now = int(self._clock() // self._period)
        for period in range(now + 1, now - self._span // (1000 * self._period) - 2, -1):
            keys = [found.key for found in self._stage.list(f"{self._folder}/{period}/")]
            text = self._stage.read(max(keys)) if keys else None
            if text is not None:
                number = int(max(keys).rpartition("/")[2].removesuffix(".json"))
                return _Place(period, number, msgspec.json.decode(text, type=_State))
        return _Place(now, 0, _State([]))

    def _key(self, period: int, number: int) -> str:
        return f"{self._folder}/{period}/{number:08d}.json"


def free(taken: list[int], wanted: int, requests: int, span: int) -> int:
    """The first moment from `wanted` on that may be added, so that no stretch of that span holds more than so many."""
    turn = wanted
    while True:
        at = bisect_right(taken, turn)
        later = [
            taken[first] + span
            for first in range(max(0, at - requests), min(at, len(taken) - requests + 1))
            if (turn if first + requests == at else taken[first + requests - 1]) - taken[first] < span
        ]
        if later:
            turn = min(later)
        elif at + requests <= len(taken) and taken[at + requests - 1] - turn < span:
            turn = taken[at]
        else:
            return turn


class SharedLimiter(Limiter):
    """A limiter whose turns come from a ledger that other machines share."""

    def __init__(self, turns: Turns, concurrency: int) -> None:
        super().__init__(None, 1.0, concurrency)
        self._turns, self._concurrency = turns, concurrency
        self._mine: deque[float] = deque()
        self._asked_at, self._asked = 0.0, 0

    def _await_turn(self) -> None:
        while True:
            turn = self._reserve()
            self.sleep(turn - time.monotonic())
            if self._is_good(turn):
                return

    def _reserve(self) -> float:
        """The moment when a request may go."""
        with self._lock:
            while True:
                self.sleep(0)  # raises Stopped
                while self._mine and self._mine[0] + self._turns.late_seconds < time.time():
                    self._mine.popleft()
                if self._mine:
                    return time.monotonic() + self._mine.popleft() - time.time()
                self._mine.extend(self._turns.take(self._wanted()))
                self._asked_at, self._asked = time.monotonic(), len(self._mine)

    def _is_good(self, turn: float) -> bool:
        """Not where a pause came while it waited, nor where it woke too late."""
        return turn >= self._paused_until and time.monotonic() <= turn + self._turns.late_seconds

    def _wanted(self) -> int:
        """What will be used before it is too late for it, by what was used since the last time."""
        if not self._asked:
            return self._concurrency
        used = self._asked / max(time.monotonic() - self._asked_at, 0.001)
        return 1 + int(used * self._turns.late_seconds)

    def pause(self, seconds: float) -> None:
        """Nobody sends for this long, on any machine."""
        super().pause(seconds)
        with self._lock:
            self._mine.clear()
            self._turns.pause(seconds)
