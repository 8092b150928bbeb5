"""The wire: what comes back, whole or not at all, and when a connection is used again."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPResponse
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.connection import NotWhole, TooLate
from framework.place import NotSent, placed
from framework.reply import Reply
from framework.transport import Transport
from tests.api import Answer, Seen, serving

pytestmark = pytest.mark.slow
HEAD = b"HTTP/1.1 200 OK\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"


class Wire:
    """A server that says what it is told to, byte for byte, and counts its connections."""

    def __init__(self, answer: Callable[[socket.socket, int], None]) -> None:
        self.connections = 0
        self._answer = answer
        self._listens = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listens.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self._listens.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._speak, args=(one,), daemon=True).start()

    def _speak(self, one: socket.socket) -> None:
        asked = b""
        with one, suppress(OSError):
            while data := one.recv(65536):
                asked += data
                while b"\r\n\r\n" in asked:
                    asked = asked.partition(b"\r\n\r\n")[2]
                    self._answer(one, self.connections)

    def close(self) -> None:
        self._listens.close()


@contextmanager
def wire(*pieces: bytes, close: bool = False, pause: float = 0) -> Iterator[Wire]:
    """A server that answers with these bytes each time."""

    def answer(one: socket.socket, _: int) -> None:
        for piece in pieces:
            one.sendall(piece)
            time.sleep(pause)
        if close:
            one.shutdown(socket.SHUT_RDWR)
            one.close()

    server = Wire(answer)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def client() -> Iterator[Transport]:
    """As the framework makes one."""
    made = Transport({"User-Agent": "test", "Accept-Encoding": "gzip"}, 5)
    try:
        yield made
    finally:
        made.close()


def get(one: Transport, url: str, deadline: float = 5, **headers: str) -> bytes:
    """The body."""
    with one.asking("GET", url, list(headers.items()), None, time.monotonic() + deadline) as answer:
        return b"".join(answer)


@pytest.mark.parametrize(
    ("pieces", "close", "wanted", "connections"),
    [
        ((HEAD + b"Content-Length: 5\r\n\r\nhe", b"llo"), False, b"hello", 1),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n", b"0\r\n\r\n"), False, b"hello", 1),
        ((HEAD + b"\r\nhello",), True, b"hello", 2),
        ((b"HTTP/1.0 200 OK\r\n\r\nhello",), True, b"hello", 2),
        ((HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello",), False, b"hello", 2),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), False, b"", 1),
        ((HEAD + b"Content-Length: 0\r\n\r\n",), False, b"", 1),
        ((b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\nok",), False, b"ok", 1),
        ((HINTS + HINTS + HEAD + b"Content-Length: 2\r\n\r\nok",), False, b"ok", 1),
        ((HEAD + b"X: y\r\n" * 500 + b"Content-Length: 2\r\n\r\nok",), False, b"ok", 1),
        ((HEAD + b"X: a\r\n b\r\nno header\r\nContent-Length: 2\r\n\r\nok",), False, b"ok", 1),
    ],
    ids=["length", "chunks", "to the end", "1.0", "closes", "204", "empty", "continue", "hints", "many", "odd"],
)
def test_bodies(pieces: tuple[bytes, ...], close: bool, wanted: bytes, connections: int) -> None:
    with wire(*pieces, close=close) as server, client() as one:
        assert [get(one, server.address) for _ in range(2)] == [wanted, wanted]
        assert server.connections == connections


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ((HEAD + b"Content-Length: 9\r\n\r\nhello",), "cut short, 4 bytes before its end"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhello",), "cut short"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",), "cut short"),
        ((b"",), "without an answer"),
        ((HEAD + b"X: y\r\n",), "cut short"),
        ((HEAD + b"X: y\r\n" * 2000 + b"\r\n",), "more than 1000 headers"),
        ((b"SSH-2.0-OpenSSH_9\r\n\r\n",), "this is no HTTP"),
        ((HEAD + b"Content-Length: 99999999999999999999\r\n\r\nhello",), "cut short"),
    ],
    ids=["length", "chunk", "last chunk", "nothing", "half a head", "no end", "no HTTP", "too long to be true"],
)
def test_what_is_not_whole_is_an_error(pieces: tuple[bytes, ...], said: str) -> None:
    with wire(*pieces, close=True) as server, client() as one, pytest.raises(NotWhole, match=said):
        get(one, server.address)


def test_a_body_that_drips_ends_at_the_deadline() -> None:
    drops = [HEAD + b"Content-Length: 200\r\n\r\n", *[b"x"] * 200]
    with wire(*drops, pause=0.05) as server, client() as one:
        began = time.monotonic()
        with pytest.raises(TooLate):
            get(one, server.address, deadline=0.5)
        assert time.monotonic() - began < 5


def test_nobody_there() -> None:
    with client() as one, pytest.raises(NotWhole):
        get(one, "http://127.0.0.1:9")
    with client() as one, pytest.raises(NotWhole):
        get(one, "http://no.such.host.invalid/")


def test_a_connection_that_was_closed_meanwhile_is_not_used_again() -> None:
    with wire(HEAD + b"Content-Length: 2\r\n\r\nok", close=True) as server, client() as one:
        for _ in range(3):
            assert get(one, server.address) == b"ok"
            time.sleep(0.1)
        assert server.connections == 3


def test_an_answer_that_nobody_reads_to_its_end_leaves_no_connection() -> None:
    with wire(HEAD + b"Content-Length: 5\r\n\r\nhello") as server, client() as one:
        with one.asking("GET", server.address, [], None, time.monotonic() + 5):
            pass
        assert get(one, server.address) == b"hello"
        assert server.connections == 2


def test_headers_and_bodies_go_out_as_they_are() -> None:
    with serving(lambda seen: {"got": seen.body.decode()}) as api, client() as one:
        deadline = time.monotonic() + 5
        with one.asking(
            "POST", f"{api.address}/a?b=c%20d", [("X-One", "1"), ("user-agent", "me")], b"hello", deadline
        ) as to:
            assert b"".join(to) == b'{"got": "hello"}'
        seen = api.seen[0]
        assert (seen.path, seen.params, seen.headers["x-one"]) == ("/a", {"b": "c d"}, "1")
        assert (seen.headers["user-agent"], seen.headers["accept-encoding"]) == ("me", "gzip")
        assert seen.headers["host"] == api.address.removeprefix("http://")
        for strange in ("a\nb", "日本"):
            with pytest.raises(NotSent, match="a header holds"):
                get(one, api.address, x=strange)


def test_headers_come_in_latin_1_and_more_than_once() -> None:
    head = HEAD + b"X-City: Z\xfcrich\r\nLink: <a>\r\nlink: <b>\r\nContent-Length: 0\r\n\r\n"
    with wire(head) as server, client() as one:
        ask = one.asking("GET", server.address, [], None, time.monotonic() + 5)
        with ask as answer:
            assert (answer.headers["x-city"], answer.headers["link"]) == ("Zürich", "<a>, <b>")


VALUES = st.sampled_from(
    ["chunked", "close", "keep-alive", "5", "0", "-1", "5, 5", "identity", "text", "a:b", "  x", ""]
)
HEADERS = st.lists(
    st.tuples(st.sampled_from(["Content-Length", "transfer-encoding", "Connection", "Keep-Alive", "X-Y"]), VALUES)
)


@given(st.sampled_from(["HTTP/1.1", "HTTP/1.0"]), st.sampled_from([200, 204, 304, 500]), HEADERS)
def test_a_head_is_read_as_the_standard_library_reads_it(version: str, status: int, headers: object) -> None:
    lines = [f"{version} {status} Fine", *(f"{name}: {value}" for name, value in headers), "", ""]  # type: ignore[attr-defined]
    found = []
    for kind in (Reply, HTTPResponse):
        one = kind(_Bytes("\r\n".join(lines).encode()), method="GET")  # type: ignore[arg-type]
        one.begin()
        found.append((one.status, one.reason, one.getheaders(), one.chunked, one.length, one.will_close))
    assert found[0] == found[1]


class _Bytes:
    def __init__(self, text: bytes) -> None:
        self._text = text

    def makefile(self, mode: str) -> BytesIO:
        return BytesIO(self._text)


def test_cookies_are_sent_back_to_who_set_them() -> None:
    def answer(seen: Seen) -> Answer:
        return Answer(seen.headers.get("cookie", "none").encode(), headers={"Set-Cookie": "sticky=7; Path=/"})

    with serving(answer) as api, client() as one:
        assert [get(one, f"{api.address}/a") for _ in range(2)] == [b"none", b"sticky=7"]
        assert get(one, f"{api.address}/a", cookie="mine=1") == b"mine=1"
        other = api.address.replace("127.0.0.1", "localhost")
        assert get(one, f"{other}/a") == b"none"


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("https://api.example", "api.example", "/"),
        ("https://api.example:8443/a/b?c=d%20e&f=[1]", "api.example:8443", "/a/b?c=d%20e&f=[1]"),
        ("https://api.example?x=1", "api.example", "/?x=1"),
        ("https://api.example:443/", "api.example", "/"),
        ("https://API.example/A", "api.example", "/A"),
        ("http://api.example/a b/ü", "api.example", "/a%20b/%C3%BC"),
        ("http://bücher.example/", "xn--bcher-kva.example", "/"),
        ("http://[::1]:8080/x", "[::1]:8080", "/x"),
        ("http://api.example/a/../b/./c", "api.example", "/b/c"),
    ],
)
def test_where_a_url_leads(url: str, host: str, target: str) -> None:
    place = placed(url)
    assert (place.host_header, place.target) == (host, target)


@pytest.mark.parametrize("url", ["ftp://a.example/", "http://", "/x", "http://a.example:port/", "http://[::1/"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(NotSent, match="this is no URL"):
        placed(url)


def test_a_proxy_is_asked_where_the_environment_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda seen: Answer(b"by proxy")) as proxy, serving(lambda seen: Answer(b"direct")) as api:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with client() as one:
            assert get(one, "http://api.example/") == b"by proxy"
            assert get(one, api.address) == b"direct"
