"""Requests against a real server: what is sent, repeated, waited for and refused."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from framework.decoders.base import Decoded
from framework.decoders.json import JsonDecoder
from framework.errors import ApiError, Unreachable
from framework.fetch import Answer as Fetched
from framework.fetch import Client
from framework.model import JmesPath, Redactor
from framework.responses import ResponseRule
from framework.spec import Http
from tests.api import Answer, Api, Seen, serving

pytestmark = pytest.mark.slow

GOOD = {"items": []}


def waits(client: Client) -> list[float]:
    """What the client would wait from now on, instead of waiting."""
    seconds: list[float] = []
    client.limiter.pause = seconds.append  # type: ignore[method-assign]
    client.limiter.sleep = lambda _: None  # type: ignore[method-assign]
    return seconds


class Answers:
    """One after the other; the last one again and again."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def __call__(self, seen: Seen) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def opened(api: Api, hosts: dict[str, str] | None = None, **http: Any) -> Iterator[Client]:
    """A client for that API."""
    spec = Http.model_validate({"base_url": f"{api.address}/v1", "retry": {"attempts": 3}} | http)
    client = Client(spec, {"secrets": {"key": "hidden-value"}, "config": {}}, Redactor(), hosts)
    try:
        yield client
    finally:
        client.close()


def decode(body: bytes) -> Decoded:
    """As a stream does."""
    return JsonDecoder(JmesPath("items")).read(body)


def rules(*raw: dict[str, Any]) -> list[ResponseRule]:
    """From YAML's values."""
    return [ResponseRule.model_validate(one) for one in raw]


def fetched(client: Client, *given: dict[str, Any], path: str = "/items") -> Fetched:
    """The answer for one path."""
    return client.fetch(client.request("GET", path), rules(*given), decode)


def test_headers_params_and_templates_are_sent() -> None:
    with serving(Answers(GOOD)) as api:
        more = {"headers": {"X-Key": "{{ secrets.key }}"}, "params": {"v": "2"}}
        with opened(api, **more) as client:
            assert fetched(client, path="items?a=b%20c").body == Decoded([], {})
    (seen,) = api.seen
    assert (seen.method, seen.path, seen.params) == ("GET", "/v1/items", {"v": "2", "a": "b c"})
    assert seen.headers["x-key"] == "hidden-value"
    assert seen.headers["accept-encoding"] == "gzip"
    assert seen.headers["user-agent"].startswith("api-ingestion-framework/")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with serving(Answers(Answer(b"", status, {"Retry-After": "0"}), GOOD)) as api, opened(api) as client:
        assert fetched(client).requests == 2
        assert (client.requests, client.retries) == (2, 1)


@pytest.mark.parametrize("status", [400, 402, 404, 405, 410, 422])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    with serving(Answers(Answer({"why": "wrong"}, status))) as api, opened(api) as client:
        with pytest.raises(ApiError, match=f"/v1/items: status {status}.*wrong"):
            fetched(client)
        assert len(api.seen) == 1


def test_retry_after_is_honoured_in_seconds_and_as_a_date() -> None:
    for seconds in (1, None):
        at = time.gmtime(time.time() + 60)
        text = str(seconds) if seconds else time.strftime("%a, %d %b %Y %H:%M:%S GMT", at)
        with serving(Answers(Answer(b"", 429, {"Retry-After": text}), GOOD)) as api, opened(api) as client:
            waited = waits(client)
            fetched(client)
            assert waited[0] == 1 if seconds else 0 < waited[0] <= 60


def test_an_api_that_asks_for_more_than_max_wait_fails_at_once() -> None:
    with serving(Answers(Answer(b"", 503, {"Retry-After": "3600"}))) as api:
        with opened(api) as client, pytest.raises(Unreachable, match="3600 s, more than max_wait"):
            fetched(client)
        assert len(api.seen) == 1


