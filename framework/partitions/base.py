"""The contract of the partitions family: where the values come from that a stream is repeated for.

A new kind is one file: an options class whose own key names the kind, added to the union in `__init__.py`. Walking
over a parent's parts needs the stage and is done by `extract.py`'s neighbour `parents.py`; here stand the values.
"""

from pydantic import Field

from framework.model import Count, Name, Strict


class ForEach(Strict):
    """What every kind has."""

    as_: Name = Field(alias="as")
    """The name that templates use for the value, such as order in `{{ order.id }}`."""
    batch: Count | None = None
    """So many values in one request: the name then stands for a list of them, as in `{{ ids | join(',') }}`."""

    @property
    def streams(self) -> list[str]:
        """The parents that the values come from."""
        return []
