"""What is raised of parts that did not get into RAW, whichever way they were to come."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from framework.errors import WarehouseError

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


def _named(reasons: Mapping[str, str]) -> str:
    told = "; ".join(f"{key}: {reason}" for key, reason in list(reasons.items())[:SHOWN])
    more = f" and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
    return f"{len(reasons)} part{'s' if len(reasons) > 1 else ''}: {told}{more}"
