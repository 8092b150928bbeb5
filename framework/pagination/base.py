"""The contract of the pagination family: from a page to the request for the next one.

A paginator is a pure function of values: the request is its state. A new kind is one file: an options class with
`type: Literal["…"]` and the methods below, added to the union in `__init__.py`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Self

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from framework.model import Count, FieldPath, JmesPath, Strict, given
from framework.request import Page, Request

PARAM_OR_BODY: dict[str, Any] = {"oneOf": [given("param"), given("body")]}
"""The JSON Schema of what is sent either in the query or in the JSON body."""


class PageSize(Strict):
    """How many records a page is asked to hold."""

    model_config = ConfigDict(json_schema_extra=PARAM_OR_BODY)

    param: str | None = None
    """The query parameter that says so …"""
    body: FieldPath | None = None
    """… or the field of the JSON body, such as page.size."""
    value: Count
    """Records per page."""

    @model_validator(mode="after")
    def _place(self) -> Self:
        one_place(self.param, self.body)
        return self


class Restart(Strict):
    """For an API that hands out so much of a list and no more: read on from where it stopped, with a new first page
    whose window starts at the last record's cursor. Needs records in ascending order of the cursor. What both readings
    hold is told apart by the key."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [given("after_records"), given("after_pages")]})

    after_records: Count | None = None
    """The API refuses to go beyond this many records …"""
    after_pages: Count | None = None
    """… or this many pages."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.after_records is None) == (self.after_pages is None):
            raise PydanticCustomError("one_of", "write `after_records` or `after_pages`, one of the two")
        return self

    def is_due(self, records: int, pages: int, per_page: int) -> bool:
        """Whether one more page would go beyond what the API hands out."""
        return pages >= self.after_pages if self.after_pages else records + per_page > (self.after_records or 0)


class Paginator(Strict):
    """What every kind has."""

    page_size: PageSize | None = None
    """Ask for this many records per page."""
    total_records: JmesPath | None = None
    """Where the body says how many records there are in all: fewer are an error, see `guards.total`."""
    total_header: str | None = None
    """The response header that says so instead."""
    more: JmesPath | None = None
    """Where the body says whether there is another page; false, null, 0 or "" ends."""
    stop: JmesPath | None = None
    """A condition on the body that ends the list, such as `page.number == page.last`."""
    restart: Restart | None = None
    """Begin again where the API hands out no more."""

    def paths(self) -> Sequence[JmesPath]:
        """What it wants to know of each page's body; found in `page.values`."""
        return [path for path in (self.total_records, self.more, self.stop) if path]

    def first(self, request: Request) -> Request:
        """The request for the first page."""
        size = self.page_size
        return send(request, size.param, size.body, size.value) if size else request

    def next(self, request: Request, page: Page) -> Request | None:
        """The request for the page after this one, None after the last. Raises ValueError where what the page says of
        it is neither."""
        if self.stop and page.values.get(self.stop):
            return None
        if self.more and not page.values.get(self.more):
            return None
        return self.following(request, page)

    def following(self, request: Request, page: Page) -> Request | None:
        """What `next` gives where neither `more` nor `stop` ends the list."""
        raise NotImplementedError

    def ahead(self, request: Request, page: Page) -> Iterator[Request]:
        """The requests that are likely to come after `request`, as far as the page before it tells. They are sent side
        by side; what counts is still what `next` says when it is their turn."""
        return iter(())

    def total(self, page: Page) -> int | None:
        """How many records the API says there are in all, where it says so."""
        by_header = whole(page.headers.get(self.total_header.lower())) if self.total_header else None
        return whole(page.values.get(self.total_records)) if self.total_records else by_header

    @property
    def told(self) -> bool:
        """Whether the API says where the list ends, so that an empty page does not."""
        return bool(self.more or self.stop)


def one_place(param: str | None, body: str | None) -> None:
    """Refuses both and none."""
    if (param is None) == (body is None):
        raise PydanticCustomError("one_of", "write `param` or `body`, one of the two")


def send(request: Request, param: str | None, body: str | None, value: Any) -> Request:
    """The request with a value in its query or in its JSON body. Numbers keep the text they came with."""
    if body:
        return request.with_field(body, value)
    return request.with_param(str(param), getattr(value, "text", value))


def sent(request: Request, param: str | None, body: str | None) -> int:
    """The whole number that stands there. Raises ValueError where none does."""
    value = request.field(body) if body else request.param(str(param))
    number = whole(value)
    if number is None:
        raise ValueError(f"{body or param!r} holds {value!r}, which is no whole number")
    return number


def whole(value: object) -> int | None:
    """A whole number, written as one or as text; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() else None
