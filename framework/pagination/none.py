"""One page holds it all."""

from typing import Literal, Self

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from framework.model import given
from framework.pagination.base import Paginator
from framework.request import Page, Request

_POINTLESS = ("more", "stop", "restart")


class NoPagination(Paginator):
    """One page holds it all. `more`, `stop` and `restart` say nothing here."""

    model_config = ConfigDict(json_schema_extra={"not": {"anyOf": [given(key) for key in _POINTLESS]}})

    type: Literal["none"]

    @model_validator(mode="after")
    def _one_page(self) -> Self:
        for key in _POINTLESS:
            if getattr(self, key) is not None:
                raise PydanticCustomError("one_of", "`{key}` is about further pages: there are none", {"key": key})
        return self

    def following(self, request: Request, page: Page) -> Request | None:
        """There is no other page."""
        return None
