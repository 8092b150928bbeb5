"""A token in each page asks for the next one."""

from collections.abc import Sequence
from typing import Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from framework.model import JmesPath, given
from framework.pagination.base import Paginator
from framework.request import Page, Request


class CursorPagination(Paginator):
    """A token in each page asks for the next one. The last page holds none: null, "" or nothing at all. Write `next` or
    `header`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [given("next"), given("header")]})

    type: Literal["cursor"]
    next_path: JmesPath | None = Field(default=None, alias="next")
    """Where the token stands in the body, such as meta.next_cursor."""
    header: str | None = None
    """The response header that holds the token instead."""
    param: str
    """The query parameter that sends it."""
    more: JmesPath | None = None
    """Where the body says whether there is another page; false, null, 0 or "" ends."""

    @model_validator(mode="after")
    def _one_source(self) -> "CursorPagination":
        if (self.next_path is None) == (self.header is None):
            raise PydanticCustomError("one_of", "write `next` or `header`, one of the two")
        return self

    def paths(self) -> Sequence[JmesPath]:
        """The token, and whether there is more."""
        return [path for path in (self.next_path, self.more) if path]

    def next(self, request: Request, page: Page) -> Request | None:
        """The same request with the page's token. Raises ValueError where it is no plain value."""
        token = page.values.get(self.next_path) if self.next_path else page.headers.get(str(self.header).lower())
        if token is None or token is False or token == "" or (self.more and not page.values.get(self.more)):
            return None
        if isinstance(token, bool | list | dict):
            kind = {bool: "true", list: "a list", dict: "an object"}[type(token)]
            raise ValueError(f"{self.next_path!r} holds {kind}, which is no token")
        return request.with_param(self.param, getattr(token, "text", token))
