"""A command as a whole: its wall time, its processes' CPU time, and the memory of the largest of them.

python benchmarks/measure.py FILE COMMAND…      what `measured` starts: small, since a child begins with its memory
"""

import json
import os
import subprocess
import sys
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


def surroundings(more: Mapping[str, str]) -> dict[str, str]:
    """Of a process to be measured: ours, but that compiled modules may be kept, as everywhere."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(more)


def measured(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None, seconds: float = 1800
) -> Figures:  # fmt: skip
    """Runs it in that folder; what it prints goes to `out.txt` there. Raises Failed."""
    file = folder / "figures.json"
    with (folder / "out.txt").open("wb") as out:
        words = [sys.executable, "-I", "-S", __file__, str(file), *command]
        done = subprocess.run(
            words,
            cwd=folder,
            stdout=out,
            stderr=out,
            timeout=seconds,
            env=surroundings(environment or {}),
            check=False,
        )
    if done.returncode:
        said = (folder / "out.txt").read_text(errors="replace")[-2000:]
        raise Failed(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{said}")
    return Figures(**json.loads(file.read_text(encoding="ascii")))


def main(file: str, *command: str) -> int:
    """Runs the command and writes its figures down."""
    began = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(process, 0)
    wall = time.perf_counter() - began
    figures = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
    Path(file).write_text(json.dumps(figures), encoding="ascii")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
