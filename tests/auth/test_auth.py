"""Credentials on requests, and tokens fetched once for all threads."""

import base64
import threading
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import TypeAdapter

from framework.auth import AuthSpec
from framework.auth.base import Auth, AuthContext
from framework.errors import ApiError
from framework.request import Request, Response

FIRST = Request("GET", "https://api.example/items", (("a", "1"),))
SECRETS = {"key": "k/1", "id": "an id", "word": "p:w é"}


class Token:
    """A token endpoint, and a clock, as values."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.sent, self.hidden, self.now = list(answers), [], [], 0.0  # type: ignore[var-annotated]

    def send(self, request: Request) -> Response:
        """One answer after the other."""
        self.sent.append(request)
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Response(request, status, {}, body)

    def open(self, **spec: Any) -> Auth:
        """That kind of auth over this endpoint."""
        optional = {"key": SECRETS["key"], "none": ""}
        values = {"secrets": SECRETS, "optional_secrets": optional, "config": {}}
        context = AuthContext(values, self.send, self.hidden.append, lambda: self.now)
        return TypeAdapter(AuthSpec).validate_python(spec).open(context)


def sent(**spec: Any) -> Request:
    """The first request with these credentials."""
    return Token((200, b"{}")).open(**spec).apply(FIRST)


def basic(text: str) -> str:
    """RFC 7617."""
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("spec", "headers"),
    [
        ({"type": "api_key", "header": "X-Key", "value": "{{ secrets.key }}"}, {"X-Key": "k/1"}),
        ({"type": "api_key", "header": "Authorization", "value": "x", "prefix": "Key "}, {"Authorization": "Key x"}),
        (
            {"type": "basic", "user": "{{ secrets.id }}", "password": "{{ secrets.word }}"},
            {"Authorization": basic("an id:p:w é")},
        ),
        ({"type": "basic", "user": "{{ secrets.key }}"}, {"Authorization": basic("k/1:")}),
        ({"type": "bearer", "token": "{{ secrets.key }}"}, {"Authorization": "Bearer k/1"}),
        ({"type": "bearer", "token": "x", "prefix": "SSWS"}, {"Authorization": "SSWS x"}),
        ({"type": "bearer", "token": "{{ secrets.key }}", "optional": True}, {"Authorization": "Bearer k/1"}),
        ({"type": "bearer", "token": "{{ secrets.none }}", "optional": True}, {}),
    ],
)
def test_headers(spec: dict[str, Any], headers: dict[str, str]) -> None:
    assert dict(sent(**spec).headers) == headers


def test_a_key_in_the_query() -> None:
    assert sent(type="api_key", param="key", value="{{ secrets.key }}").full_url.endswith("items?a=1&key=k%2F1")


OAUTH: dict[str, Any] = {
    "type": "oauth2",
    "grant": "client_credentials",
    "token_url": "https://id.example/token",
    "client_id": "{{ secrets.id }}",
    "client_secret": "{{ secrets.word }}",
    "scopes": ["read", "write"],
}


def token(value: str, **more: Any) -> tuple[int, bytes]:
    """An answer of the token endpoint."""
    life = f', "expires_in": {more["life"]}' if more else ""
    return 200, f'{{"access_token": "{value}", "token_type": "bearer"{life}}}'.encode()


def test_a_token_request_says_who_asks_and_for_what() -> None:
    for way, header, form in (
        ("basic", basic("an+id:p%3Aw+%C3%A9"), {}),
        ("post", None, {"client_id": "an id", "client_secret": "p:w é"}),
    ):
        place = Token(token("t1"))
        request = place.open(**OAUTH | {"client_auth": way, "params": {"audience": "all"}}).apply(FIRST)
        assert dict(request.headers)["Authorization"] == "Bearer t1"
        (asked,) = place.sent
        assert (asked.method, asked.url) == ("POST", "https://id.example/token")
        assert dict(asked.headers).get("Authorization") == header
        wanted = {"grant_type": "client_credentials", "scope": "read write", "audience": "all"} | form
        assert dict(asked.form or ()) == wanted
        assert "t1" in place.hidden


def test_one_token_serves_all_threads() -> None:
    place = Token(token("t1", life=3600))
    auth = place.open(**OAUTH)
    threads = [threading.Thread(target=auth.apply, args=(FIRST,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(place.sent) == 1


def test_a_token_is_renewed_before_it_expires_however_short_its_life() -> None:
    place = Token(token("t1", life=5), token("t2", life=5))
    auth = place.open(**OAUTH)
    values = []
    for place.now in (0.0, 3.9, 4.1):
        values.append(dict(auth.apply(FIRST).headers)["Authorization"])
    assert values == ["Bearer t1", "Bearer t1", "Bearer t2"]


def test_a_refused_token_is_renewed_once_for_all_who_used_it() -> None:
    place = Token(token("t1"), token("t2"), token("t3"))
    auth = place.open(**OAUTH)
    old = [auth.apply(FIRST) for _ in range(3)]
    assert all(auth.renew(request) for request in old)
    assert dict(auth.apply(FIRST).headers)["Authorization"] == "Bearer t2"
    assert len(place.sent) == 2


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ((401, b'{"error": "invalid_client"}'), "'invalid_client'"),
        ((200, b'{"error": "invalid_scope"}'), "'invalid_scope'"),
        ((403, b'{"access_token": "no"}'), "status 403"),
        ((200, b"<html>"), "no JSON"),
        ((200, b'{"access_token": ""}'), "no token"),
        ((200, b'{"access_token": null}'), "no token"),
    ],
)
def test_no_token_is_said_without_the_secret(answer: tuple[int, bytes], text: str) -> None:
    with pytest.raises(ApiError) as caught:
        Token(answer).open(**OAUTH | {"client_auth": "post"}).apply(FIRST)
    assert text in str(caught.value)
    assert "Check the client's id, secret and scopes" in str(caught.value)
    assert "p:w" not in str(caught.value)
    assert dict(parse_qsl("")) == {}
