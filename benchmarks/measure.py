"""A command as a whole: its wall time, its processes' CPU time, and the memory of the largest of them."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figures:
    """Of one run, by the kernel's own accounting."""

    wall: float
    cpu: float
    """User and system seconds, of all processes that it started and waited for."""
    peak_mb: float


class Failed(Exception):
    """The command did not do its work."""


def measured(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None, seconds: float = 1800
) -> Figures:  # fmt: skip
    """Runs it in that folder; what it prints goes to `out.txt` there. Raises Failed."""
    with (folder / "out.txt").open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=out, env={**os.environ, **(environment or {})}
        )
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = (folder / "out.txt").read_text(errors="replace")[-2000:]
        raise Failed(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{said}")
    return Figures(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
