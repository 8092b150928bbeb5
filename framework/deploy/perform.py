"""A plan → done, step by step. Each step may be taken again, so a deployment that broke off is simply run again."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from framework.deploy.account import Account
from framework.deploy.actions import Action, Build, Drain, Fill, Plan, Reconcile, Refresh, Statement, Step
from framework.deploy.compare import held_back
from framework.deploy.journal import Journal
from framework.deploy.live import Live
from framework.deploy.objects import Object
from framework.errors import WarehouseError
from framework.parts import first_key
from framework.snowflake_session import Session
from framework.snowflake_words import quote_text

WAIT_SECONDS = 600.0
"""How long a pipe may take to load what it was told of."""
POLL_SECONDS = 3.0
REFRESH_DAYS = 7
"""A pipe looks for parts that are no older than that."""
Listener = Callable[[str, Mapping[str, Any]], None]
"""Told of "action" (action), "step" (action, step, number, of), "warning" (text)."""


@dataclass(frozen=True)
class Done:
    """What came of a plan."""

    performed: tuple[Action, ...]
    held: tuple[Action, ...]
    statements: int


class Performer:
    """A session in which plans are performed."""

    def __init__(
        self,
        session: Session,
        account: Account,
        listener: Listener,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._session, self._listener, self._clock, self._sleep = session, listener, clock, sleep
        self._wait_seconds = wait_seconds
        self.deployment = f"{clock():%Y%m%dT%H%M%S%f}"
        self.journal = Journal(session, account, self.deployment, clock)
        session.tag(deployment=self.deployment)
        self._statements = 0

    def perform(self, plan: Plan, may: Callable[[Action], bool], live: Live) -> Done:
        """All that may be done, in order. Raises WarehouseError where a step fails: what was done before it stays."""
        self.journal.is_there = f"table {self.journal.table}" in live.objects
        held = held_back(plan, may)
        performed = [action for action in plan.actions if action not in held]
        try:
            for action in performed:
                self._listener("action", {"action": action})
                for number, step in enumerate(action.steps, 1):
                    self._listener("step", {"action": action, "step": step, "number": number, "of": len(action.steps)})
                    self._take(action, step)
        finally:
            self.journal.write()
        return Done(tuple(performed), tuple(held), self._statements)

    def note(self, wanted: list[Object], live: Live) -> None:
        """Remembers how each object was left, where that is not known yet."""
        self.journal.is_there = f"table {self.journal.table}" in live.objects
        states = {each.id: found.state for each in wanted if (found := live.objects.get(each.id)) and found.definition}
        states |= {each.id: "set" for each in wanted if each.id in live.settings}
        self.journal.saw({id: state for id, state in states.items() if live.seen.get(id) != state})
        self.journal.write()

    def _take(self, action: Action, step: Step) -> None:
        started = self._clock()
        try:
            match step:
                case Statement():
                    self._run(step.sql)
                case Drain():
                    self._drain(step.pipe)
                case Refresh():
                    self._refresh(step)
                case Reconcile():
                    self._reconcile(step.view)
        except WarehouseError as error:
            self.journal.did(action, told(step), started, str(error))
            raise WarehouseError(
                f"{action.name}: {error}. What was done before stays; put this right, and run it again."
            ) from None
        self.journal.did(action, told(step), started)

    def _run(self, sql: str) -> None:
        self._statements += 1
        self._session.execute(sql, repeatable=True)

    def _drain(self, pipe: str) -> None:
        deadline = self._clock() + timedelta(seconds=self._wait_seconds)
        while waiting := self._pending(pipe):
            if self._clock() > deadline:
                raise WarehouseError(
                    f"the pipe {pipe} still has {waiting} parts to load after {self._wait_seconds:g} s"
                )
            self._sleep(POLL_SECONDS)

    def _pending(self, pipe: str) -> int:
        told = self._session.execute(f"SELECT SYSTEM$PIPE_STATUS({quote_text(pipe)})")[0][0]
        return int(json.loads(told).get("pendingFileCount", 0))

    def _refresh(self, step: Refresh) -> None:
        """Part by part, or folder by folder where RAW is to have all of it. What was reissued has no part in it."""
        root = step.location.partition("/")[2]
        staged = [_below(row["name"], root) for folder in self._folders(step) for row in self._session.rows(folder)]
        rows = self._session.execute(f"SELECT DISTINCT SRC_FILENAME FROM {step.raw}")
        loaded = {_below(str(name), root) for (name,) in rows}
        folders_loaded = {name.rpartition("/")[0] for name in loaded}
        refused = {first for name in staged if (first := first_key(name)) != name}
        not_whole = folders_loaded | {name.rpartition("/")[0] for name in refused}
        wanted = {
            name if (folder := name.rpartition("/")[0]) in not_whole else f"{folder}/"
            for name in staged
            if name not in loaded | refused
        }
        for prefix in sorted(wanted):
            self._run(f"ALTER PIPE {step.pipe} REFRESH PREFIX = {quote_text(prefix)}")

    def _folders(self, step: Refresh) -> list[str]:
        days = [self._clock() - timedelta(days=number) for number in range(REFRESH_DAYS + 1, -1, -1)]
        return [f"LIST {step.location}dt={day:%Y-%m-%d}/" for day in days]

    def _reconcile(self, view: str) -> None:
        """Waits for what is missing; what is there twice is an error at once."""
        deadline = self._clock() + timedelta(seconds=self._wait_seconds)
        while True:
            rows = self._session.execute(f"SELECT PART, MISSING_ROWS FROM {view} WHERE MISSING_ROWS <> 0 ORDER BY PART")
            doubled = [str(part) for part, missing in rows if missing < 0]
            if doubled:
                raise WarehouseError(f"RAW holds more rows than the log says of {_some(doubled)} (see {view})")
            if not rows:
                return
            if self._clock() > deadline:
                parts = _some([str(part) for part, _ in rows])
                text = f"RAW still lacks rows of {parts}: they may hold lines that do not load (see {view})"
                self._listener("warning", {"text": text})
                return
            self._sleep(POLL_SECONDS)


def _below(name: str, root: str) -> str:
    """A part's name below its source's folder."""
    return name.partition(f"/{root}")[2] or name.partition(root)[2]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def told(step: Step) -> str:
    """A step in words, for people and the journal."""
    match step:
        case Statement():
            return step.sql
        case Drain():
            return f"wait until {step.pipe} has loaded what it was told of"
        case Refresh():
            return f"tell {step.pipe} of the parts in {step.location} that {step.raw} lacks"
        case Reconcile():
            return f"wait until {step.view} shows no difference"
        case Fill():
            return f"{step.sql.strip()}\n-- and fill it with what RAW holds of {step.source}.{step.stream}"
        case Build():
            return step.sql.strip()
