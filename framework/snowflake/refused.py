"""What is raised of parts that did not get into RAW, whichever way they were to come."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from framework.errors import WarehouseError

_LINE = re.compile(r"\(line (\d+)\)$")
SHOWN = 3
"""How many parts an error names."""


class NotLoaded(WarehouseError):
    """Parts that Snowflake refused, each with its first error; and parts that did not come in time."""

    reasons: Mapping[str, str] = MappingProxyType({})
    """Key → first error of those that were refused."""
    late = False
    """Whether others did not come in time."""

    @classmethod
    def of(cls, reasons: Mapping[str, str], late: Mapping[str, str] = MappingProxyType({}), why: str = "") -> Self:
        """In words. `late` says of each how far it is, `why` what is known of all of them."""
        told = [f"Snowflake did not load {_named(reasons)}"] if reasons else []
        told += [f"{_named(late)}{why}"] if late else []
        made = cls("; ".join(told))
        made.reasons, made.late = dict(reasons), bool(late)
        return made


def reason(error: object, line: object) -> str:
    """A first error and its place."""
    return f"{error} (line {line})"


def line_of(text: str) -> int | None:
    """The line that a reason names."""
    found = _LINE.search(text)
    return int(found[1]) if found else None


def _named(reasons: Mapping[str, str]) -> str:
    told = "; ".join(f"{key}: {reason}" for key, reason in list(reasons.items())[:SHOWN])
    more = f" and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
    return f"{len(reasons)} part{'s' if len(reasons) > 1 else ''}: {told}{more}"
