"""Statements in order, by whichever connector runs this file.

python -m tests.snowflake.by_connector PORT S3_ENDPOINT takes (role, statement) pairs as JSON and prints, as JSON, the
connector's version and what each of them gave: its rows, or the words of its refusal.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import snowflake.connector

from tests.snowflake.running import PYTHON, ROOT, Account

CONNECTORS = {"4": str(PYTHON), "5": sys.executable}
"""The Python that has each major version."""


@dataclass
class Given:
    """What a statement gave."""

    sql: str
    rows: list[Any]
    refused: str = ""


def told(account: Account, steps: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Runs the steps in one session."""
    given, current = [], ""
    with snowflake.connector.connect(**account.parameters) as connection, connection.cursor() as cursor:
        for role, sql in steps:
            try:
                if role != current:
                    cursor.execute(f"USE ROLE {role}")
                    current = role
                given.append({"sql": sql, "rows": list(cursor.execute(sql).fetchall())})
            except snowflake.connector.errors.Error as problem:
                given.append({"sql": sql, "rows": [], "refused": str(problem)})
    return {"connector": snowflake.connector.__version__, "given": given}


def run(account: Account, major: str, steps: Sequence[tuple[str, str]]) -> list[Given]:
    """What each (role, statement) gives with that major version of the connector."""
    command = [CONNECTORS[major], "-m", "tests.snowflake.by_connector", str(account.port), account.s3_endpoint]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(steps), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["connector"].startswith(f"{major}.")
    return [Given(**each) for each in answer["given"]]


if __name__ == "__main__":
    print(json.dumps(told(Account(int(sys.argv[1]), sys.argv[2]), json.load(sys.stdin)), default=str))
