"""Requests over the wire: HTTP/1.1 by the standard library, under httpx's seam.

httpx's own transport parses each piece of a body in Python; the standard library reads a body into one buffer, which
costs a seventh of it (see docs/decisions/0004-http.md). Where a proxy stands in the way, httpx's own takes over.
"""

import http.client
import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any, cast
from urllib.request import getproxies, proxy_bypass

import httpx

IDLE_SECONDS = 5.0
"""How long a connection that nobody uses is kept."""
_READ_BYTES = 1 << 16
_WHOLE_BYTES = 256 << 20
"""A body that says it is no longer than this is read into one buffer, any other piece by piece."""
_PIECE_BYTES = 1 << 20


class Transport(httpx.BaseTransport):
    """Connections to any host, kept alive. Used by many threads at once. A request's extension `deadline`, by the
    monotonic clock, ends it wherever it is, and however slowly its answer trickles."""

    def __init__(self, verify: ssl.SSLContext | None = None) -> None:
        """`verify`: how hosts are authenticated, and with what certificate the client is; by default as httpx does."""
        self._tls = verify
        if verify:
            verify.set_alpn_protocols(["http/1.1"])
        self._idle: dict[tuple[str, str, int], list[_Connection]] = {}
        self._proxied: dict[str, httpx.HTTPTransport] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._proxies = getproxies()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends, and reads the head of the answer. Raises httpx.TransportError."""
        if proxy := self._proxy(request.url):
            return self._by(proxy).handle_request(request)
        timeouts = request.extensions.get("timeout", {})
        deadline = request.extensions.get("deadline")
        connection = self._connection(request.url)
        try:
            connection.open(timeouts.get("connect"), deadline)
        except OSError as error:
            late = isinstance(error, TimeoutError)
            kind = httpx.ConnectTimeout if late else httpx.ConnectError
            raise kind(str(error), request=request) from error
        try:
            answer = connection.ask(request, timeouts.get("read"), deadline)
        except BaseException as error:
            connection.close()
            raise _as_httpx(error, request) from error
        body = _Body(connection, answer, request, self._keep)
        return httpx.Response(answer.status, headers=_headers(answer), stream=body)

    def _connection(self, url: httpx.URL) -> "_Connection":
        place = (url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80))
        with self._lock:
            idle = self._idle.get(place, [])
            while idle:
                found = idle.pop()
                if found.is_fresh():
                    return found
                found.close()
        return _Connection(place, self._context() if url.scheme == "https" else None)

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = httpx.create_ssl_context()
                self._tls.set_alpn_protocols(["http/1.1"])
            return self._tls

    def _keep(self, connection: "_Connection") -> None:
        with self._lock:
            if not self._closed:
                self._idle.setdefault(connection.place, []).append(connection)
                return
        connection.close()

    def _proxy(self, url: httpx.URL) -> str | None:
        if not self._proxies or proxy_bypass(url.host):
            return None
        found = self._proxies.get(url.scheme) or self._proxies.get("all")
        return f"http://{found}" if found and "://" not in found else found

    def _by(self, proxy: str) -> httpx.HTTPTransport:
        tls = self._context()
        with self._lock:
            if proxy not in self._proxied:
                self._proxied[proxy] = httpx.HTTPTransport(verify=tls, proxy=httpx.Proxy(proxy))
            return self._proxied[proxy]

    def close(self) -> None:
        """Ends the connections that nobody uses; those in use end with their answers."""
        with self._lock:
            self._closed = True
            idle = [connection for kept in self._idle.values() for connection in kept]
            self._idle.clear()
        for connection in idle:
            connection.close()
        for proxied in self._proxied.values():
            proxied.close()


class _Connection:
    """One connection to one host."""

    def __init__(self, place: tuple[str, str, int], tls: ssl.SSLContext | None) -> None:
        _, host, port = self.place = place
        self._http = (
            http.client.HTTPConnection(host, port)
            if tls is None
            else http.client.HTTPSConnection(host, port, context=tls)
        )
        self._since = time.monotonic()

    def is_fresh(self) -> bool:
        """Whether it may be used again. One that can be read from was closed by the other side."""
        if self._http.sock is None or time.monotonic() - self._since > IDLE_SECONDS:
            return False
        poll = select.poll()
        poll.register(self._http.sock, select.POLLIN)
        return not poll.poll(0)

    def open(self, seconds: float | None, deadline: float | None) -> None:
        """Connects, unless it is connected. Raises OSError."""
        if self._http.sock is None:
            self._http.timeout = _left(seconds, deadline)
            self._http.connect()

    def ask(self, request: httpx.Request, seconds: float | None, deadline: float | None) -> http.client.HTTPResponse:
        """Sends a request and reads the head of its answer."""
        self._http.sock.settimeout(_left(seconds, deadline))
        self._http.putrequest(
            request.method, request.url.raw_path.decode(), skip_host=True, skip_accept_encoding=True
        )  # fmt: skip
        for name, value in request.headers.raw:
            self._http.putheader(name, value)
        self._http.endheaders(request.read() or None)
        self._http.response_class = lambda sock, **of_request: http.client.HTTPResponse(  # type: ignore[assignment]
            cast(socket.socket, _Readable(sock, seconds, deadline)), **of_request
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

    def __init__(self, sock: socket.socket, seconds: float | None, deadline: float | None) -> None:
        self._raw = _Timed(sock, seconds, deadline)

    def makefile(self, mode: str) -> io.BufferedReader:
        """The answer's bytes."""
        return io.BufferedReader(self._raw, _READ_BYTES)


