"""Bodies that are archives, or text in another encoding → what is in them, in UTF-8.

This is about files that an API hands out. Packing for the way only (Content-Encoding) is undone before.
"""

import zipfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from io import BytesIO
from zlib import error as ZlibError

from framework.body import Incomplete, decoded, too_large
from framework.decoders.base import Decoded, Decoder, Undecodable
from framework.errors import DataProblem

_GZIP = b"\x1f\x8b"


class UnpackingDecoder:
    """Gives another decoder what is in a body: one file, or those members of a zip archive that fit a pattern, one
    after the other."""

    def __init__(
        self, inner: Decoder, compression: str | None, members: str, encoding: str | None, max_bytes: int
    ) -> None:  # fmt: skip
        self._inner, self._max_bytes = inner, max_bytes
        self._compression, self._members, self._encoding = compression, members, encoding

    def read(self, body: bytes) -> Decoded:
        """The records of all files; of several files no values."""
        found = []
        for number, content in enumerate(self._files(body), 1):
            try:
                found.append(self._inner.read(self._in_utf8(content)))
            except (Undecodable, DataProblem) as error:
                if self._compression != "zip":
                    raise
                raise type(error)(f"file {number} of the zip archive: {error}") from None
        return found[0] if len(found) == 1 else _joined(found)

    def names_at_path(self, body: bytes) -> str:
        """Of the first file that has no records."""
        for content in self._files(body):
            text = self._in_utf8(content)
            if self._inner.read(text).records is None:
                return self._inner.names_at_path(text)
        return "nothing is missing"

    def _files(self, body: bytes) -> Iterator[bytes]:
        if self._compression == "gzip":
            yield _gunzipped(body, self._max_bytes)
        elif self._compression == "zip":
            yield from _unzipped(body, self._members, self._max_bytes)
        else:
            yield body

    def _in_utf8(self, content: bytes) -> bytes:
        if self._encoding in (None, "utf-8"):
            return content
        try:
            return content.decode(self._encoding).encode()
        except UnicodeDecodeError as error:
            where = f"byte {error.start} of {len(content)}"
            raise Undecodable(f"the body is not {self._encoding} ({where}): correct `format.encoding`") from None


def _gunzipped(body: bytes, max_bytes: int) -> bytes:
    if not body:
        raise Undecodable("the body is empty, not a gzip file")
    if not body.startswith(_GZIP):  # some APIs pack what is large only
        return body
    try:
        return decoded(body, "gzip", max_bytes)
    except Incomplete as error:
        raise Undecodable(str(error)) from None


def _unzipped(body: bytes, pattern: str, max_bytes: int) -> Iterator[bytes]:
    try:
        archive = zipfile.ZipFile(BytesIO(body))
    except zipfile.BadZipFile:
        raise Undecodable("the body is no zip archive, or ends too early") from None
    names = [name for name in archive.namelist() if not name.endswith("/")]
    chosen = [name for name in names if fnmatchcase(name, pattern)]
    if not chosen:
        raise DataProblem(f"of {len(names)} files in the zip archive none fits {pattern!r}: check `format.members`")
    left = max_bytes
    for number, name in enumerate(chosen, 1):
        content = _member(archive, name, number, left + 1)
        if name.endswith(".gz") and len(content) <= left:
            content = _gunzipped(content, left)
        left -= len(content)
        if left < 0:
            raise too_large(max_bytes)
        yield content


def _member(archive: zipfile.ZipFile, name: str, number: int, at_most: int) -> bytes:
    try:
        with archive.open(name) as member:
            return member.read(at_most)
    except (zipfile.BadZipFile, ZlibError, EOFError):
        raise Undecodable(f"file {number} of the zip archive is damaged") from None
    except (RuntimeError, NotImplementedError):
        reason = "is encrypted, or packed in a way that can't be read"
        raise DataProblem(f"file {number} of the zip archive {reason}") from None


def _joined(parts: Sequence[Decoded]) -> Decoded:
    records = [part.records for part in parts]
    return Decoded(
        None if any(rows is None for rows in records) else [record for rows in records if rows for record in rows],
        replaced=sum(part.replaced for part in parts),
        one_line=all(part.one_line for part in parts),
    )
