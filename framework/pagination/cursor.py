"""A token in each page asks for the next one."""

import json
from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from framework import exact_json
from framework.model import FieldPath, JmesPath, Template, given
from framework.pagination.base import Paginator, send
from framework.request import Page, Request
from framework.template import names_in, render, render_path

BODY, HEADERS, LAST, TOKEN = "body", "headers", "last", "token"
"""What the templates of a cursor know besides the names of their stream."""

_SOURCES = ("next", "header", "last", "token")
_PLACES = ("param", "body", "path")
_ONE_OF_EACH: list[Any] = [{"oneOf": [given(key) for key in keys]} for keys in (_SOURCES, _PLACES)]


class CursorPagination(Paginator):
    """A token in each page asks for the next one. The last page holds none: null, false, "" or nothing at all. Say
    where the token comes from (`next`, `header`, `last` or `token`) and where it goes (`param`, `body` or `path`)."""

    model_config = ConfigDict(json_schema_extra={"allOf": _ONE_OF_EACH})

    type: Literal["cursor"]
    next_path: JmesPath | None = Field(default=None, alias="next")
    """Where the token stands in the body, such as meta.next_cursor."""
    header: str | None = None
    """The response header that holds the token."""
    last: JmesPath | None = None
    """Where the token stands in the page's last record, such as id. An empty page is the last one. For a JSON body it
    may be a list or an object, such as sort."""
    token: Template | None = None
    """A template that makes the token of `body`, `headers` and `last` (the last record), such as
    `{{ last.created }},{{ last.id }}`; null or "" ends."""
    param: str | None = None
    """The query parameter that sends it."""
    body: FieldPath | None = None
    """The field of the JSON body that sends it, such as variables.after."""
    path: Template | None = None
    """The path of the request that sends it, such as `/items/after/{{ token }}`."""
    first_only: list[FieldPath] = []
    """What only the first page's request holds: query parameters, or fields of the JSON body, such as start_time. For
    an API that takes a token alone."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        sources = (self.next_path, self.header, self.last, self.token)
        if sum(value is not None for value in sources) != 1:
            raise PydanticCustomError("one_of", "write `next`, `header`, `last` or `token`, one of the four")
        if sum(value is not None for value in (self.param, self.body, self.path)) != 1:
            raise PydanticCustomError("one_of", "write `param`, `body` or `path`, one of the three")
        return self

    def paths(self) -> Sequence[JmesPath]:
        """The token, or what it is made of."""
        own = [self.next_path] if self.next_path else list(_asked(self.token or ""))
        return [*super().paths(), *own]

    def following(self, request: Request, page: Page) -> Request | None:
        """The same request with the page's token. Raises ValueError where it is no value that can be sent there."""
        token = self._token(page)
        if token is None or token is False or token in ("", [], {}):
            return None
        if token is True or (isinstance(token, list | dict) and self.body is None):
            kind = {bool: "true", list: "a list", dict: "an object"}[type(token)]
            source = self.next_path or self.header or self.last or self.token
            remedy = "" if token is True else ", unless it is sent in a JSON body"
            raise ValueError(f"{source!r} holds {kind}, which is no token{remedy}")
        if self.path is not None:
            path = render_path(self.path, {**page.names, TOKEN: token})
            return request.without(self.first_only).with_path(path)
        return send(request.without(self.first_only), self.param, self.body, token)

    def _token(self, page: Page) -> Any:
        if self.next_path:
            return page.values.get(self.next_path)
        if self.header is not None:
            return page.headers.get(self.header.lower())
        last = exact_json.decode(bytes(page.records[-1])) if page.records else None
        if self.last:
            return self.last.search(last)
        names = names_in(self.token or "")
        if last is None and any(name[0] == LAST for name in names):
            return None
        made = {BODY: _body(self.token or "", page), HEADERS: _Headers(page.headers), LAST: last}
        return render(self.token or "", {**page.names, **made})


def names_of_cursor(key: str) -> dict[str, list[str] | None]:
    """The names that a template under this key knows, and the fields of each; None for any field."""
    if key == "token":
        return {BODY: None, HEADERS: None, LAST: None}
    return {TOKEN: []} if key == "path" else {}


class _Headers(dict[str, str]):
    """Headers by their names in any case; what is not there is null."""

    def __missing__(self, name: str) -> str | None:
        return self.get(name.lower())


def _asked(token: str) -> dict[JmesPath, tuple[str, ...]]:
    """The places of the body that a template asks for, as JMESPath → as names; shorter ones first."""
    if not token:
        return {}
    places = sorted({name[1:] for name in names_in(token) if name[0] == BODY}, key=len)
    return {JmesPath(".".join(map(json.dumps, place)) or "@"): place for place in places}


def _body(token: str, page: Page) -> Any:
    """As much of the body as a template asks for; what is not there is null."""
    made: Any = {}
    for path, place in _asked(token).items():
        value = page.values.get(path)
        if not place:
            return value
        inner = made
        for name in place[:-1]:
            inner = inner.setdefault(name, {}) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner.setdefault(place[-1], value)
    return made
