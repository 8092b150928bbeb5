"""Pages are counted: page=1, page=2, …"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from framework.model import FieldPath, JmesPath
from framework.pagination.base import PARAM_OR_BODY, Paginator, one_place, send, sent, whole
from framework.request import Page, Request


class PageNumberPagination(Paginator):
    """Pages are counted. An empty page is the end, or, where the API says how many records there are, having seen as
    many. A short page is not: an API that lowers its own cap would lose records silently. Where a total is known, pages
    are asked for side by side."""

    model_config = ConfigDict(json_schema_extra=PARAM_OR_BODY)

    type: Literal["page_number"]
    param: str | None = None
    """The query parameter that holds the number …"""
    body: FieldPath | None = None
    """… or the field of the JSON body."""
    first_page: Annotated[int, Field(ge=0, alias="first")] = 1
    """The first page's number."""
    total_pages: JmesPath | None = None
    """Where the body says how many pages there are."""

    @model_validator(mode="after")
    def _place(self) -> Self:
        one_place(self.param, self.body)
        return self

    def paths(self) -> Sequence[JmesPath]:
        """The totals."""
        return [*super().paths(), *([self.total_pages] if self.total_pages else [])]

    def first(self, request: Request) -> Request:
        """The request with the first number."""
        return self._at(super().first(request), self.first_page)

    def following(self, request: Request, page: Page) -> Request | None:
        """The request with the next number."""
        number = sent(request, self.param, self.body)
        pages, total = self._pages(page), self.total(page)
        if pages is not None:
            return self._at(request, number + 1) if number - self.first_page + 1 < pages else None
        if (page.record_count == 0 and not self.told) or (total is not None and page.seen >= total):
            return None
        return self._at(request, number + 1)

    def ahead(self, request: Request, page: Page) -> Iterator[Request]:
        """The pages up to the last one by the API's own total."""
        pages, total = self._pages(page), self.total(page)
        if pages is None and total is not None and page.record_count:
            pages = -(-total // page.record_count)
        number = sent(request, self.param, self.body)
        yield from (self._at(request, later) for later in range(number + 1, self.first_page + (pages or 0)))

    def _pages(self, page: Page) -> int | None:
        return whole(page.values.get(self.total_pages)) if self.total_pages else None

    def _at(self, request: Request, number: int) -> Request:
        return send(request, self.param, self.body, number)
