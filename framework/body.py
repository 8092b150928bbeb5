"""A response's bytes as they were sent → the whole body, or word that it is not whole.

HTTP libraries return a gzip body that is cut short, and the first member only of several, as if all were well; so the
content coding is undone here, and must reach its end (RFC 1952).
"""

from isal import isal_zlib

from framework.errors import ApiError, DataProblem

_MB = 1 << 20
MAX_BYTES = 1024 * _MB
"""How large a body may be: it is held in memory whole, and a few bytes can unpack to a thousand times as many."""
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Incomplete(ApiError):
    """A body that ends too early or can't be unpacked. Asking again may help."""


def decoded(raw: bytes, content_encoding: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Undoes the content codings, last one first. Raises Incomplete; DataProblem for more than `max_bytes`."""
    for coding in reversed([word.strip().lower() for word in content_encoding.split(",")]):
        if coding in ("", "identity"):
            continue
        if coding not in _WINDOW_BITS:
            raise Incomplete(f"the body is packed as {coding!r}, which was not asked for")
        raw = _unpacked(raw, coding, max_bytes)
    return raw


def too_large(max_bytes: int) -> DataProblem:
    """What to say of a body that is too large to be read whole."""
    return DataProblem(
        f"the body is larger than {max_bytes / _MB:g} MB, unpacked: ask for less at a time, by a shorter `window` or "
        "a smaller page, or raise `http.max_body_mb`"
    )


def _unpacked(raw: bytes, coding: str, max_bytes: int) -> bytes:
    pieces, size = [], 0
    left = raw
    while left.strip(b"\0"):
        unpacker = isal_zlib.decompressobj(wbits=_WINDOW_BITS[coding])
        try:
            pieces.append(unpacker.decompress(left, max_bytes - size + 1))
        except isal_zlib.error as error:  # type: ignore[misc]
            raise Incomplete(f"the body can't be unpacked as {coding}: {error}") from None
        size += len(pieces[-1])
        if size > max_bytes:
            raise too_large(max_bytes)
        if not unpacker.eof:
            raise Incomplete(f"the {coding} body ends too early, after {len(raw)} bytes")
        left = unpacker.unused_data
    if raw and not pieces:
        raise Incomplete(f"the {coding} body holds nothing")
    return b"".join(pieces)
