"""dlt's rest_api source, as its documentation shows it: to files, or to DuckDB for scenario F.

python dlt_peer.py ADDRESS SCENARIO
"""

import os
import sys
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


def resources(scenario: str) -> list[dict[str, Any]]:
    if scenario == "C":
        parents = {"path": "parents", "data_selector": "data", "paginator": SINGLE}
        children = {"path": "parents/{resources.parents.id}/orders", "data_selector": "data", "paginator": SINGLE}
        return [
            {"name": "parents", "endpoint": parents, "selected": False},
            {"name": "orders", "endpoint": children, "max_table_nesting": 0},
        ]
    how = (
        {"path": "pages", "paginator": NUMBERS}
        if scenario in ("B", "D-pages")
        else {"path": "cursor", "paginator": CURSOR}
    )
    keyed = {"primary_key": "id", "write_disposition": "merge"} if scenario == "F" else {}
    return [{"name": "orders", "endpoint": {**how, "data_selector": "data"}, "max_table_nesting": 0, **keyed}]


def main(address: str, scenario: str) -> None:
    source = rest_api_source({"client": {"base_url": f"{address}/"}, "resources": resources(scenario)})
    if scenario == "F":
        destination: Any = dlt.destinations.duckdb("orders.duckdb")
    else:
        destination = dlt.destinations.filesystem(bucket_url=Path("records").absolute().as_uri())
    pipeline = dlt.pipeline("bench", destination=destination, dataset_name="bench")
    more = {} if scenario == "F" else {"loader_file_format": "jsonl"}
    pipeline.run(source, **more).raise_on_failed_jobs()


if __name__ == "__main__":
    main(*sys.argv[1:])