def test_broken_connections_and_bodies_are_tried_again() -> None:
    cut = Answer(GOOD, send=5)
    with serving(Answers(cut, Answer(GOOD, send=5, chunked=True), GOOD)) as api, opened(api) as client:
        assert fetched(client).requests == 3


def test_nobody_listening_is_said() -> None:
    with serving(Answers(GOOD)) as api:
        pass
    with opened(api, retry={"attempts": 1}) as client, pytest.raises(Unreachable, match="the connection broke"):
        fetched(client)


def test_the_deadline_is_for_the_whole_answer_however_it_drips() -> None:
    class Dripping:
        """Never silent for long, never done."""

        def __call__(self, seen: Seen) -> Any:
            return Answer(b"x" * 1000)

    with serving(Dripping()) as api:
        handler = api.RequestHandlerClass
        api.RequestHandlerClass = type("Slow", (handler,), {"_send": _drip})  # type: ignore[assignment]
        with opened(api, timeout="300ms", retry={"attempts": 1}) as client:
            began = time.monotonic()
            with pytest.raises(Unreachable, match=r"not complete after 0.3 s"):
                fetched(client)
            assert time.monotonic() - began < 15


def _drip(self: Any, answer: Answer, body: bytes) -> None:
    self.send_response(200)
    self.send_header("Content-Length", str(len(body)))
    self.end_headers()
    try:
        for index in range(len(body)):
            self.wfile.write(body[index : index + 1])
            self.wfile.flush()
            time.sleep(0.05)
    except OSError:
        self.close_connection = True


THROTTLED = {"when": {"status": 200, "body": "error.code == 'THROTTLED'"}, "then": "wait"}


def test_rules_skip_stop_fail_retry_and_wait() -> None:
    error = Answer({"error": {"code": "GONE"}}, 404)
    with serving(Answers(error)) as api, opened(api) as client:
        assert fetched(client, {"when": {"status": 404}, "then": "skip"}).then == "skip"
        assert fetched(client, {"when": {"status": [400, 404]}, "then": "stop"}).then == "stop"
        with pytest.raises(ApiError, match="no such account"):
            fetched(client, {"when": {"status": 404}, "then": "fail", "message": "no such account"})
        skip = {"when": {"status": 404, "body": "error.code == 'GONE'"}, "then": "skip"}
        other = {"when": {"status": 404, "body": "error.code == 'OTHER'"}, "then": "stop"}
        assert fetched(client, other, skip).then == "skip"  # the first that holds
    with serving(Answers(Answer(b"", 404), GOOD)) as api, opened(api) as client:
        assert fetched(client, {"when": {"status": 404}, "then": "retry"}).requests == 2


def test_a_wait_rule_reads_its_header() -> None:
    for form in ("seconds", "epoch"):
        text = "1" if form == "seconds" else str(int(time.time()) + 60)
        throttled = Answer({"error": {"code": "THROTTLED"}}, 200, {"X-Reset": text})
        rule = THROTTLED | {"wait": {"header": "X-Reset", "as": form}}
        with serving(Answers(throttled, GOOD)) as api, opened(api) as client:
            waited = waits(client)
            assert fetched(client, rule).requests == 2
            assert waited[0] == 1 if form == "seconds" else 0 < waited[0] <= 60


def test_a_wait_longer_than_its_max_fails() -> None:
    throttled = Answer({"error": {"code": "THROTTLED"}}, 200, {"X-Reset": "900"})
    rule = THROTTLED | {"wait": {"header": "X-Reset", "max": "10m"}}
    with serving(Answers(throttled)) as api, opened(api) as client, pytest.raises(ApiError, match="900 s, more than"):
        fetched(client, rule)


def test_a_body_rule_sees_values_beside_large_lists_and_no_json() -> None:
    big = {"items": [{"n": n} for n in range(5000)], "error": {"code": "THROTTLED"}}
    skip = {"when": {"body": "error.code == 'THROTTLED'"}, "then": "skip"}
    with serving(Answers(big)) as api, opened(api) as client:
        assert fetched(client, skip).then == "skip"
        assert fetched(client, {"when": {"body": "length(items) > `4000`"}, "then": "stop"}).then == "stop"
    plain = Answers(Answer(b"plain text", 400))
    with serving(plain) as api, opened(api) as client, pytest.raises(ApiError, match="plain text"):
        fetched(client, skip)


