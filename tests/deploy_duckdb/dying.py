"""`python -m tests.deploy_duckdb.dying N …`: `framework …`, killed once the n-th statement in the file is done."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from framework.cli import main
from framework.warehouses.base import Rows
from framework.warehouses.duckdb import DuckDB

_execute = DuckDB.execute
_done = 0


def execute(self: DuckDB, sql: str, params: Sequence[Any] = ()) -> Rows:
    """As ever, and then the end."""
    global _done  # noqa: PLW0603
    rows = _execute(self, sql, params)
    if Path(self.url).name != "warehouse.duckdb":  # it is that in which the wanted tables are tried out
        return rows
    _done += 1
    if _done == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    return rows


DuckDB.execute = execute  # type: ignore[method-assign]
sys.exit(main(sys.argv[2:]))