class _Timed(io.RawIOBase):
    """A socket whose every read ends in time."""

    def __init__(self, sock: socket.socket, seconds: float | None, deadline: float | None) -> None:
        self._sock, self._seconds, self._deadline = sock, seconds, deadline
        self._reads = sock.makefile("rb", buffering=0)  # holds the socket open for as long as the answer is read

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """One read. Raises TimeoutError."""
        self._sock.settimeout(_left(self._seconds, self._deadline))
        return self._reads.readinto(buffer)

    def close(self) -> None:
        """Lets go of the socket."""
        self._reads.close()
        super().close()


def _left(seconds: float | None, deadline: float | None) -> float | None:
    if deadline is None:
        return seconds
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left if seconds is None else min(seconds, left)


class _Body(httpx.SyncByteStream):
    """An answer's body, whole or not at all."""

    def __init__(
        self, connection: _Connection, answer: http.client.HTTPResponse, request: httpx.Request, keep: Any
    ) -> None:
        self._connection, self._answer, self._request, self._keep = connection, answer, request, keep

    def __iter__(self) -> Iterator[bytes]:
        """One piece, where it is known to be short."""
        answer = self._answer
        at_once = answer.length is not None and answer.length <= _WHOLE_BYTES
        while True:
            try:
                piece = answer.read() if at_once else answer.read(_PIECE_BYTES)
                if not piece and answer.length:
                    raise http.client.IncompleteRead(b"", answer.length)
            except BaseException as error:
                raise _as_httpx(error, self._request) from error
            if not piece:
                return
            yield piece
            if at_once:
                return

    def close(self) -> None:
        """A connection whose answer was read to its end is kept."""
        whole = self._answer.isclosed() and not self._answer.will_close
        if whole:
            self._connection.rest()
            self._keep(self._connection)
        else:
            self._connection.close()


def _headers(answer: http.client.HTTPResponse) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.getheaders()]


def _as_httpx(error: BaseException, request: httpx.Request) -> BaseException:
    """The error of httpx's that says the same."""
    match error:
        case TimeoutError():
            return httpx.ReadTimeout(str(error), request=request)
        case http.client.IncompleteRead():
            missing = f", {error.expected:,} bytes before its end" if error.expected else ""
            return httpx.RemoteProtocolError(f"the body was cut short{missing}", request=request)
        case http.client.RemoteDisconnected():
            return httpx.RemoteProtocolError("the server closed it without an answer", request=request)
        case http.client.HTTPException():
            return httpx.RemoteProtocolError(f"this is no HTTP: {error or type(error).__name__}", request=request)
        case MemoryError() | OverflowError():
            return httpx.RemoteProtocolError("the body says that it is larger than memory", request=request)
        case OSError():
            return httpx.ReadError(str(error), request=request)
        case ValueError():  # a header that HTTP can't carry
            return httpx.LocalProtocolError("illegal header", request=request)
    return error