BEARER = {"auth": {"type": "bearer", "token": "{{ secrets.key }}"}}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int) -> None:
    def answer(seen: Seen) -> Any:
        return GOOD if seen.path == "/v1/new" else Answer(b"", status, {"Location": "/v1/new"})

    with serving(answer) as api, opened(api, **BEARER) as client:
        assert fetched(client).then == "read"
    assert all(seen.headers["authorization"] == "Bearer hidden-value" for seen in api.seen)


def test_credentials_and_headers_never_go_to_another_host() -> None:
    with serving(Answers(GOOD)) as other:
        place = f"{other.address}/items"
        with serving(Answers(Answer(b"", 302, {"Location": place}))) as api:
            more = {"headers": {"X-Key": "{{ secrets.key }}"}}
            with opened(api, **BEARER, **more) as client:
                fetched(client)
                client.fetch(client.request("GET", place), [], decode)  # as a next link would
        assert len(other.seen) == 2
        assert "authorization" not in other.seen[0].headers
        assert "x-key" not in other.seen[0].headers
        assert "authorization" not in other.seen[1].headers


def test_an_endless_redirect_ends() -> None:
    with serving(Answers(Answer(b"", 302, {"Location": "/v1/items"}))) as api, opened(api) as client:
        with pytest.raises(ApiError, match="302"):
            fetched(client)
        assert len(api.seen) <= 6


def test_hosts_send_the_apis_address_elsewhere() -> None:
    link = {"items": [], "next": "https://real.example/v1/items?page=2"}
    with serving(Answers(link)) as api:
        http = {"base_url": "https://real.example/v1", **BEARER}
        with opened(api, {"https://real.example": api.address}, **http) as client:
            fetched(client)
            client.fetch(client.request("GET", "https://real.example/v1/items?page=2"), [], decode)
        assert [seen.headers.get("authorization") for seen in api.seen] == ["Bearer hidden-value"] * 2


def test_a_secret_that_was_changed_meanwhile_is_read_anew_once() -> None:
    """Someone rotates the token while a run goes on: the next 401 asks the secret store again."""
    valid, stored, asked = ["old"], ["old"], []

    def answer(seen: Seen) -> Any:
        return {} if seen.headers.get("authorization") == f"Bearer {valid[0]}" else Answer(status=401)

    def reread() -> bool:
        asked.append(stored[0])
        return True

    class Secrets(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            return stored[0]

    settings = {"base_url": "https://api.example", "auth": {"type": "bearer", "token": "{{ secrets.token }}"}}
    with serving(answer) as api:
        http = Http.model_validate(settings)
        hosts = {"https://api.example": api.address}
        client = Client(http, {"secrets": Secrets(token="")}, Redactor(), hosts, reread=reread)
        assert fetched(client).requests == 1
        valid[0] = stored[0] = "new"
        assert fetched(client).requests == 2
        assert asked == ["new"]
        valid[0] = "nobody knows"
        with pytest.raises(ApiError, match="refused the credentials"):
            fetched(client)
        client.close()


def test_secrets_are_hidden_in_errors() -> None:
    auth = {"auth": {"type": "api_key", "param": "key", "value": "{{ secrets.key }}"}}
    redactor = Redactor()
    redactor.add("hidden-value")
    with serving(Answers(Answer({"you sent": "hidden-value"}, 400))) as api:
        spec = Http.model_validate({"base_url": api.address, **auth})
        client = Client(spec, {"secrets": {"key": "hidden-value"}}, redactor)
        with pytest.raises(ApiError) as caught:
            client.fetch(client.request("GET", "/items"), [], decode)
        client.close()
    assert "hidden-value" not in str(caught.value)
    assert "***" in str(caught.value)
