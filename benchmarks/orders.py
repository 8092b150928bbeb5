"""The records of every benchmark: nested orders of about 1 KB, the same ones each time."""

import json
import random
from pathlib import Path
from typing import Any

_WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "glade",
    "harbor",
    "inlet",
    "juniper",
    "kestrel",
    "lumen",
    "meadow",
    "nectar",
]
_CITIES = ["Amsterdam", "Zürich", "Łódź", "São Paulo", "København", "東京", "Αθήνα", "Reykjavík"]
_STATUSES = ["open", "paid", "shipped", "cancelled"]


def order(number: int) -> dict[str, Any]:
    """One order; equal numbers give equal orders."""
    chance = random.Random(number)
    lines = [
        {
            "line_no": line,
            "sku": f"{chance.choice(_WORDS)}-{chance.randrange(10_000):04d}",
            "quantity": chance.randrange(1, 20),
            "price": {"amount": f"{chance.randrange(100, 99_999) / 100:.2f}", "currency": "EUR"},
            "gift": chance.random() < 0.1,
        }
        for line in range(1, 6)
    ]
    day, second = divmod(number, 86_400)
    return {
        "id": number,
        "reference": f"{chance.getrandbits(64):016x}",
        "status": chance.choice(_STATUSES),
        "created_at": f"2024-01-{day % 28 + 1:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z",
        "updated_at": f"2024-02-{day % 28 + 1:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z",
        "customer": {
            "id": chance.randrange(50_000),
            "name": f"{chance.choice(_WORDS).title()} {chance.choice(_WORDS).title()}",
            "email": f"{chance.choice(_WORDS)}.{chance.randrange(10_000)}@example.com",
            "address": {"city": chance.choice(_CITIES), "street": f"{chance.choice(_WORDS)} {chance.randrange(300)}"},
        },
        "total": {"amount": f"{chance.randrange(100, 999_999) / 100:.2f}", "currency": "EUR"},
        "weight": round(chance.random() * 40, 3),
        "lines": lines,
        "tags": chance.sample(_WORDS, 3),
        "note": None if chance.random() < 0.7 else " ".join(chance.choices(_WORDS, k=12)),
        "shipping": {"method": chance.choice(["post", "courier"]), "tracking": f"{chance.getrandbits(80):020x}"},
    }


def line(number: int) -> bytes:
    """One order as the API writes it."""
    return json.dumps(order(number), ensure_ascii=False, separators=(",", ":")).encode()


def write(file: Path, count: int) -> None:
    """So many orders as JSON Lines, for the server and for who checks what came of them."""
    with file.open("wb") as lines:
        lines.writelines(line(number) + b"\n" for number in range(1, count + 1))
