"""Refresh tokens that change with each use: one spender at a time, durable first, and nothing to read in the stage."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from framework import token_store
from framework.auth.base import Granted
from framework.errors import ApiError, SecretError, StageError, Unreachable
from framework.stages.local import LocalFolder
from framework.token_store import CLAIM_SECONDS, StageTokens

NEVER: Callable[[Granted], bool] = lambda granted: False  # noqa: E731


class Server:
    """A token endpoint that rotates and takes each refresh token once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.valid, self.spent, self.seconds = "r-0", [], seconds  # type: ignore[var-annotated]

    def spend(self, refresh: str) -> Granted:
        """One exchange."""
        time.sleep(self.seconds)
        self.spent.append(refresh)
        if refresh != self.valid:
            raise ApiError(f"{refresh} was used before")
        number = len(self.spent)
        self.valid = f"r-{number}"
        return Granted(f"a-{number}", self.valid, expires=1e12, life=3600.0)


class Clock:
    """Wall time that sleeping moves on."""

    def __init__(self) -> None:
        self.now, self.slept = datetime(2026, 1, 31, 12, tzinfo=UTC), 0.0

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        """At once."""
        self.slept += seconds
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def stage(tmp_path: Path) -> LocalFolder:
    """A folder."""
    return LocalFolder(tmp_path)


def machine(stage: LocalFolder, clock: Clock | None = None) -> StageTokens:
    """Another process."""
    clock = clock or Clock()
    return StageTokens(stage, "project/_auth/shop", clock, clock.sleep)


def test_a_chain_goes_on_where_it_ended(stage: LocalFolder) -> None:
    server = Server()
    for number in range(1, 20):
        found = machine(stage).exchange("r-0", "secret", server.spend, NEVER)
        assert (found.access, found.refresh) == (f"a-{number}", f"r-{number}")
    assert server.spent == [f"r-{number}" for number in range(19)]


def test_what_serves_is_used_again(stage: LocalFolder) -> None:
    server = Server()
    first = machine(stage).exchange("r-0", "", server.spend, NEVER)
    assert machine(stage).exchange("r-0", "", server.spend, lambda granted: granted == first) == first
    assert server.spent == ["r-0"]


def test_an_endless_token_is_kept_as_one(stage: LocalFolder) -> None:
    endless = Granted("a", "r")
    machine(stage).exchange("r-0", "", lambda _: endless, NEVER)
    assert machine(stage).exchange("r-0", "", Server().spend, lambda _: True) == endless


def test_a_refresh_token_that_stays_is_spent_again(stage: LocalFolder) -> None:
    spent: list[str] = []
    for _ in range(2):
        machine(stage).exchange("r-0", "", lambda refresh: spent.append(refresh) or Granted("a"), NEVER)  # type: ignore[func-returns-value]
    assert spent == ["r-0", "r-0"]


