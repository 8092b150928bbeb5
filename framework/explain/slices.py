"""Into which slices a window falls, before any parent was read."""

import re
from datetime import datetime
from itertools import islice
from typing import Any

from framework.errors import SpecError
from framework.explain.stand_in import shown
from framework.manifest import Position, Slice
from framework.partitions import ForEachRecord, ForEachValue
from framework.plan import Parent, Request, slices
from framework.problem import counted
from framework.spec import Stream

FEW = 3
MOST = 1_000_000
"""More are not counted."""


def planned(stream: Stream, values: dict[str, Any], now: datetime, asked: Request) -> tuple[list[Slice], int, str]:
    """The first few slices of a first run or of a backfill; how many there are for each combination of the parents'
    records; and what keeps them from being known."""
    parents = {level.as_: [Parent({level.as_: f"~{level.as_}~"}, {}, 1)] for level in stream.levels}
    try:
        found = slices(stream, values, Position(), now, asked, parents)
        few = list(islice(found, FEW))
        return few, len(few) + sum(1 for _ in islice(found, MOST)), ""
    except (SpecError, OverflowError) as error:
        return [Slice({level.as_: f"~{level.as_}~" for level in stream.levels})], 0, shown(str(error))


def repeated_for(stream: Stream) -> list[str]:
    """What a stream is repeated for, a line each."""
    return [_level(level) for level in stream.levels]


def _level(level: Any) -> str:
    by = f", {level.batch} at a time" if level.batch else ""
    if isinstance(level, ForEachRecord):
        what = "record" if level.each is None else f"value of `{level.each}`"
        due = " that changed since it last got through" if level.only_changed else ""
        return f"each {what} of {' and '.join(level.streams)}{due}, as {level.as_}{by}"
    assert isinstance(level, ForEachValue)
    listed = level.values if isinstance(level.values, str) else ", ".join(map(str, level.values))
    other = f"; where that is empty, of `{level.or_.each}` of {level.or_.stream}" if level.or_ else ""
    return f"each value of {listed}, as {level.as_}{by}{other}"


def count_in_words(stream: Stream, count: int) -> str:
    """26 slices for each record of orders"""
    told = "more than a million slices" if count > MOST else counted(count, "slice")
    of = [" and ".join(level.streams) for level in stream.levels if isinstance(level, ForEachRecord)]
    return f"{told} for each record of {' × '.join(of)}" if of else told


def slice_in_words(item: Slice) -> str:
    """A slice, parents that are not known yet as stand-ins."""
    return shown(re.sub(r'"(~[\w.-]+~)"', r"\1", str(item))) + (" (the first run)" if item.first else "")
