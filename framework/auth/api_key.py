"""A key in a header or a query parameter."""

from typing import Literal

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from framework.auth.base import Auth, AuthContext, Fixed
from framework.model import Strict, Template, given
from framework.template import render_text


class ApiKeyAuth(Strict):
    """A key in a header or a query parameter: write `header` or `param`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [given("header"), given("param")]})

    type: Literal["api_key"]
    value: Template
    """The key, usually `{{ secrets.api_key }}`."""
    header: str | None = None
    """The header that carries it, such as X-Api-Key."""
    param: str | None = None
    """The query parameter that carries it, such as api_key."""
    prefix: str = ""
    """Text before the key."""

    @model_validator(mode="after")
    def _one_place(self) -> "ApiKeyAuth":
        if (self.header is None) == (self.param is None):
            raise PydanticCustomError("one_of", "write `header` or `param`, one of the two")
        return self

    def open(self, context: AuthContext) -> Auth:
        """Render the key once."""
        key = self.prefix + render_text(self.value, context.values)
        if self.header:
            name = self.header
            return Fixed(lambda request: request.with_header(name, key))
        return Fixed(lambda request: request.with_param(self.param or "", key))
