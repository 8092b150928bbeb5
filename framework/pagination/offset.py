"""Records are counted: offset=0, offset=100, …"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from framework.model import FieldPath
from framework.pagination.base import PARAM_OR_BODY, PageSize, Paginator, one_place, send, sent
from framework.request import Page, Request


class OffsetPagination(Paginator):
    """A page begins after so many records. An empty page is the end, or, where the API says how many records there
    are, having come so far. A short page is not: an API that lowers its own cap would lose records silently. Where a
    total is known, pages are asked for side by side."""

    model_config = ConfigDict(json_schema_extra=PARAM_OR_BODY)

    type: Literal["offset"]
    param: str | None = None
    """The query parameter that holds the offset …"""
    body: FieldPath | None = None
    """… or the field of the JSON body."""
    page_size: PageSize
    """Ask for this many records per page."""
    start: Annotated[int, Field(ge=0)] = 0
    """The first page's offset."""
    advance: Literal["received", "page_size"] = "received"
    """By what the offset grows: the records that came, or the page size, for an API that leaves records out of its
    pages after it has counted them."""

    @model_validator(mode="after")
    def _place(self) -> Self:
        one_place(self.param, self.body)
        return self

    def first(self, request: Request) -> Request:
        """The request with the first offset."""
        return self._at(super().first(request), self.start)

    def following(self, request: Request, page: Page) -> Request | None:
        """The request with the next offset."""
        step = self._step(page)
        offset = sent(request, self.param, self.body) + step
        total = self.total(page)
        if total is None:
            return self._at(request, offset) if page.record_count or (self.told and step) else None
        if step == 0 or offset - self.start >= total:
            return None
        return self._at(request, offset)

    def ahead(self, request: Request, page: Page) -> Iterator[Request]:
        """The pages up to the API's own total, if all are as long as this one."""
        total, step = self.total(page), self._step(page)
        if total is None or step == 0:
            return
        for offset in range(sent(request, self.param, self.body) + step, self.start + total, step):
            yield self._at(request, offset)

    def _step(self, page: Page) -> int:
        return page.record_count if self.advance == "received" else self.page_size.value

    def _at(self, request: Request, offset: int) -> Request:
        return send(request, self.param, self.body, offset)
