"""`python -m tests.snowflake.dying N …`: `framework …`, killed once the n-th statement of its deployment is done."""

import os
import signal
import sys

from framework.cli import main
from framework.deploy.perform import Performer

_run = Performer._run
_done = 0


def run(self: Performer, sql: str) -> None:
    """As ever, and then the end."""
    global _done  # noqa: PLW0603
    _run(self, sql)
    _done += 1
    if _done == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)


Performer._run = run  # type: ignore[method-assign]
sys.exit(main(sys.argv[2:]))
