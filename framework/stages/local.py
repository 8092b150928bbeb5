"""A folder of this machine as the stage."""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from framework.errors import StageError, UploadLost
from framework.model import Strict
from framework.stages.base import Leftover, Object, Resolve

_UPLOADS = "_uploads"
_SMALL = "_small"
"""Where small objects are written before they get their names."""
_DEPTH = 2
"""So many folders of a key, project and source, its upload is kept in: they can be swept by themselves."""
_MARK = "~"
"""Ends the key in an upload's name."""


class LocalStage(Strict):
    """A folder of this machine."""

    type: Literal["local"]
    path: str
    """The folder; relative paths start at the project's folder."""

    def open(self, project_folder: Path, resolve: Resolve = str) -> "LocalFolder":
        """Makes the folder if need be."""
        return LocalFolder(project_folder / self.path)


class LocalFolder:
    """Objects are files; an upload is a file under `_uploads/`, moved to its place when it is published."""

    shared = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)
        self._make(root / _UPLOADS / _SMALL)

    def prepare(self, key: str) -> "_LocalUpload":
        """A new file under `_uploads/`; its place there is the handle."""
        folders = key.split("/")[:-1][:_DEPTH]
        rest = key.removeprefix("/".join([*folders, ""]))
        handle = "/".join([*folders, f"{quote(rest, safe='')}{_MARK}{secrets.token_hex(4)}"])
        self._make((self.root / _UPLOADS / handle).parent)
        return _LocalUpload(self.root / _UPLOADS / handle, handle)

    def is_prepared(self, key: str, handle: str, bytes: int) -> bool:
        """The file is in either place."""
        return (self.root / _UPLOADS / handle).is_file() or self._is_published(key, bytes)

    def publish(self, key: str, handle: str, bytes: int) -> None:
        """A second name, then the first one is taken away: a link, unlike a rename, overwrites nothing."""
        target, upload = self.root / key, self.root / _UPLOADS / handle
        self._make(target.parent)
        try:
            os.link(upload, target)
        except (FileNotFoundError, FileExistsError):
            if not self._is_published(key, bytes):
                raise UploadLost(f"the upload of {key} is gone from {self.root / _UPLOADS}") from None
        except OSError as error:
            raise StageError(f"can't publish {target}: {error.strerror}") from error
        _sync_folder(target.parent)
        with suppress(OSError):  # it is swept some day
            upload.unlink()

    def _is_published(self, key: str, bytes: int) -> bool:
        target = self.root / key
        return target.is_file() and target.stat().st_size == bytes

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Written beside, then linked to its name: a link fails where the name is taken."""
        target = self.root / key
        self._make(target.parent)
        beside = self.root / _UPLOADS / _SMALL / secrets.token_hex(8)
        upload = _LocalUpload(beside, beside.name)
        upload.write(data)
        upload.finish()
        try:
            os.link(beside, target)
        except FileExistsError:
            return False
        except OSError as error:
            raise StageError(f"can't write {target}: {error.strerror}") from error
        finally:
            with suppress(OSError):  # it is swept some day
                beside.unlink()
        _sync_folder(target.parent)
        return True

    def read(self, key: str) -> bytes | None:
        """The file's content."""
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StageError(f"can't read {self.root / key}: {error.strerror}") from error

    def list(self, prefix: str, after: str = "") -> Iterator[Object]:
        """A walk in sorted order."""
        folder = self.root / prefix.rpartition("/")[0]
        for path in sorted(_files(folder), key=Path.as_posix):
            key = path.relative_to(self.root).as_posix()
            if key.startswith(prefix) and key > after and not key.startswith(_UPLOADS):
                facts = path.stat()
                yield Object(key, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))

    @contextmanager
    def as_file(self, key: str) -> Iterator[Path]:
        """The file itself."""
        path = self.root / key
        if not path.is_file():
            raise StageError(f"{path} is in the log and not in the stage: it was deleted by hand")
        yield path

    def leftovers(self, older_than: datetime, prefix: str = "") -> Iterator[Leftover]:
        """By the time of the last write. What was to become a small object, and did not, goes at once."""
        uploads = self.root / _UPLOADS
        for path in _files(uploads / _SMALL):
            if _is_older(path, older_than):
                path.unlink(missing_ok=True)
        for path in _files(uploads.joinpath(*prefix.split("/")[:_DEPTH])):
            handle = path.relative_to(uploads).as_posix()
            folder, _, name = handle.rpartition("/")
            key = f"{folder}/{unquote(name.rpartition(_MARK)[0])}".lstrip("/")
            if not handle.startswith(f"{_SMALL}/") and key.startswith(prefix) and _is_older(path, older_than):
                yield Leftover(key, handle)

    def discard(self, leftover: Leftover) -> None:
        """The file goes."""
        path = self.root / _UPLOADS / leftover.handle
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StageError(f"can't sweep {path}: {error.strerror}") from error

    def remove(self, keys: Sequence[str]) -> None:
        """The files go; their folders stay, since somebody may be about to write there."""
        for key in keys:
            try:
                (self.root / key).unlink(missing_ok=True)
            except OSError as error:
                raise StageError(f"can't remove {self.root / key}: {error.strerror}") from error

    def time(self) -> datetime:
        """The file system's, as a new file shows it."""
        path = self.root / _UPLOADS / _SMALL / secrets.token_hex(8)
        try:
            path.touch()
            return datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError as error:
            raise StageError(f"can't write {path}: {error.strerror}") from error
        finally:
            path.unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StageError(f"can't make the folder {folder}: {error.strerror}") from error


class _LocalUpload:
    def __init__(self, path: Path, handle: str) -> None:
        self._path, self._handle = path, handle
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise StageError(f"can't write {path}: {error.strerror}") from error

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self.abort()
            raise StageError(f"can't write {self._path}: {error.strerror}. Free some space and run again.") from error

    def finish(self) -> str:
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            self.abort()
            raise StageError(f"can't write {self._path}: {error.strerror}. Free some space and run again.") from error
        return self._handle

    def abort(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    """All below it; none where it does not exist. A folder that can't be read is not an empty one."""

    def refused(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise StageError(f"can't read the folder {error.filename}: {error.strerror}") from error

    for place, _, names in os.walk(folder, onerror=refused):
        yield from (Path(place, name) for name in names)


def _is_older(path: Path, than: datetime) -> bool:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) < than
    except FileNotFoundError:  # another run has published it meanwhile
        return False


def _sync_folder(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise StageError(f"can't make what is in {folder} durable: {error.strerror}") from error
