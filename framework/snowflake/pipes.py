"""Parts into RAW by a pipe: the run waits until each is there, or says why it is not."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from framework.manifest import Part
from framework.snowflake.place import Place
from framework.snowflake.refused import NotLoaded
from framework.snowflake.tasks import moments
from framework.snowflake_words import quote_text

LOADED = ""
"""What is told of a part that got through; of one that did not, its first error."""


class Pipe(Protocol):
    """A way to have parts loaded, and to know what became of them."""

    def begin(self, parts: Sequence[Part]) -> None:
        """What has to be done for parts of which nothing is known yet."""
        ...

    def told(self, parts: Sequence[Part]) -> Mapping[str, str]:
        """Key → LOADED or the first error, of those that it has come to an end with."""
        ...

    def remind(self, parts: Sequence[Part]) -> None:
        """Once, at half of the time: parts that it may never have been told of."""
        ...


def arrive(place: Place, pipe: Pipe, parts: Sequence[Part]) -> None:
    """Waits for the rows of all parts. Raises NotLoaded for those that were refused or do not come within
    `load_timeout`: they may come later, and the next load finds them."""
    missing = _without_what_is_there(place, parts)
    if not missing:
        return
    refused: dict[str, str] = {}
    seconds = place.settings.load_timeout.total_seconds()
    begun = reminded = False
    for left in moments(seconds, first=0.5, most=10.0):
        told = pipe.told(missing)
        refused |= {key: reason for key, reason in told.items() if reason != LOADED}
        missing = [part for part in missing if part.key not in refused]
        if any(reason == LOADED for reason in told.values()):
            missing = _without_what_is_there(place, missing)
        if not missing:
            break
        if not begun:
            begun = True
            pipe.begin([part for part in missing if part.key not in told])
        elif not reminded and left <= seconds / 2:
            reminded = True
            pipe.remind(missing)
    if refused or missing:
        rows = place.rows_in_raw(missing)
        late = {part.key: f"{rows.get(part.key, 0)} of its {part.rows} rows came" for part in missing}
        raise NotLoaded.of(refused, late, _why(place, seconds) if late else "")


def _without_what_is_there(place: Place, parts: Sequence[Part]) -> list[Part]:
    """Those whose rows are not all in RAW: what was loaded long ago no history tells of, and a pipe may bring a part in
    several pieces."""
    rows = place.rows_in_raw(parts)
    return [part for part in parts if rows.get(part.key, 0) < part.rows]


def _why(place: Place, seconds: float) -> str:
    """What is known of a pipe that did not load everything in time."""
    told = json.loads(place.run(f"SELECT SYSTEM$PIPE_STATUS({quote_text(place.pipe)})")[0][0])
    state, waiting = told.get("executionState", "unknown"), told.get("pendingFileCount", 0)
    error = f", {told['error']}" if told.get("error") else ""
    if place.settings.load == "snowpipe":
        remedy = (
            "If none ever come, the bucket's events do not reach the pipe (`framework deploy render` has the steps); "
            "it was told to look for itself, which it does for parts of the last 7 days"
        )
    else:
        remedy = "It was called for them twice"
    return (
        f" within {seconds:g} s (`load_timeout` of the warehouse). The pipe {place.pipe} is {state}{error}; {waiting} "
        f"files wait in it. {remedy}. The next load waits for them again."
    )


def oldest(moment: datetime) -> str:
    """Since when a history is asked, in SQL: it reaches back 14 days."""
    return f"GREATEST(DATEADD('day', -13, CURRENT_TIMESTAMP()), {quote_text(moment)}::TIMESTAMP_LTZ)"
