"""A request as a value, and the page that answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec

from framework import exact_json
from framework.model import QUERY_SAFE

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """What is sent. `params` is the whole query string, in order; `json` and `form` exclude each other."""

    method: str
    url: str
    params: Params = ()
    headers: Params = ()
    json: Any = None
    form: Params | None = None
    base: str = ""
    """What the paths of this API are appended to."""

    def with_param(self, name: str, value: object) -> "Request":
        """The same request with this query parameter set, in its place if it was there already."""
        return replace(self, params=_set(self.params, name, str(value)))

    def with_params(self, pairs: Params) -> "Request":
        """The same request with these query parameters set, each in the place of those of its name; a name may come
        more than once."""
        params = list(self.params)
        for name in dict.fromkeys(name for name, _ in pairs):
            given = [pair for pair in pairs if pair[0] == name]
            there = [place for place, (key, _) in enumerate(params) if key == name]
            others = [pair for pair in params if pair[0] != name]
            place = there[0] if there else len(params)
            params = [*others[:place], *given, *others[place:]]
        return replace(self, params=tuple(params))

    def with_header(self, name: str, value: str) -> "Request":
        """The same request with this header set."""
        rest = tuple((k, v) for k, v in self.headers if k.lower() != name.lower())
        return replace(self, headers=(*rest, (name, value)))

    def with_url(self, url: str, drop_params: bool = True) -> "Request":
        """The request for another URL. A query inside it wins over parameters of the same name; `drop_params` leaves
        out all that stood in `params` before."""
        parts = urlsplit(url)
        params = tuple(parse_qsl(parts.query, keep_blank_values=True))
        if not drop_params:
            held = {name for name, _ in params}
            params = tuple(pair for pair in self.params if pair[0] not in held) + params
        return replace(self, url=urlunsplit(parts._replace(query="", fragment="")), params=params)

    def with_path(self, path: str) -> "Request":
        """The request for another path below the base URL, or a whole URL, with the same parameters."""
        url = path if path.startswith(("https://", "http://")) else f"{self.base}/{path.removeprefix('/')}"
        return self.with_url(url, drop_params=False)

    def with_field(self, path: str, value: Any) -> "Request":
        """The same request with this field of the JSON body set; `path` is dotted. Raises ValueError where something on
        the way is no object."""
        return replace(self, json=_with_field(self.json, path.split("."), value))

    def without(self, names: Sequence[str]) -> "Request":
        """The same request without these query parameters and these fields, dotted, of the JSON body."""
        made = replace(self, params=tuple(pair for pair in self.params if pair[0] not in names)) if names else self
        for name in names:
            made = replace(made, json=_without_field(made.json, name.split(".")))
        return made

    def field(self, path: str) -> Any:
        """The value of a field of the JSON body, None where there is none."""
        value = self.json
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def param(self, name: str) -> str | None:
        """The value of a query parameter, None where there is none."""
        return next((value for key, value in self.params if key == name), None)

    @property
    def full_url(self) -> str:
        """The URL with its query string."""
        query = urlencode(self.params, quote_via=quote, safe=QUERY_SAFE)
        return f"{self.url}?{query}" if query else self.url

    @property
    def content(self) -> bytes | None:
        """The body as it is sent, None where there is none."""
        if self.form is not None:
            return urlencode(self.form).encode()
        return None if self.json is None else exact_json.encode(self.json)

    @property
    def origin(self) -> str:
        """scheme://host:port"""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    def __str__(self) -> str:
        return f"{self.method} {self.full_url}"


def _with_field(body: Any, path: list[str], value: Any) -> dict[str, Any]:
    if body is not None and not isinstance(body, dict):
        raise ValueError(f"the JSON body holds no object where {path[0]!r} is to be set")
    name, *rest = path
    inside = body or {}
    return {**inside, name: _with_field(inside.get(name), rest, value) if rest else value}


def _without_field(body: Any, path: list[str]) -> Any:
    name, *rest = path
    if not isinstance(body, dict) or name not in body:
        return body
    if rest:
        return {**body, name: _without_field(body[name], rest)}
    return {key: value for key, value in body.items() if key != name}


def _set(pairs: Params, name: str, value: str) -> Params:
    if any(k == name for k, _ in pairs):
        first = next(i for i, (k, _) in enumerate(pairs) if k == name)
        return tuple((name, value) if i == first else p for i, p in enumerate(pairs) if i == first or p[0] != name)
    return (*pairs, (name, value))


@dataclass(frozen=True)
class Response:
    """What came back, whole: the body is complete and its content coding undone. Header names are lower case."""

    request: Request
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Page:
    """A response with its records cut out."""

    response: Response
    records: list[msgspec.Raw]
    """Each record as the bytes that the API sent."""
    seen: int
    """How many records the API has sent for this slice, this page included."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the spec asked of the body, by its JMESPath."""
    names: Mapping[str, Any] = field(default_factory=dict)
    """What the templates of this slice may use."""
    one_line: bool = True
    """No record holds a line break."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The response's headers, names in lower case."""
        return self.response.headers

    @property
    def record_count(self) -> int:
        """How many records the API sent on this page."""
        return len(self.records)
