"""An API for tests: a real HTTP server on a free loopback port, answers as the test writes them, and its project."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import duckdb

from framework.cli import main


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """Its form."""
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Answer:
    """What goes back. A body that is no bytes is sent as JSON."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    send: int | None = None
    """So many bytes of it, then the connection breaks."""
    chunked: bool = False


class Api(ThreadingHTTPServer):
    """The server; `answer` may be changed by the test while it runs."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Seen], Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.seen: list[Seen] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away."""

    def paths(self) -> list[str]:
        """Of all requests so far."""
        return [seen.path for seen in self.seen]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: Api

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body)
        self.server.seen.append(seen)
        given = self.server.answer(seen)
        answer = given if isinstance(given, Answer) else Answer(given)
        self._send(answer, answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode())

    do_POST = do_GET

    def _send(self, answer: Answer, body: bytes) -> None:
        self.send_response(answer.status)
        for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
            self.send_header(name, value)
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: answer.send])
        self.close_connection = self.close_connection or answer.send is not None

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def serving(answer: Callable[[Seen], Any]) -> Iterator[Api]:
    """An API for as long as the block lasts."""
    api = Api(answer)
    thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.shutdown()
        api.server_close()
        thread.join()


def spec(address: str, *streams: dict[str, Any], http: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A source named `api`. A stream that is called `items` and asks for /items is the least there is."""
    base = {"base_url": address, "retry": {"attempts": 1}} | (http or {})
    return {"version": 1, "name": "api", "http": base, "streams": [ITEMS | stream for stream in streams]} | more


ITEMS: dict[str, Any] = {"name": "items", "request": {"path": "/items"}, "records": "items", "primary_key": ["id"]}


def project(folder: Path, source: dict[str, Any], **environment: Any) -> Path:
    """A project with that source; JSON is YAML."""
    (folder / "sources").mkdir(parents=True, exist_ok=True)
    (folder / "sources" / f"{source['name']}.yaml").write_text(json.dumps(source, indent=1), encoding="utf-8")
    settings = {"version": 1, "environments": {"local": environment}}
    (folder / "framework.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def framework(folder: Path, *words: str) -> int:
    """The command line, in this process. Returns the exit code."""
    return main([words[0], "--project", str(folder), *words[1:]])


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """A query's rows."""
    with duckdb.connect(str(folder / ".data" / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query).fetchall()


def raw(folder: Path, stream: str = "items", source: str = "api") -> list[str]:
    """The payloads that RAW holds, in order."""
    table = f"RAW_{source.upper()}_JSON"
    query = f"select payload::varchar from {table} where _stream = '{stream}' order by _log, _part, _row"
    return [text for (text,) in rows(folder, query)]
