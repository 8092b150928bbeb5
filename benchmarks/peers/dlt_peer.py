"""dlt's rest_api source, as its documentation shows it: to files, to S3, or to DuckDB.

python dlt_peer.py ADDRESS cursor|numbers|parents PAGES PAGE_SIZE [edits|duckdb|s3]
"""

import hashlib
import hmac
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DLT_DATA_DIR": str(Path("dlt").absolute()),
    "DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "false",
}

import dlt
from dlt.sources.rest_api import rest_api_source

CURSOR = {"type": "cursor", "cursor_path": "meta.next_cursor", "cursor_param": "cursor"}
NUMBERS = {
    "type": "page_number",
    "base_page": 1,
    "page_param": "page",
    "total_path": None,
    "stop_after_empty_page": True,
}
SINGLE = {"type": "single_page"}


def edited(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    email = hmac.new(b"of-the-benchmark", record["customer"]["email"].encode(), hashlib.sha256).hexdigest()
    for line in record["lines"]:
        yield {**line, "id": record["id"], "email": email, "source": "bench"}


def resources(how: str, kind: str) -> list[dict[str, Any]]:
    if how == "parents":
        parents = {"path": "parents", "data_selector": "data", "paginator": SINGLE}
        children = {"path": "parents/{resources.parents.id}/orders", "data_selector": "data", "paginator": SINGLE}
        return [
            {"name": "parents", "endpoint": parents, "selected": False},
            {"name": "orders", "endpoint": children, "max_table_nesting": 0, "parallelized": True},
        ]
    asked = {"path": "pages", "paginator": NUMBERS} if how == "numbers" else {"path": "cursor", "paginator": CURSOR}
    keyed = {"primary_key": "id", "write_disposition": "merge"} if kind == "duckdb" else {}
    return [{"name": "orders", "endpoint": {**asked, "data_selector": "data"}, "max_table_nesting": 0, **keyed}]


def main(address: str, how: str, count: str, size: str, kind: str = "") -> None:
    source = rest_api_source({"client": {"base_url": f"{address}/"}, "resources": resources(how, kind)})
    if kind == "edits":
        source.resources["orders"].add_filter(lambda record: record["status"] != "cancelled").add_yield_map(edited)
    if kind == "duckdb":
        destination: Any = dlt.destinations.duckdb("orders.duckdb")
    else:
        bucket = os.environ["BENCH_BUCKET"] if kind == "s3" else Path("records").absolute().as_uri()
        destination = dlt.destinations.filesystem(bucket_url=bucket)
    pipeline = dlt.pipeline("bench", destination=destination, dataset_name="bench")
    more = {} if kind == "duckdb" else {"loader_file_format": "jsonl"}
    pipeline.run(source, **more).raise_on_failed_jobs()


if __name__ == "__main__":
    main(*sys.argv[1:])
