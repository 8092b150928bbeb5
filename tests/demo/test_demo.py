"""`framework demo` as its user types it, and its tables against the shop's own truth, record by record."""

import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from framework.demo.world import World
from tests.shop import rows

pytestmark = pytest.mark.slow


WINDOW = "select window_start, window_end from _INGEST_SLICES where stream = 'orders' order by started desc limit 1"


def demo(folder: Path, *flags: str) -> str:
    """Its output."""
    done = subprocess.run(
        [sys.executable, "-m", "framework.cli", "demo", "--folder", str(folder), *flags],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def truth(folder: Path) -> World:
    """What the shop is by now."""
    facts = json.loads((folder / "shop.json").read_text())
    born = datetime.fromisoformat(facts["born"])
    return World(facts["seed"], born, [datetime.fromisoformat(change) for change in facts["changes"]])


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("first")
    return folder, demo(folder)


@pytest.fixture(scope="module")
def second(first: tuple[Path, str]) -> tuple[Path, World, str]:
    folder, _ = first
    return folder, truth(folder), demo(folder)


def payloads(folder: Path, stream: str) -> list[bytes]:
    """What RAW holds of a stream, sorted."""
    query = f"select payload::varchar from RAW_SHOP_JSON where _stream = '{stream}'"
    return sorted(text.encode() for (text,) in rows(folder, query))


def order_rows(world: World) -> list[tuple[Any, ...]]:
    """CLN_ORDER as the records say."""
    records = [json.loads(o.record, parse_float=Decimal) for o in world.orders.values() if not o.deleted]
    return sorted(
        (r["id"], r["customer"]["id"], r["total"]["amount"], datetime.fromisoformat(r["updated_at"][:-1]))
        for r in records
    )


def with_field(record: bytes, name: str, value: object) -> bytes:
    """The record with one more field at its end."""
    return record[:-1] + b"," + json.dumps({name: value})[1:].encode()


def lines(world: World) -> list[bytes]:
    """The order lines as the stage holds them."""
    return sorted(with_field(line, "order_id", o.id) for o in world.orders.values() for line in o.lines)


def stock(world: World) -> list[bytes]:
    """The stock as the stage holds it: a record a location."""
    found = []
    for warehouse, items in world.stock.items():
        for item in items:
            sku = json.loads(item)["sku"]
            for place in re.findall(rb"\{[^{}]*\}", item[item.index(b'"locations"') :]):
                found.append(with_field(with_field(place, "sku", sku), "warehouse", warehouse))
    return sorted(json_compact(record) for record in found)


def json_compact(record: bytes) -> bytes:
    """`"sku": "x"` → `"sku":"x"`, as the engine writes what it adds."""
    return record.replace(b'": ', b'":')


def customers(world: World, folder: Path) -> list[bytes]:
    """The customers as the stage holds them: without the hint, the address hashed."""
    key = re.search("SHOP_HASH_KEY=(.*)", (folder / ".env").read_text())[1].encode()  # type: ignore[index]
    found = []
    for record in world.customers.values():
        email = json.loads(record)["email"]
        text = hmac.new(key, email.encode(), hashlib.sha256).hexdigest()
        told = re.sub(rb',"password_hint":"[^"]*"', b"", record)
        found.append(told.replace(email.encode(), text.encode()))
    return sorted(found)


def test_the_first_run_brings_every_record_unchanged(first: tuple[Path, str]) -> None:
    folder, _ = first
    world = truth(folder)
    assert payloads(folder, "orders") == sorted(order.record for order in world.orders.values())
    assert payloads(folder, "order_lines") == sorted(map(json_compact, lines(world)))
    assert payloads(folder, "stock") == stock(world)
    assert payloads(folder, "customers") == customers(world, folder)
    assert rows(folder, "select order_id, customer_id, total, updated_at from CLN_ORDER order by 1") == order_rows(
        world
    )
    assert sorted(t.encode() for (t,) in rows(folder, "select payload::varchar from CLN_ORDER_LINE")) == sorted(
        map(json_compact, lines(world))
    )
    assert sorted(t.encode() for (t,) in rows(folder, "select payload::varchar from CLN_STOCK")) == stock(world)


def test_revenue_is_what_the_orders_add_up_to(first: tuple[Path, str]) -> None:
    folder, _ = first
    wanted: dict[datetime, list[Decimal]] = {}
    for _, _, total, updated in order_rows(truth(folder)):
        wanted.setdefault(updated.replace(hour=0, minute=0, second=0), []).append(total)
    found = rows(folder, "select day::timestamp, revenue, orders from ANL_DAILY_REVENUE order by 1")
    assert found == [(day, sum(totals), len(totals)) for day, totals in sorted(wanted.items())]


def test_the_second_run_reads_what_changed_and_says_so(second: tuple[Path, World, str]) -> None:
    folder, before, said = second
    world = truth(folder)
    assert len(world.changes) == 1
    assert rows(folder, "select order_id, customer_id, total, updated_at from CLN_ORDER order by 1") == order_rows(
        world
    )
    changed = [o for o in world.orders.values() if before.orders.get(o.id) != o]
    ((start, end),) = rows(folder, WINDOW)
    read = list(world.changed_between(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)))
    assert re.search(rf"orders +1 +{len(read)} ", said), said  # one slice: these, and the last hour again
    assert set(map(id, changed)) <= set(map(id, read))
    assert end - start < timedelta(hours=1, minutes=5)
    gone = sum(order.deleted for order in changed)
    new = sum(order.id not in before.orders for order in changed)
    assert re.search(rf"CLN_ORDER +{new} new +{len(changed) - gone - new} changed +{gone} gone", said), said


