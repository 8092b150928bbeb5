"""A tap of Meltano's SDK; its messages go to a file, as a target would take them.

python singer_peer.py ADDRESS cursor|numbers|parents PAGES PAGE_SIZE
"""

import contextlib
import sys
from pathlib import Path
from typing import Any, ClassVar

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BasePageNumberPaginator, JSONPathPaginator, SinglePagePaginator

ADDRESS, HOW = sys.argv[1:3]


class Pages(BasePageNumberPaginator):
    def has_more(self, response: Any) -> bool:
        return bool(response.json()["data"])


class Parents(RESTStream):
    name = "parents"
    path = "/parents"
    url_base = ADDRESS
    primary_keys: ClassVar = ["id"]
    records_jsonpath = "$.data[*]"
    schema = th.PropertiesList(th.Property("id", th.IntegerType, required=True)).to_dict()

    def get_child_context(self, record: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"parent": record["id"]}


class Orders(RESTStream):
    name = "orders"
    path = {"numbers": "/pages", "cursor": "/cursor", "parents": "/parents/{parent}/orders"}[HOW]
    parent_stream_type = Parents if HOW == "parents" else None
    state_partitioning_keys: ClassVar = []
    url_base = ADDRESS
    primary_keys: ClassVar = ["id"]
    records_jsonpath = "$.data[*]"
    schema = th.PropertiesList(
        *(th.Property(name, th.StringType) for name in ("reference", "status", "created_at", "updated_at", "note")),
        th.Property("id", th.IntegerType, required=True),
        th.Property("weight", th.NumberType),
        *(th.Property(name, th.ObjectType(additional_properties=True)) for name in ("customer", "total", "shipping")),
        th.Property("lines", th.ArrayType(th.ObjectType(additional_properties=True))),
        th.Property("tags", th.ArrayType(th.StringType)),
    ).to_dict()

    def get_new_paginator(self) -> Any:
        return {
            "numbers": lambda: Pages(start_value=1),
            "cursor": lambda: JSONPathPaginator("$.meta.next_cursor"),
            "parents": SinglePagePaginator,
        }[HOW]()

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, Any]:
        return {"page" if HOW == "numbers" else "cursor": next_page_token} if next_page_token else {}


class BenchTap(Tap):
    name = "tap-bench"
    config_jsonschema: ClassVar = {"properties": {}}

    def discover_streams(self) -> list[Any]:
        return [Parents(self), Orders(self)] if HOW == "parents" else [Orders(self)]


def main() -> None:
    with Path("messages").open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        BenchTap(config={}).sync_all()


if __name__ == "__main__":
    main()
