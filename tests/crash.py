"""Runs the shop's source and kills itself at the n-th of some moments: python crash.py FOLDER MOMENT N."""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from framework.project import find
from framework.run import run
from framework.stages.local import LocalFolder
from framework.warehouses.duckdb import DuckDB
from framework.workspace import Options, Workspace

folder, moment, countdown = Path(sys.argv[1]), sys.argv[2], itertools.count(int(sys.argv[3]), -1)


def reached(event: str, facts: object = None) -> None:
    """Counts down, and dies at zero: no clean-up, no flush."""
    if event == moment and next(countdown) == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def watch(kind: type[Any], name: str) -> None:
    """Makes a method's call a moment, before and after it."""
    method: Callable[..., Any] = getattr(kind, name)

    def watched(*arguments: Any, **named: Any) -> Any:
        reached(f"before {name}")
        result = method(*arguments, **named)
        reached(f"after {name}")
        return result

    setattr(kind, name, watched)


for kind, name in ((LocalFolder, "publish"), (LocalFolder, "put_if_absent"), (DuckDB, "load"), (DuckDB, "execute")):
    watch(kind, name)
run(Workspace(find(folder).deployment("shop"), reached), Options())