def test_it_is_durable_before_anyone_has_it(stage: LocalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that dies right after the exchange loses nothing."""
    server = Server()

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    entries = []
    monkeypatch.setattr(StageTokens, "_spent", lambda self, chain, *rest: entries.append(chain) or dies())
    with pytest.raises(KeyboardInterrupt):
        machine(stage).exchange("r-0", "", server.spend, NEVER)
    monkeypatch.undo()
    assert server.spent == []  # it died before it spent anything: its claim runs out
    clock = Clock()
    clock.now += timedelta(seconds=1)
    assert machine(stage, clock).exchange("r-0", "", server.spend, NEVER).access == "a-1"
    assert CLAIM_SECONDS - 2 < clock.slept < CLAIM_SECONDS + 2
    keys = [found.key for found in stage.list("project/_auth/")]
    assert [key.rpartition("/")[2] for key in keys] == ["00000001", "claim-00000001-01", "claim-00000001-02"]


def test_nothing_can_be_read_in_the_stage(stage: LocalFolder) -> None:
    server = Server()
    machine(stage).exchange("r-0", "secret", server.spend, NEVER)
    for found in stage.list("project/"):
        text = found.key.encode() + (stage.read(found.key) or b"")
        assert not [word for word in (b"r-0", b"r-1", b"a-1", b"secret") if word in text]


def test_a_new_consent_begins_anew(stage: LocalFolder) -> None:
    server = Server()
    machine(stage).exchange("r-0", "", server.spend, NEVER)
    server.valid = "consented"
    assert machine(stage).exchange("consented", "", server.spend, NEVER).access == "a-2"
    assert server.spent == ["r-0", "consented"]


def test_another_client_secret_can_not_read_it_and_is_told(stage: LocalFolder) -> None:
    server = Server()
    machine(stage).exchange("r-0", "old", server.spend, NEVER)
    with pytest.raises(SecretError, match=r"the client's secret has changed.* Get a new refresh token by consent"):
        machine(stage).exchange("r-0", "new", server.spend, NEVER)


@pytest.mark.parametrize("error", [ApiError("refused"), Unreachable("no answer"), KeyboardInterrupt()])
def test_who_fails_gives_its_claim_up(stage: LocalFolder, error: BaseException) -> None:
    def fails(refresh: str) -> Granted:
        raise error

    with pytest.raises(type(error)):
        machine(stage).exchange("r-0", "", fails, NEVER)
    clock = Clock()
    assert machine(stage, clock).exchange("r-0", "", Server().spend, NEVER).access == "a-1"
    assert clock.slept == 0


def test_who_was_slow_and_overtaken_goes_on_with_what_the_faster_one_got(stage: LocalFolder) -> None:
    server = Server()

    def slow(refresh: str) -> Granted:
        if not server.spent:
            late = Clock()
            late.now += timedelta(seconds=CLAIM_SECONDS)
            machine(stage, late).exchange("r-0", "", server.spend, NEVER)
        return server.spend(refresh)

    found = machine(stage).exchange("r-0", "", slow, lambda granted: granted.access == "a-1")
    assert found.access == "a-1"
    assert server.spent == ["r-0", "r-0"]


def test_what_two_got_at_once_is_kept_of_both(stage: LocalFolder) -> None:
    """Of a server that takes a refresh token twice: the later answer is the one to go on with."""

    def slow(refresh: str) -> Granted:
        late = Clock()
        late.now += timedelta(seconds=CLAIM_SECONDS)
        machine(stage, late).exchange("r-0", "", lambda _: Granted("fast", "r-fast"), NEVER)
        return Granted("slow", "r-slow")

    assert machine(stage).exchange("r-0", "", slow, NEVER).access == "slow"
    assert machine(stage).exchange("r-0", "", Server().spend, lambda _: True).refresh == "r-slow"


def test_many_threads_and_machines_spend_each_token_once(stage: LocalFolder) -> None:
    """Eight machines of eight threads, three rounds of refusals."""
    server, lock = Server(0.01), threading.Lock()
    machines = [
        StageTokens(stage, "p/_auth/s", lambda: datetime.now(UTC), lambda _: time.sleep(0.005)) for _ in range(8)
    ]
    used: list[str] = []
    for round_ in range(3):
        newest = f"a-{round_}"

        def serves(granted: Granted, old: str = newest) -> bool:
            return granted.access != old

        def ask(machine: StageTokens, serves: Callable[[Granted], bool] = serves) -> None:
            found = machine.exchange("r-0", "", server.spend, serves)
            with lock:
                used.append(found.access)

        with ThreadPoolExecutor(32) as pool:
            list(pool.map(ask, machines * 8))
    assert server.spent == ["r-0", "r-1", "r-2"]
    assert used == ["a-1"] * 64 + ["a-2"] * 64 + ["a-3"] * 64


def test_the_newest_is_found_by_few_reads(stage: LocalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = token_store._Chain(stage, "p", "first", "secret")
    assert chain.newest() is None
    for number in range(1, 1001):
        chain.append(number, Granted(f"a-{number}", "r"))
    reads: list[str] = []
    read = LocalFolder.read
    monkeypatch.setattr(LocalFolder, "read", lambda self, key: reads.append(key) or read(self, key))
    found = token_store._Chain(stage, "p", "first", "secret").newest()
    assert found is not None
    assert found.access == "a-1000"
    assert len(reads) < 25
    reads.clear()
    assert chain.newest() == found
    assert len(reads) == 2


def test_a_token_that_can_not_be_kept_is_not_used(stage: LocalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    put = LocalFolder.put_if_absent

    def full(self: LocalFolder, key: str, data: bytes) -> bool:
        if key.endswith("/00000001"):
            raise StageError("no space left")
        return put(self, key, data)

    monkeypatch.setattr(LocalFolder, "put_if_absent", full)
    with pytest.raises(StageError, match="no space left"):
        machine(stage).exchange("r-0", "", Server().spend, NEVER)


def test_a_token_that_is_handed_back_leads_to_the_same_chain(stage: LocalFolder) -> None:
    """The secret store is given each new refresh token; whoever reads the old one or any later one goes on from the
    same place, and none is spent twice."""
    server, kept = Server(), ["r-0"]

    def hand_back(old: str, new: str) -> bool:
        assert kept[-1] == old
        kept.append(new)
        return True

    def process(first: str, **named: object) -> Granted:
        tokens = StageTokens(stage, "project/_auth/api", Clock(), **named)  # type: ignore[arg-type]
        return tokens.exchange(first, "", server.spend, NEVER)

    tokens = StageTokens(stage, "project/_auth/api", Clock(), hand_back=hand_back)
    for number in (1, 2, 3):
        assert tokens.exchange("r-0", "", server.spend, NEVER).access == f"a-{number}"
    assert kept == ["r-0", "r-1", "r-2", "r-3"]
    for number, first in enumerate(["r-3", "r-0", "r-1"], 4):  # this one read it before the last exchange
        assert process(first).access == f"a-{number}"
    assert process("r-3", hand_back=lambda old, new: kept.append(new)).access == "a-7"
    assert kept[-1] == "r-7"
    assert process("r-7").access == "a-8"
    assert server.spent == [f"r-{number}" for number in range(8)]


def test_a_secret_store_that_takes_nothing_is_no_harm(stage: LocalFolder) -> None:
    """The chain in the stage is what counts."""
    server = Server()

    def refused(old: str, new: str) -> bool:
        raise SecretError("access denied")

    tokens = StageTokens(stage, "project/_auth/api", Clock(), hand_back=refused)
    assert tokens.exchange("r-0", "", server.spend, NEVER).access == "a-1"
    again = StageTokens(stage, "project/_auth/api", Clock())
    assert again.exchange("r-0", "", server.spend, NEVER).access == "a-2"
