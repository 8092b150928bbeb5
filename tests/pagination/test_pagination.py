"""Paginators: from a page to the request for the next one, as values."""

from typing import Any

import pytest
from msgspec import Raw
from pydantic import TypeAdapter

from framework.model import JmesPath
from framework.pagination import PaginationSpec
from framework.pagination.base import Paginator, Restart
from framework.request import Page, Request, Response

adapter: TypeAdapter[Paginator] = TypeAdapter(PaginationSpec)
FIRST = Request("GET", "https://api.example/v1/items", (("status", "any"),), base="https://api.example/v1")


def page(
    values: dict[str, Any] | None = None, headers: dict[str, str] | None = None, rows: int = 2, seen: int = 2
) -> Page:
    """A page with so many records."""
    response = Response(FIRST, 200, headers or {}, b"")
    found = {JmesPath(path): value for path, value in (values or {}).items()}
    return Page(response, [Raw(b'{"meta": {"id": 7}}')] * rows, seen, found)


def following(spec: dict[str, Any], given: Page, request: Request | None = None) -> str | None:
    """The next page's URL."""
    pages = adapter.validate_python(spec)
    found = pages.next(request or pages.first(FIRST), given)
    return found and found.full_url.removeprefix("https://api.example/v1/")


CURSOR = {"type": "cursor", "next": "meta.next", "param": "after"}
NEXT_URL = {"type": "next_url", "next": "next"}
NUMBER = {"type": "page_number", "param": "page"}
LINK = {"type": "link_header"}

LAST = {"type": "cursor", "last": "meta.id", "param": "after"}
TOKEN = {"type": "cursor", "token": "{{ body.meta.n }}-{{ headers['X-Shard'] }}-{{ last.meta.id }}", "param": "after"}
PATH = {"type": "cursor", "next": "next", "path": "/items/{{ token }}"}
OFFSET = {"type": "offset", "param": "offset", "page_size": {"param": "limit", "value": 5}}
AFTER_5, OFFSET_5 = "items?status=any&after=5", "items?status=any&limit=5&offset=5"

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
    (CURSOR | {"stop": "done"}, page({"meta.next": "x", "done": True}), None),
    (CURSOR | {"stop": "done"}, page({"meta.next": "x", "done": False}), "items?status=any&after=x"),
    (LAST, page(), "items?status=any&after=7"),
    (LAST, page(rows=0), None),
    (LAST | {"more": "more"}, page({"more": 0}), None),
    (TOKEN, page({'"meta"."n"': 3}, {"x-shard": "s"}), "items?status=any&after=3-s-7"),
    (TOKEN, page({'"meta"."n"': 3}, {"x-shard": "s"}, rows=0), None),
    ({"type": "cursor", "token": "{{ body.next }}", "param": "after"}, page({'"next"': None}), None),
    ({"type": "cursor", "token": "{{ headers['X-N'] }}", "param": "after"}, page(headers={"x-n": "5"}), AFTER_5),
    ({"type": "cursor", "token": "{{ headers['X-N'] }}", "param": "after"}, page(), None),
    (PATH, page({"next": "a/b c"}), "items/a/b%20c?status=any"),
    (PATH | {"path": "https://x.example/{{ token }}?p=1"}, page({"next": 5}), "https://x.example/5?status=any&p=1"),
    (NUMBER | {"more": "more"}, page({"more": True}, rows=0), "items?status=any&page=2"),
    (NUMBER | {"total_header": "X-Total"}, page(headers={"x-total": "2"}), None),
    (NUMBER | {"total_header": "X-Total"}, page(headers={"x-total": "many"}), "items?status=any&page=2"),
    (OFFSET, page(), "items?status=any&limit=5&offset=2"),
    (OFFSET, page(rows=0), None),
    (OFFSET | {"start": 1}, page(), "items?status=any&limit=5&offset=3"),
    (OFFSET | {"total_records": "total"}, page({"total": 2}), None),
    (OFFSET | {"total_records": "total"}, page({"total": 3}), "items?status=any&limit=5&offset=2"),
    (OFFSET | {"total_records": "total"}, page({"total": 3}, rows=0), None),
    (OFFSET | {"advance": "page_size"}, page(), "items?status=any&limit=5&offset=5"),
    (OFFSET | {"advance": "page_size", "total_records": "total"}, page({"total": 5}), None),
    (OFFSET | {"advance": "page_size", "total_records": "total"}, page({"total": 6}, rows=0), OFFSET_5),
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


