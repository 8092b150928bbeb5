"""The contract of the secrets family: a name → a value, or nothing.

A new kind is one file: an options class with `type: Literal["…"]` and `open()`, added to the union in `__init__.py`.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from framework.errors import SecretError

REREAD_SECONDS = 60.0
"""How long what was read anew counts: an API that refuses every slice does not make a store be asked for each."""


class SecretStore(Protocol):
    """Where secret values are. Asks for each once, until it is told to forget. Used by many threads at once."""

    @property
    def writable(self) -> bool:
        """Whether `put` may do something."""
        ...

    def get(self, owner: str, name: str) -> str | None:
        """The value of an owner's secret (a source's, such as shop / client_id), None where it is not set. Raises
        SecretError where the store can't be asked."""
        ...

    def place(self, owner: str, name: str) -> str:
        """Where that value is to be put, for an error's remedy."""
        ...

    def forget(self) -> None:
        """What is asked for next is read anew."""
        ...

    def put(self, owner: str, name: str, value: str) -> bool:
        """Puts another value in the place of one that is there; False where this store does not."""
        ...


class Values:
    """What the stores that hold texts under keys have in common: a secret's value is a text of its own, or a field of
    its owner's JSON text. Each key is asked for once."""

    def __init__(
        self,
        ask: Callable[[str], str | None],
        keys: Callable[[str, str], tuple[str, str]],
        write: Callable[[str, str], None] | None = None,
    ) -> None:
        """`ask` gives a key's text, None where there is none; `keys` the owner's key and the secret's own."""
        self._ask, self._keys, self._write = ask, keys, write
        self._known: dict[str, str | None] = {}
        self._lock = threading.Lock()
        self.writable = write is not None

    def text(self, key: str) -> str | None:
        """The text under a key."""
        with self._lock:
            if key not in self._known:
                self._known[key] = self._ask(key)
            return self._known[key]

    def get(self, owner: str, name: str) -> str | None:
        """The owner's JSON text first: one answer for all of its secrets."""
        whole, own = self._keys(owner, name)
        found = fields(self.text(whole)).get(name)
        return found if found is not None else self.text(own) or None

    def forget(self) -> None:
        """Every key is asked for anew."""
        with self._lock:
            self._known.clear()

    def put(self, owner: str, name: str, value: str) -> bool:
        """Into the field or the text that holds it, whatever else the text holds."""
        if self._write is None:
            return False
        whole, own = self._keys(owner, name)
        self.forget()
        text = self.text(whole)
        if name in fields(text):
            self._write(whole, json.dumps({**json.loads(text or "{}"), name: value}))
        elif self.text(own) is not None:
            self._write(own, value)
        else:
            return False
        self.forget()
        return True


def fields(text: str | None) -> dict[str, str]:
    """The fields of a text that is a JSON object, as text; none of any other."""
    try:
        found = json.loads(text or "")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items() if value}


class Chain:
    """Several stores: the first that has a secret gives it."""

    def __init__(self, stores: Sequence[SecretStore]) -> None:
        self._stores = stores
        self.writable = any(store.writable for store in stores)

    def get(self, owner: str, name: str) -> str | None:
        """In order. A store that can't be asked is no store that has nothing: its error goes up."""
        for store in self._stores:
            found = store.get(owner, name)
            if found is not None:
                return found
        return None

    def place(self, owner: str, name: str) -> str:
        """Any of them."""
        return ", or into ".join(store.place(owner, name) for store in self._stores)

    def forget(self) -> None:
        """All of them."""
        for store in self._stores:
            store.forget()

    def put(self, owner: str, name: str, value: str) -> bool:
        """Into the store that gives it, and no other."""
        for store in self._stores:
            if store.get(owner, name) is not None:
                return store.put(owner, name, value)
        return False


class SecretValues(Mapping[str, str]):
    """A source's secrets as templates see them: fetched when they are asked for, once a run."""

    def __init__(self, store: SecretStore, owner: str, hide: Callable[[str], None], optional: bool = False) -> None:
        self._store, self._owner, self._hide, self._optional = store, owner, hide, optional
        self._known: dict[str, str] = {}
        self._reread_at = float("-inf")

    def __getitem__(self, name: str) -> str:
        if name not in self._known:
            value = self._store.get(self._owner, name)
            if value is None and not self._optional:
                place = self._store.place(self._owner, name)
                raise SecretError(f"the secret {self._owner}.{name} is not set. Put it into {place}.")
            self._hide(value or "")
            self._known[name] = value or ""
        return self._known[name]

    def reread(self) -> bool:
        """Asks the store anew for what was used; True where a value is another one now."""
        if time.monotonic() - self._reread_at < REREAD_SECONDS:
            return False
        self._reread_at = time.monotonic()
        before, self._known = self._known, {}
        self._store.forget()
        return any(self[name] != value for name, value in before.items())

    def replace(self, old: str, new: str) -> bool:
        """Puts a value into the store in the place of the one that was used, where the store takes it."""
        self._hide(new)
        names = [name for name, value in self._known.items() if value == old]
        done = [self._store.put(self._owner, name, new) for name in names]
        return any(done)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "***"
