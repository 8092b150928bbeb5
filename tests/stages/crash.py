"""Runs the source api on any stage and kills itself at the n-th of some moments: python crash.py FOLDER MOMENT N."""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from framework import extract
from framework.project import find
from framework.run import Options, Workspace, run

folder, moment, countdown = Path(sys.argv[1]), sys.argv[2], itertools.count(int(sys.argv[3]), -1)
extract.BATCH_SLICES = 2


def reached(event: str, facts: object = None) -> None:
    """Counts down, and dies at zero: no clean-up, no flush."""
    if event == moment and next(countdown) == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def watched(owner: Any, name: str) -> None:
    """Makes a method's call a moment, before and after it."""
    method: Callable[..., Any] = getattr(owner, name)

    def instead(*arguments: Any, **named: Any) -> Any:
        reached(f"before {name}")
        result = method(*arguments, **named)
        reached(f"after {name}")
        return result

    setattr(owner, name, instead)


workspace = Workspace(find(folder).deployment("api"), reached)
for name in ("prepare", "publish", "put_if_absent"):
    watched(workspace.stage, name)
run(workspace, Options())
