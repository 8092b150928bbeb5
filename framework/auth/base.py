"""The contract of the auth family: how a request is given its credentials.

A new kind is one file: an options class with `type: Literal["…"]` and `open()`, added to the union in `__init__.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from framework.request import Request, Response


class Auth(Protocol):
    """Credentials at work in one run. Used by many threads at once."""

    def apply(self, request: Request) -> Request:
        """The request with its credentials. May fetch a token first."""
        ...

    def renew(self, refused: Request) -> bool:
        """Told that the API refused this request's credentials (401). True if others are to be had, so that a second
        try is worth it."""
        ...


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


class Fixed:
    """Credentials that are the same for every request."""

    def __init__(self, put: Callable[[Request], Request]) -> None:
        self.apply = put

    def renew(self, refused: Request) -> bool:
        """There is nothing newer than what was sent."""
        return False