POST = Request("POST", "https://api.example/v1/items", json={"q": 1, "page": {"sort": "id"}})
IN_BODY: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"type": "cursor", "next": "next", "body": "page.after"}, {}, {"after": "x"}),
    ({"type": "page_number", "body": "page.number"}, {"number": 1}, {"number": 2}),
    (
        {"type": "offset", "body": "page.from", "page_size": {"body": "page.size", "value": 9}},
        {"size": 9, "from": 0},
        {"size": 9, "from": 2},
    ),
]


@pytest.mark.parametrize(("spec", "first", "second"), IN_BODY, ids=[spec["type"] for spec, _, _ in IN_BODY])
def test_what_goes_into_the_body_keeps_what_stands_there(
    spec: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    pages = adapter.validate_python(spec)
    begun = pages.first(POST)
    assert begun.json == {"q": 1, "page": {"sort": "id"} | first}
    following = pages.next(begun, page({"next": "x"}))
    assert following is not None
    assert following.json == {"q": 1, "page": {"sort": "id"} | second}
    assert following.params == ()
    assert POST.json == {"q": 1, "page": {"sort": "id"}}


def test_a_body_that_is_no_mapping_can_not_take_a_field() -> None:
    pages = adapter.validate_python({"type": "cursor", "next": "next", "body": "a.b"})
    with pytest.raises(ValueError, match="no object where 'b'"):
        pages.next(Request("POST", "https://api.example", json={"a": "text"}), page({"next": "x"}))


AHEAD: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    (NUMBER, {}, []),
    (NUMBER | {"total_records": "n"}, {"n": 7}, ["page=2", "page=3", "page=4"]),
    (NUMBER | {"total_records": "n", "first": 0}, {"n": 5}, ["page=1", "page=2"]),
    (NUMBER | {"total_pages": "n"}, {"n": 3}, ["page=2", "page=3"]),
    (NUMBER | {"total_pages": "n"}, {"n": None}, []),
    (OFFSET | {"total_records": "n"}, {"n": 5}, ["offset=2", "offset=4"]),
    (OFFSET | {"total_records": "n", "advance": "page_size", "start": 1}, {"n": 11}, ["offset=6", "offset=11"]),
    (OFFSET, {}, []),
    (CURSOR | {"total_records": "n"}, {"n": 5, "meta.next": "x"}, []),
]


@pytest.mark.parametrize(("spec", "values", "wanted"), AHEAD)
def test_pages_ahead_are_those_up_to_the_total(spec: dict[str, Any], values: dict[str, Any], wanted: list[str]) -> None:
    pages = adapter.validate_python(spec)
    first = pages.first(FIRST)
    found = list(pages.ahead(first, page(values)))
    assert [request.full_url.rpartition("&")[2] for request in found] == wanted
    if found:
        assert found[0] == pages.next(first, page(values))


RESTARTS = [
    ({"after_records": 10}, (8, 4, 2), False),
    ({"after_records": 10}, (9, 4, 2), True),
    ({"after_records": 10}, (10, 5, 2), True),
    ({"after_pages": 5}, (999, 4, 2), False),
    ({"after_pages": 5}, (1, 5, 2), True),
]


@pytest.mark.parametrize(("spec", "read", "due"), RESTARTS)
def test_a_restart_is_due_before_the_api_refuses(spec: dict[str, int], read: tuple[int, int, int], due: bool) -> None:
    assert Restart(**spec).is_due(*read) is due
