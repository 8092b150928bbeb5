"""The API of a case: real HTTP servers on free loopback ports, one a host, that follow a script."""

import base64
import gzip
import json
import re
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from framework import exact_json
from framework.conformance.case import Exchange, ExpectedRequest, Fits, Response

UNEXPECTED = 418
"""The status of an answer to what no line of the script expects."""


class Script:
    """The exchanges of a run, and what came instead of them. Used by many threads at once."""

    def __init__(self, exchanges: Sequence[Exchange], strict: bool, now: datetime) -> None:
        self._left: list[tuple[Exchange, float]] = [
            (item, float("inf") if item.times == "any" else item.times) for item in exchanges
        ]
        self._strict, self.now = strict, now
        self._lock = threading.Lock()
        self.surprises: list[str] = []

    def answer(self, seen: "Seen") -> Response:
        """The answer of the first exchange that expects this request; in strict order only the next ones may."""
        with self._lock:
            misfits = []
            for index, (item, left) in enumerate(self._left):
                misfit = difference(item.request, seen)
                if misfit is None:
                    self._left[index : index + 1] = [(item, left - 1)] if left > 1 else []
                    return item.response
                misfits.append(misfit)
                if self._strict and item.times != "any":
                    break
            wanted = f"; expected: {misfits[0]}" if misfits else "; no more requests were expected"
            self.surprises.append(f"{seen}{wanted}")
            return Response(status=UNEXPECTED, text="unexpected")

    def missing(self) -> list[str]:
        """Requests that were expected and never came."""
        return [
            f"{item.request.method} {item.request.path} never came" for item, _ in self._left if item.times != "any"
        ]


class Seen:
    """A request that came."""

    def __init__(self, host: str, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        self.method, self.host, self.path = handler.command, host, parts.path
        self.params = _grouped(parse_qsl(parts.query, keep_blank_values=True))
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))

    def __str__(self) -> str:
        body = f" {self.body.decode(errors='replace')}" if self.body else ""
        return f"{self.method} https://{self.host}{self.path} {self.params}{body}"


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        before = found.get(name)
        found[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return found


def difference(wanted: ExpectedRequest, seen: Seen) -> str | None:
    """What about a request is not as expected; None where it is."""
    for name in ("method", "host", "path"):
        if getattr(wanted, name) != getattr(seen, name):
            return f"{name} {getattr(wanted, name)}"
    if wanted.params is not None and not _alike(_texts(wanted.params), seen.params):
        return f"params {_texts(wanted.params)}"
    for name, value in wanted.headers.items():
        if not _fits(value, seen.headers.get(name.lower())):
            return f"header {name}: {value}, got {seen.headers.get(name.lower())}"
    if wanted.json_body is not None and _decoded(seen.body) != wanted.json_body:
        return f"json {json.dumps(wanted.json_body)}"
    if wanted.form is not None and not _alike(
        wanted.form, dict(parse_qsl(seen.body.decode(errors="replace"), keep_blank_values=True))
    ):
        return f"form {wanted.form}"
    if wanted.text is not None and seen.body.decode(errors="replace") != wanted.text:
        return f"body {wanted.text!r}"
    return None


def _alike(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return wanted.keys() == found.keys() and all(_fits(value, found[name]) for name, value in wanted.items())


def _fits(wanted: Any, found: Any) -> bool:
    pattern = wanted.fits if isinstance(wanted, Fits) else wanted.get("fits") if isinstance(wanted, dict) else None
    return wanted == found if pattern is None else isinstance(found, str) and bool(re.fullmatch(pattern, found))


def _texts(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [str(v) for v in value] if isinstance(value, list) else value if isinstance(value, dict) else str(value)
        for name, value in params.items()
    }


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def body_of(response: Response) -> bytes:
    """The bytes that are sent, packing undone."""
    if response.base64 is not None:
        return base64.b64decode(response.base64)
    if response.text is not None:
        return response.text.encode()
    return exact_json.encode(response.json_body) if response.json_body is not None else b""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, script: Script, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host, self.script = host, script
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        response = self.server.script.answer(Seen(self.server.host, self))
        body = body_of(response)
        headers = {"Date": format_datetime(self.server.script.now, usegmt=True), "Content-Type": "application/json"}
        if response.gzip:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        body = body[: len(body) - (response.drop or 0)]
        self.send_response_only(response.status)
        told = {} if response.status in (204, 304) else {"Content-Length": str(len(body))}
        for name, values in (headers | told | response.headers).items():
            for value in [values] if isinstance(values, str) else values:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if response.cut is None else body[: response.cut])
        self.close_connection = self.close_connection or response.cut is not None

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def serving(hosts: Sequence[str], script: Script, tls: ssl.SSLContext | None = None) -> Iterator[dict[str, str]]:
    """A server a host. Yields what an environment's `hosts` say: where each one is."""
    with ExitStack() as running:
        places = {}
        for host in hosts:
            server = running.enter_context(_Server(host, script, tls))
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            running.callback(thread.join)
            running.callback(server.shutdown)
            places[f"https://{host}"] = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        yield places
