"""A task that is told to run, and waited for."""

import time
from datetime import datetime
from typing import Any

from framework.deploy.account import Schema
from framework.errors import WarehouseError
from framework.snowflake.place import Place
from framework.snowflake_words import qualified, quote_text

_ENDED_WELL = ("SUCCEEDED", "SKIPPED")
"""Skipped is one whose stream had nothing new."""
_ENDED_BADLY = ("FAILED", "CANCELLED", "FAILED_AND_AUTO_SUSPENDED")


def execute(place: Place, schema: Schema, name: str) -> None:
    """Runs a task to its end. A start by its own schedule that comes after this call counts as well. Raises
    WarehouseError where it fails or takes too long."""
    task = place.account.within(schema, name)
    since = place.run("SELECT CURRENT_TIMESTAMP()")[0][0]
    place.run(f"EXECUTE TASK {task}")
    seconds = place.settings.load_timeout.total_seconds()
    for _ in moments(seconds):
        for state, message in _runs(place, schema, name, since):
            if state in _ENDED_WELL:
                return
            if state in _ENDED_BADLY:
                raise WarehouseError(f"the task {task} {str(state).lower()}: {message or 'without a word'}")
    raise WarehouseError(
        f"the task {task} has not ended within {seconds:g} s (`load_timeout` of the warehouse). What it does goes on; "
        "TASK_HISTORY tells of it."
    )


def _runs(place: Place, schema: Schema, name: str, since: datetime) -> list[tuple[Any, ...]]:
    """State and error of its runs since then, oldest first."""
    history = qualified(place.settings.database, "INFORMATION_SCHEMA", "TASK_HISTORY")
    asked = f"TASK_NAME => {quote_text(name.upper())}, SCHEDULED_TIME_RANGE_START => {quote_text(since)}::TIMESTAMP_LTZ"
    return place.run(
        f"SELECT STATE, ERROR_MESSAGE FROM TABLE({history}({asked})) WHERE SCHEMA_NAME = {quote_text(schema)} "
        "ORDER BY SCHEDULED_TIME"
    )


def moments(seconds: float, first: float = 0.2, most: float = 5.0) -> "Moments":
    """Times to look, further and further apart, until so many seconds have gone by; once at least, and at the end."""
    return Moments(seconds, first, most)


class Moments:
    """An iterator that waits before each step but the first."""

    def __init__(self, seconds: float, first: float, most: float) -> None:
        self._end = time.monotonic() + seconds
        self._next, self._most = first, most
        self._began = False

    def __iter__(self) -> "Moments":
        return self

    def __next__(self) -> float:
        """How many seconds are left."""
        left = self._end - time.monotonic()
        if not self._began:
            self._began = True
            return left
        if left <= 0:
            raise StopIteration
        time.sleep(min(self._next, max(left, 0.01)))
        self._next = min(self._next * 1.5, self._most)
        return self._end - time.monotonic()
