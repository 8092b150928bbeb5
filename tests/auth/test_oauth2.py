"""Grants, token requests, lives and refusals of OAuth 2.0."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from pydantic import TypeAdapter, ValidationError

from framework.auth import AuthSpec
from framework.errors import ApiError, SecretError, Unreachable
from framework.request import Request
from tests.auth.endpoint import FIRST, NOON, Endpoint, header

CLIENT = {
    "type": "oauth2",
    "grant": "client_credentials",
    "token_url": "https://id.example/token",
    "client_id": "me",
    "client_secret": "{{ secrets.word }}",
}
BEARER: dict[str, Any] = {"type": "oauth2", "grant": "jwt_bearer", "token_url": "https://id.example/token"}


def answer(**token: Any) -> tuple[int, bytes]:
    """A token endpoint's."""
    return 200, json.dumps({"access_token": "t-1"} | token).encode()


def endpoint(*answers: Any, **secrets: str) -> Endpoint:
    """With a client's secret."""
    return Endpoint(*answers, secrets={"word": "p:w é"} | secrets)


def private(key: Any) -> str:
    """PEM."""
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return str(key.private_bytes(*form).decode())


RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
SHARED = "a secret that two parties know, of more than 32 bytes"


@pytest.mark.parametrize(
    ("algorithm", "text", "check"),
    [
        ("RS256", private(RSA), RSAKey),
        ("PS512", private(RSA), RSAKey),
        ("ES256", private(EC), ECKey),
        ("HS256", SHARED, OctKey),
        ("RS256", private(RSA).replace("\n", "\\n"), RSAKey),
        ("RS256", json.dumps(RSAKey.import_key(private(RSA)).as_dict(private=True)), RSAKey),
    ],
)
def test_a_jwt_says_who_asks(algorithm: str, text: str, check: Any) -> None:
    place = endpoint(answer(), key=text)
    claims = {"iss": "{{ config.account }}", "aud": "https://id.example", "admin": True, "jti": None, "level": 3}
    spec = {
        "key": "{{ secrets.key }}",
        "algorithm": algorithm,
        "key_id": "k-7",
        "claims": claims,
        "lifetime": timedelta(minutes=2),
    }
    place.config = {"account": "robot"}
    assert header(place.open(BEARER | {"jwt": spec}).apply(FIRST)) == "Bearer t-1"
    form = dict(place.sent[0].form or ())
    assert form.pop("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    token = jwt.decode(
        form.pop("assertion"),
        check.import_key(text.replace("\\n", "\n") if text[0] != "{" else private(RSA)),
        algorithms=[algorithm],
    )
    issued = int(NOON.timestamp())
    assert token.header == {"alg": algorithm, "typ": "JWT", "kid": "k-7"}
    assert token.claims == {
        "iat": issued, "exp": issued + 120, "iss": "robot", "aud": "https://id.example", "admin": True, "level": 3,
    }  # fmt: skip
    assert form == {}
    assert header(place.sent[0]) is None


def test_claims_may_be_set_and_an_id_is_made() -> None:
    place = endpoint(answer(), key=SHARED)
    spec = {"key": "{{ secrets.key }}", "algorithm": "HS256", "claims": {"iat": 5}, "headers": {"x5t": "print"}}
    place.open(BEARER | {"jwt": spec, "client_id": "me", "client_secret": "s", "client_auth": "post"}).apply(FIRST)
    form = dict(place.sent[0].form or ())
    token = jwt.decode(form["assertion"], OctKey.import_key(SHARED), algorithms=["HS256"])
    assert token.claims["iat"] == 5
    assert len(token.claims["jti"]) == 32
    assert token.header["x5t"] == "print"
    assert (form["client_id"], form["client_secret"]) == ("me", "s")


def test_a_client_proves_itself_by_its_own_key() -> None:
    place = endpoint(answer(), key=private(EC))
    spec = {"key": "{{ secrets.key }}", "algorithm": "ES256", "claims": {"aud": "https://other.example"}}
    change = {"client_auth": "jwt", "client_secret": None, "jwt": spec, "scopes": ["read"]}
    assert header(place.open(CLIENT | change).apply(FIRST)) == "Bearer t-1"
    assert header(place.sent[0]) is None
    form = dict(place.sent[0].form or ())
    token = jwt.decode(form.pop("client_assertion"), ECKey.import_key(private(EC)), algorithms=["ES256"])
    assert (token.claims["iss"], token.claims["sub"]) == (form["client_id"], form["client_id"])
    assert token.claims["aud"] == "https://other.example"
    assert form.pop("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert form == {"grant_type": "client_credentials", "scope": "read", "client_id": form["client_id"]}


@pytest.mark.parametrize(("algorithm", "text"), [("RS256", "no key at all"), ("ES256", private(RSA)), ("RS256", "{}")])
def test_a_key_that_can_not_sign_is_said_and_not_shown(algorithm: str, text: str) -> None:
    place = endpoint(answer(), key=text)
    with pytest.raises(SecretError, match=r"can't sign by .* a private key as PEM text") as caught:
        place.open(BEARER | {"jwt": {"key": "{{ secrets.key }}", "algorithm": algorithm}}).apply(FIRST)
    assert text not in str(caught.value)
    assert not place.sent


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"send": "json"}, Request("POST", "https://id.example/token", json={"grant_type": "client_credentials"})),
        ({"send": "query", "method": "GET"},
         Request("GET", "https://id.example/token", (("grant_type", "client_credentials"),))),
        ({"fields": {"grant_type": None}}, Request("POST", "https://id.example/token", form=())),
        ({"token_url": "https://id.example/t?v=1", "fields": {"grant_type": "kind"}},
         Request("POST", "https://id.example/t", (("v", "1"),), form=(("kind", "client_credentials"),))),
        ({"params": {"scope": "a,b"}, "scopes": ["c"]},
         Request("POST", "https://id.example/token", form=(("grant_type", "client_credentials"), ("scope", "a,b")))),
    ],
)  # fmt: skip
def test_a_token_request_is_as_the_api_wants_it(spec: dict[str, Any], wanted: Request) -> None:
    place = endpoint(answer())
    place.open(CLIENT | spec).apply(FIRST)
    (sent,) = place.sent
    assert (sent.method, sent.url, sent.params, sent.json, sent.form) == (
        wanted.method, wanted.url, wanted.params, wanted.json, wanted.form,
    )  # fmt: skip


