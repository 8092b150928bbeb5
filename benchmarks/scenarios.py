"""What is measured: for each scenario how its API is served and what a spec says of it."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Scenario:
    """One piece of work."""

    name: str
    title: str
    pages: Literal["cursor", "numbers", "parents", "windows"]
    """How the API hands its records out."""
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
    verb: Literal["extract", "run"] = "extract"
    """Up to which step: `run` goes on into DuckDB."""
    kind: Literal["", "edits", "duckdb", "s3"] = ""
    """What is done besides reading."""
    ideal_seconds: float | None = None
    """Where waiting is all there is to it: the least wall time."""
    peers: tuple[str, ...] = ()
    """Who else does this work."""
    rounds: int = 5
    growth: bool = False
    """One of a row that shows how the cost grows."""

    @property
    def requests(self) -> int:
        """How many pages there are."""
        return -(-self.records // self.page) * self.repeat


def _list(path: str, pagination: dict[str, Any], **more: Any) -> dict[str, Any]:
    asked = {"request": {"path": path}, "records": "data", "primary_key": ["id"], "pagination": pagination}
    return {"name": "orders", **asked} | more


CURSOR = _list("/cursor", {"type": "cursor", "next": "meta.next_cursor", "param": "cursor"})
NUMBERS = _list("/pages", {"type": "page_number", "param": "page", "first": 1, "total_records": "meta.total"})
PARENTS = {"name": "parents", "request": {"path": "/parents"}, "records": "data", "primary_key": ["id"]}
CHILDREN = _list("/parents/{{ parent.id }}/orders", {"type": "none"}, name="children") | {
    "for_each": {"stream": "parents", "as": "parent"}
}
WINDOWS = {
    "name": "orders",
    "request": {"path": "/windows", "params": {"from": "{{ window.start }}", "to": "{{ window.end }}"}},
    "records": "data",
    "primary_key": ["id"],
    "incremental": {"cursor": "updated_at", "start": "2024-01-01", "window": "1h", "sent_as": "epoch"},
}
EDITS = {
    "path": "data",
    "filter": "status != 'cancelled'",
    "explode": "lines",
    "carry": ["id", "customer.email", "note"],
    "drop": ["note"],
    "hash": {"fields": ["email"], "key": "{{ secrets.hash_key }}"},
    "add": {"source": "bench"},
}
COLUMNS = {
    "order_id": {"from": "id", "type": "integer"},
    "customer_id": {"from": "customer.id", "type": "integer"},
    "total": {"from": "total.amount", "type": "decimal(18,2)"},
    "status": {"from": "status"},
    "updated_at": {"from": "updated_at", "type": "timestamp"},
}
SCRIPTS = ("requests", "httpx")
ALL = ("dlt", "airbyte", "singer", *SCRIPTS)


def _of_parents(name: str, title: str, **more: Any) -> Scenario:
    return Scenario(name, title, "parents", CHILDREN, records=25_000, page=50, before=(PARENTS,), peers=ALL, **more)


def _records(name: str, count: int) -> Scenario:
    rounds = 1 if count > 1_000_000 else 3
    title, repeat = f"{count:,} records, by cursor, pages of 1 MB", max(1, count // 200_000)
    return Scenario(
        name, title, "cursor", CURSOR, records=count // repeat, repeat=repeat, rounds=rounds, growth=True
    )  # fmt: skip


def _slices(count: int) -> Scenario:
    title = f"{count:,} windows of 20 records"
    return Scenario(
        f"slices-{count}", title, "windows", WINDOWS, records=20 * count, page=20, rounds=3, growth=True
    )  # fmt: skip


_SPEED = (
    Scenario("A", "pages of 1 MB, by cursor", "cursor", CURSOR, peers=ALL),
    Scenario("A-tls", "the same over TLS", "cursor", CURSOR, peers=SCRIPTS, tls=True),
    Scenario("B", "pages of 100 KB, by number", "numbers", NUMBERS, page=100, peers=ALL),
    Scenario("B-tls", "the same over TLS", "numbers", NUMBERS, page=100, peers=SCRIPTS, tls=True),
    _of_parents("C", "500 parents, a page of 50 records each"),
    Scenario(
        "D-pages",
        "400 pages of 50 records, 50 ms each, by number, 8 at once",
        "numbers",
        NUMBERS,
        records=20_000,
        page=50,
        latency_ms=50,
        ideal_seconds=400 * 0.05 / 8,
        peers=ALL,
    ),
    _of_parents("D-parents", "500 parents, 50 ms each, 8 at once", latency_ms=50, ideal_seconds=500 * 0.05 / 8),
    Scenario(
        "D-cursor",
        "100 pages of 1 MB, 50 ms each, by cursor",
        "cursor",
        CURSOR,
        records=100_000,
        latency_ms=50,
        ideal_seconds=100 * 0.05,
        peers=ALL,
    ),
    Scenario(
        "E",
        "A, filtered, exploded, with fields dropped, hashed and added",
        "cursor",
        CURSOR | {"records": EDITS, "primary_key": ["id", "line_no"]},
        kind="edits",
        peers=("dlt", *SCRIPTS),
    ),
    Scenario(
        "F",
        "A, on into RAW and CLEAN of DuckDB",
        "cursor",
        CURSOR | {"clean": {"table": "CLN_ORDER", "columns": COLUMNS}},
        verb="run",
        kind="duckdb",
        peers=("dlt",),
    ),
    Scenario("G", "A, into S3", "cursor", CURSOR, kind="s3", peers=("dlt",)),
    Scenario(
        "H", "5,000 windows of 20 records", "windows", WINDOWS, records=100_000, page=20, peers=("airbyte", *SCRIPTS)
    ),
)
_GROWTH = (
    _records("records-10k", 10_000),
    _records("records-100k", 100_000),
    _records("records-1m", 1_000_000),
    _records("records-10m", 10_000_000),
    *(_slices(count) for count in (10, 100, 1000, 10_000)),
)
SCENARIOS = {one.name: one for one in (*_SPEED, *_GROWTH)}
