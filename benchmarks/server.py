"""An API that is never the slow one: pages rendered before the first request, sent as they are.

    python -m benchmarks.server --orders FILE --page 1000 [--latency-ms 50] [--certificate FILE]

Prints its address once it listens. Paths: /cursor?cursor=, /pages?page= (from 1), /parents and /parents/N/orders (50
orders each), /windows?from=&to= (seconds since 1970, from 2024 on; 20 orders an hour).
"""

import argparse
import asyncio
import ssl
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from urllib.parse import parse_qsl

CHILDREN = 50
HOURLY = 20
EPOCH_HOUR = 473_352
"""2024-01-01T00:00Z, in hours since 1970."""


class Pages:
    """The bodies of all answers."""

    def __init__(self, orders: Sequence[bytes], page: int, repeat: int) -> None:
        """`repeat`: the list is so many times as long, the same pages over and over."""
        self._orders = orders
        self._bodies = [b",".join(orders[first : first + page]) for first in range(0, len(orders), page)]
        self._count = len(self._bodies) * repeat
        self._total = len(orders) * repeat

    def answer(self, path: str, asked: dict[str, str]) -> Iterator[bytes]:
        """The pieces of a body."""
        if path == "/cursor":
            number = int(asked.get("cursor", "0") or 0)
            following = b'"%d"' % (number + 1) if number + 1 < self._count else b"null"
            return self._list(number, b'"meta":{"next_cursor":%s}' % following)
        if path == "/pages":
            return self._list(int(asked.get("page", "1")) - 1, b'"meta":{"total":%d}' % self._total)
        if path == "/parents":
            return self._whole(b'{"id":%d}' % number for number in range(1, len(self._orders) // CHILDREN + 1))
        if path.startswith("/parents/"):
            first = (int(path.split("/")[2]) - 1) * CHILDREN
            return self._whole(self._orders[first : first + CHILDREN])
        if path == "/windows":
            start, end = (int(asked[name]) - EPOCH_HOUR * 3600 for name in ("from", "to"))
            first, end = start // 3600, -(-end // 3600)  # some name the last second of an hour as its end
            return self._whole(self._orders[first * HOURLY : end * HOURLY])
        raise KeyError(path)

    def _list(self, number: int, meta: bytes) -> Iterator[bytes]:
        body = self._bodies[number % len(self._bodies)] if number < self._count else b""
        return iter([b'{"data":[', body, b"],", meta, b"}"])

    def _whole(self, orders: Iterator[bytes] | Sequence[bytes]) -> Iterator[bytes]:
        return iter([b'{"data":[', b",".join(orders), b"]}"])


class Connection(asyncio.Protocol):
    """HTTP/1.1, GET, kept alive."""

    def __init__(self, pages: Pages, latency: float) -> None:
        self._pages, self._latency = pages, latency
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode()
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._answer, target)
            else:
                self._answer(target)

    def _answer(self, target: str) -> None:
        path, _, query = target.partition("?")
        try:
            pieces, status = list(self._pages.answer(path, dict(parse_qsl(query)))), b"200 OK"
        except (KeyError, ValueError):
            pieces, status = [b"{}"], b"404 Not Found"
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.writelines([head % (status, sum(map(len, pieces))), *pieces])


async def serve(pages: Pages, latency: float, certificate: str | None) -> None:
    """Until it is ended."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    made = await asyncio.get_running_loop().create_server(
        lambda: Connection(pages, latency), "127.0.0.1", 0, ssl=context
    )
    port = made.sockets[0].getsockname()[1]
    print(f"{'https' if context else 'http'}://127.0.0.1:{port}", flush=True)
    await made.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=Path, required=True, help="JSON Lines")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--page", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--certificate")
    given = parser.parse_args()
    with given.orders.open("rb") as lines:
        orders = [line.rstrip(b"\n") for line in islice(lines, given.records)]
    pages = Pages(orders, given.page, given.repeat)
    asyncio.run(serve(pages, given.latency_ms / 1000, given.certificate))


if __name__ == "__main__":
    main()
