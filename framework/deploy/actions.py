"""What a deployment would do, as small values: one reader prints them, another performs them, a file keeps them."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Grade = Literal["safe", "guarded", "destructive", "manual"]
"""safe: done without a word. guarded: nothing is lost, but it costs, waits or changes what others see: done where it is
allowed. destructive: something is lost: done where the object is named. manual: someone else has to do it."""
Verb = Literal["create", "change", "replace", "rename", "drop", "grant", "revoke", "set", "adopt"]

NEW, RESUMED = "is new", "is resumed"
"""What most actions of a first deployment are about."""


class Statement(msgspec.Struct, frozen=True, tag="sql"):
    """One statement. Running it again does no harm."""

    sql: str


class Drain(msgspec.Struct, frozen=True, tag="drain"):
    """Wait until a paused pipe has loaded what it was told of."""

    pipe: str


class Refresh(msgspec.Struct, frozen=True, tag="refresh"):
    """Tell a pipe of each part of the last days that is in its folder of the stage and not in RAW."""

    pipe: str
    location: str
    """@STAGE/source=NAME/"""
    raw: str


class Reconcile(msgspec.Struct, frozen=True, tag="reconcile"):
    """Wait until RAW holds each part of the ledger once, row for row."""

    view: str


class Fill(msgspec.Struct, frozen=True, tag="fill"):
    """DuckDB: make a CLEAN table and fill it with what RAW holds, in one transaction."""

    source: str
    stream: str
    sql: str
    """The statements that make it."""


class Build(msgspec.Struct, frozen=True, tag="build"):
    """DuckDB: make a mart from what CLEAN holds, in one transaction."""

    source: str
    table: str
    sql: str


Step = Statement | Drain | Refresh | Reconcile | Fill | Build


class Action(msgspec.Struct, frozen=True):
    """What is done to one object, and in which steps."""

    object: str
    """The id of the object."""
    name: str
    """What the command line calls it: SCHEMA.NAME, of a column SCHEMA.TABLE.COLUMN."""
    verb: Verb
    grade: Grade
    about: str
    """What and why, in words."""
    steps: tuple[Step, ...] = ()
    definition: str = ""
    """The hash that the object has afterwards."""
    needs: tuple[str, ...] = ()
    """The ids of the objects whose actions come before."""
    source: str = ""
    role: str = ""
    """Of a manual one: who runs its statements."""
    by_hand: bool = False
    """Whether it only puts right what was changed by hand since the last deployment."""

    @property
    def statements(self) -> list[str]:
        """Those among its steps."""
        return [step.sql for step in self.steps if isinstance(step, Statement)]


class Plan(msgspec.Struct, frozen=True):
    """All that would be done, in order, and what it was planned from."""

    environment: str
    place: str
    """Which account and database, or which file."""
    sources: tuple[str, ...]
    live: str
    """A hash of what was there."""
    actions: tuple[Action, ...]
    whole: bool = True
    """Whether these are all sources of the environment."""
    version: Literal[1] = 1

    def only(self, actions: Iterable[Action]) -> "Plan":
        """The plan with these actions alone."""
        return msgspec.structs.replace(self, actions=tuple(actions))

    def of(self, *grades: Grade) -> list[Action]:
        """The actions of some grades."""
        return [each for each in self.actions if each.grade in grades]


class Allowed(msgspec.Struct, frozen=True):
    """What the command line allows."""

    guarded: tuple[str, ...] = ()
    """Names of objects, or `all`."""
    destroyed: tuple[str, ...] = ()
    """Names of objects, and no `all`."""

    def covers(self, action: Action) -> bool:
        """Whether this action may be performed."""
        if action.grade == "safe":
            return True
        if action.grade == "guarded":
            return "all" in self.guarded or any(is_called(action, name) for name in self.guarded)
        return action.grade == "destructive" and any(is_called(action, name) for name in self.destroyed)


def is_called(action: Action, name: str) -> bool:
    """Whether a name means the action's object: as the plan writes it, or with its database before it."""
    meant, own = (text.replace('"', "").upper() for text in (name, action.name))
    database = action.object.replace('"', "").upper().rpartition(" ")[2].partition(".")[0]
    return meant in (own, f"{database}.{own}")
