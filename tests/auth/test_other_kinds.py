"""Login, choose, HMAC, AWS Signature Version 4 and mutual TLS."""

import base64
import hashlib
import hmac
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from framework.auth import AuthSpec
from framework.auth.aws_sigv4 import Signer
from framework.conformance.certificates import made
from framework.errors import ApiError, SecretError, SettingsError
from framework.request import Request
from tests.auth.endpoint import FIRST, Endpoint, header

LOGIN: dict[str, Any] = {"type": "login", "path": "/login", "token": "token", "header": "X-Session"}


def session(token: Any, **more: Any) -> tuple[int, bytes]:
    """A login's answer."""
    return 200, json.dumps({"token": token} | more).encode()


# login


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ({"header": "X-Session"}, FIRST.with_header("X-Session", "t-1")),
        ({"header": "Authorization", "prefix": "Bearer "}, FIRST.with_header("Authorization", "Bearer t-1")),
        ({"param": "sid"}, FIRST.with_param("sid", "t-1")),
        ({"cookie": "SID"}, FIRST.with_header("Cookie", "SID=t-1")),
    ],
)
def test_a_session_token_goes_where_the_api_wants_it(place: dict[str, Any], wanted: Request) -> None:
    spec = {key: value for key, value in LOGIN.items() if key != "header"} | place
    auth = Endpoint(session("t-1")).open(spec)
    assert auth.apply(FIRST) == wanted
    assert auth.apply(wanted) == wanted


def test_a_cookie_stands_beside_others() -> None:
    held = FIRST.with_header("Cookie", "lang=en; SID=old;theme=dark")
    auth = Endpoint(session("t-1")).open({"type": "login", "path": "/login", "token": "token", "cookie": "SID"})
    assert header(auth.apply(held), "Cookie") == "lang=en; theme=dark; SID=t-1"


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, Request("POST", "https://api.example/login")),
        ({"path": "v2/login?x=1", "method": "GET"}, Request("GET", "https://api.example/v2/login", (("x", "1"),))),
        ({"path": "https://id.example/login", "params": {"k": "{{ secrets.key }}"}},
         Request("POST", "https://id.example/login", (("k", "k-1"),))),
        ({"form": {"k": "{{ secrets.key }}"}}, Request("POST", "https://api.example/login", form=(("k", "k-1"),))),
        ({"json": {"k": ["{{ secrets.key }}", 1, None]}},
         Request("POST", "https://api.example/login", json={"k": ["k-1", 1, None]})),
    ],
)  # fmt: skip
def test_a_login_is_as_the_api_wants_it(spec: dict[str, Any], wanted: Request) -> None:
    place = Endpoint(session("t-1"), secrets={"key": "k-1"})
    place.open(LOGIN | spec).apply(FIRST)
    assert place.sent == [wanted.with_header("Accept", "application/json")]


@pytest.mark.parametrize(
    ("more", "spec"),
    [
        ({}, {"lifetime": timedelta(seconds=100)}),
        ({"ttl": 100}, {"expires_in": "ttl"}),
        ({"until": "2026-01-31T12:01:40Z"}, {"expires_at": "until"}),
        ({"until": 1769860900000}, {"expires_at": "until", "expires_format": "epoch_ms"}),
    ],
)
def test_a_session_is_renewed_before_it_ends(more: dict[str, Any], spec: dict[str, Any]) -> None:
    place = Endpoint(session("t-1", **more), session("t-2"))
    auth = place.open(LOGIN | spec)
    found = []
    for place.now in (0.0, 79.0, 80.0):
        found.append(header(auth.apply(FIRST), "X-Session"))
    assert found == ["t-1", "t-1", "t-2"]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ((200, b'{"token": null}'), "nothing at 'token'; the answer's keys: token"),
        ((200, b"[]"), "no JSON object"),
        ((200, b"<html>"), "no JSON"),
        ((401, b'{"error": "wrong password"}'), "wrong password"),
        ((200, b'{"token": {"a": "hidden"}}'), "nothing at 'token'"),
    ],
)
def test_a_login_that_gives_no_token_is_said(answer: tuple[int, bytes], text: str) -> None:
    with pytest.raises(ApiError, match=r"the login POST https://api\.example/login gave no token") as caught:
        Endpoint(answer).open(LOGIN).apply(FIRST)
    assert text in str(caught.value)
    assert "hidden" not in str(caught.value)


# choose

