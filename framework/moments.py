"""What the records of a page say of time: the greatest of their cursors, and which of them lie in a window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from framework import exact_json
from framework.incremental import Incremental
from framework.lines import Lines
from framework.records import field_text
from framework.window import Window, parse_any


@dataclass(frozen=True)
class Within:
    """The records of a page that lie in a window."""

    lines: Lines
    is_last: bool
    """Whether the page, newest first, ends before the window's start: no later page can hold more."""


def within(lines: Lines, spec: Incremental, window: Window) -> Within:
    """Leaves out what lies outside the window. A record whose cursor is missing or no instant stays."""
    kept: list[bytes] = []
    last: datetime | None = None
    for line in lines:
        text = field_text(line, spec.cursor)
        moment = instant(exact_json.decode(text), spec.forms) if text else None
        last = moment or last
        if moment is None or window.start <= moment < window.end:
            kept.append(line)
    return Within(Lines(kept), spec.order == "newest_first" and last is not None and last < window.start)


def instants(texts: Sequence[Any], forms: Sequence[str]) -> tuple[list[datetime], int]:
    """The instants among which the greatest is, and how many texts are none. ISO instants of one shape in UTC sort as
    text, so only the greatest needs parsing; others all do."""
    shapes = {(len(text), text[-1:]) if isinstance(text, str) else None for text in texts}
    if forms[0] == "iso8601" and len(shapes) == 1 and all(shape is not None and shape[1] == "Z" for shape in shapes):
        found = instant(max(texts), forms[:1])
        if found is not None:
            return [found], 0
    every = [instant(text, forms) for text in texts]
    return [moment for moment in every if moment is not None], every.count(None)


def instant(value: Any, forms: Sequence[str]) -> datetime | None:
    """The instant in the first form that fits, None where none does."""
    try:
        return parse_any(value, forms)
    except ValueError:
        return None
