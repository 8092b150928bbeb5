"""OAuth 2.0 tokens: fetched once for all threads, renewed before they expire and once after a 401 (RFC 6749)."""

import threading
from typing import Any, Literal
from urllib.parse import parse_qsl, quote_plus

import msgspec
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from framework import exact_json
from framework.auth.base import Auth, AuthContext
from framework.errors import ApiError
from framework.model import Strict, Template
from framework.request import Request
from framework.template import render_text


class OAuth2Auth(Strict):
    """A token from the API's token endpoint."""

    type: Literal["oauth2"]
    grant: Literal["client_credentials"]
    """How the token is asked for."""
    token_url: Template
    """The token endpoint."""
    client_id: Template
    """Usually `{{ secrets.client_id }}`."""
    client_secret: Template
    """Usually `{{ secrets.client_secret }}`."""
    scopes: list[str] = []
    """Sent joined by a space."""
    client_auth: Literal["basic", "post"] = "basic"
    """Where client_id and client_secret go: an Authorization header or the form."""
    params: dict[str, Template] = {}
    """More fields of the token request, such as audience."""
    header: str = "Authorization"
    """The header that carries the token."""
    prefix: str = "Bearer"
    """The word before the token."""

    def open(self, context: AuthContext) -> Auth:
        """No request yet: the first token is fetched by the first request."""
        return _Tokens(self, context)


class _Tokens:
    def __init__(self, spec: OAuth2Auth, context: AuthContext) -> None:
        self._spec = spec
        self._context = context
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = float("inf")

    def apply(self, request: Request) -> Request:
        with self._lock:
            if self._token is None or self._context.now() >= self._renew_at:
                self._fetch()
            return request.with_header(self._spec.header, self._value())

    def renew(self, refused: Request) -> bool:
        with self._lock:
            if (self._spec.header, self._value()) in refused.headers:
                self._fetch()  # nobody else has renewed it since that request was sent
        return True

    def _value(self) -> str:
        return f"{self._spec.prefix} {self._token}".strip()

    def _fetch(self) -> None:
        asked_at = self._context.now()
        request = self._request()
        answer = self._context.send(request)
        token = _token_of(answer.body)
        if answer.status >= 300 or not isinstance(token.get("access_token"), str) or not token["access_token"]:
            raise ApiError(
                f"no token from {request}: status {answer.status}, error {token.get('error', 'unknown')!r}. "
                "Check the client's id, secret and scopes."
            )
        self._context.hide(token["access_token"])
        self._token = token["access_token"]
        life = _seconds(token.get("expires_in"))
        self._renew_at = asked_at + life - min(30.0, life * 0.2) if life else float("inf")

    def _request(self) -> Request:
        values = self._context.values
        fields = {name: render_text(text, values) for name, text in self._spec.params.items()}
        body = prepare_token_request(self._spec.grant, scope=" ".join(self._spec.scopes) or None, **fields)
        client_id, secret = render_text(self._spec.client_id, values), render_text(self._spec.client_secret, values)
        if self._spec.client_auth == "basic":  # RFC 6749 2.3.1: both are form-encoded before they are joined
            client_id, secret = quote_plus(client_id), quote_plus(secret)
        way = ClientAuth(client_id, secret, f"client_secret_{self._spec.client_auth}")
        url, headers, body = way.prepare("POST", render_text(self._spec.token_url, values), {}, body)
        headers = {k: v for k, v in headers.items() if k.lower() not in ("content-length", "content-type")}
        if "Authorization" in headers:
            self._context.hide(headers["Authorization"].removeprefix("Basic "))
        asked = {"Accept": "application/json", **headers}
        return Request("POST", url, headers=tuple(asked.items()), form=tuple(parse_qsl(body)))


def _token_of(body: bytes) -> dict[str, Any]:
    try:
        token = exact_json.decode(body)
    except msgspec.DecodeError:
        return {"error": "the answer is no JSON"}
    return token if isinstance(token, dict) else {"error": "the answer is no JSON object"}


def _seconds(value: Any) -> float:
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return 0.0
