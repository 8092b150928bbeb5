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
