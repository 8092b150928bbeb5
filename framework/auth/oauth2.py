"""OAuth 2.0 tokens (RFC 6749; assertions: RFC 7523), asked for as each API wants to be asked."""

from typing import Any, Literal, Self
from urllib.parse import parse_qsl, quote_plus

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from framework.auth.base import Auth, AuthContext, Granted
from framework.auth.held import Held, Reading, leeway
from framework.auth.jwt import Jwt, signed
from framework.errors import ApiError
from framework.model import InstantForm, JmesPath, Span, Strict, Template, given, holds
from framework.request import Params, Request
from framework.template import render_text

_NEEDS = {"refresh_token": ["refresh_token"], "password": ["user", "password"]}
"""What a grant needs and no other takes."""
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _rules() -> Any:
    """The same rules for an editor."""
    by_jwt = [holds("client_auth", "jwt"), holds("grant", "jwt_bearer")]
    rules: list[dict[str, Any]] = [
        {"if": holds("grant", "jwt_bearer"), "else": given("client_id")},
        {"if": {"anyOf": [holds("client_auth", "none"), *by_jwt]}, "else": given("client_secret")},
        {"if": {"anyOf": by_jwt}, "then": given("jwt"), "else": {"not": given("jwt")}},
        {"not": {"allOf": by_jwt}},
    ]
    for grant, keys in _NEEDS.items():
        none = {"not": {"anyOf": [given(key) for key in keys]}}
        rules.append({"if": holds("grant", grant), "then": {"allOf": [given(key) for key in keys]}, "else": none})
    return rules


class OAuth2Auth(Strict):
    """A token from the API's token endpoint. What the grant and the client's authentication send can be sent
    elsewhere, under other names and with more beside it."""

    model_config = ConfigDict(json_schema_extra={"allOf": _rules()})

    type: Literal["oauth2"]
    grant: Literal["client_credentials", "refresh_token", "password", "jwt_bearer"]
    """What the token is asked for with: the client's own id and secret; a refresh token that someone got by consent;
    a user's password; a signed JWT."""
    token_url: Template
    """The token endpoint."""
    client_id: Template | None = None
    """Usually `{{ secrets.client_id }}`; only jwt_bearer may do without."""
    client_secret: Template | None = None
    """Usually `{{ secrets.client_secret }}`; jwt_bearer and `client_auth: none` or `jwt` may do without."""
    client_auth: Literal["basic", "post", "jwt", "none"] = "basic"
    """Where client_id and client_secret go: an Authorization header, or fields of the request; jwt: a JWT signed by the
    client's own key in the secret's place (private_key_jwt); none: client_id alone, as a field."""
    refresh_token: Template | None = None
    """For that grant, usually `{{ secrets.refresh_token }}`. Where each use gives a new one, that is kept encrypted in
    the stage before its access token is used, and all runs and machines go on from there. Another value here begins
    anew."""
    user: Template | None = None
    """For the grant password."""
    password: Template | None = None
    """For the grant password."""
    jwt: Jwt | None = None
    """For the grant jwt_bearer and for `client_auth: jwt`, whose iss and sub are the client_id and whose aud is the
    token_url unless `claims` say otherwise."""
    scopes: list[str] = []
    """Sent joined by a space."""
    method: Literal["POST", "GET", "PUT"] = "POST"
    """The token request's HTTP method."""
    send: Literal["form", "json", "query"] = "form"
    """Where its fields go: a form, a JSON body, or the URL's query."""
    headers: dict[str, Template] = {}
    """More headers of the token request."""
    params: dict[str, Template] = {}
    """More of its fields, such as audience."""
    fields: dict[str, str | None] = {}
    """Other names for its fields, such as {client_id: key}; null leaves one out."""
    token_path: JmesPath = JmesPath("access_token")
    """Where the token stands in the answer."""
    refresh_token_path: JmesPath = JmesPath("refresh_token")
    """Where the next refresh token stands in the answer, if there is one."""
    expires_in: JmesPath = JmesPath("expires_in")
    """Where the answer says how many seconds the token lives. One that says nothing lives until it is refused."""
    expires_at: JmesPath | None = None
    """Where the answer says at which instant it ends instead."""
    expires_format: InstantForm = "iso8601"
    """How that instant is written: iso8601, date, epoch, epoch_ms, epoch_us or a pattern such as %Y-%m-%d."""
    lifetime: Span | None = None
    """How long it lives, whatever the answer says."""
    header: str = "Authorization"
    """The header that carries the token."""
    prefix: str = "Bearer"
    """The word before the token."""

    @model_validator(mode="after")
    def _fits_the_grant(self) -> Self:
        for grant, keys in _NEEDS.items():
            for key in keys:
                if (getattr(self, key) is not None) != (grant == self.grant):
                    told = "needs" if grant == self.grant else "is the only one that takes"
                    reason = f"`grant: {grant}` {told} the key `{key}`"
                    raise PydanticCustomError("one_of", "{reason}", {"reason": reason})
        by_jwt = self.client_auth == "jwt"
        if by_jwt and self.grant == "jwt_bearer":
            raise PydanticCustomError("one_of", "`client_auth: jwt` goes with another grant than jwt_bearer")
        if (self.jwt is not None) != (by_jwt or self.grant == "jwt_bearer"):
            raise PydanticCustomError("one_of", "`jwt` goes with `grant: jwt_bearer` or `client_auth: jwt`")
        if self.grant != "jwt_bearer" and self.client_id is None:
            raise PydanticCustomError("one_of", "write `client_id`: only `grant: jwt_bearer` does without")
        secretless = by_jwt or self.client_auth == "none" or self.grant == "jwt_bearer"
        if not secretless and self.client_secret is None:
            raise PydanticCustomError("one_of", "write `client_secret`, or `client_auth: none` or `jwt`")
        return self

    def open(self, context: AuthContext) -> Auth:
        """No request yet: the first token is fetched by the first request."""
        endpoint = _Endpoint(self, context)
        return Held(endpoint.newer, endpoint.put, context)


