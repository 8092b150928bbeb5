"""Requests over the wire: HTTP/1.1 by the standard library, which reads a body into one buffer.

An answer is whole or an error, in time or an error. Where a proxy stands in the way, httpx speaks to it instead; see
docs/decisions/0004-http.md.
"""

import http.client
import os
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING
from urllib.request import Request as CookieRequest
from urllib.request import getproxies, proxy_bypass

import certifi

from framework.connection import Connection, NotWhole, TooLate, as_ours, left, pieces
from framework.place import Place, placed

if TYPE_CHECKING:
    import httpx


def trusting() -> ssl.SSLContext:
    """Hosts are who they say where certifi's authorities vouch for them, or those of SSL_CERT_FILE and SSL_CERT_DIR."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    context = ssl.create_default_context(cafile=file or (None if folder else certifi.where()), capath=folder)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Answer:
    """A response whose body is still on its way; iterating gives its pieces, to the very end. Raises NotWhole."""

    def __init__(self, status: int, headers: Mapping[str, str], pieces: Callable[[], Iterator[bytes]]) -> None:
        self.status = status
        self.headers = headers
        """Names in lower case; several of one name joined by commas."""
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces()


class Transport:
    """Connections to any host, kept alive, with their cookies. Used by many threads at once."""

    def __init__(self, headers: Mapping[str, str], connect_seconds: float) -> None:
        """`headers` go with every request that does not say otherwise."""
        self._headers = {name.lower(): (name, value) for name, value in headers.items()}
        self._connect_seconds = connect_seconds
        self._tls: ssl.SSLContext | None = None
        self._identified: dict[tuple[str, str, int], ssl.SSLContext] = {}
        self._idle: dict[tuple[str, str, int], list[Connection]] = {}
        self._proxies = getproxies()
        self._proxied: dict[str, httpx.Client] = {}
        self._cookies = CookieJar()
        self._lock = threading.Lock()
        self._closed = False

    def identify(self, url: str, context: ssl.SSLContext) -> None:
        """Connections to this URL's host are made with this context, such as one that shows a certificate."""
        context.set_alpn_protocols(["http/1.1"])
        self._identified[placed(url).key] = context

    @contextmanager
    def asking(
        self, method: str, url: str, headers: list[tuple[str, str]], content: bytes | None, deadline: float
    ) -> Iterator[Answer]:
        """Sends a request and reads the head of its answer. `deadline`, by the monotonic clock, is for all of it,
        however slowly it trickles. Raises NotSent, NotWhole."""
        place = placed(url)
        sent = self._complete(place, url, method, headers, content)
        if proxy := self._proxy(place):
            with self._by_proxy(proxy, method, url, sent, content, deadline) as answer:
                yield answer
            return
        connection = self._connection(place)
        try:
            with as_ours("no answer"):
                found = connection.ask(method, place.target, sent, content, self._connect_seconds, deadline)
            self._keep_cookies(url, found)
            yield Answer(found.status, _joined(found.getheaders()), lambda: pieces(found))
        except BaseException:
            connection.close()
            raise
        if found.isclosed() and not found.will_close:
            self._keep(place, connection)
        else:
            connection.close()

    def _complete(
        self, place: Place, url: str, method: str, given: list[tuple[str, str]], content: bytes | None
    ) -> list[tuple[str, str]]:
        known = {name.lower() for name, _ in given}
        sent = [("Host", place.host_header)] if "host" not in known else []
        sent += [pair for name, pair in self._headers.items() if name not in known]
        sent += given
        if content is not None or method in ("POST", "PUT", "PATCH"):
            sent.append(("Content-Length", str(len(content or b""))))
        if place.userinfo and "authorization" not in known:
            sent.append(("Authorization", f"Basic {b64encode(place.userinfo).decode()}"))
        if len(self._cookies) and "cookie" not in known:
            asking = CookieRequest(url)
            self._cookies.add_cookie_header(asking)
            sent += [("Cookie", value) for value in [asking.get_header("Cookie")] if value]
        return sent

    def _keep_cookies(self, url: str, answer: http.client.HTTPResponse) -> None:
        if answer.headers.get("set-cookie"):
            self._cookies.extract_cookies(answer, CookieRequest(url))

    def _connection(self, place: Place) -> "Connection":
        with self._lock:
            idle = self._idle.get(place.key, [])
            while idle:
                found = idle.pop()
                if found.is_fresh():
                    return found
                found.close()
        return Connection(place.key, self._context(place) if place.scheme == "https" else None)

    def _context(self, place: Place) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = trusting()
            return self._identified.get(place.key, self._tls)

    def _keep(self, place: Place, connection: "Connection") -> None:
        connection.rest()
        with self._lock:
            if not self._closed:
                self._idle.setdefault(place.key, []).append(connection)
                return
        connection.close()

    def _proxy(self, place: Place) -> str | None:
        if not self._proxies or proxy_bypass(place.host):
            return None
        found = self._proxies.get(place.scheme) or self._proxies.get("all")
        return f"http://{found}" if found and "://" not in found else found

    @contextmanager
    def _by_proxy(
        self, proxy: str, method: str, url: str, headers: list[tuple[str, str]], content: bytes | None, deadline: float
    ) -> Iterator[Answer]:
        import httpx  # noqa: PLC0415

        with self._lock:
            if proxy not in self._proxied:
                self._proxied[proxy] = httpx.Client(proxy=proxy, trust_env=False, verify=trusting())
        try:
            seconds = left(None, deadline)
            with self._proxied[proxy].stream(method, url, headers=headers, content=content, timeout=seconds) as answer:
                yield Answer(answer.status_code, _joined(answer.headers.multi_items()), answer.iter_raw)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TooLate("no whole answer by the proxy") from error
        except httpx.HTTPError as error:
            raise NotWhole(f"by the proxy: {error or type(error).__name__}") from None

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


def _joined(headers: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for written, value in headers:
        name = written.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
