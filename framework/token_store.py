"""Refresh tokens that change with each use: kept in the stage, encrypted, spent by one at a time over all machines.

<project>/_auth/<source>/<chain>/00000001                   what the first exchange gave; 00000002, the second …
<project>/_auth/<source>/<chain>/claim-00000002-01          who is about to make the second, and until when
<project>/_auth/<source>/<chain>/claim-00000002-01-over     … and failed
<project>/_auth/<source>/<other>/begins                     which chain a refresh token of it belongs to, where that was
                                                            handed back to the secret store

A chain begins with the refresh token of the secret store. Its name and key are derived from that: a new consent starts
a new chain, and the stage alone gives nobody a token.
"""

import secrets as entropy
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import msgspec

from framework.auth.base import Granted
from framework.errors import ApiError, SecretError, StageError
from framework.sealed import Box, Unreadable, derived
from framework.stages.base import Stage

CLAIM_SECONDS = 120.0
"""How long a claim holds, which is more than an exchange takes. A holder that died is passed over after that."""
POLL_SECONDS = 0.2
_ENDLESS = float("inf")


class _Entry(msgspec.Struct, frozen=True):
    access: str
    refresh: str
    expires: float | None
    life: float | None


class _Claim(msgspec.Struct, frozen=True):
    holder: str
    until: float


class StageTokens:
    """A source's kept tokens. Used by many threads at once."""

    def __init__(
        self,
        stage: Stage,
        folder: str,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
        hand_back: Callable[[str, str], object] | None = None,
    ) -> None:
        """`hand_back` puts a new refresh token into the secret store, in the place of the one that it gave, where the
        store takes it."""
        self._stage, self._folder, self._clock, self._sleep = stage, folder, clock, sleep
        self._hand_back = hand_back
        self._given: dict[_Chain, str] = {}
        self._holder = entropy.token_hex(8)
        self._lock = threading.Lock()
        self._chains: dict[tuple[str, str], _Chain] = {}

    def exchange(
        self, first: str, secret: str, spend: Callable[[str], Granted], serves: Callable[[Granted], bool]
    ) -> Granted:
        """The newest tokens of the chain if they serve, else what `spend` makes of the newest refresh token, durable
        before it is returned. Raises SecretError where what is kept can't be read with these secrets."""
        with self._lock:
            chain = self._chain(first, secret)
            while True:
                newest = chain.newest()
                if newest is not None and serves(newest):
                    return newest
                number = chain.length + 1
                claim = self._claimed(chain, number)
                if claim is not None:
                    with suppress(_Overtaken):
                        return self._spent(chain, number, claim, newest.refresh if newest else first, spend)

    def _chain(self, first: str, secret: str) -> "_Chain":
        """The chain that a refresh token belongs to: the one it began, or the one whose newest token was handed back
        under this value."""
        if (first, secret) not in self._chains:
            own = _Chain(self._stage, self._folder, first, secret)
            began = own.began()
            chain = self._chain(began, secret) if began else own
            self._chains[first, secret] = chain
            self._given[chain] = first
        return self._chains[first, secret]

    def _returned(self, chain: "_Chain", refresh: str) -> None:
        """Into the secret store goes what leads there to this chain. The chain is what counts: a store that can't be
        written to keeps a token that leads here just as well."""
        given = self._given[chain]
        if self._hand_back and refresh != given:
            chain.link(refresh)
            with suppress(SecretError):
                if self._hand_back(given, refresh):
                    self._given[chain] = refresh

    def _claimed(self, chain: "_Chain", number: int) -> str | None:
        """The claim to make that entry, once it is ours; None where the entry came meanwhile."""
        attempt = 1
        while True:
            key = chain.claim_key(number, attempt)
            mine = _Claim(self._holder, self._clock().timestamp() + CLAIM_SECONDS)
            if self._stage.put_if_absent(key, msgspec.json.encode(mine)):
                return None if chain.has(number) else key
            while not self._is_over(key):
                if chain.has(number):
                    return None
                self._sleep(POLL_SECONDS)
            attempt += 1

    def _is_over(self, key: str) -> bool:
        text = self._stage.read(key)
        claim = msgspec.json.decode(text, type=_Claim) if text else _Claim("", 0.0)
        return claim.until <= self._clock().timestamp() or self._stage.read(f"{key}-over") is not None

    def _spent(
        self, chain: "_Chain", number: int, claim: str, refresh: str, spend: Callable[[str], Granted]
    ) -> Granted:
        try:
            granted = spend(refresh)
        except BaseException as error:
            if isinstance(error, ApiError) and chain.has(number):
                raise _Overtaken from None  # who took us for dead was faster with the same token
            with suppress(StageError):
                self._stage.put_if_absent(f"{claim}-over", b"{}")
            raise
        kept = granted if granted.refresh else replace(granted, refresh=refresh)
        chain.append(number, kept)
        self._returned(chain, kept.refresh)
        return kept


