"""`python -m tests.snowflake.cut_short FOLDER N`: load and clean of the source `api`, killed at the n-th statement.

An odd one is not sent any more, of an even one the answer is not seen. Without a kill it prints how many there are.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from framework.project import find
from framework.snowflake_session import Rows, Session
from framework.workspace import Workspace

_run = Session._run
_number = 0


def run(self: Session, sql: str, params: Sequence[Any], repeatable: bool | None) -> tuple[Rows, list[str]]:
    """As ever, until the end."""
    global _number  # noqa: PLW0603
    _number += 1
    last = int(sys.argv[2])
    if _number == last and last % 2:
        os.kill(os.getpid(), signal.SIGKILL)
    answer = _run(self, sql, params, repeatable)
    if _number == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer


Session._run = run  # type: ignore[method-assign]
workspace = Workspace(find(Path(sys.argv[1])).deployment("api"))
with workspace.warehouse("r") as warehouse:
    for stream in workspace.streams([]):
        workspace.load(warehouse, stream)
        workspace.clean(warehouse, stream)
print(_number)