def test_lines_of_a_changed_order_replace_its_old_ones(second: tuple[Path, World, str]) -> None:
    folder, before, _ = second
    world = truth(folder)
    kept = {o.id: before.orders[o.id].lines for o in world.orders.values() if o.deleted and o.id in before.orders}
    wanted = [with_field(line, "order_id", number) for number, old in kept.items() for line in old]
    found = sorted(text.encode() for (text,) in rows(folder, "select payload::varchar from CLN_ORDER_LINE"))
    assert found == sorted(map(json_compact, lines(world) + wanted))  # a deleted order answers 404: skipped, kept


def test_customers_keep_their_history(second: tuple[Path, World, str]) -> None:
    folder, before, _ = second
    world = truth(folder)
    changed = {number for number, record in world.customers.items() if before.customers[number] != record}
    assert changed
    found = rows(
        folder, "select id::int, count(*), count(*) filter (is_current) from CLN_CUSTOMER group by 1 order by 1"
    )
    assert found == [(number, 2 if number in changed else 1, 1) for number in sorted(world.customers)]
    current = rows(folder, "select payload::varchar from CLN_CUSTOMER where is_current")
    assert sorted(text.encode() for (text,) in current) == customers(world, folder)


def test_the_summary_counts_what_was_done(first: tuple[Path, str]) -> None:
    folder, said = first
    found = re.search(r"([\d,]+) requests \((\d+) repeated\), ([\d,]+) records, (\d+) parts", said)
    assert found, said
    assert int(found[2]) >= 10  # 429, 500, THROTTLED and the broken connection were met
    ((records, parts, requests),) = rows(folder, "select records, parts, requests from _INGEST_RUNS limit 1")
    assert (f"{requests:,}", f"{records:,}", str(parts)) == (found[1], found[3], found[4])
    assert rows(folder, "select count(*) from RAW_SHOP_JSON where not _log > 0") == [(0,)]
    assert said.count("\n  # ") == 3  # three commands to try


def test_nothing_secret_is_written(second: tuple[Path, World, str]) -> None:
    folder, _, said = second
    secret = [line.split("=")[1].encode() for line in (folder / ".env").read_text().splitlines()]
    for path in [path for path in folder.rglob("*") if path.is_file() and path.name != ".env"]:
        content = path.read_bytes()
        assert not any(value in content for value in secret), path
    assert not any(value.decode() in said for value in secret)
