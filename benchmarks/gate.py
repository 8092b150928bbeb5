"""What a regression shows in, whatever else the machine does: instructions, and CPU beside the floor in one process.

python -m benchmarks.gate

Prints a line of JSON. `…_instructions`: of Python's own bytecode, counted, the same each time; by two runs of
different size, so that what a start takes falls out. `…_to_floor`: CPU time to the floor's, in turns; a machine that is
busy makes single runs slower, so the fastest of each counts.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks import contestants, floor, orders
from benchmarks.__main__ import serving
from benchmarks.scenarios import SCENARIOS, Scenario
from framework.cli import main

ROUNDS = 5


class Count:
    """Counts the instructions that all threads carry out while it is on."""

    def __init__(self) -> None:
        self.total = 0

    def __enter__(self) -> "Count":
        threading.settrace(self._called)
        sys.settrace(self._called)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]

    def _called(self, frame: FrameType, event: str, argument: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._seen

    def _seen(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode":
            self.total += 1
        return self._seen


@contextlib.contextmanager
def ready(scenario: Scenario, data: Path) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """An extraction, and the floor's work on the same API; each can be done once in this process."""
    with serving(scenario, data) as place, tempfile.TemporaryDirectory(dir=data) as name:
        folder = Path(name)
        command = contestants.ours(scenario, place).prepare(folder)
        words = command[command.index("framework.cli") + 1 :]
        asked = contestants.floor(scenario, place).prepare(folder)[2:]

        def extract() -> None:
            back = Path.cwd()
            os.chdir(folder)
            try:
                with contextlib.redirect_stdout(io.StringIO()) as said:
                    ended = main(words)
            finally:
                os.chdir(back)
            assert ended == 0, said.getvalue()

        yield extract, lambda: floor.main(*asked)


def instructions(name: str, pages: tuple[int, int], page: int, data: Path) -> float:
    """Of one page more."""
    found = []
    for count in pages:
        with ready(replace(SCENARIOS[name], records=count * page, page=page), data) as (extract, _), Count() as counted:
            extract()
        found.append(counted.total)
    return (found[1] - found[0]) / (pages[1] - pages[0])


def cpu(work: Callable[[], None]) -> float:
    """Seconds, of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def to_floor(name: str, records: int, data: Path) -> float:
    """The least CPU of ours to the least of the floor's."""
    scenario = replace(SCENARIOS[name], records=records)
    ours, least = [], []
    for _ in range(ROUNDS):
        with ready(scenario, data) as (extract, receive):
            ours.append(cpu(extract))
            least.append(cpu(receive))
    return min(ours) / min(least)


def figures() -> dict[str, float]:
    """All of them."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        orders.write(data / "orders.jsonl", 40_000)
        with ready(replace(SCENARIOS["E"], records=50, page=10), data) as (extract, _):
            extract()  # so that what is loaded on the first use is there
        edited = [instructions("E", (4, 12), page, data) for page in (10, 60)]
        return {
            "slice_instructions": instructions("H", (20, 100), 20, data),
            "page_instructions": instructions("B", (10, 50), 20, data),
            "edited_record_instructions": (edited[1] - edited[0]) / 50,
            "pages_to_floor": to_floor("A", 40_000, data),
            "edits_to_floor": to_floor("E", 20_000, data),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(figures()) + "\n")
