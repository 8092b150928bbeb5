"""Each page holds the next one's URL."""

from collections.abc import Sequence
from typing import Literal
from urllib.parse import urljoin

from pydantic import Field

from framework.model import JmesPath
from framework.pagination.base import Paginator
from framework.request import Page, Request


class NextUrlPagination(Paginator):
    """Each page holds the next one's URL, whole or relative; null or "" ends."""

    type: Literal["next_url"]
    next_path: JmesPath = Field(alias="next")
    """Where the URL stands in the body, such as links.next."""
    keep_params: bool = False
    """Send the stream's own params again where the URL does not hold them."""

    def paths(self) -> Sequence[JmesPath]:
        """The URL."""
        return [*super().paths(), self.next_path]

    def following(self, request: Request, page: Page) -> Request | None:
        """The request for that URL."""
        url = page.values.get(self.next_path)
        if not url or not isinstance(url, str):
            return None
        return request.with_url(urljoin(request.url, url), drop_params=not self.keep_params)
