"""The contract of the decoders family: from a complete body to records and the values that the spec asks of it.

How a kind is chosen in a spec is the contract in `format.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from framework.body import MAX_BYTES
from framework.errors import ApiError
from framework.model import JmesPath


class Undecodable(ApiError):
    """A body that is cut short or not what it should be. Asking again may help."""


@dataclass(frozen=True)
class Asked:
    """What a stream wants to know of a body."""

    path: JmesPath
    """Where the records are."""
    values: Sequence[JmesPath] = ()
    """Values beside the records."""
    max_bytes: int = MAX_BYTES
    """How large a body may be, unpacked."""


@dataclass(frozen=True)
class Decoded:
    """What a body holds."""

    records: list[msgspec.Raw] | None
    """The records as the API wrote them; None where the path to them does not exist."""
    values: dict[str, Any] = field(default_factory=dict)
    """By JMESPath, as they were asked for."""
    replaced: int = 0
    """How many halves of surrogate pairs were replaced by U+FFFD: JSON can write them, and no text can hold them."""
    one_line: bool = True
    """No record holds a line break."""
    single: bool = False
    """At the path stands one object, not a list."""


class Decoder(Protocol):
    """Reads the bodies of one stream."""

    def read(self, body: bytes) -> Decoded:
        """Raises Undecodable, with a reason that quotes no data; DataProblem where asking again is vain."""
        ...

    def names_at_path(self, body: bytes) -> str:
        """For an error: which names exist where the path to the records breaks off."""
        ...
