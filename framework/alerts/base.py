"""The contract of the alerts family: who is told when a run fails.

A new kind is one file: an options class with `type: Literal["…"]`, a `url` and `message()`, added to the union in
`__init__.py`.
"""

from typing import Any, Protocol


class Alert(Protocol):
    """One receiver that takes JSON by POST."""

    url: str

    def message(self, title: str, text: str) -> dict[str, Any]:
        """The JSON to post."""
        ...


def post(url: str, message: dict[str, Any]) -> str:
    """Sends it. Returns why it did not get through, without the URL, which is a secret; "" where it did."""
    import httpx  # noqa: PLC0415 - `validate` does without it

    try:
        answer = httpx.post(url, json=message, timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    return "" if answer.is_success else f"status {answer.status_code}"
