"""The contract of the auth family: how a request is given its credentials.

A new kind is one file: an options class with `type: Literal["…"]` and `open()`, added to the union in `__init__.py`.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from framework.request import Request, Response


class Auth(Protocol):
    """Credentials at work in one run. Used by many threads at once."""

    def apply(self, request: Request) -> Request:
        """The request with its credentials: the last change before it is sent, so what it signs is what goes out. A
        request that has them already gets the newest in their place. May fetch a token first."""
        ...

    def renew(self, refused: Request) -> bool:
        """Told that the API refused this request's credentials (401). True if others are to be had, so that a second
        try is worth it."""
        ...


@dataclass(frozen=True)
class Granted:
    """What a token endpoint gave."""

    access: str
    refresh: str = ""
    """What the next token is to be asked with; empty where there is nothing like it."""
    expires: float = float("inf")
    """When it ends, in seconds of the wall clock."""
    life: float = float("inf")
    """How long it was good for when it was given, in seconds."""

    def __repr__(self) -> str:
        return "***"


class TokenStore(Protocol):
    """Where refresh tokens that change with each use are kept, for all machines and runs."""

    def exchange(
        self, first: str, secret: str, spend: Callable[[str], Granted], serves: Callable[[Granted], bool]
    ) -> Granted:
        """The newest tokens of the chain that began with the refresh token `first`, if they serve; else `spend` is
        given the newest refresh token, by one caller of all at a time, and what it returns is durable before it is
        returned here. `secret` is what else it takes to read what is kept."""
        ...


class NothingKept:
    """For a run that has no stage."""

    def exchange(
        self, first: str, secret: str, spend: Callable[[str], Granted], serves: Callable[[Granted], bool]
    ) -> Granted:
        """There is no place to keep anything in."""
        raise NotImplementedError


def _refuse(context: ssl.SSLContext, hosts: Sequence[str]) -> None:
    raise NotImplementedError  # there is no HTTP client to give it to


@dataclass(frozen=True)
class AuthContext:
    """What an auth kind may use of the run."""

    values: Mapping[str, Any]
    """For templates: config and secrets."""
    send: Callable[[Request], Response]
    """Sends a token request, with the run's retries and deadline, without credentials."""
    hide: Callable[[str], None]
    """Tells the run a value that must never be shown, such as a token just received."""
    now: Callable[[], float]
    """Seconds on a clock that never jumps."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The time that signatures hold and that expiries are told in."""
    base_url: str = ""
    """Where the API is."""
    folder: Path = Path()
    """The project's, which files are named from."""
    kept: TokenStore = field(default_factory=NothingKept)
    """Where refresh tokens are kept that change with each use."""
    identify: Callable[[ssl.SSLContext, Sequence[str]], None] = _refuse
    """Gives the HTTP client a TLS context of its own, for the API and for these other hosts."""


class Fixed:
    """Credentials that are the same for every request, or made of nothing but the request and the time."""

    def __init__(self, put: Callable[[Request], Request]) -> None:
        self.apply = put

    def renew(self, refused: Request) -> bool:
        """There is nothing newer than what was sent."""
        return False
