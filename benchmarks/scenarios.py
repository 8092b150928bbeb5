"""What is measured: for each scenario how its API is served and what a spec says of it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Scenario:
    """One piece of work."""

    name: str
    title: str
    stream: dict[str, Any]
    """The stream as a spec has it."""
    records: int = 200_000
    page: int = 1000
    """Records of a page."""
    repeat: int = 1
    """The same pages so many times over."""
    latency_ms: int = 0
    tls: bool = False
    before: tuple[dict[str, Any], ...] = ()
    """Streams that are read first, outside the measurement."""
    verb: str = "extract"
    """Up to which step: `extract` or `run`, which goes on into DuckDB."""
    pages: str = ""
    """How the floor asks: by `cursor`, `numbers`, `parents` or `windows`."""
    ideal_seconds: float | None = None
    """Where waiting is all there is to it: the least wall time."""
    peers: tuple[str, ...] = ()
    """Who else does this work."""
    concurrency: int = 8
    lines: int = field(default=0)
    """How many lines must come out, where that is not `records`."""

    @property
    def total(self) -> int:
        """How many lines must come out."""
        return self.lines or self.records * self.repeat


def _list(path: str, pagination: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": "orders",
        "request": {"path": path},
        "records": "data",
        "primary_key": ["id"],
        "pagination": pagination,
    } | more


CURSOR = {"type": "cursor", "next": "meta.next_cursor", "param": "cursor"}
NUMBERS = {"type": "page_number", "param": "page", "first": 1, "total_records": "meta.total"}
ALL = ("dlt", "airbyte", "singer", "requests", "httpx")
EDITS = {
    "path": "data",
    "filter": "status != 'cancelled'",
    "explode": "lines",
    "carry": ["id", "customer.email", "note"],
    "drop": ["note"],
    "hash": {"fields": ["customer.email"], "key": "{{ secrets.hash_key }}"},
    "add": {"source": "bench"},
}
COLUMNS = {
    "order_id": {"from": "id", "type": "integer"},
    "customer_id": {"from": "customer.id", "type": "integer"},
    "total": {"from": "total.amount", "type": "decimal(18,2)"},
    "status": {"from": "status"},
    "updated_at": {"from": "updated_at", "type": "timestamp"},
}

SCENARIOS = {
    one.name: one
    for one in (
        Scenario("A", "pages of 1 MB, by cursor", _list("/cursor", CURSOR), pages="cursor", peers=ALL),
        Scenario("A-tls", "the same over TLS", _list("/cursor", CURSOR), pages="cursor", tls=True),
        Scenario("B", "pages of 100 KB, by number", _list("/pages", NUMBERS), page=100, pages="numbers", peers=ALL),
        Scenario(
            "C",
            "500 parents, a page of 50 records each",
            _list("/parents/{{ parent.id }}/orders", {"type": "none"}, name="children")
            | {"for_each": {"stream": "parents", "as": "parent"}},
            records=25_000,
            before=({"name": "parents", "request": {"path": "/parents"}, "records": "data", "primary_key": ["id"]},),
            pages="parents",
            peers=("dlt", "requests", "httpx"),
        ),
        Scenario(
            "D-pages",
            "400 pages of 50 records, 50 ms each, by number, 8 at once",
            _list("/pages", NUMBERS),
            records=20_000,
            page=50,
            latency_ms=50,
            ideal_seconds=400 * 0.05 / 8,
            pages="numbers",
            peers=("dlt", "requests", "httpx"),
        ),
        Scenario(
            "D-parents",
            "500 parents, 50 ms each, 8 at once",
            _list("/parents/{{ parent.id }}/orders", {"type": "none"}, name="children")
            | {"for_each": {"stream": "parents", "as": "parent"}},
            records=25_000,
            latency_ms=50,
            ideal_seconds=500 * 0.05 / 8,
            before=({"name": "parents", "request": {"path": "/parents"}, "records": "data", "primary_key": ["id"]},),
            pages="parents",
        ),
        Scenario(
            "D-cursor",
            "100 pages of 1 MB, 50 ms each, by cursor",
            _list("/cursor", CURSOR),
            records=100_000,
            latency_ms=50,
            ideal_seconds=100 * 0.05,
            pages="cursor",
        ),
        Scenario(
            "E",
            "A, filtered, exploded, with fields dropped, hashed and added",
            _list("/cursor", CURSOR, records=EDITS, primary_key=["id", "line_no"]),
            pages="cursor",
            lines=-1,
        ),
        Scenario(
            "F",
            "A, on into RAW and CLEAN of DuckDB",
            _list("/cursor", CURSOR, clean={"table": "CLN_ORDER", "columns": COLUMNS}),
            verb="run",
            pages="cursor",
            peers=("dlt",),
        ),
        Scenario(
            "H",
            "5,000 windows of 20 records",
            {
                "name": "orders",
                "request": {"path": "/windows", "params": {"from": "{{ window.start }}", "to": "{{ window.end }}"}},
                "records": "data",
                "primary_key": ["id"],
                "incremental": {
                    "cursor": "updated_at",
                    "start": "2024-01-01",
                    "window": "1h",
                    "sent_as": "epoch",
                },
            },
            records=100_000,
            pages="windows",
        ),
        Scenario(
            "memory",
            "10 million records, by cursor",
            _list("/cursor", CURSOR),
            repeat=50,
            pages="cursor",
        ),
    )
}
