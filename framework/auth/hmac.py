"""A signature over what the API says that it is made of: the method, the path, the time, the body …"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from framework.auth.base import Auth, AuthContext, Fixed
from framework.auth.wire import Wire
from framework.errors import SecretError
from framework.model import InstantForm, Strict, Template, given
from framework.request import Request
from framework.template import render_text
from framework.window import format_instant

_ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda digest: base64.b64encode(digest).decode(),
    "base64url": lambda digest: base64.urlsafe_b64encode(digest).decode().rstrip("="),
}
Encoding = Literal["hex", "base64", "base64url"]
REQUEST_NAMES = ("method", "url", "host", "path", "query", "sorted_query", "body", "body_hash")


class HmacAuth(Strict):
    """A keyed signature over a text that is made of the request: write where it goes, `header` or `param`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [given("header"), given("param")]})
    names: ClassVar[dict[str, list[str]]] = {
        "request": list(REQUEST_NAMES),
        "timestamp": [],
        "nonce": [],
        "signature": [],
    }
    """What its templates know besides config and secrets."""

    type: Literal["hmac"]
    key: Template
    """What signs, usually `{{ secrets.signing_key }}`."""
    key_encoding: Literal["text", "hex", "base64"] = "text"
    """How the key is written down."""
    algorithm: Literal["sha1", "sha256", "sha384", "sha512"] = "sha256"
    """The hash of the HMAC."""
    text: Template
    """What is signed, such as `{{ timestamp }}{{ request.method }}{{ request.path }}{{ request.body }}`. It knows of
    the request its method, url, host, path, query (as it is sent), sorted_query, body and body_hash; and timestamp and
    nonce."""
    encoding: Encoding = "hex"
    """How the signature is written."""
    body_algorithm: Literal["md5", "sha1", "sha256", "sha512"] = "sha256"
    """The hash of `request.body_hash` …"""
    body_encoding: Encoding = "hex"
    """… and how it is written."""
    timestamp: InstantForm = "epoch"
    """How `timestamp` is written: iso8601, date, epoch, epoch_ms, epoch_us or a pattern such as %Y%m%dT%H%M%SZ."""
    header: str | None = None
    """The header that carries the signature."""
    param: str | None = None
    """The query parameter that carries it; it is signed without it."""
    prefix: Template = Template("")
    """Text before the signature, such as `HMAC {{ secrets.key_id }}:`."""
    headers: dict[str, Template] = {}
    """More headers, such as {X-Timestamp: "{{ timestamp }}"}; after the signature, so `signature` is known too."""
    params: dict[str, Template] = {}
    """More query parameters, such as {timestamp: "{{ timestamp }}"}; before the signature, which covers them."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.header is None) == (self.param is None):
            raise PydanticCustomError("one_of", "write `header` or `param`, one of the two")
        return self

    def open(self, context: AuthContext) -> Auth:
        """The key, once; each request is signed as it is sent."""
        text = render_text(self.key, context.values)
        context.hide(text)
        key = _bytes(text, self.key_encoding)
        return Fixed(lambda request: self._signed(request, key, context, context.clock()))

    def _signed(self, request: Request, key: bytes, context: AuthContext, now: datetime) -> Request:
        names: dict[str, Any] = {"timestamp": format_instant(now, self.timestamp), "nonce": secrets.token_hex(16)}
        known = {**context.values, **names}
        if self.param:  # a request that is sent again has it already
            request = replace(request, params=tuple(pair for pair in request.params if pair[0] != self.param))
        for name, text in self.params.items():
            request = request.with_param(name, render_text(text, known))
        known["request"] = self._of(Wire.of(request))
        digest = hmac.digest(key, render_text(self.text, known).encode(), self.algorithm)
        known["signature"] = _ENCODINGS[self.encoding](digest)
        signature = render_text(self.prefix, known) + known["signature"]
        placed = request.with_header(self.header, signature) if self.header else request
        placed = placed.with_param(self.param, signature) if self.param else placed
        for name, text in self.headers.items():
            placed = placed.with_header(name, render_text(text, known))
        return placed

    def _of(self, wire: Wire) -> dict[str, str]:
        return {
            "method": wire.method,
            "url": wire.url,
            "host": wire.host,
            "path": wire.path,
            "query": wire.query,
            "sorted_query": "&".join(sorted(wire.query.split("&"))),
            "body": wire.body.decode("utf-8", errors="replace"),
            "body_hash": _ENCODINGS[self.body_encoding](wire.body_hash(self.body_algorithm)),
        }


def _bytes(key: str, encoding: str) -> bytes:
    read: dict[str, Callable[[str], bytes]] = {"text": str.encode, "hex": bytes.fromhex, "base64": _from_base64}
    try:
        return read[encoding](key)
    except (ValueError, binascii.Error):
        raise SecretError(f"http.auth.key is no {encoding}: check the secret, or `key_encoding`") from None


def _from_base64(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
