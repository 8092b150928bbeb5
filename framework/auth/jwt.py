"""A signed JWT that says who asks: the assertion of RFC 7523."""

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from framework.errors import SecretError
from framework.model import Scalar, Span, Strict, Template
from framework.template import render, render_text

NOTHING: Mapping[str, str] = MappingProxyType({})
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512"
]


class Jwt(Strict):
    """A signed statement of who asks, which the token endpoint takes for a token."""

    key: Template
    """What signs it, usually `{{ secrets.private_key }}`: a private key as PEM text, for HS256 and its like a shared
    secret. A line break may be written as backslash and n."""
    algorithm: Algorithm = "RS256"
    """How it is signed."""
    key_id: Template | None = None
    """The header `kid`: which of the account's keys signs."""
    claims: dict[str, Scalar] = {}
    """What it says, such as iss, sub, aud and scope. iat, exp and jti are set unless they stand here; null leaves one
    out."""
    headers: dict[str, Scalar] = {}
    """More of its header, such as x5t."""
    lifetime: Span = timedelta(minutes=5)
    """How long after iat its exp is."""


def signed(
    spec: Jwt, values: Mapping[str, Any], now: datetime, hide: Callable[[str], None], own: Mapping[str, str] = NOTHING
) -> str:  # fmt: skip
    """The JWT for this moment; `own` are claims that it has unless the spec says otherwise. Raises SecretError where
    the key is none for its algorithm."""
    from joserfc import jwt  # noqa: PLC0415 - `validate` does without it
    from joserfc.errors import JoseError  # noqa: PLC0415

    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iat": issued,
        "exp": issued + int(spec.lifetime.total_seconds()),
        "jti": secrets.token_hex(16),
    }
    claims |= own
    claims |= {name: _value(scalar, values) for name, scalar in spec.claims.items()}
    header = {"alg": spec.algorithm, "typ": "JWT"}
    header |= {name: _value(scalar, values) for name, scalar in spec.headers.items()}
    if spec.key_id is not None:
        header["kid"] = render_text(spec.key_id, values)
    text = render_text(spec.key, values).replace("\\n", "\n")
    hide(text)
    told = {name: value for name, value in claims.items() if value is not None}
    try:
        token = jwt.encode(header, told, _key(text, spec.algorithm), algorithms=[spec.algorithm])
    except (JoseError, ValueError, TypeError) as error:
        kind = "a shared secret" if spec.algorithm.startswith("HS") else "a private key as PEM text"
        raise SecretError(
            f"http.auth.jwt.key can't sign by {spec.algorithm} ({type(error).__name__}): {kind} that fits it is wanted"
        ) from None
    hide(token)
    return token


def _value(scalar: Scalar, values: Mapping[str, Any]) -> Any:
    return render(scalar, values) if isinstance(scalar, str) else scalar


def _key(text: str, algorithm: str) -> Any:
    from joserfc.jwk import ECKey, OctKey, RSAKey  # noqa: PLC0415

    if algorithm.startswith("HS"):
        return OctKey.import_key(text)
    kinds: dict[str, Any] = {"RS": RSAKey, "PS": RSAKey, "ES": ECKey}
    source: Any = json.loads(text) if text.lstrip().startswith("{") else text  # a JWK
    return kinds[algorithm[:2]].import_key(source)
