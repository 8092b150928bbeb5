"""What the work costs has not grown: instructions that are counted, and CPU time beside the floor's, never seconds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MEASURED = {
    "slice_instructions": 7590,
    "page_instructions": 8250,
    "edited_record_instructions": 718,
    "pages_to_floor": 2.35,
    "edits_to_floor": 8.9,
}
"""By `python -m benchmarks.gate` on Python 3.11. Whoever makes it faster lowers them."""
MOST = {"instructions": 1.15, "floor": 1.25}
"""Times that: counts differ by a hundredth from run to run, ratios by a twentieth."""
TRIES = 3
"""A ratio that is too high once may be the machine's; a regression is there each time."""


def figures() -> dict[str, float]:
    """In a process in which nothing else has run, and whose lines nobody else counts."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE_"))}
    command = [sys.executable, "-m", "benchmarks.gate"]
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    if sys.version_info[:2] != (3, 11):  # another Python has other instructions
        found = {name: figure for name, figure in found.items() if not name.endswith("_instructions")}
    return found


def bound(name: str) -> float:
    """The most that it may be."""
    return MOST[name.rpartition("_")[2]] * MEASURED[name]


def too_much(found: dict[str, float]) -> dict[str, float]:
    """Those that are over their bound."""
    return {name: figure for name, figure in found.items() if figure > bound(name)}


@pytest.mark.slow
def test_it_costs_no_more_than_it_did() -> None:
    found: dict[str, float] = {}
    for _ in range(TRIES):
        now = figures()
        found = {name: min(figure, found.get(name, figure)) for name, figure in now.items()}
        if not too_much(found):
            return
    pytest.fail(f"{too_much(found)}, where it was {MEASURED}")


_COUNTED = """
from benchmarks.gate import Count
def work(times):
    for _ in range(times):
        pass
for times in (0, 100, 200):
    with Count() as counted:
        work(times)
    print(counted.total)
"""


def test_instructions_are_counted() -> None:
    """Those of what is called while it counts, however often."""
    done = subprocess.run([sys.executable, "-c", _COUNTED], cwd=ROOT, capture_output=True, text=True, check=True)
    none, some, more = map(int, done.stdout.split())
    assert more - some == some - none >= 100
