"""What runs left in the stage and nobody needs: uploads that were never logged, and notes of long ago.

A slow run may still log such an upload. So whoever sweeps one claims it first, and whoever publishes an old one does
too, both by a put-if-absent of the same object: one of them wins, and what was swept never becomes visible by halves.
Young uploads need no claim: a sweep that is still to see them as old will find their log entry first.

<project>/_claims/<source>/<part>      who has it: the entry that publishes it, or a sweep
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from framework.stages.base import Stage

UPLOADS_KEPT = timedelta(days=7)
"""How old the leftovers of dead runs may get in the stage."""
CLAIMED_FROM = UPLOADS_KEPT / 2
"""Who publishes what is older claims it. Between the two, clocks may differ."""
PLANS_KEPT = timedelta(days=30)
"""How old a run's plans and notes may get: for so long its tasks can be taken again."""
TURNS_KEPT = timedelta(days=1)
"""How old the entries of a rate limit's ledger may get, and three times the limit's span more."""


class _Claim(msgspec.Struct, frozen=True):
    by: str


def claimed(stage: Stage, project: str, source: str, key: str, by: str) -> bool:
    """Whether an upload is `by`'s now: claimed by this call, or by an earlier one in the same name."""
    place = f"{project}/_claims/{source}/{key.rpartition('/')[2]}"
    claim = msgspec.json.encode(_Claim(by))
    return stage.put_if_absent(place, claim) or stage.read(place) == claim


def throw_away(stage: Stage, project: str, source: str, publish: Callable[[], None], older_than: datetime) -> int:
    """Throws away a source's uploads that were begun before that and that no log holds. `publish` makes visible what
    is logged. Returns how many."""
    found = list(stage.leftovers(older_than, f"{project}/source={source}/"))
    publish()
    for leftover in found:
        if not claimed(stage, project, source, leftover.key, "sweep"):
            publish()  # a slow run was faster: after this its entry is published, or void
        stage.discard(leftover)
    return len(found)


def tidy(stage: Stage, project: str, source: str, now: datetime, span: timedelta) -> int:
    """Removes the plans and notes of runs that are long over, and the turns that count for no limit any more, where
    `span` is the limit's. Returns how many objects."""
    ages = {"_plan": PLANS_KEPT, "_run": PLANS_KEPT, "_rate": TURNS_KEPT + 3 * span}
    return sum(_removed(stage, f"{project}/{folder}/{source}/", now - kept) for folder, kept in ages.items())


def _removed(stage: Stage, folder: str, older_than: datetime) -> int:
    old = [found.key for found in stage.list(folder) if found.modified < older_than]
    stage.remove(old)
    return len(old)
