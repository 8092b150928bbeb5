"""A job at the API: asked for, looked at until it is done, then fetched like any other list.

The stream's `request` fetches the result; its templates, and those of `poll`, know `job`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

import msgspec
from jmespath.exceptions import JMESPathError

from framework import exact_json
from framework.decoders.base import Decoded, Undecodable
from framework.errors import ApiError, Unreachable
from framework.fetch import Client, date_of
from framework.model import JmesPath
from framework.request import Request, Response
from framework.responses import ResponseRule
from framework.spec import Job, RequestSpec

Ask = Callable[[RequestSpec, Mapping[str, Any]], Request]


@dataclass(frozen=True)
class Done:
    """A job that is done."""

    values: Mapping[str, Any]
    """What templates know of it: created, polled and located (the bodies of the answers), location (a header of the
    first)."""
    requests: int
    empty: bool
    """There is nothing to fetch."""
    api_now: datetime | None
    """The API's own clock when it was done."""


def done(spec: Job, ask: Ask, client: Client, rules: list[ResponseRule]) -> Done:
    """Creates the job and waits for it. Raises ApiError where it fails, Unreachable where it takes too long."""
    deadline = time.monotonic() + spec.poll.timeout.total_seconds()
    request = ask(spec.create, {})
    answer, created, sent = _sent(client, request, rules)
    place = answer.headers.get("location")
    values = {"created": created, "location": urljoin(request.full_url, place) if place else None}
    if spec.start:
        sent += _sent(client, ask(spec.start, values), rules)[2]
    while True:
        request = ask(spec.poll.request, values)
        answer, polled, more = _sent(client, request, rules)
        sent += more
        if _holds(spec.poll.failed, polled):
            raise ApiError(client.show(f"{request}: the job failed: {_shown(polled)}."))
        empty = _holds(spec.poll.empty, polled)
        if empty or _holds(spec.poll.until, polled):
            values = {**values, "polled": polled}
            break
        if time.monotonic() >= deadline:
            seconds = spec.poll.timeout.total_seconds()
            text = f"{request}: the job was not done after {seconds:g} s: {_shown(polled)}. Raise `job.poll.timeout`."
            raise Unreachable(client.show(text))
        client.limiter.sleep(spec.poll.every.total_seconds())
    if spec.locate and not empty:
        _, located, more = _sent(client, ask(spec.locate, values), rules)
        values, sent = {**values, "located": located}, sent + more
    return Done(values, sent, empty, date_of(answer))


def _holds(condition: JmesPath | None, body: Any) -> bool:
    """Not where a function of it does not take what is there, such as a list that is null until the job is done."""
    try:
        return condition is not None and bool(condition.search(body))
    except JMESPathError:
        return False


def _sent(client: Client, request: Request, rules: list[ResponseRule]) -> tuple[Response, Any, int]:
    answer = client.fetch(request, rules, _read)
    if answer.body is None:
        text = f"{request}: a rule of `responses` ends the job with status {answer.response.status}."
        raise ApiError(client.show(text))
    return answer.response, answer.body.values.get("body"), answer.requests


def _read(body: bytes) -> Decoded:
    try:
        return Decoded([], {"body": exact_json.decode(body) if body.strip() else None})
    except msgspec.DecodeError as error:
        raise Undecodable(f"the job's answer is no JSON: {error}") from None


def _shown(value: Any) -> str:
    return exact_json.encode(value).decode()[:200]
