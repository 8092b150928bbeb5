"""The script that most people write: requests, json, gzip, one page after the other.

python requests_peer.py ADDRESS SCENARIO
"""

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

session = requests.Session()


def asked(url: str, **params: Any) -> Any:
    answer = session.get(url, params=params, timeout=60)
    answer.raise_for_status()
    return answer.json()


def records(address: str, scenario: str) -> Iterator[dict[str, Any]]:
    if scenario == "C":
        for parent in asked(f"{address}/parents")["data"]:
            yield from asked(f"{address}/parents/{parent['id']}/orders")["data"]
    elif scenario in ("B", "D-pages"):
        page, seen = 1, 0
        while True:
            body = asked(f"{address}/pages", page=page)
            yield from body["data"]
            page, seen = page + 1, seen + len(body["data"])
            if seen >= body["meta"]["total"] or not body["data"]:
                return
    else:
        cursor: str | None = ""
        while cursor is not None:
            body = asked(f"{address}/cursor", **({"cursor": cursor} if cursor else {}))
            yield from body["data"]
            cursor = body["meta"]["next_cursor"]


def main(address: str, scenario: str) -> None:
    Path("records").mkdir()
    with gzip.open("records/orders.jsonl.gz", "wt", encoding="utf-8") as file:
        for record in records(address, scenario):
            file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
