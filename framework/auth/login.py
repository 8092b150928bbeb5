"""A session token: asked of the API's own login endpoint, sent with every request, renewed when it ends."""

from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from framework.auth.base import Auth, AuthContext, Granted
from framework.auth.held import Held, Reading
from framework.errors import ApiError
from framework.model import InstantForm, JmesPath, Span, Strict, Template, given
from framework.request import Request
from framework.template import render, render_text

_PLACES = ("header", "param", "cookie")


class LoginAuth(Strict):
    """A session token from a login endpoint: write where it goes, one of `header`, `param` and `cookie`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [given(place) for place in _PLACES],
            "not": {"allOf": [given("json"), given("form")]},
        }
    )

    type: Literal["login"]
    path: Template
    """The login endpoint: below base_url, or a whole URL."""
    method: Literal["POST", "GET", "PUT"] = "POST"
    """Its HTTP method."""
    params: dict[str, Template] = {}
    """Query parameters of the login."""
    headers: dict[str, Template] = {}
    """Headers of the login."""
    json_body: Any = Field(default=None, alias="json")
    """A JSON body; templates inside its texts are rendered."""
    form: dict[str, Template] | None = None
    """A form instead."""
    token: JmesPath
    """Where the token stands in the answer, such as data.session.id; `@` where the body is a JSON text."""
    header: str | None = None
    """The header that carries the token."""
    param: str | None = None
    """The query parameter that carries it."""
    cookie: str | None = None
    """The cookie that carries it."""
    prefix: str = ""
    """Text before the token, such as "Bearer " (with its space)."""
    expires_in: JmesPath | None = None
    """Where the answer says how many seconds the token lives."""
    expires_at: JmesPath | None = None
    """Where the answer says at which instant it ends."""
    expires_format: InstantForm = "iso8601"
    """How that instant is written: iso8601, date, epoch, epoch_ms, epoch_us or a pattern such as %Y-%m-%d."""
    lifetime: Span | None = None
    """How long it lives, where the answer does not say. Without any of these it lives until it is refused."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(getattr(self, place) is not None for place in _PLACES) != 1:
            raise PydanticCustomError("one_of", "write `header`, `param` or `cookie`, one of the three")
        if self.json_body is not None and self.form is not None:
            raise PydanticCustomError("one_of", "write `json` or `form`, one of the two")
        return self

    def open(self, context: AuthContext) -> Auth:
        """No request yet: the first request logs in."""
        session = _Session(self, context)
        return Held(session.newer, session.put, context)


class _Session:
    def __init__(self, spec: LoginAuth, context: AuthContext) -> None:
        self._spec, self._context = spec, context
        self._reading = Reading(spec.token, spec.expires_in, spec.expires_at, spec.expires_format, spec.lifetime)

    def put(self, request: Request, token: str) -> Request:
        spec, value = self._spec, self._spec.prefix + token
        if spec.header:
            return request.with_header(spec.header, value)
        return request.with_param(spec.param, value) if spec.param else with_cookie(request, spec.cookie or "", value)

    def newer(self, held: Granted | None) -> Granted:
        asked = self._context.clock().timestamp()
        request = self._request()
        answer = self._context.send(request)
        granted = self._reading.granted(answer.status, answer.body, asked)
        if isinstance(granted, str):
            raise ApiError(
                f"the login {request.method} {request.url} gave no token: {granted}. Check `http.auth` and its secrets."
            )
        return granted

    def _request(self) -> Request:
        spec, values = self._spec, self._context.values
        place = render_text(spec.path, values)
        whole = place.startswith(("https://", "http://"))
        request = Request(spec.method, "").with_url(
            place if whole else f"{self._context.base_url}/{place.removeprefix('/')}"
        )
        for name, text in spec.params.items():
            request = request.with_param(name, render_text(text, values))
        for name, text in {"Accept": Template("application/json"), **spec.headers}.items():
            request = request.with_header(name, render_text(text, values))
        if spec.form is not None:
            form = tuple((name, render_text(text, values)) for name, text in spec.form.items())
            return Request(request.method, request.url, request.params, request.headers, form=form)
        body = _rendered(spec.json_body, values)
        return Request(request.method, request.url, request.params, request.headers, json=body)


def _rendered(value: Any, values: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rendered(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rendered(inner, values) for inner in value]
    return render(value, values) if isinstance(value, str) else value


def with_cookie(request: Request, name: str, value: str) -> Request:
    """The request with this cookie, beside those that it has."""
    held = next((text for header, text in request.headers if header.lower() == "cookie"), "")
    pairs = [pair.strip() for pair in held.split(";") if pair.strip() and pair.split("=")[0].strip() != name]
    return request.with_header("Cookie", "; ".join([*pairs, f"{name}={value}"]))
