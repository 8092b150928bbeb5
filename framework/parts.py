"""From lines to parts: compressed as they come, rotated by size, small slices side by side in one part.

A worker owns one PartFile. A small slice is held back until it is whole and then appended to the worker's shared part;
a slice that outgrows that buffer gets parts of its own. So a slice that fails leaves nothing behind, and memory is
bounded by the buffer, whatever the size of the stream.
"""

import hashlib
import itertools
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from isal import isal_zlib

from framework.lines import Lines
from framework.manifest import Part, Range

BUFFER_BYTES = 4 << 20
"""How much of a slice is held back before it gets parts of its own."""
_WRITE_BYTES = 1 << 20
_GZIP = 31
_END = re.compile(r"(r[0-9a-f]{8})?\.jsonl\.gz$")


def reissued_key(key: str) -> str:
    """A new name for a part that is to count in the place of this one."""
    return _END.sub(f"r{secrets.token_hex(4)}.jsonl.gz", key)


def first_key(key: str) -> str:
    """What the part was called before it was reissued; its own name where it was not."""
    return _END.sub(".jsonl.gz", key)


class Upload(Protocol):
    """What a part is written to; a stage's `prepare` gives one."""

    def write(self, data: bytes) -> None: ...
    def finish(self) -> str: ...
    def abort(self) -> None: ...


class PartFile:
    """One gzip stream of JSON Lines on its way into the stage."""

    def __init__(self, key: str, upload: Upload) -> None:
        self.key = key
        self.rows = 0
        self._upload = upload
        self._gzip = isal_zlib.compressobj(
            2, isal_zlib.DEFLATED, _GZIP
        )  # its header holds no time: same data, same bytes
        self._sha256 = hashlib.sha256()
        self._longest = 0
        self._held: list[bytes] = []
        self._held_bytes = 0
        self.bytes = 0

    def append(self, held: "Held") -> Range:
        """Adds lines and says which rows they became."""
        for text in held.texts:
            self._hold(self._gzip.compress(text))
        self._longest = max(self._longest, held.longest)
        first, self.rows = self.rows + 1, self.rows + held.rows
        return Range(self.key, first, held.rows)

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes >= _WRITE_BYTES:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._held)
        self._held, self._held_bytes = [], 0
        self._sha256.update(data)
        self.bytes += len(data)
        self._upload.write(data)

    def finish(self) -> Part:
        """Durable, and still invisible."""
        self._hold(self._gzip.flush())
        self._flush()
        handle = self._upload.finish()
        return Part(self.key, self.rows, self.bytes, self._sha256.hexdigest(), self._longest, handle)

    def abort(self) -> None:
        """Throws it away."""
        self._upload.abort()


@dataclass
class Held:
    """Lines that wait for their part."""

    texts: list[bytes] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    longest: int = 0

    def add(self, lines: Lines) -> None:
        """A page more."""
        self.texts.append(lines.text)
        self.rows += len(lines)
        self.bytes += len(lines.text)
        self.longest = max(self.longest, lines.longest)


class PartWriter:
    """Opens parts under the names that the layout promises. Used by many threads at once."""

    def __init__(self, folder: str, name: str, prepare: Callable[[str], Upload], part_bytes: int) -> None:
        self.part_bytes = part_bytes
        self._folder, self._name, self._prepare = folder, name, prepare
        self._numbers = itertools.count()

    def open(self) -> PartFile:
        """A new part with the next number."""
        key = f"{self._folder}/{self._name}-{next(self._numbers):04d}.jsonl.gz"
        return PartFile(key, self._prepare(key))


class SliceWriter:
    """The lines of one slice: held back while it is small, in parts of its own once it is not."""

    def __init__(self, writer: PartWriter) -> None:
        self._writer = writer
        self._held = Held()
        self._open: PartFile | None = None
        self._parts: list[Part] = []
        self._ranges: list[Range] = []
        self.rows = 0

    def write(self, lines: Lines) -> None:
        """Adds a page's lines."""
        if not lines:
            return
        self.rows += len(lines)
        self._held.add(lines)
        if self._open or self._held.bytes > BUFFER_BYTES:
            self._spill()

    def _spill(self) -> None:
        self._open = self._open or self._writer.open()
        self._ranges.append(self._open.append(self._held))
        self._held = Held()
        if self._open.bytes >= self._writer.part_bytes:
            self._close()

    def _close(self) -> None:
        if self._open:
            self._parts.append(self._open.finish())
            self._open = None

    def finish(self, shared: Callable[[], PartFile]) -> tuple[list[Part], list[Range]]:
        """The parts of its own that the slice filled, and where all of its rows are. A slice that stayed small goes
        into the shared part."""
        if self._open and self._held.rows:
            self._spill()
        self._close()
        if self._held.rows:
            self._ranges.append(shared().append(self._held))
        return self._parts, _joined(self._ranges)

    def abort(self) -> None:
        """Throws away what is not finished; finished parts stay invisible and are swept by age."""
        if self._open:
            self._open.abort()


def _joined(ranges: Sequence[Range]) -> list[Range]:
    result: list[Range] = []
    for item in ranges:
        if result and result[-1].part == item.part and result[-1].first + result[-1].rows == item.first:
            result[-1] = Range(item.part, result[-1].first, result[-1].rows + item.rows)
        else:
            result.append(item)
    return result
