"""Parts into RAW by a pipe: the run waits until each is there, or says why it is not."""

from collections.abc import Sequence

from framework.errors import NotBuilt
from framework.manifest import Part
from framework.snowflake.place import Place


def arrive(place: Place, parts: Sequence[Part]) -> None:
    """Not yet."""
    raise NotBuilt(
        f"{len(parts)} parts of {place.source}.{place.stream} are in the stage, and this version can't wait for a pipe "
        "yet: write `load: copy`"
    )
