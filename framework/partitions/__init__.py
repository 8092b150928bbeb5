"""What a stream is repeated for: a file per kind."""

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from framework.partitions.stream import ForEachRecord
from framework.partitions.values import ForEachValue


def _kind(value: Any) -> str:
    return "by-values" if isinstance(value, dict) and "values" in value else "by-stream"


ForEachSpec = Annotated[
    Annotated[ForEachRecord, Tag("by-stream")] | Annotated[ForEachValue, Tag("by-values")],
    Discriminator(_kind),
]
