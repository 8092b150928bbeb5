"""A token endpoint, a clock and a project folder, as values."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from framework.auth import AuthSpec
from framework.auth.base import Auth, AuthContext, NothingKept, TokenStore
from framework.request import Request, Response

FIRST = Request("GET", "https://api.example/items", (("a", "1"),))
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Endpoint:
    """Answers one after the other, the last one again and again; an answer may be made of the request."""

    def __init__(
        self, *answers: Any, secrets: dict[str, str] | None = None, config: dict[str, Any] | None = None
    ) -> None:
        self.answers, self.secrets, self.config = list(answers) or [(200, b"{}")], secrets or {}, config or {}
        self.sent: list[Request] = []
        self.hidden: list[str] = []
        self.shown: list[Any] = []
        self.now = 0.0

    def send(self, request: Request) -> Response:
        """One answer."""
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        status, body = answer(request) if isinstance(answer, Callable) else answer  # type: ignore[arg-type]
        return Response(request, status, {}, body)

    def clock(self) -> datetime:
        """The wall clock, which goes as the other one does."""
        return NOON + timedelta(seconds=self.now)

    def open(self, spec: dict[str, Any], kept: TokenStore | None = None, folder: Path = Path()) -> Auth:
        """That kind of auth over this endpoint."""
        context = AuthContext(
            {"secrets": self.secrets, "optional_secrets": self.secrets, "config": self.config},
            self.send,
            self.hidden.append,
            lambda: self.now,
            self.clock,
            base_url="https://api.example",
            folder=folder,
            kept=kept or NothingKept(),
            identify=lambda tls, hosts: self.shown.append((tls, hosts)),
        )
        return TypeAdapter(AuthSpec).validate_python(spec, by_alias=True, by_name=False).open(context)


def header(request: Request, name: str = "Authorization") -> str | None:
    """A header's value."""
    return dict(request.headers).get(name)
