"""One connection: HTTP/1.1 by the standard library, each read of it ended in time."""

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from framework.place import NotSent
from framework.reply import Reply

IDLE_SECONDS = 5.0
"""How long a connection that nobody uses is kept."""
_READ_BYTES = 1 << 16
_WHOLE_BYTES = 256 << 20
"""A body that says it is no longer than this is read into one buffer, any other piece by piece."""
_PIECE_BYTES = 1 << 20


class NotWhole(Exception):
    """No whole answer came. Asking again may help."""


class TooLate(NotWhole):
    """No whole answer came in time."""


class Connection:
    """One connection to one host."""

    def __init__(self, key: tuple[str, str, int], tls: ssl.SSLContext | None) -> None:
        _, host, port = key
        if tls is None:
            self._http = http.client.HTTPConnection(host, port)
        else:
            self._http = http.client.HTTPSConnection(host, port, context=tls)
        self._since = time.monotonic()

    def is_fresh(self) -> bool:
        """Whether it may be used again. One that can be read from was closed by the other side."""
        if self._http.sock is None or time.monotonic() - self._since > IDLE_SECONDS:
            return False
        poll = select.poll()
        poll.register(self._http.sock, select.POLLIN)
        return not poll.poll(0)

    def ask(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        content: bytes | None,
        connect_seconds: float,
        deadline: float,
    ) -> http.client.HTTPResponse:
        """Sends a request, on a new connection if need be, and reads the head of its answer."""
        if self._http.sock is None:
            self._http.timeout = left(connect_seconds, deadline)
            self._http.connect()
        self._http.sock.settimeout(left(None, deadline))
        self._http.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            self._http.putheader(name, value)
        self._http.endheaders(content or None)
        self._http.response_class = lambda sock, **of_request: Reply(  # type: ignore[assignment]
            cast(socket.socket, _Readable(sock, deadline)), **of_request
        )
        return self._http.getresponse()

    def rest(self) -> None:
        """Nobody uses it from now on."""
        self._since = time.monotonic()

    def close(self) -> None:
        """Ends it."""
        self._http.close()


class _Readable:
    """What http.client asks of a socket."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._raw = _Timed(sock, deadline)

    def makefile(self, mode: str) -> io.BufferedReader:
        """The answer's bytes."""
        return io.BufferedReader(self._raw, _READ_BYTES)


class _Timed(io.RawIOBase):
    """A socket whose every read ends in time."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline
        self._reads = sock.makefile("rb", buffering=0)  # holds the socket open for as long as the answer is read

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """One read. Raises TimeoutError."""
        self._sock.settimeout(left(None, self._deadline))
        return self._reads.readinto(buffer)

    def close(self) -> None:
        """Lets go of the socket."""
        self._reads.close()
        super().close()


def left(seconds: float | None, deadline: float) -> float:
    """The seconds that are left, no more than those. Raises TimeoutError."""
    until = deadline - time.monotonic()
    if until <= 0:
        raise TimeoutError("the deadline has passed")
    return until if seconds is None else min(seconds, until)


def pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """A body's pieces, to its very end. Raises NotWhole."""
    at_once = answer.length is not None and answer.length <= _WHOLE_BYTES
    while True:
        with as_ours("the answer was not complete"):
            piece = answer.read() if at_once else answer.read(_PIECE_BYTES)
            if not piece and answer.length:
                raise http.client.IncompleteRead(b"", answer.length)
        if not piece:
            return
        yield piece
        if at_once:
            return


@contextmanager
def as_ours(late: str) -> Iterator[None]:
    """Errors of the wire as what they mean; `late` is what is said of one that comes of waiting."""
    try:
        yield
    except TimeoutError:
        raise TooLate(late) from None
    except http.client.IncompleteRead as error:
        missing = f", {error.expected:,} bytes before its end" if error.expected else ""
        raise NotWhole(f"the body was cut short{missing}") from None
    except http.client.RemoteDisconnected:
        raise NotWhole("the server closed it without an answer") from None
    except http.client.HTTPException as error:
        raise NotWhole(f"this is no HTTP: {error or type(error).__name__}") from None
    except (MemoryError, OverflowError):
        raise NotWhole("the body says that it is larger than memory") from None
    except OSError as error:
        raise NotWhole(str(error)) from None
    except ValueError:  # whose text quotes the header
        raise NotSent("a header holds what HTTP can't carry, such as a line break") from None
