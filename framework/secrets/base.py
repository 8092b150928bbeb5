"""The contract of the secrets family: a name → a value, or nothing.

A new kind is one file: an options class with `type: Literal["…"]` and `open()`, added to the union in `__init__.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from framework.errors import SecretError


class SecretStore(Protocol):
    """Where secret values are."""

    def get(self, owner: str, name: str) -> str | None:
        """The value of an owner's secret (a source's, such as shop / client_id), None where it is not set."""
        ...

    def place(self, owner: str, name: str) -> str:
        """Where that value is to be put, for an error's remedy."""
        ...


class SecretValues(Mapping[str, str]):
    """A source's secrets as templates see them: fetched when they are asked for, once a run."""

    def __init__(self, store: SecretStore, owner: str, hide: Callable[[str], None], optional: bool = False) -> None:
        self._store, self._owner, self._hide, self._optional = store, owner, hide, optional
        self._known: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._known:
            value = self._store.get(self._owner, name)
            if value is None and not self._optional:
                place = self._store.place(self._owner, name)
                raise SecretError(f"the secret {self._owner}.{name} is not set. Put it into {place}.")
            self._hide(value or "")
            self._known[name] = value or ""
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "***"