CHOOSE = {
    "type": "choose",
    "by": "{{ config.kind }}",
    "of": {
        "token": {"type": "bearer", "token": "{{ secrets.token }}"},
        "key": {"type": "api_key", "param": "key", "value": "{{ secrets.key }}"},
        "certificate": {"type": "mtls", "certificate": "{{ secrets.c }}", "private_key": "{{ secrets.k }}"},
    },
}


def test_the_config_chooses_and_only_that_kind_needs_its_secrets() -> None:
    token = Endpoint(config={"kind": "token"}, secrets={"token": "t-1"}).open(CHOOSE)
    assert header(token.apply(FIRST)) == "Bearer t-1"
    key = Endpoint(config={"kind": "key"}, secrets={"key": "k-1"}).open(CHOOSE)
    assert key.apply(FIRST).params == (("a", "1"), ("key", "k-1"))


def test_what_chooses_none_is_said() -> None:
    with pytest.raises(SettingsError, match=r"http.auth.by is 'tokens', which chooses none\. Did you mean 'token'\?"):
        Endpoint(config={"kind": "tokens"}).open(CHOOSE)


# hmac

HMAC: dict[str, Any] = {"type": "hmac", "key": "{{ secrets.key }}", "text": "{{ request.url }}", "header": "X-Sign"}


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize(
    ("encoding", "write"), [("hex", bytes.hex), ("base64", lambda d: base64.b64encode(d).decode())]
)
def test_a_signature_is_what_the_library_says(algorithm: str, encoding: str, write: Any) -> None:
    text = "{{ timestamp }}|{{ nonce }}|{{ request.method }}|{{ request.host }}|{{ request.path }}|{{ request.query }}"
    spec = HMAC | {
        "algorithm": algorithm,
        "encoding": encoding,
        "text": text + "|{{ request.body }}|{{ request.body_hash }}",
        "prefix": "v1=",
        "headers": {"X-Nonce": "{{ nonce }}", "X-Copy": "{{ signature }}"},
    }
    request = Request("POST", "https://api.example:8443/a b/ü", (("q", "x y"), ("p", "1")), json={"é": 1})
    signed = Endpoint(secrets={"key": "a key"}).open(spec).apply(request)
    nonce = header(signed, "X-Nonce")
    body = '{"é":1}'
    digest = hashlib.sha256(body.encode()).hexdigest()
    told = f"1769860800|{nonce}|POST|api.example:8443|/a%20b/%C3%BC|q=x%20y&p=1|{body}|{digest}"
    wanted = write(hmac.new(b"a key", told.encode(), algorithm).digest())
    assert header(signed, "X-Sign") == f"v1={wanted}"
    assert header(signed, "X-Copy") == wanted
    assert len(str(nonce)) == 32


def test_a_signature_in_the_query_covers_the_other_parameters_and_itself_never() -> None:
    spec = {key: value for key, value in HMAC.items() if key != "header"}
    spec |= {"param": "sig", "text": "{{ request.sorted_query }}", "params": {"ts": "{{ timestamp }}"}}
    place = Endpoint(secrets={"key": "a key"})
    auth = place.open(spec | {"timestamp": "%Y%m%dT%H%M%SZ"})
    signed = auth.apply(FIRST.with_param("0", "z"))
    wanted = hmac.new(b"a key", b"0=z&a=1&ts=20260131T120000Z", "sha256").hexdigest()
    assert signed.params == (("a", "1"), ("0", "z"), ("ts", "20260131T120000Z"), ("sig", wanted))
    place.now = 5
    again = auth.apply(signed)
    assert dict(again.params)["ts"] == "20260131T120005Z"
    assert dict(again.params)["sig"] != wanted
    assert not auth.renew(again)


@pytest.mark.parametrize(
    ("encoding", "key", "good"),
    [
        ("hex", "00ff", True),
        ("base64", "AP8=", True),
        ("base64", "AP8", True),
        ("hex", "xyz", False),
        ("base64", "a!", False),
    ],
)
def test_a_key_in_another_writing(encoding: str, key: str, good: bool) -> None:
    place = Endpoint(secrets={"key": key})
    if good:
        signed = place.open(HMAC | {"key_encoding": encoding}).apply(FIRST)
        assert header(signed, "X-Sign") == hmac.new(b"\x00\xff", b"https://api.example/items?a=1", "sha256").hexdigest()
        return
    with pytest.raises(SecretError, match=f"http.auth.key is no {encoding}") as caught:
        place.open(HMAC | {"key_encoding": encoding})
    assert key not in str(caught.value)


# aws_sigv4: the examples that AWS publishes as aws-sig-v4-test-suite

SIGNER = Signer("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG" + "+bPxRfiCYEXAMPLEKEY", "us-east-1", "service")
SUITE_TIME = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VANILLA = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"


