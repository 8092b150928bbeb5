"""A rate limit over many machines: what is taken from the ledger, and what an API sees of it."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from framework.limiter import Stopped
from framework.stages.local import LocalFolder
from framework.turns import SharedLimiter, Turns, free


def most(turns: list[float], span: float) -> int:
    """The most turns in any stretch of that length."""
    found = sorted(turns)
    return max(sum(start <= turn < start + span for turn in found) for start in found)


def ledger(tmp_path: Path, clock: Callable[[], float], requests: int = 10, per: float = 60.0) -> Turns:
    return Turns(LocalFolder(tmp_path), "p/_rate/shop", requests, per, clock)


@pytest.mark.parametrize("seed", range(5))
def test_the_first_free_moment(seed: int) -> None:
    """No stretch holds more than the limit, and no earlier moment would have done."""
    chance = random.Random(seed)
    taken: list[int] = []
    for _ in range(30):
        wanted, requests, span = chance.randrange(90), 3, 20
        turn = free(taken, wanted, requests, span)
        assert most([*taken, turn], span) <= requests
        assert all(most([*taken, earlier], span) > requests for earlier in range(wanted, turn))
        taken = sorted([*taken, turn])


def test_many_takers_share_one_limit(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    takers = [ledger(tmp_path, lambda: now[0]) for _ in range(4)]
    chance, turns = random.Random(1), []
    for _ in range(200):
        got = chance.choice(takers).take(chance.randrange(1, 6))
        assert got
        turns += got
        now[0] = max(now[0], min(got)) + chance.random()
    assert most(turns, 60.0) <= 10
    assert max(turns) - min(turns) < 1.2 * len(turns) * 6, "and it is used"


def test_it_goes_on_over_periods_and_for_those_who_come_later(tmp_path: Path) -> None:
    now = [1_800_000_000.0 // 600 * 600 + 599.0]
    first, behind = ledger(tmp_path, lambda: now[0]), ledger(tmp_path, lambda: now[0] - 1.5)
    turns = first.take(10)
    behind.take(1)
    now[0] += 2
    assert min(first.take(1)) >= turns[0] + 60, "a new period remembers the last one"
    assert min(behind.take(1)) >= turns[0] + 60
    assert min(ledger(tmp_path, lambda: now[0] + 1).take(1)) >= turns[0] + 60
    folders = {path.parent.name for path in (tmp_path / "p/_rate/shop").rglob("*.json")}
    assert len(folders) == 2
    now[0] += 4000
    assert ledger(tmp_path, lambda: now[0]).take(1) == [now[0]]


def test_a_pause_is_for_all(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    ledger(tmp_path, lambda: now[0]).pause(30)
    assert min(ledger(tmp_path, lambda: now[0]).take(3)) >= now[0] + 30


def test_a_limiter_that_is_told_to_stop(tmp_path: Path) -> None:
    limiter = SharedLimiter(Turns(LocalFolder(tmp_path), "p/_rate/shop", 1, 3600.0), 1)
    with limiter.request():
        pass
    limiter.stop()
    with pytest.raises(Stopped), limiter.request():
        pass


def test_a_limit_that_is_far_away_slows_nobody_down(tmp_path: Path) -> None:
    """Not after a pause either, when next to nothing was sent for a while."""
    limiter = SharedLimiter(Turns(LocalFolder(tmp_path), "p/_rate/shop", 6000, 60.0), 1)
    with limiter.request():
        limiter.pause(1.0)
    begun = time.monotonic()
    for _ in range(500):
        with limiter.request():
            pass
    assert time.monotonic() - begun < 20, "it takes a second, and would take minutes"


WORKER = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from framework.stages.local import LocalFolder
from framework.turns import SharedLimiter, Turns

limiter = SharedLimiter(Turns(LocalFolder(Path(sys.argv[1])), "p/_rate/shop", 20, 2.0), 4)

def send(_):
    with limiter.request():
        sent = time.time()
        time.sleep(0.02)
        return sent

print(*ThreadPoolExecutor(4).map(send, range(int(sys.argv[2]))))
"""


@pytest.mark.slow
def test_several_processes_never_send_more_than_the_limit(tmp_path: Path) -> None:
    """Four, which would send 800 a second, get 20 in two seconds between them."""
    words = [sys.executable, "-c", WORKER, str(tmp_path), "25"]
    workers = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4
    sent = [float(word) for text in said for word in text.split()]
    assert len(sent) == 100
    assert most(sent, 2.0) <= 20
    assert max(sent) - min(sent) < 25, "and no slower than half of it"
