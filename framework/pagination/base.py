"""The contract of the pagination family: from a page to the request for the next one.

A paginator is a pure function of values: the request is its state. A new kind is one file: an options class with
`type: Literal["…"]` and the methods below, added to the union in `__init__.py`.
"""

from collections.abc import Sequence

from framework.model import Count, JmesPath, Strict
from framework.request import Page, Request


class PageSize(Strict):
    """How many records a page is asked to hold."""

    param: str
    """The query parameter that says so."""
    value: Count
    """Records per page."""


class Paginator(Strict):
    """What every kind has."""

    page_size: PageSize | None = None
    """Ask for this many records per page."""

    def paths(self) -> Sequence[JmesPath]:
        """What it wants to know of each page's body; found in `page.values`."""
        return []

    def first(self, request: Request) -> Request:
        """The request for the first page."""
        return request.with_param(self.page_size.param, self.page_size.value) if self.page_size else request

    def next(self, request: Request, page: Page) -> Request | None:
        """The request for the page after this one, None after the last. Raises ValueError where what the page says of
        it is neither."""
        raise NotImplementedError

    def total(self, page: Page) -> int | None:
        """How many records the API says there are in all, where it says so."""
        return None