@pytest.mark.parametrize(
    ("method", "path", "signature"),
    [
        ("GET", "/", VANILLA),
        ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("GET", "/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        (
            "GET",
            f"/?{UNRESERVED}={UNRESERVED}",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        ("GET", "/?ሴ=bar", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        ("GET", "/example/..", VANILLA),
        ("GET", "/example1/example2/../..", VANILLA),
        ("GET", "/./", VANILLA),
        ("GET", "//example//", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    ],
)
def test_aws_examples(method: str, path: str, signature: str) -> None:
    signed = SIGNER.signed(Request(method, "").with_url(f"https://example.amazonaws.com{path}"), SUITE_TIME)
    assert header(signed, "X-Amz-Date") == "20150830T123600Z"
    assert header(signed) == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )


def test_a_path_is_quoted_twice_but_for_s3() -> None:
    """As botocore does: what is sent is quoted once."""
    assert SIGNER._path("/a%20b/") == "/a%2520b/"
    assert Signer("a", "b", "c", "s3")._path("/a%20b//c") == "/a%20b//c"


def test_what_is_signed_once_more_has_each_header_once() -> None:
    spec = {"type": "aws_sigv4", "access_key": "id", "secret_key": "{{ secrets.key }}", "region": "r", "service": "s3"}
    place = Endpoint(secrets={"key": "a-secret", "session": "a-session"})
    auth = place.open(spec | {"session_token": "{{ secrets.session }}"})
    once = auth.apply(FIRST)
    place.now = 1
    again = auth.apply(once)
    assert [name for name, _ in again.headers] == [name for name, _ in once.headers]
    assert header(again) != header(once)
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token" in str(header(once))
    assert {"a-secret", "a-session"} <= set(place.hidden)


# mtls


@pytest.fixture(scope="module")
def pair() -> dict[str, str]:
    """A client's certificate and key."""
    return asdict(made().client)


MTLS: dict[str, Any] = {
    "type": "mtls",
    "certificate": "{{ secrets.certificate }}",
    "private_key": "{{ secrets.private_key }}",
}


def test_a_certificate_comes_from_secrets_or_from_files(pair: dict[str, str], tmp_path: Path) -> None:
    place = Endpoint(secrets=pair)
    auth = place.open(MTLS | {"hosts": ["https://id.example"]})
    assert auth.apply(FIRST) == FIRST
    assert place.shown[0][1] == ["https://id.example"]
    one_line = {name: text.replace("\n", "\\n") for name, text in pair.items()}
    Endpoint(secrets=one_line).open(MTLS)
    for name, text in pair.items():
        (tmp_path / f"{name}.pem").write_text(text, encoding="ascii")
    spec = {"type": "mtls", "certificate": "certificate.pem", "private_key": "private_key.pem"}
    place.open(spec, folder=tmp_path)
    assert len(place.shown) == 2


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"certificate": "nowhere.pem"}, "http.auth.certificate is neither PEM text nor the path of a file"),
        ({"private_key": "{{ secrets.other }}"}, "are no certificate and its private key in PEM"),
        ({"certificate": "{{ secrets.private_key }}"}, "are no certificate and its private key in PEM"),
        ({"authority": "{{ secrets.private_key }}"}, "http.auth.authority is no certificate in PEM"),
    ],
)
def test_what_is_no_certificate_is_said_and_not_shown(pair: dict[str, str], spec: dict[str, Any], text: str) -> None:
    place = Endpoint(secrets=pair | {"other": made().client.private_key})
    with pytest.raises(SecretError, match=r"http\.auth") as caught:
        place.open(MTLS | spec)
    assert text in str(caught.value)
    assert "PRIVATE KEY" not in str(caught.value)


def test_a_certificate_and_a_token(pair: dict[str, str]) -> None:
    auth = Endpoint(secrets=pair | {"t": "t-1"}).open(
        MTLS | {"credentials": {"type": "bearer", "token": "{{ secrets.t }}"}}
    )
    assert header(auth.apply(FIRST)) == "Bearer t-1"


@pytest.mark.parametrize(
    "spec",
    [
        LOGIN | {"param": "a"},
        {"type": "login", "path": "a", "token": "b"},
        LOGIN | {"json": {}, "form": {}},
        HMAC | {"param": "a"},
        {"type": "choose", "by": "a", "of": {}},
        {"type": "choose", "by": "a", "of": {"b": CHOOSE}},
        MTLS | {"credentials": MTLS},
    ],
)
def test_what_can_not_be_meant_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(AuthSpec).validate_python(spec, by_alias=True, by_name=False)
