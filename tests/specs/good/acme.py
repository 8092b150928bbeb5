"""The hooks of hooks.yaml."""

from collections.abc import Mapping
from typing import Any

from framework.request import Page, Request


def sign(request: Request, values: Mapping[str, Any]) -> Request:
    """Credentials of a kind that no option knows."""
    return request.with_header("X-Key", values["secrets"]["key"])


def change(request: Request, values: Mapping[str, Any]) -> Request:
    """A parameter that is calculated."""
    return request.with_param("year", values["window"]["start"][:4])


def parse(body: bytes) -> Any:
    """Lines of key=value."""
    return [dict([line.split("=", 1)]) for line in body.decode().splitlines()]


def following(request: Request, page: Page) -> Request | None:
    """The next page, until one is empty."""
    return request.with_param("after", page.seen) if page.records else None
