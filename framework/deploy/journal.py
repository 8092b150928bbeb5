"""What deployments did: a row for each statement, and one for the state that each object was left in."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from framework import __version__
from framework.deploy.account import Account
from framework.deploy.actions import Action
from framework.snowflake_session import Session
from framework.snowflake_words import quote_text

FULL = 25
"""So many rows are written by one statement."""
_COLUMNS = (
    "DEPLOYMENT_ID", "NUMBER_IN_PLAN", "VERSION", "OBJECT", "DEFINITION", "ACTION", "STATEMENT", "STATUS", "ERROR",
    "STARTED_AT", "FINISHED_AT",
)  # fmt: skip


class Journal:
    """Rows wait until there are enough of them, and until the table is there: the first deployment makes it."""

    def __init__(self, session: Session, account: Account, deployment: str, clock: Callable[[], datetime]) -> None:
        self._session, self._deployment, self._clock = session, deployment, clock
        self.table = account.within("OPS", "_INGEST_DEPLOYMENTS")
        self._rows: list[str] = []
        self._number = 0
        self.is_there = False

    def did(self, action: Action, statement: str, started: datetime, error: str = "") -> None:
        """A statement was run, or failed."""
        self._number += 1
        status = "failed" if error else "done"
        verb = f"{action.grade} {action.verb}"
        self._add(action.object, action.definition, verb, statement, status, error, started)
        if f"table {self.table}" == action.object and not error:
            self.is_there = True
        if len(self._rows) >= FULL:
            self.write()

    def saw(self, states: Mapping[str, str]) -> None:
        """How objects are now."""
        for object, state in states.items():
            self._add(object, "", "seen", state, "done", "", self._clock())

    def _add(
        self, object: str, definition: str, verb: str, statement: str, status: str, error: str, started: datetime
    ) -> None:
        texts = [object, definition, verb, statement, status, error]
        moments = [f"'{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'" for moment in (started, self._clock())]
        own = [quote_text(self._deployment), str(self._number), quote_text(__version__)]
        self._rows.append(", ".join([*own, *map(quote_text, texts), *moments]))

    def write(self) -> None:
        """Writes what waits, if there is a table."""
        if not self.is_there:
            return
        for start in range(0, len(self._rows), FULL):
            rows = ",\n".join(f"({row})" for row in self._rows[start : start + FULL])
            self._session.execute(f"INSERT INTO {self.table} ({', '.join(_COLUMNS)}) VALUES\n{rows}", repeatable=True)
        self._rows = []
