"""Airbyte's engine with a declarative manifest, eight at once; its messages go to a file, as its platform would take
them.

python airbyte_peer.py ADDRESS cursor|numbers|parents|windows PAGES PAGE_SIZE
"""

import json
import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airbyte_cdk.models import AirbyteMessageSerializer, ConfiguredAirbyteCatalogSerializer, Type
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

START = datetime(2024, 1, 1, tzinfo=UTC)
NEXT = "response['meta']['next_cursor']"
CURSOR = {
    "type": "CursorPagination",
    "cursor_value": f"{{{{ {NEXT} }}}}",
    "stop_condition": f"{{{{ not {NEXT} }}}}",
}
NUMBERS = {"type": "PageIncrement", "start_from_page": 1, "inject_on_first_request": True}


def paginator(name: str, strategy: dict[str, Any]) -> dict[str, Any]:
    option = {"type": "RequestOption", "inject_into": "request_parameter", "field_name": name}
    return {"type": "DefaultPaginator", "page_token_option": option, "pagination_strategy": strategy}


def stream(address: str, name: str, path: str, more: dict[str, Any]) -> dict[str, Any]:
    requester = {"type": "HttpRequester", "url_base": address, "path": path, "http_method": "GET"}
    selector = {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": ["data"]}}
    return {
        "type": "DeclarativeStream",
        "name": name,
        "primary_key": ["id"],
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
        "retriever": {"type": "SimpleRetriever", "requester": requester, "record_selector": selector, **more},
    }


def windows(count: int) -> dict[str, Any]:
    def option(name: str) -> dict[str, Any]:
        return {"type": "RequestOption", "inject_into": "request_parameter", "field_name": name}

    return {
        "type": "DatetimeBasedCursor",
        "cursor_field": "updated_at",
        "datetime_format": "%s",
        "cursor_datetime_formats": ["%Y-%m-%dT%H:%M:%SZ"],
        "start_datetime": {"type": "MinMaxDatetime", "datetime": str(int(START.timestamp())), "datetime_format": "%s"},
        "end_datetime": {
            "type": "MinMaxDatetime",
            "datetime": str(int((START + timedelta(hours=count)).timestamp()) - 1),
            "datetime_format": "%s",
        },
        "step": "PT1H",
        "cursor_granularity": "PT1S",
        "start_time_option": option("from"),
        "end_time_option": option("to"),
    }


def orders(address: str, how: str, count: int, size: int) -> dict[str, Any]:
    if how == "numbers":
        return stream(address, "orders", "/pages", {"paginator": paginator("page", {**NUMBERS, "page_size": size})})
    if how == "cursor":
        return stream(address, "orders", "/cursor", {"paginator": paginator("cursor", CURSOR)})
    if how == "windows":
        return {**stream(address, "orders", "/windows", {}), "incremental_sync": windows(count)}
    parent = {
        "type": "ParentStreamConfig",
        "parent_key": "id",
        "partition_field": "parent",
        "stream": stream(address, "parents", "/parents", {}),
    }
    router = {"type": "SubstreamPartitionRouter", "parent_stream_configs": [parent]}
    path = "/parents/{{ stream_partition.parent }}/orders"
    return stream(address, "orders", path, {"partition_router": router})


def main(address: str, how: str, count: str, size: str) -> None:
    logging.getLogger("airbyte").setLevel(logging.ERROR)
    Path("records").mkdir()
    asked = {
        "stream": {"name": "orders", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
        "sync_mode": "full_refresh",
        "destination_sync_mode": "append",
    }
    catalog = ConfiguredAirbyteCatalogSerializer.load({"streams": [asked]})
    manifest = {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["orders"]},
        "streams": [orders(address, how, int(count), int(size))],
        "concurrency_level": {"type": "ConcurrencyLevel", "default_concurrency": 8},
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }
    source = ConcurrentDeclarativeSource(catalog=catalog, config={}, state=[], source_config=manifest)
    with Path("records/orders.jsonl").open("w", encoding="utf-8") as file:
        for message in source.read(logging.getLogger("airbyte"), {}, catalog, []):
            if message.type == Type.RECORD:
                file.write(json.dumps(AirbyteMessageSerializer.dump(message)["record"]["data"]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