class _Overtaken(Exception):
    pass


class _Chain:
    """The entries that began with one refresh token."""

    def __init__(self, stage: Stage, folder: str, first: str, secret: str) -> None:
        self._stage, self._first, self._secret, self._above = stage, first, secret, folder
        self._folder = f"{folder}/{_derived(first, '', 'name').hex()[:32]}"
        self._box = Box(_derived(first, secret, "key"))
        self.length = 0
        """How many entries are known."""

    def newest(self) -> Granted | None:
        """The last entry, None where there is none. Found by a handful of reads, however many there are."""
        step, beyond = 1, self.length + 1
        while self.has(beyond):
            self.length, step = beyond, step * 2
            beyond += step
        while beyond - self.length > 1:
            middle = (self.length + beyond) // 2
            if self.has(middle):
                self.length = middle
            else:
                beyond = middle
        return self._entry(self.length) if self.length else None

    def began(self) -> str | None:
        """The refresh token that began another chain, which this one's belongs to."""
        linked = self._stage.read(f"{self._folder}/begins")
        try:
            return self._box.open(linked).decode() if linked else None
        except Unreadable:
            raise SecretError(_unreadable(f"{self._folder}/begins")) from None

    def link(self, refresh: str) -> None:
        """Whoever has that refresh token finds this chain."""
        other = _Chain(self._stage, self._above, refresh, self._secret)
        self._stage.put_if_absent(f"{other._folder}/begins", other._box.seal(self._first.encode()))

    def has(self, number: int) -> bool:
        """Whether that entry was made."""
        return self._stage.read(self._key(number)) is not None

    def append(self, number: int, granted: Granted) -> None:
        """Makes the entry durable; where someone who took us for dead was faster, behind theirs."""
        ends = [None if value == _ENDLESS else value for value in (granted.expires, granted.life)]
        entry = msgspec.json.encode(_Entry(granted.access, granted.refresh, *ends))
        while not self._stage.put_if_absent(self._key(number), self._box.seal(entry)):
            number += 1
        self.length = number

    def claim_key(self, number: int, attempt: int) -> str:
        """Where the claim to make that entry is."""
        return f"{self._folder}/claim-{number:08d}-{attempt:02d}"

    def _entry(self, number: int) -> Granted:
        try:
            found = msgspec.json.decode(self._box.open(self._stage.read(self._key(number)) or b""), type=_Entry)
        except (Unreadable, msgspec.DecodeError):
            raise SecretError(_unreadable(self._key(number))) from None
        expires, life = (_ENDLESS if value is None else value for value in (found.expires, found.life))
        return Granted(found.access, found.refresh, expires, life)

    def _key(self, number: int) -> str:
        return f"{self._folder}/{number:08d}"


def _unreadable(key: str) -> str:
    return (
        f"the refresh token kept in {key} can't be read: the client's secret has changed since it was kept. Get a new "
        "refresh token by consent and put it in place of the old one, or put the old client secret back."
    )


def _derived(first: str, secret: str, purpose: str) -> bytes:
    """What a chain's name or key is made of."""
    inside = f"{len(first)}:{first}{secret}".encode()
    return derived(inside, f"api-ingestion-framework refresh token {purpose}")
