"""What is looked out for while pages are read, and what happens where it is found."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from framework.errors import DataProblem
from framework.model import Count, Strict

Policy = Literal["fail", "warn", "ignore"]
"""fail: the slice fails. warn: it stands in the report, and reading goes on. ignore: reading goes on."""


class PageCap(Strict):
    """How many pages a slice may have: a list that never ends is cut off by no one else."""

    pages: Count = 100_000
    """The most pages of one slice."""
    policy: Policy = "fail"
    """What happens beyond that."""


class Total(Strict):
    """How many records may be missing of those that the API itself counts: see `total_records` of `pagination`."""

    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The share of the total that may be missing, such as 0.01, where records are deleted while they are read."""
    policy: Policy = "fail"
    """What happens where more are missing."""


def _with_policy(value: Any) -> Any:
    return {"policy": value} if isinstance(value, str) else value


def _with_pages(value: Any) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool)
    return {"pages": value} if number else _with_policy(value)


class Guards(Strict):
    """What must not happen unseen. Each is on by default; with `warn` it stands in the report and the run's status is
    warning; with `ignore` it is not looked at."""

    repeated_page: Policy = "fail"
    """A page holds the same records as the one before it."""
    repeated_cursor: Policy = "fail"
    """A page leads to a request that was sent before. Where a token stays the same while pages differ, as with scrolls:
    ignore."""
    page_cap: Annotated[PageCap, BeforeValidator(_with_pages, json_schema_input_type=Count | Policy | PageCap)] = (
        PageCap()
    )
    """A slice has more pages than this; a number is short for `{pages: …}`, a word for `{policy: …}`."""
    total: Annotated[Total, BeforeValidator(_with_policy, json_schema_input_type=Policy | Total)] = Total()
    """Fewer records came than the API's own total; a word is short for `{policy: …}`."""
    missing_path: Policy = "fail"
    """There is nothing where `records` says that records are. For an API that leaves an empty list out: ignore."""
    missing_key: Policy = "fail"
    """A record lacks a field of its `primary_key`. Those that are let through stay in RAW and are left out of CLEAN."""
    all_skipped: Policy = "fail"
    """Every slice of a run was skipped by rules of `responses`, as where credentials may read nothing. Where all of
    them were 404 or 410, so that each single thing may be gone, `fail` only warns."""


class Watch:
    """What was found in one slice."""

    def __init__(self, guards: Guards) -> None:
        self.guards = guards
        self._found: dict[str, tuple[str, int]] = {}

    def found(self, guard: str, policy: Policy, say: Callable[[], str]) -> None:
        """Raises DataProblem where the policy is fail."""
        if policy == "fail":
            raise DataProblem(say())
        if policy == "warn":
            text, count = self._found.get(guard, ("", 0))
            self._found[guard] = (text or say(), count + 1)

    def warnings(self) -> list[str]:
        """A line for each guard that warned."""
        return [f"{text} ({count} times)" if count > 1 else text for text, count in self._found.values()]
