"""Pages are counted: page=1, page=2, …"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from framework.model import JmesPath
from framework.pagination.base import Paginator
from framework.request import Page, Request


class PageNumberPagination(Paginator):
    """Pages are counted. An empty page is the end, or, where the API says how many records there are, having seen as
    many. A short page is not: an API that lowers its own cap would lose records silently."""

    type: Literal["page_number"]
    param: str
    """The query parameter that holds the number."""
    first_page: Annotated[int, Field(ge=0, alias="first")] = 1
    """The first page's number."""
    total_records: JmesPath | None = None
    """Where the body says how many records there are in all."""
    total_pages: JmesPath | None = None
    """Where the body says how many pages there are."""

    def paths(self) -> Sequence[JmesPath]:
        """The totals."""
        return [path for path in (self.total_records, self.total_pages) if path]

    def first(self, request: Request) -> Request:
        """The request with the first number."""
        return super().first(request).with_param(self.param, self.first_page)

    def next(self, request: Request, page: Page) -> Request | None:
        """The request with the next number."""
        number = int(dict(request.params)[self.param])
        pages = _whole(page.values.get(self.total_pages)) if self.total_pages else None
        if pages is not None:
            return None if number - self.first_page + 1 >= pages else request.with_param(self.param, number + 1)
        total = self.total(page)
        if page.record_count == 0 or (total is not None and page.seen >= total):
            return None
        return request.with_param(self.param, number + 1)

    def total(self, page: Page) -> int | None:
        """The API's own count."""
        return _whole(page.values.get(self.total_records)) if self.total_records else None


def _whole(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() else None
