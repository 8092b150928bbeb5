"""The truth of the demo's shop: every record as the exact bytes that its API sends, at every moment of its life.

All of it follows from a seed, a birth and the moments at which the shop changed; nothing is kept. Records hold what
careless tools change: integers of twenty digits, 1.10 and 1e5, "007", nulls, letters of many alphabets.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

START = datetime(2024, 1, 1, tzinfo=UTC)
WAREHOUSES = {"ams": 230, "dub": 120}
CUSTOMERS = 460
STATUSES = ["open", "paid", "packed", "sent", "returned"]
NAMES = [
    "Zoë Ångström",
    "李小龍",
    "O'Brien",
    'Ann "Nan" Lee',
    "Жанна Ёлкина",
    "عمر",
    "José Núñez",
    "Mette Bøgh",
    "🦊 Fox",
]
NOTES = [
    None,
    "",
    "leave at the door",
    "Überraschung!\nsecond line",
    'with "quotes" and \\ signs',
    "ファイル",
    "\u2028 odd space",
]
PRICES = [b"19.90", b"1.10", b"0.30", b"1200.00", b"7.05", b"99.99", b"3.00", b"12.50"]


@dataclass(frozen=True)
class Order:
    """An order as it stands: its record, and its lines, which are gone once it is deleted."""

    id: int
    updated_at: datetime
    record: bytes
    lines: Sequence[bytes]
    deleted: bool


@dataclass(frozen=True)
class World:
    """The shop after `changes`, the moments at which some of it changed, oldest first."""

    seed: int
    born: datetime
    changes: Sequence[datetime] = ()
    size: int = 900
    """Orders at birth."""
    orders: dict[int, Order] = field(default_factory=dict, init=False)
    customers: dict[int, bytes] = field(default_factory=dict, init=False)
    stock: dict[str, list[bytes]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)
        for number in range(1, self.size + 1):
            self._put(chance, number, _moment(chance, self.born), chance.choice(STATUSES))
        for number in range(1, CUSTOMERS + 1):
            self.customers[number] = _customer(chance, number)
        for warehouse, size in WAREHOUSES.items():
            self.stock[warehouse] = [_item(chance, warehouse, number) for number in range(1, size + 1)]
        for generation, moment in enumerate(self.changes, 1):
            self._change(random.Random(f"{self.seed}/{generation}"), moment)

    def _put(self, chance: random.Random, number: int, moment: datetime, status: str) -> None:
        lines = () if status == "deleted" else [_line(chance, line) for line in range(1, chance.randint(1, 4) + 1)]
        record = _order(chance, number, moment, status)
        self.orders[number] = Order(number, moment, record, lines, status == "deleted")

    def _change(self, chance: random.Random, moment: datetime) -> None:
        """Orders change, arrive and are deleted in the half hour before the moment; customers and stock move."""
        alive = [number for number, order in self.orders.items() if not order.deleted]
        fewer = min(1.0, self.size / 900)
        touched = chance.sample(alive, int(46 * fewer) + 2)
        gone, changed = touched[: int(6 * fewer) + 1], touched[int(6 * fewer) + 1 :]
        new = range(len(self.orders) + 1, len(self.orders) + int(25 * fewer) + 2)
        for numbers, status in ((gone, "deleted"), (changed, ""), (new, "open")):
            for number in numbers:
                at = moment - timedelta(seconds=chance.randint(3 * 60, 30 * 60))
                self._put(chance, number, at, status or chance.choice(STATUSES))
        for number in chance.sample(sorted(self.customers), 12):
            self.customers[number] = _customer(chance, number)
        for warehouse, items in self.stock.items():
            del items[chance.randrange(len(items))]
            for place in chance.sample(range(len(items)), len(items) // 10):
                items[place] = _item(chance, warehouse, place + 1000)

    def changed_between(self, since: datetime, before: datetime) -> Iterator[Order]:
        """Orders whose last change lies in `[since, before)`, by time and number."""
        found = (order for order in self.orders.values() if since <= order.updated_at < before)
        yield from sorted(found, key=lambda order: (order.updated_at, order.id))


def to_text(moment: datetime) -> str:
    """As this API writes an instant."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(chance: random.Random, born: datetime) -> datetime:
    """Four in five fall into the last four months, none into the last three minutes."""
    span = min(timedelta(days=120), born - START) if chance.random() < 0.8 else born - START
    seconds = int(span.total_seconds())
    return born.replace(microsecond=0) - timedelta(seconds=chance.randint(3 * 60, max(seconds, 3 * 60 + 1)))


def _order(chance: random.Random, number: int, moment: datetime, status: str) -> bytes:
    raw = msgspec.Raw
    return _json(
        id=number,
        number=f"{number:07d}",
        status=status,
        created_at=to_text(moment - timedelta(hours=chance.randint(0, 200))),
        updated_at=to_text(moment),
        customer={"id": chance.randint(1, CUSTOMERS), "name": chance.choice(NAMES)},
        total={"amount": raw(chance.choice(PRICES)), "currency": "EUR"},
        external_ref=chance.randint(10**19, 10**20 - 1),
        weight_g=raw(chance.choice([b"1e5", b"250", b"0.50", b"null"])),
        coupon=chance.choice([None, "WINTER", "007"]),
        note=chance.choice(NOTES),
        shipping={"postcode": f"{chance.randint(0, 99999):05d}", "lat": raw(b"52.3700"), "notes": []},
        tags=chance.sample(["gift", "b2b", "express", "héllo"], chance.randint(0, 3)),
        exported=chance.choice([True, False, None]),
    )


def _line(chance: random.Random, number: int) -> bytes:
    price = msgspec.Raw(chance.choice(PRICES))
    sku = f"SKU-{chance.randint(1, 400):04d}"
    return _json(
        line_no=number, sku=sku, quantity=chance.randint(1, 9), price=price, gtin=chance.randint(10**18, 10**19)
    )


def _customer(chance: random.Random, number: int) -> bytes:
    return _json(
        id=number,
        name=chance.choice(NAMES),
        email=f"customer{number}@mail.example",
        password_hint=chance.choice(["the usual", "my cat"]),
        segment=chance.choice(["new", "regular", "vip", None]),
        credit_limit=msgspec.Raw(chance.choice(PRICES)),
        joined=f"20{chance.randint(10, 23)}-0{chance.randint(1, 9)}-11",
    )


def _item(chance: random.Random, warehouse: str, number: int) -> bytes:
    places = [
        {"location": f"{warehouse}-{shelf}", "quantity": chance.randint(0, 500), "weight_kg": msgspec.Raw(b"0.250")}
        for shelf in range(1, chance.randint(2, 4))
    ]
    return _json(sku=f"SKU-{number:04d}", name=chance.choice(NAMES), locations=places)


def _json(**fields: Any) -> bytes:
    return msgspec.json.encode(fields)
