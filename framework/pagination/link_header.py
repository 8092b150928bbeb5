"""The next page's URL stands in the Link header, as RFC 8288 has it."""

import re
from typing import Literal
from urllib.parse import urljoin

from framework.pagination.base import Paginator
from framework.request import Page, Request

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:\"[^\"]*\"|[^\s\",;]+))*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.IGNORECASE)


class LinkHeaderPagination(Paginator):
    """The next page's URL stands in the Link header: `<https://…?page=2>; rel="next"`."""

    type: Literal["link_header"]
    rel: str = "next"
    """The relation that names the next page."""

    def following(self, request: Request, page: Page) -> Request | None:
        """The request for the link of that relation."""
        for url, params in _LINK.findall(page.headers.get("link", "")):
            found = _REL.search(params)
            if found and self.rel in (found[1] or found[2]).lower().split():
                return request.with_url(urljoin(request.url, url))
        return None