def test_headers_of_a_token_request_may_be_anything() -> None:
    place = endpoint(answer())
    place.open(CLIENT | {"client_auth": "none", "headers": {"accept": "text/x", "X-Word": "{{ secrets.word }}"}}).apply(
        FIRST
    )
    assert place.sent[0].headers == (("accept", "text/x"), ("X-Word", "p:w é"))
    assert dict(place.sent[0].form or ())["client_id"] == "me"


@pytest.mark.parametrize(
    ("token", "spec", "lives"),
    [
        ({"expires_in": 100}, {}, 80),
        ({"expires_in": "100"}, {}, 80),
        ({"expires_in": 3600}, {}, 3570),
        ({"expires_in": 3}, {}, 2.4),
        ({"ttl": 100}, {"expires_in": "ttl"}, 80),
        ({"until": "2026-01-31T12:01:40Z"}, {"expires_at": "until"}, 80),
        ({"until": 1769860900}, {"expires_at": "until", "expires_format": "epoch"}, 80),
        ({"expires_in": 5}, {"lifetime": timedelta(seconds=100)}, 80),
    ],
)
def test_how_long_a_token_lives(token: dict[str, Any], spec: dict[str, Any], lives: float) -> None:
    place = endpoint(answer(**token), answer(access_token="t-2"))
    auth = place.open(CLIENT | spec)
    auth.apply(FIRST)
    place.now = lives - 0.01
    assert header(auth.apply(FIRST)) == "Bearer t-1"
    place.now = lives
    assert header(auth.apply(FIRST)) == "Bearer t-2"


@pytest.mark.parametrize(
    "token",
    [{}, {"expires_in": None}, {"expires_in": 0}, {"expires_in": "soon"}, {"until": "2020-01-01"}, {"until": "?"}],
)
def test_a_life_that_says_nothing_lasts_until_the_token_is_refused(token: dict[str, Any]) -> None:
    place = endpoint(answer(**token), answer(access_token="t-2"))
    auth = place.open(CLIENT | ({"expires_at": "until"} if "until" in token else {}))
    first = auth.apply(FIRST)
    place.now = 1e9
    assert auth.apply(FIRST) == first
    assert auth.renew(first)
    assert header(auth.apply(FIRST)) == "Bearer t-2"


def test_a_request_that_has_a_token_gets_the_newest_in_its_place() -> None:
    place = endpoint(answer(), answer(access_token="t-2"))
    auth = place.open(CLIENT)
    first = auth.apply(FIRST)
    auth.renew(first)
    assert auth.apply(first).headers == (("Authorization", "Bearer t-2"),)


def test_a_refusal_is_not_asked_for_again_and_a_lost_connection_is() -> None:
    place = endpoint((401, b'{"error": "invalid_client"}'))
    auth = place.open(CLIENT)
    for _ in range(3):
        with pytest.raises(ApiError, match="invalid_client"):
            auth.apply(FIRST)
    assert len(place.sent) == 1

    def lost(request: Request) -> Any:
        raise Unreachable("no answer")

    place = endpoint(lost, answer())
    auth = place.open(CLIENT)
    with pytest.raises(Unreachable):
        auth.apply(FIRST)
    assert header(auth.apply(FIRST)) == "Bearer t-1"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"client_id": None}, "write `client_id`"),
        ({"client_secret": None}, "write `client_secret`, or `client_auth: none` or `jwt`"),
        ({"refresh_token": "x"}, "`grant: refresh_token` is the only one that takes the key `refresh_token`"),
        ({"grant": "refresh_token"}, "`grant: refresh_token` needs the key `refresh_token`"),
        ({"grant": "password", "user": "x"}, "`grant: password` needs the key `password`"),
        ({"grant": "jwt_bearer"}, "`jwt` goes with `grant: jwt_bearer` or `client_auth: jwt`"),
        ({"jwt": {"key": "{{ x }}"}}, "`jwt` goes with `grant: jwt_bearer` or `client_auth: jwt`"),
        ({"client_auth": "jwt"}, "`jwt` goes with `grant: jwt_bearer` or `client_auth: jwt`"),
        ({"grant": "jwt_bearer", "client_auth": "jwt"}, "`client_auth: jwt` goes with another grant"),
    ],
)
def test_what_goes_with_what(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        TypeAdapter(AuthSpec).validate_python(CLIENT | change)


def test_tokens_are_never_printed() -> None:
    place = endpoint(answer(access_token="t-secret", refresh_token="r-secret"))
    place.open(CLIENT).apply(FIRST)
    assert {"t-secret", "r-secret"} <= set(place.hidden)


def test_many_requests_take_no_time() -> None:
    auth = endpoint(answer()).open(CLIENT)
    began = time.process_time()  # not the clock's: others use the machine too
    for _ in range(10_000):
        auth.apply(FIRST)
    assert time.process_time() - began < 1
