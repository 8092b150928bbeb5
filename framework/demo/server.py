"""The shop's API over HTTP: short-lived tokens, cursors and pages, and the faults that real APIs have.

    python -m framework.demo.server --port 8080

Credentials come from SHOP_CLIENT_ID and SHOP_CLIENT_SECRET. Prints one line of JSON once it listens. Faults follow a
script: by the count of requests, so that every run meets each of them and none twice in a row.
"""

import argparse
import base64
import gzip
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from framework.demo.world import World

LARGEST_PAGE = 200
Params = dict[str, str]


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, **headers: str) -> None:
        super().__init__(code)
        self.status, self.code, self.headers = status, code, headers


class Shop(ThreadingHTTPServer):
    """One shop, on one port."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, world: World, port: int, host: str, token_seconds: float, faults: bool) -> None:
        super().__init__((host, port), _Handler)
        self.world, self.token_seconds, self.faults = world, token_seconds, faults
        self.client = (os.environ.get("SHOP_CLIENT_ID", ""), os.environ.get("SHOP_CLIENT_SECRET", ""))
        self.tokens: dict[str, float] = {}
        self.served = 0
        self.lock = threading.Lock()

    def count(self) -> int:
        """The number of this request."""
        with self.lock:
            self.served += 1
            return self.served

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet
    disable_nagle_algorithm = True
    server: Shop

    def do_GET(self) -> None:
        try:
            self._answer(*self._get())
        except Refused as refused:
            self._answer(refused.status, _error(refused.code), refused.headers)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        form = {name: values[-1] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        try:
            self._answer(*self._token(form))
        except Refused as refused:
            self._answer(refused.status, _error(refused.code), refused.headers)

    def _get(self) -> tuple[int, bytes, Params]:
        parts = urlsplit(self.path)
        if parts.path == "/healthz":
            return 200, b'{"ok":true}', {}
        self._check_token()
        cut = self._fault()
        params = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        body = _route(self.server.world, parts.path.strip("/").split("/"), params)
        return (-200 if cut else 200), body, {}

    def _fault(self) -> bool:
        """Raises what the script holds for this request; True: break the connection inside the body."""
        number = self.server.count()
        if not self.server.faults:
            return False
        if number % 251 == 45:
            raise Refused(200, "THROTTLED", **{"X-Reset-At": str(int(time.time()) + 1)})
        if number % 397 == 97:
            raise Refused(429, "TOO_MANY_REQUESTS", **{"Retry-After": "1"})
        if number % 191 == 131:
            raise Refused(500, "INTERNAL")
        return number == 60

    def _check_token(self) -> None:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or self.server.tokens.get(token, 0) < time.monotonic():
            raise Refused(401, "INVALID_TOKEN", **{"WWW-Authenticate": "Bearer"})

    def _token(self, form: Params) -> tuple[int, bytes, Params]:
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        kind, _, packed = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            name, _, word = base64.b64decode(packed).decode().partition(":")
            given = (name, word)
        if urlsplit(self.path).path != "/oauth/token" or form.get("grant_type") != "client_credentials":
            raise Refused(400, "unsupported_grant_type")
        if not all(given) or given != self.server.client:
            raise Refused(401, "invalid_client")
        token = secrets.token_urlsafe(24)
        self.server.tokens[token] = time.monotonic() + self.server.token_seconds
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": int(self.server.token_seconds)}
        return 200, json.dumps(answer).encode(), {"Cache-Control": "no-store"}

    def _answer(self, status: int, body: bytes, headers: Params) -> None:
        cut, status = status < 0, abs(status)
        self.send_response(status)
        if len(body) > 1000 and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            self.send_header("Content-Encoding", "gzip")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _route(world: World, path: Sequence[str], params: Params) -> bytes:
    match path:
        case ["v2", "orders"]:
            return _orders(world, params)
        case ["v2", "orders", number, "lines"] if number.isdigit():
            order = world.orders.get(int(number))
            if order is None or order.deleted:
                raise Refused(404, "NO_SUCH_ORDER")
            return _paged(order.lines, params)
        case ["v2", "warehouses", name, "stock"] if name in world.stock:
            return _stock(world.stock[name], params)
        case ["v2", "customers"]:
            return _paged(list(world.customers.values()), params)
    raise Refused(404, "NOT_FOUND")


def _orders(world: World, params: Params) -> bytes:
    since, before = _instant(params, "updated_since"), _instant(params, "updated_before")
    found = [(f"{int(o.updated_at.timestamp())}-{o.id}", o.record) for o in world.changed_between(since, before)]
    after = _cursor(params)
    places = [key for key, _ in found]
    first = places.index(after) + 1 if after in places else 0
    page = found[first : first + _limit(params, "limit")]
    more = first + len(page) < len(found)
    return _listed([record for _, record in page], page[-1][0] if more else None)


def _paged(records: Sequence[bytes], params: Params) -> bytes:
    first = int(_cursor(params) or 0)
    page = records[first : first + _limit(params, "limit")]
    end = first + len(page)
    return _listed(page, str(end) if end < len(records) else None)


def _stock(items: Sequence[bytes], params: Params) -> bytes:
    size, number = _limit(params, "per_page"), int(params.get("page", "1"))
    page = items[(number - 1) * size : number * size]
    meta = {"page": number, "per_page": size, "total": len(items)}
    return b'{"items":[' + b",".join(page) + b'],"meta":' + json.dumps(meta).encode() + b"}"


def _listed(records: Sequence[bytes], following: str | None) -> bytes:
    cursor = base64.urlsafe_b64encode(following.encode()).decode() if following else None
    meta = json.dumps({"next_cursor": cursor, "count": len(records)}).encode()
    return b'{"data":[' + b",".join(records) + b'],"meta":' + meta + b"}"


def _limit(params: Params, name: str) -> int:
    return max(1, min(int(params.get(name, "50")), LARGEST_PAGE))


def _cursor(params: Params) -> str:
    try:
        return base64.urlsafe_b64decode(params.get("cursor", "")).decode()
    except ValueError:
        raise Refused(400, "BAD_CURSOR") from None


def _instant(params: Params, name: str) -> datetime:
    try:
        return datetime.fromisoformat(params[name]).astimezone(UTC)
    except (KeyError, ValueError):
        raise Refused(400, f"BAD_{name.upper()}") from None


def _error(code: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": code.lower().replace("_", " ")}}).encode()


def _stop_with_parent(shop: Shop) -> None:
    sys.stdin.read()
    shop.shutdown()


def main() -> None:
    """Serves until it is told to stop, or, with --until-stdin-closes, until its parent is gone."""
    parser = argparse.ArgumentParser(prog="python -m framework.demo.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", type=int, default=900, help="orders at birth")
    parser.add_argument("--born", type=datetime.fromisoformat, default=datetime.now(UTC))
    parser.add_argument("--change", type=datetime.fromisoformat, action="append", default=[], help="when it changed")
    parser.add_argument("--token-seconds", type=float, default=5.0)
    parser.add_argument("--no-faults", action="store_true")
    parser.add_argument("--until-stdin-closes", action="store_true")
    given = parser.parse_args()
    world = World(given.seed, given.born, given.change, given.size)
    shop = Shop(world, given.port, given.host, given.token_seconds, not given.no_faults)
    if given.until_stdin_closes:
        threading.Thread(target=_stop_with_parent, args=(shop,), daemon=True).start()
    print(json.dumps({"ready": True, "port": shop.server_address[1]}), flush=True)
    try:
        shop.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
