"""Airbyte's engine with a declarative manifest; its messages go to a file, as its platform would take them.

python airbyte_peer.py ADDRESS SCENARIO
"""

import json
import logging
import sys
from pathlib import Path
from typing import Any

from airbyte_cdk.models import AirbyteMessageSerializer, ConfiguredAirbyteCatalogSerializer, Type
from airbyte_cdk.sources.declarative.manifest_declarative_source import ManifestDeclarativeSource


def manifest(address: str, scenario: str) -> dict[str, Any]:
    if scenario == "B":
        strategy: dict[str, Any] = {"type": "PageIncrement", "page_size": 100, "start_from_page": 1}
        path, name, option = "/pages", "page", {"inject_on_first_request": True}
        strategy |= option
    else:
        path, name = "/cursor", "cursor"
        strategy = {
            "type": "CursorPagination",
            "cursor_value": "{{ response['meta']['next_cursor'] }}",
            "stop_condition": "{{ not response['meta']['next_cursor'] }}",
        }
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["orders"]},
        "streams": [
            {
                "type": "DeclarativeStream",
                "name": "orders",
                "primary_key": ["id"],
                "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
                "retriever": {
                    "type": "SimpleRetriever",
                    "requester": {"type": "HttpRequester", "url_base": address, "path": path, "http_method": "GET"},
                    "record_selector": {
                        "type": "RecordSelector",
                        "extractor": {"type": "DpathExtractor", "field_path": ["data"]},
                    },
                    "paginator": {
                        "type": "DefaultPaginator",
                        "page_token_option": {
                            "type": "RequestOption",
                            "inject_into": "request_parameter",
                            "field_name": name,
                        },
                        "pagination_strategy": strategy,
                    },
                },
            }
        ],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }


def main(address: str, scenario: str) -> None:
    logging.getLogger("airbyte").setLevel(logging.ERROR)
    Path("records").mkdir()
    source = ManifestDeclarativeSource(source_config=manifest(address, scenario))
    stream = {
        "stream": {"name": "orders", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
        "sync_mode": "full_refresh",
        "destination_sync_mode": "append",
    }
    catalog = ConfiguredAirbyteCatalogSerializer.load({"streams": [stream]})
    with Path("records/orders.jsonl").open("w", encoding="utf-8") as file:
        for message in source.read(logging.getLogger("airbyte"), {}, catalog, []):
            if message.type == Type.RECORD:
                file.write(json.dumps(AirbyteMessageSerializer.dump(message)["record"]["data"]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
