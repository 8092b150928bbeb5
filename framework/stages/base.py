"""The contract of the stages family: where part files wait, and where the log is.

A key is a `/`-separated path below the stage's root. An object is invisible until it is published, whole when it is
seen, and never changes. The three verbs that matter map to every store: prepare is an open multipart upload, or
uncommitted blocks, or a temporary file; publish completes it; put-if-absent is a conditional write.

A new kind is one file: an options class with `type: Literal["…"]` and `open()`, added to the union in `__init__.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

Resolve = Callable[[str], str]
"""A reference such as `secret:OWNER#NAME` → the value."""


class Upload(Protocol):
    """An object being written that nobody can see yet. Used by one thread."""

    def write(self, data: bytes) -> None:
        """Appends. Raises StageError where the store can't take it, as on a full disk."""
        ...

    def finish(self) -> str:
        """Everything is durable in the store, and still invisible. Returns the handle by which any machine can publish
        it."""
        ...

    def abort(self) -> None:
        """Throws it away, at once or, where the store can't, by age."""
        ...


@dataclass(frozen=True)
class Object:
    """A visible object."""

    key: str
    bytes: int
    modified: datetime


@dataclass(frozen=True)
class Leftover:
    """An upload that was begun and never published."""

    key: str
    handle: str
    """For `discard`."""


class Stage(Protocol):
    """A store of objects. Used by many threads at once."""

    url: str
    """Where it is, for people."""
    shared: bool
    """Whether other machines see the same stage."""

    def prepare(self, key: str) -> Upload:
        """Begins an object under that key, invisibly."""
        ...

    def is_prepared(self, key: str, handle: str, bytes: int) -> bool:
        """Whether a finished upload can still be published, or has been."""
        ...

    def publish(self, key: str, handle: str, bytes: int) -> None:
        """Makes a finished upload visible. Idempotent, and never overwrites. Raises UploadLost where neither the upload
        nor the object is there any more."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Writes a small object if the key is free; False where it was taken. Of many at once exactly one wins."""
        ...

    def read(self, key: str) -> bytes | None:
        """A small object, None where there is none."""
        ...

    def list(self, prefix: str, after: str = "") -> Iterator[Object]:
        """The visible objects below a prefix, sorted by key, those after `after` only."""
        ...

    def as_file(self, key: str) -> AbstractContextManager[Path]:
        """An object as a file on this machine. Raises StageError where there is none."""
        ...

    def leftovers(self, older_than: datetime, prefix: str = "") -> Iterator[Leftover]:
        """Uploads of keys below the prefix, begun before that and never published."""
        ...

    def discard(self, leftover: Leftover) -> None:
        """Throws such an upload away. Does nothing where it is gone or was published."""
        ...

    def remove(self, keys: Sequence[str]) -> None:
        """Removes small objects that nobody needs any more; those that are gone already are none the worse. Never asked
        for parts or for the log."""
        ...

    def time(self) -> datetime:
        """What the store's own clock says."""
        ...
