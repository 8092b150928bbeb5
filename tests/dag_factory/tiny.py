"""A very small API on a free loopback port, and a project that reads it."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ORDERS = [{"id": number, "total": f"{number}.50"} for number in range(1, 6)]

SPEC = """
version: 1
name: tiny
title: Tiny
description: Orders and their lines.
owner: data-platform
docs_url: https://tiny.example/docs
http: {base_url: "https://tiny.example", retry: {attempts: 1}}
schedule: {cron: "15 6 * * 1", timezone: Europe/Amsterdam, retries: 0, tags: [commerce, small]}
defaults: {primary_key: [id]}
streams:
  - name: orders
    request: {path: /orders}
    records: data
    clean: {table: CLN_ORDER, columns: {id: {from: id, type: integer}, total: {from: total, type: "decimal(9,2)"}}}
    checks: {unique: [id], not_null: [total]}
  - name: lines
    for_each: {stream: orders, as: order}
    request: {path: "/orders/{{ order.id }}/lines"}
    records: {path: data, add: {order_id: "{{ order.id }}"}}
    primary_key: [order_id, line_no]
    clean: {table: CLN_LINE, mode: replace, scope: partition}
  - name: events
    request: {path: /events}
    records: data
analytics:
  - {table: ANL_TOTAL, sql: "select sum(total) as total from {{ ref('CLN_ORDER') }}"}
"""


@dataclass
class Api:
    """Answers for orders, their lines and events; refuses the paths in `broken`; counts what it is asked."""

    address: str = ""
    broken: set[str] = field(default_factory=set)
    heals: bool = False
    """Whether what is broken is so only once."""
    status: int = 400
    """What is answered for what is broken …"""
    headers: dict[str, str] = field(default_factory=dict)
    """… and with it."""
    asked: Counter[str] = field(default_factory=Counter)

    def answer(self, path: str) -> tuple[int, object]:
        """Status and body."""
        self.asked[path] += 1
        if path in self.broken:
            self.broken = self.broken - {path} if self.heals else self.broken
            return self.status, {"error": "broken on purpose"}
        if path == "/orders":
            return 200, {"data": ORDERS}
        if path == "/events":
            return 200, {"data": [{"id": "a"}, {"id": "b"}]}
        number = int(path.split("/")[2])
        return 200, {"data": [{"line_no": line, "of": number} for line in (1, 2)]}


@contextmanager
def serving() -> Iterator[Api]:
    """The API, for as long as it is needed."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = api.answer(self.path.split("?")[0])
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            for name, value in api.headers.items() if status >= 400 else ():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()


def project(folder: Path, address: str = "http://127.0.0.1:9", **environment: object) -> Path:
    """A project with the source tiny, and a second deployment of it named tiny_eu. `environment` adds to its only
    environment."""
    (folder / "sources").mkdir(parents=True, exist_ok=True)
    (folder / "sources" / "tiny.yaml").write_text(SPEC, encoding="utf-8")
    local = {
        "hosts": {"https://tiny.example": address},
        "sources": {"tiny_eu": {"spec": "tiny", "schedule": {"cron": "@daily", "retries": 4}}},
        **environment,
    }
    (folder / "framework.yaml").write_text(json.dumps({"version": 1, "environments": {"local": local}}))
    return folder


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """Somebody who wants to know: an address, and what was posted to it."""
    told: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", told
        finally:
            server.shutdown()
            thread.join()
