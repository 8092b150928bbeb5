"""One page holds it all."""

from typing import Literal

from framework.pagination.base import Paginator
from framework.request import Page, Request


class NoPagination(Paginator):
    """One page holds it all."""

    type: Literal["none"]

    def next(self, request: Request, page: Page) -> Request | None:
        """There is no other page."""
        return None
