"""The account's objects: what each is, who owns it, what hangs on it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from .errors import exists, missing

ACCOUNT, DATABASE, SCHEMA = 0, 1, 2
"""Where an object lives: how many names stand before its own."""

DEPTH = {
    "ROLE": ACCOUNT,
    "USER": ACCOUNT,
    "WAREHOUSE": ACCOUNT,
    "DATABASE": ACCOUNT,
    "RESOURCE MONITOR": ACCOUNT,
    "NETWORK POLICY": ACCOUNT,
    "INTEGRATION": ACCOUNT,
    "SCHEMA": DATABASE,
    "DATABASE ROLE": DATABASE,
}
"""All others live in a schema."""
RELATIONS = ("TABLE", "VIEW", "MATERIALIZED VIEW", "DYNAMIC TABLE")
"""Kinds that share their names."""
Path = tuple[str, ...]


def depth(kind: str) -> int:
    return DEPTH.get(kind, SCHEMA)


@dataclass
class Column:
    name: str
    type: str
    """As Snowflake spells it: NUMBER(38,0), VARCHAR(16777216)."""
    nullable: bool = True
    default: str | None = None
    comment: str | None = None
    key: bool = False
    policy: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Thing:
    """One object. `facts` is what only its kind has."""

    kind: str
    path: Path
    owner: str
    options: dict[str, Any] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    tags: dict[str, str] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    number: int = 0

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def full(self) -> str:
        return ".".join(self.path)

    @property
    def database(self) -> str | None:
        return self.path[0] if len(self.path) > 1 else None

    @property
    def schema(self) -> str | None:
        return self.path[1] if len(self.path) > 2 else None

    @property
    def comment(self) -> str:
        return self.options.get("COMMENT") or ""


class Catalog:
    """All objects by kind and path; a relation's name is taken for all kinds of relations."""

    def __init__(self) -> None:
        self.things: dict[tuple[str, Path], Thing] = {}
        self.dropped: dict[tuple[str, Path], Thing] = {}
        self._numbers = count(1)

    def find(self, kind: str, path: Path) -> Thing | None:
        return self.things.get((kind, path))

    def get(self, kind: str, path: Path) -> Thing:
        found = self.find(kind, path)
        if not found:
            raise missing("object" if kind in RELATIONS else kind, ".".join(path))
        return found

    def relation(self, path: Path) -> Thing | None:
        return next((self.things[kind, path] for kind in RELATIONS if (kind, path) in self.things), None)

    def taken(self, kind: str, path: Path) -> Thing | None:
        return self.relation(path) if kind in RELATIONS else self.find(kind, path)

    def add(self, thing: Thing) -> Thing:
        if self.taken(thing.kind, thing.path):
            raise exists(thing.full)
        thing.number = next(self._numbers)
        self.things[thing.kind, thing.path] = thing
        return thing

    def drop(self, thing: Thing) -> list[Thing]:
        """It and all that lives in it."""
        inside = [
            each
            for each in self.things.values()
            if thing.kind in ("DATABASE", "SCHEMA")
            and len(each.path) > len(thing.path)
            and each.path[: len(thing.path)] == thing.path
        ]
        gone = [thing, *inside]
        for each in gone:
            self.dropped[each.kind, each.path] = self.things.pop((each.kind, each.path))
        return gone

    def rename(self, thing: Thing, path: Path) -> None:
        if self.taken(thing.kind, path):
            raise exists(".".join(path))
        del self.things[thing.kind, thing.path]
        thing.path = path
        self.things[thing.kind, path] = thing

    def of(self, *kinds: str, within: Path = ()) -> Iterator[Thing]:
        """Those of these kinds in a database or a schema, oldest first."""
        for thing in list(self.things.values()):
            if thing.kind in kinds and thing.path[: len(within)] == within:
                yield thing
