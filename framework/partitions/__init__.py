"""What a stream is repeated for: a file per kind."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from framework.partitions.base import ForEach
from framework.partitions.stream import ForEachRecord
from framework.partitions.values import ForEachValue


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "by-all"
    return "by-values" if isinstance(value, dict) and "values" in value else "by-stream"


_One = Annotated[
    Annotated[ForEachRecord, Tag("by-stream")] | Annotated[ForEachValue, Tag("by-values")],
    Discriminator(_kind),
]
ForEachSpec = Annotated[
    Annotated[ForEachRecord, Tag("by-stream")]
    | Annotated[ForEachValue, Tag("by-values")]
    | Annotated[list[_One], Field(min_length=1), Tag("by-all")],
    Discriminator(_kind),
]
"""One of them, or several: then the stream is repeated for every combination of their values."""
__all__ = ["ForEach", "ForEachRecord", "ForEachSpec", "ForEachValue"]
