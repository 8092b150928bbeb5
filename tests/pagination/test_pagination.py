"""Paginators: from a page to the request for the next one, as values."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from framework.model import JmesPath
from framework.pagination import PaginationSpec
from framework.pagination.base import Paginator
from framework.request import Page, Request, Response

adapter: TypeAdapter[Paginator] = TypeAdapter(PaginationSpec)
FIRST = Request("GET", "https://api.example/v1/items", (("status", "any"),))


def page(
    values: dict[str, Any] | None = None, headers: dict[str, str] | None = None, rows: int = 2, seen: int = 2
) -> Page:
    """A page with so many records."""
    response = Response(FIRST, 200, headers or {}, b"")
    found = {JmesPath(path): value for path, value in (values or {}).items()}
    return Page(response, [b"{}"] * rows, seen, found)  # type: ignore[list-item]


def following(spec: dict[str, Any], given: Page, request: Request | None = None) -> str | None:
    """The next page's URL."""
    pages = adapter.validate_python(spec)
    found = pages.next(request or pages.first(FIRST), given)
    return found and found.full_url.removeprefix("https://api.example/v1/")


CURSOR = {"type": "cursor", "next": "meta.next", "param": "after"}
NEXT_URL = {"type": "next_url", "next": "next"}
NUMBER = {"type": "page_number", "param": "page"}
LINK = {"type": "link_header"}

CASES: list[tuple[dict[str, Any], Page, str | None]] = [
    (CURSOR, page({"meta.next": "x=="}), "items?status=any&after=x%3D%3D"),
    (CURSOR, page({"meta.next": 0}), "items?status=any&after=0"),
    (CURSOR, page({"meta.next": None}), None),
    (CURSOR, page({"meta.next": ""}), None),
    (CURSOR, page({"meta.next": False}), None),
    (CURSOR, page({}), None),
    (CURSOR, page({"meta.next": "x"}, rows=0), "items?status=any&after=x"),
    (CURSOR | {"more": "more"}, page({"meta.next": "x", "more": False}), None),
    (CURSOR | {"more": "more"}, page({"meta.next": "x", "more": True}), "items?status=any&after=x"),
    ({"type": "cursor", "header": "X-Next", "param": "p"}, page(headers={"x-next": "y"}), "items?status=any&p=y"),
    ({"type": "cursor", "header": "X-Next", "param": "p"}, page(), None),
    (NEXT_URL, page({"next": "https://api.example/v1/items?page=2"}), "items?page=2"),
    (NEXT_URL, page({"next": "?page=2"}), "items?page=2"),
    (NEXT_URL, page({"next": "/v1/other?page=2"}), "other?page=2"),
    (NEXT_URL | {"keep_params": True}, page({"next": "?page=2"}), "items?status=any&page=2"),
    (NEXT_URL, page({"next": None}), None),
    (NEXT_URL, page({"next": ""}), None),
    (NUMBER, page(), "items?status=any&page=2"),
    (NUMBER, page(rows=0), None),
    (NUMBER | {"first": 0}, page(), "items?status=any&page=1"),
    (NUMBER | {"total_records": "total"}, page({"total": 2}), None),
    (NUMBER | {"total_records": "total"}, page({"total": 3}), "items?status=any&page=2"),
    (NUMBER | {"total_records": "total"}, page({"total": "2"}), None),
    (NUMBER | {"total_pages": "pages"}, page({"pages": 1}), None),
    (NUMBER | {"total_pages": "pages"}, page({"pages": 2}, rows=0), "items?status=any&page=2"),
    (LINK, page(headers={"link": '<https://api.example/v1/items?page=2>; rel="next"'}), "items?page=2"),
    (LINK, page(headers={"link": '</v1/items?page=2>; rel=next, <x>; rel="last"'}), "items?page=2"),
    (LINK, page(headers={"link": '<a>; rel="prev", <items?a=1,2>; title="x, y"; rel="last next"'}), "items?a=1,2"),
    (LINK, page(headers={"link": '<a>; rel="prev"'}), None),
    (LINK, page(), None),
    ({"type": "none"}, page(), None),
]


@pytest.mark.parametrize(("spec", "given", "wanted"), CASES)
def test_next(spec: dict[str, Any], given: Page, wanted: str | None) -> None:
    assert following(spec, given) == wanted


def test_a_page_size_is_asked_for_from_the_first_page_on() -> None:
    pages = adapter.validate_python(NUMBER | {"page_size": {"param": "limit", "value": 100}})
    first = pages.first(FIRST)
    assert first.full_url.endswith("items?status=any&limit=100&page=1")
    second = pages.next(first, page())
    assert second is not None
    assert second.full_url.endswith("items?status=any&limit=100&page=2")


def test_a_total_is_the_apis_own_count() -> None:
    pages = adapter.validate_python(NUMBER | {"total_records": "total"})
    assert pages.total(page({"total": 12})) == 12
    assert pages.total(page({"total": None})) is None
