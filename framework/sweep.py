"""What dead runs left in the stage: uploads that nobody logged, thrown away once they are old.

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
