"""A page's records as the lines of a part."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec


class Lines:
    """Records as they are written, none with a line break in it. They are joined once, and copied no more than that."""

    def __init__(self, records: Sequence[bytes | msgspec.Raw]) -> None:
        self._records = records

    @cached_property
    def text(self) -> bytes:
        """All of them, each with its newline."""
        return b"\n".join([*self._records, b""])

    @property
    def longest(self) -> int:
        """The bytes of the longest one."""
        return max(map(len, self._records), default=0)

    def head(self, count: int) -> "Lines":
        """The first ones."""
        return self if count >= len(self) else Lines(self._records[:count])

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[bytes]:
        return map(bytes, self._records)