class _Endpoint:
    def __init__(self, spec: OAuth2Auth, context: AuthContext) -> None:
        self._spec, self._context = spec, context
        self._reading = Reading(
            token=spec.token_path,
            expires_in=spec.expires_in,
            expires_at=spec.expires_at,
            expires_format=spec.expires_format,
            lifetime=spec.lifetime,
            refresh=spec.refresh_token_path,
        )

    def put(self, request: Request, token: str) -> Request:
        return request.with_header(self._spec.header, f"{self._spec.prefix} {token}".strip())

    def newer(self, held: Granted | None) -> Granted:
        if self._spec.refresh_token is None:
            return self._asked("")

        def serves(kept: Granted) -> bool:
            fresh = kept.expires - leeway(kept.life) > self._context.clock().timestamp()
            return fresh and (held is None or kept.access != held.access)

        return self._context.kept.exchange(
            self._text(self._spec.refresh_token), self._text(self._spec.client_secret), self._asked, serves
        )

    def _asked(self, refresh_token: str) -> Granted:
        self._context.hide(refresh_token)
        asked = self._context.clock().timestamp()
        request = self._request(refresh_token)
        answer = self._context.send(request)
        granted = self._reading.granted(answer.status, answer.body, asked)
        if isinstance(granted, str):
            what = {"refresh_token": ", or get a new refresh token by consent", "jwt_bearer": ", and the JWT's claims"}
            remedy = f"Check the client's id, secret and scopes{what.get(self._spec.grant, '')}."
            raise ApiError(f"no token from {request.method} {request.url}: {granted}. {remedy}")
        self._context.hide(granted.access)
        self._context.hide(granted.refresh)
        return granted

    def _request(self, refresh_token: str) -> Request:
        from authlib.oauth2.rfc6749.parameters import prepare_token_request  # noqa: PLC0415 - `validate` needs none

        spec, values = self._spec, self._context.values
        fields, headers = self._identified(prepare_token_request(**self._fields(refresh_token)))
        named = {spec.fields.get(name, name): value for name, value in fields.items()}
        named |= {name: render_text(text, values) for name, text in spec.params.items()}
        pairs: Params = tuple((name, value) for name, value in named.items() if name is not None)
        request = Request(spec.method, "", headers=tuple(headers)).with_url(render_text(spec.token_url, values))
        for name, text in spec.headers.items():
            request = request.with_header(name, render_text(text, values))
        if spec.send == "query":
            return Request(request.method, request.url, (*request.params, *pairs), request.headers)
        body: dict[str, Any] = {"json": dict(pairs)} if spec.send == "json" else {"form": pairs}
        return Request(request.method, request.url, request.params, request.headers, **body)

    def _identified(self, body: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
        """The fields and headers of the request, with the client's own (RFC 6749 2.3.1)."""
        from authlib.oauth2.auth import ClientAuth  # noqa: PLC0415 - `validate` needs none

        headers = [("Accept", "application/json")]
        client_id, secret = self._text(self._spec.client_id), self._text(self._spec.client_secret)
        way = self._spec.client_auth
        if way == "jwt":
            pairs = dict(parse_qsl(body, keep_blank_values=True))
            return pairs | {"client_id": client_id, **self._asserted(client_id)}, headers
        if client_id:
            if way == "basic":  # which wants both form-encoded before they are joined
                client_id, secret = quote_plus(client_id), quote_plus(secret)
            client = ClientAuth(client_id, secret, "none" if way == "none" else f"client_secret_{way}")
            _, more, body = client.prepare("POST", "", {}, body)
            if "Authorization" in more:
                self._context.hide(more["Authorization"].removeprefix("Basic "))
                headers.append(("Authorization", more["Authorization"]))
        return dict(parse_qsl(body, keep_blank_values=True)), headers

    def _asserted(self, client_id: str) -> dict[str, str]:
        """The client's own proof (RFC 7523 2.2)."""
        spec, context = self._spec, self._context
        assert spec.jwt is not None
        url = render_text(spec.token_url, context.values)
        own = {"iss": client_id, "sub": client_id, "aud": url}
        text = signed(spec.jwt, context.values, context.clock(), context.hide, own)
        return {"client_assertion_type": _CLIENT_ASSERTION, "client_assertion": text}

    def _fields(self, refresh_token: str) -> dict[str, str]:
        spec = self._spec
        fields = {"grant_type": _JWT_BEARER if spec.grant == "jwt_bearer" else spec.grant}
        if spec.scopes:
            fields["scope"] = " ".join(spec.scopes)
        if spec.jwt and spec.grant == "jwt_bearer":
            now = self._context.clock()
            fields["assertion"] = signed(spec.jwt, self._context.values, now, self._context.hide)
        if spec.grant == "password":
            fields |= {"username": self._text(spec.user), "password": self._text(spec.password)}
        if refresh_token:
            fields["refresh_token"] = refresh_token
        return fields

    def _text(self, template: Template | None) -> str:
        return "" if template is None else render_text(template, self._context.values)
