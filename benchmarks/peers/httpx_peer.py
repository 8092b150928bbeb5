"""A careful script: httpx, orjson, gzip at its fastest, one page after the other, a page written at a time.

python httpx_peer.py ADDRESS SCENARIO
"""

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson

client = httpx.Client(timeout=60)


def asked(url: str, **params: Any) -> Any:
    answer = client.get(url, params=params or None)
    answer.raise_for_status()
    return orjson.loads(answer.content)


def pages(address: str, scenario: str) -> Iterator[list[dict[str, Any]]]:
    if scenario == "C":
        for parent in asked(f"{address}/parents")["data"]:
            yield asked(f"{address}/parents/{parent['id']}/orders")["data"]
    elif scenario in ("B", "D-pages"):
        page, seen = 1, 0
        while True:
            body = asked(f"{address}/pages", page=page)
            yield body["data"]
            page, seen = page + 1, seen + len(body["data"])
            if seen >= body["meta"]["total"] or not body["data"]:
                return
    else:
        cursor: str | None = ""
        while cursor is not None:
            body = asked(f"{address}/cursor", **({"cursor": cursor} if cursor else {}))
            yield body["data"]
            cursor = body["meta"]["next_cursor"]


def main(address: str, scenario: str) -> None:
    Path("records").mkdir()
    with gzip.open("records/orders.jsonl.gz", "wb", compresslevel=1) as file:
        for page in pages(address, scenario):
            file.write(b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in page))


if __name__ == "__main__":
    main(*sys.argv[1:])
