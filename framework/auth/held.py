"""A token for all threads: fetched by the first that needs it, renewed before it expires and once after a refusal."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from framework import exact_json
from framework.auth.base import AuthContext, Granted
from framework.errors import ApiError, Unreachable
from framework.model import JmesPath
from framework.request import Request
from framework.window import parse_instant

LEEWAY_SECONDS = 30.0
"""A token is renewed so long before it expires, or at four fifths of a short life."""

Put = Callable[[Request, str], Request]
"""A request with that token in its place; the same again where it is there already."""
Fetch = Callable[[Granted | None], Granted]
"""Newer tokens than these."""


class Held:
    """Credentials with a token that comes from somewhere and expires."""

    def __init__(self, fetch: Fetch, put: Put, context: AuthContext) -> None:
        self._fetch, self._put, self._context = fetch, put, context
        self._lock = threading.Lock()
        self._held: Granted | None = None
        self._renew_at = 0.0
        self._refusal: str | None = None

    def apply(self, request: Request) -> Request:
        """With the token, which is fetched or renewed first if need be."""
        with self._lock:
            held = self._held if self._held and self._context.now() < self._renew_at else self._newer()
            return self._put(request, held.access)

    def renew(self, refused: Request) -> bool:
        """Fetches another one, unless someone has since that request was sent."""
        with self._lock:
            if self._held and self._put(refused, self._held.access) == refused:
                self._newer()
        return True

    def _newer(self) -> Granted:
        if self._refusal:  # an endpoint that is asked again by each slice with the same wrong secret locks the account
            raise ApiError(self._refusal)
        asked_at, asked = self._context.now(), self._context.clock().timestamp()
        try:
            held = self._fetch(self._held)
        except Unreachable:
            raise
        except ApiError as error:
            self._refusal = str(error)
            raise
        self._context.hide(held.access)
        self._held = held
        self._renew_at = asked_at + held.expires - asked - leeway(held.life)
        return held


def leeway(life: float) -> float:
    """How long before its end a token with that life is renewed, in seconds."""
    return min(LEEWAY_SECONDS, life * 0.2)


@dataclass(frozen=True)
class Reading:
    """Where an answer says what the token is and how long it lives."""

    token: JmesPath
    expires_in: JmesPath | None = None
    """Seconds from now."""
    expires_at: JmesPath | None = None
    """An instant …"""
    expires_format: str = "iso8601"
    """… written like this."""
    lifetime: timedelta | None = None
    """What holds whatever the answer says."""
    refresh: JmesPath | None = None

    def granted(self, status: int, body: bytes, asked: float) -> Granted | str:
        """What the answer gives, or why it gives nothing. `asked` is when it was asked, by the wall clock."""
        answer = decoded(body)
        token = self.token.search(answer)
        if status >= 300 or isinstance(token, bool) or not isinstance(token, str | int) or token == "":
            return f"status {status}, {_told(answer, self.token)}"
        refresh = self.refresh.search(answer) if self.refresh else None
        life = self._life(answer, asked)
        return Granted(str(token), refresh if isinstance(refresh, str) else "", asked + life, life)

    def _life(self, answer: Any, asked: float) -> float:
        if self.lifetime is not None:
            return self.lifetime.total_seconds()
        if self.expires_at is not None:
            try:
                moment = parse_instant(self.expires_at.search(answer), self.expires_format)
                return _seconds(moment.timestamp() - asked)
            except ValueError:
                return float("inf")
        return _seconds(self.expires_in.search(answer)) if self.expires_in else float("inf")


def decoded(body: bytes) -> Any:
    """A JSON body; a mapping with the key `error` where it is none."""
    try:
        return exact_json.decode(body)
    except msgspec.DecodeError:
        return {"error": "the answer is no JSON"}


def _told(answer: Any, path: JmesPath) -> str:
    """What an answer without a token says of the reason. The rest of it is not shown: it may hold secrets."""
    if not isinstance(answer, dict):
        return "error 'the answer is no JSON object'"
    if isinstance(answer.get("error"), str):
        why = answer.get("error_description")
        return f"error {answer['error']!r}" + (f" ({why})" if isinstance(why, str) else "")
    keys = ", ".join(list(answer)[:20]) or "none"
    return f"error 'unknown': nothing at {str(path)!r}; the answer's keys: {keys}"


def _seconds(value: Any) -> float:
    """A life that is zero or none says nothing."""
    try:
        return float(value) if float(value) > 0 else float("inf")
    except (TypeError, ValueError):
        return float("inf")
