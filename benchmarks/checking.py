"""Whether what came out is what the API sent: every record once, with the values that it was sent with."""

import hashlib
import hmac
import json
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.measure import Failed
from benchmarks.scenarios import Scenario

Key = tuple[int, int]
"""Of a record: the order's number, and the line's where orders are taken apart."""


def expected(scenario: Scenario, orders: Path) -> dict[Key, tuple[bytes, int]]:
    """By key: the text of each order that must come, and which of its lines (-1 for all of it)."""
    found: dict[Key, tuple[bytes, int]] = {}
    with orders.open("rb") as lines:
        for number, line in enumerate(islice(lines, scenario.records), 1):
            if scenario.kind == "edits":
                order = json.loads(line)
                count = 0 if order["status"] == "cancelled" else len(order["lines"])
                found |= {(number, index + 1): (line, index) for index in range(count)}
            else:
                found[number, 0] = line, -1
    return found


def check(scenario: Scenario, one: Contestant, folder: Path, orders: Path) -> int:
    """How many records there are. Raises Failed where one is missing, came twice, or is another than was sent."""
    where = f"{one.name} in {scenario.name}"
    if scenario.repeat > 1:
        count = sum(1 for _ in one.records(folder))
        if count != scenario.records * scenario.repeat:
            raise Failed(f"{where}: {count} records instead of {scenario.records * scenario.repeat}")
        return count
    wanted = expected(scenario, orders)
    count = len(wanted)
    same = _same_row if one.name == "ours" and scenario.kind == "duckdb" else _same
    for record in one.records(folder):
        key = record.get("order_id") or record["id"], record.get("line_no", 0)
        if key not in wanted:
            raise Failed(f"{where}: the record {key} came twice, or is none of the API's")
        line, index = wanted.pop(key)
        sent = json.loads(line) if index < 0 else _exploded(json.loads(line), index)
        if not same(record, sent):
            raise Failed(f"{where}: the record {key} is not as it was sent:\n{record}\n{sent}")
    if wanted:
        raise Failed(f"{where}: {len(wanted)} of {count} records are missing, such as {next(iter(wanted))}")
    return count


def _exploded(order: dict[str, Any], index: int) -> dict[str, Any]:
    email = hmac.new(b"of-the-benchmark", order["customer"]["email"].encode(), hashlib.sha256).hexdigest()
    return {**order["lines"][index], "id": order["id"], "email": email, "source": "bench"}


def _same(record: dict[str, Any], sent: dict[str, Any]) -> bool:
    """Whether all that was sent is there; a peer may add fields of its own, leave out those that are null, turn
    objects into text, and write a moment in another way."""
    return all(_plain(record.get(name), value) == _plain(value, value) for name, value in sent.items())


def _plain(found: Any, like: Any) -> Any:
    if isinstance(found, datetime):
        found = found.isoformat()
    if isinstance(found, str) and isinstance(like, dict | list):
        return json.loads(found)
    if isinstance(found, str) and found.endswith("Z"):
        return found.removesuffix("Z") + "+00:00"
    return found


def _same_row(row: dict[str, Any], sent: dict[str, Any]) -> bool:
    """Of the CLEAN table."""
    found = row["order_id"], row["customer_id"], str(row["total"]), row["status"], _moment(row["updated_at"])
    wanted = (sent["id"], sent["customer"]["id"], sent["total"]["amount"], sent["status"], sent["updated_at"])
    return found == wanted


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}"
