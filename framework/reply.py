"""The head of an answer, read without the parser for mail.

http.client reads it with that, and on small answers it takes as long as all else that is done for them. What follows
the head is http.client's.
"""

import http.client
from http import HTTPStatus
from typing import Any

_LINE_BYTES = 1 << 16
_LINES = 1000
"""A head of more lines has no end (http.client stops at 100, and some APIs send more)."""


class Reply(http.client.HTTPResponse):
    """One answer."""

    def begin(self) -> None:
        """Reads the head; what is said before the answer itself, such as 103 with its hints, is passed over (RFC 9110,
        15.2). Raises HTTPException."""
        here: Any = self  # what is asked of the base class is its own, by Python's names
        version, status, reason = here._read_status()
        head = _read(self.fp)
        while 100 <= status < 200 and status != HTTPStatus.SWITCHING_PROTOCOLS:
            version, status, reason = here._read_status()
            head = _read(self.fp)
        if not version.startswith(("HTTP/1.", "HTTP/0.9")):
            raise http.client.UnknownProtocol(version)
        self.code = self.status = status
        self.reason = reason.strip()
        self.version = 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
        self.headers = self.msg = head
        self.chunked = (head.get("transfer-encoding") or "").lower() == "chunked"
        here.chunk_left = None
        self.length = self._length(head, status)
        self.will_close = here._check_close() or (not self.chunked and self.length is None)

    def _length(self, head: http.client.HTTPMessage, status: int) -> int | None:
        if status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED) or status < 200:
            return 0
        if vars(self)["_method"] == "HEAD":
            return 0
        said = (head.get("content-length") or "").strip()
        return int(said) if said.isascii() and said.isdigit() and not self.chunked else None


def _read(fp: Any) -> http.client.HTTPMessage:
    """The headers, as they stand: names may come more than once. A line that is none is passed over."""
    head = http.client.HTTPMessage()
    pairs: list[list[str]] = []
    for _ in range(_LINES):
        line = fp.readline(_LINE_BYTES + 1)
        if len(line) > _LINE_BYTES:
            raise http.client.LineTooLong("header line")
        if not line:
            raise http.client.IncompleteRead(b"")
        if line in (b"\r\n", b"\n"):
            break
        text = line.decode("iso-8859-1")
        if text[0] in " \t":  # goes on with the one before it, as old servers write it
            if pairs:
                pairs[-1][1] += f" {text.strip()}"
            continue
        name, colon, value = text.partition(":")
        if colon and name.strip():
            pairs.append([name.strip(), value.strip()])
    else:
        raise http.client.HTTPException(f"got more than {_LINES} headers")
    for name, value in pairs:
        head[name] = value
    return head
