"""One deployment with its stage, logs and warehouse at hand, and the steps that can be done in it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import msgspec

from framework import parents
from framework.check import Check
from framework.clean import Cleaned
from framework.deploy.account import account_of
from framework.errors import FrameworkError, InvalidSpec, SettingsError, SpecError, StageError
from framework.extract import Extraction, Listener, Outcome
from framework.fetch import Client
from framework.filling import Filling, InDuckDB
from framework.load import Loaded
from framework.log import Log
from framework.manifest import Kept, Position, Reset
from framework.model import Redactor
from framework.names import fields_asked
from framework.notes import Notes
from framework.partitions import ForEachRecord
from framework.plan import Plan, Request, fingerprint, slices
from framework.problem import suggestion
from framework.project import Deployment, resolve
from framework.read import StreamReader
from framework.secrets.base import SecretValues
from framework.snowflake.filling import InSnowflake
from framework.spec import Stream
from framework.stages.base import Stage
from framework.token_store import StageTokens
from framework.turns import SharedLimiter, Turns
from framework.warehouses.base import Opening, Warehouse
from framework.warehouses.snowflake import SnowflakeWarehouse
from framework.window import to_text


@dataclass(frozen=True)
class Options:
    """What the command line asks of a run."""

    streams: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    full_refresh: bool = False
    reset: tuple[str, ...] = ()
    """Streams that are read anew."""
    keep_position: bool = False
    """Positions count though the spec gives them another meaning."""
    limit: int | None = None


CLOUDS = {"s3": "aws", "azure": "azure"}
"""Kind of stage → whose identity a process there has."""


def filling_of(deployment: Deployment, stage: Stage) -> Filling:
    """By the kind of warehouse."""
    environment = deployment.environment
    if isinstance(environment.warehouse, SnowflakeWarehouse):
        account = account_of(deployment.environment_name, environment, deployment.project)
        return InSnowflake(account, deployment.source, stage)
    return InDuckDB(deployment.source, stage)


def ignore(event: str, facts: Mapping[str, Any]) -> None:
    """A listener that does nothing."""


class Workspace:
    """One deployment with its stage, logs and warehouse at hand."""

    def __init__(
        self, deployment: Deployment, listener: Listener = ignore, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.deployment, self.source = deployment, deployment.source
        self.redactor = Redactor()
        self.listener = listener
        self.now = clock or (lambda: datetime.now(UTC))
        self.stage: Stage = deployment.environment.stage.open(deployment.folder, self._resolve)
        self._filling = filling_of(deployment, self.stage)
        store = deployment.secrets
        self._secrets = SecretValues(store, deployment.name, self.redactor.add)
        self._values = {
            "config": deployment.config,
            "secrets": self._secrets,
            "optional_secrets": SecretValues(store, deployment.name, self.redactor.add, optional=True),
        }

    def values(self, run: str, started: datetime) -> dict[str, Any]:
        """The names that every template of a run may use."""
        return {**self._values, "run": {"id": run, "started": started.strftime("%Y-%m-%dT%H:%M:%SZ")}}

    def log(self, stream: str) -> Log:
        """A stream's log."""
        return Log(self.stage, self.deployment.project, self.source.name, stream)

    def streams(self, names: Sequence[str]) -> list[Stream]:
        """The streams that are meant, parents first. Raises SettingsError for a name that is none."""
        every = self.source.in_order()
        known = [stream.name for stream in every]
        for name in names:
            if name not in known:
                raise SettingsError(f"the source {self.source.name!r} has no stream {name!r}.{suggestion(name, known)}")
        return [stream for stream in every if not names or stream.name in names]

    @contextmanager
    def warehouse(self, run: str = "") -> Iterator[Warehouse]:
        """An open warehouse with the tables that every step needs. What it does is said to be that run's."""
        environment = self.deployment.environment
        tag = {"project": self.deployment.project, "source": self.source.name} | ({"run": run} if run else {})
        opened: Warehouse = environment.warehouse.open(
            Opening(self.deployment.folder, self._resolve, CLOUDS.get(environment.stage.type, ""), tag)
        )
        try:
            self._filling.prepare(opened)
            yield opened
        finally:
            opened.close()

    def _resolve(self, text: str) -> str:
        return resolve(text, self.deployment, self.redactor)

    def client(self, run: str, started: datetime, threads: int | None = None, shared: bool = False) -> Client:
        """The API, with this run's credentials, for as many threads as the spec says or as are given. `shared` says
        that other machines ask it at the same time: then the rate limit holds over all of them."""
        http, limit = self.source.http, self.source.http.rate_limit
        if threads:
            limit = limit.model_copy(update={"concurrency": threads})
            http = http.model_copy(update={"rate_limit": limit})
        turns = f"{self.deployment.project}/_rate/{self.source.name}"
        limiter = (
            SharedLimiter(Turns(self.stage, turns, limit.requests, limit.per.total_seconds()), limit.concurrency)
            if shared and limit.requests
            else None
        )
        return Client(
            http,
            self.values(run, started),
            self.redactor,
            self.deployment.environment.hosts,
            limiter,
            clock=self.now,
            folder=self.deployment.folder,
            kept=StageTokens(
                self.stage,
                f"{self.deployment.project}/_auth/{self.source.name}",
                self.now,
                hand_back=self._secrets.replace if self.deployment.secrets.writable else None,
            ),
            reread=self._secrets.reread,
        )

    @contextmanager
    def about(self, stream: str) -> Iterator[None]:
        """Errors inside name the source and the stream, secrets hidden."""
        name = f"{self.source.name}.{stream}"
        try:
            yield
        except InvalidSpec:
            raise
        except FrameworkError as error:
            text = self.redactor(str(error))
            told = type(error)(text if text.startswith(name) else f"{name}: {text}")
            told.final, told.wait_seconds = error.final, error.wait_seconds
            raise told from error

    # The steps

    def position(self, stream: str) -> Position:
        """Publishes what a dead run left behind, and says how far the stream is."""
        return self.log(stream).recover(self._notice(stream))

    def _notice(self, stream: str) -> Callable[[str], None]:
        return lambda text: self.listener("warning", {"stream": stream, "text": text})

    def plan(self, stream: Stream, run: str, started: datetime, options: Options, dry: bool = False) -> Plan:
        """The slices of one stream, for this run. Writes nothing but the reset of a position, and that not when
        `dry`."""
        self.streams(options.reset)  # which says if one of them is none
        position = self.position(stream.name)
        mark = fingerprint(stream)
        if options.full_refresh or stream.name in options.reset:
            how = "--full-refresh" if options.full_refresh else "--reset"
            position = Position(entry=position.entry) if dry else self._reset(stream, run, mark, position, how)
        elif position.fingerprint and position.fingerprint != mark:
            if not options.keep_position:
                raise SpecError(
                    f"{self.source.name}.{stream.name}: the spec changed from [{position.fingerprint}] to [{mark}], "
                    f"which makes its position meaningless. Read the stream anew with --reset {stream.name} (or all "
                    "streams with --full-refresh), go on from where it stands with --keep-position, or change the "
                    "spec back."
                )
            position = position if dry else self._keep_position(stream, run, mark, position)
        asked = _asked(options, started)
        known, through = self._parents(stream, position, run if asked.backfill else None)
        found = slices(stream, self.values(run, started), position, started, asked, known)
        return Plan(
            run=run,
            source=self.source.name,
            stream=stream.name,
            started=started,
            base=position.entry,
            fingerprint=mark,
            slices=list(found),
            through=through,
            backfill=asked.backfill,
            limit=options.limit,
            shared=bool(stream.incremental and stream.incremental.position == "shared"),
        )

    def _reset(self, stream: Stream, run: str, mark: str, position: Position, how: str) -> Position:
        number = self.log(stream.name).append(Reset(run, self.now(), mark, how), position.entry)
        return Position(entry=number, fingerprint=mark)

    def _keep_position(self, stream: Stream, run: str, mark: str, position: Position) -> Position:
        number = self.log(stream.name).append(Kept(run, self.now(), mark, "--keep-position"), position.entry)
        return msgspec.structs.replace(position, entry=number, fingerprint=mark)

    def _parents(self, stream: Stream, position: Position, run: str | None) -> tuple[dict[str, Iterator[Any]], int]:
        """By level: the parents' records; and, for a child of one parent, the entry up to which they were looked at."""
        found: dict[str, Iterator[Any]] = {}
        logs = {name: self.log(name) for name in stream.parents}  # which remember how far they have looked
        entries = {name: log.recover(self._notice(name)).entry for name, log in logs.items()}
        if len(entries) == 1 and entries[stream.parents[0]] < position.parents:
            raise StageError(
                f"the log of the parent {stream.parents[0]!r} ends at entry {entries[stream.parents[0]]}, and this "
                f"stream has followed it up to {position.parents}: it was deleted. Read this stream anew with "
                "--full-refresh."
            )
        for level in stream.levels:
            each = level if isinstance(level, ForEachRecord) else getattr(level, "otherwise", None)
            asks = [
                parents.Ask(stream, each, self.source.stream(name), fields_asked(self.source, stream), run)
                for name in level.streams
                if each
            ]
            found[level.as_] = chain.from_iterable(
                parents.read(ask, logs[ask.parent.name], self.stage, position) for ask in asks
            )
        return found, entries[stream.parents[0]] if len(entries) == 1 else 0

    def notes(self, run: str) -> Notes:
        """What the steps of a run came to."""
        return Notes(self.stage, self.deployment.project, self.source.name, run)

    def plan_key(self, run: str, stream: str) -> str:
        """Where a plan waits in the stage."""
        return f"{self.deployment.project}/_plan/{self.source.name}/{stream}/{run}.json"

    def keep_plan(self, plan: Plan) -> None:
        """Puts a plan where `extract` finds it."""
        self.stage.put_if_absent(self.plan_key(plan.run, plan.stream), plan.to_json())

    def kept_plan(self, run: str, stream: str) -> Plan:
        """The plan that `plan` kept. Raises SettingsError where there is none."""
        text = self.stage.read(self.plan_key(run, stream))
        if text is None:
            raise SettingsError(
                f"there is no plan of run {run!r} for the stream {stream!r}: run `framework plan` first"
            )
        try:
            return Plan.from_json(text)
        except msgspec.DecodeError as error:
            raise SettingsError(
                f"{self.plan_key(run, stream)} is no plan that this version knows: {error}. Plan again, or extract it "
                "with the version that made it."
            ) from None

    def extract(self, plan: Plan, client: Client, whole: bool = True) -> Outcome:
        """Carries a plan out, or, where it is not `whole`, a batch of one: parts in the stage, entries in the log."""
        stream = self.source.stream(plan.stream)
        reader = StreamReader(stream, self.values(plan.run, plan.started), client)
        at = plan.started.astimezone(UTC)
        folder = f"{self.deployment.project}/source={self.source.name}/dt={at:%Y-%m-%d}/hour={at:%H}"
        log = self.log(plan.stream)
        work = Extraction(plan, reader, log, self.stage, folder, log.recover(), self.listener, whole=whole)
        return work.run(client.concurrency, client.limiter.stop)

    def load(self, warehouse: Warehouse, stream: Stream) -> Loaded:
        """RAW holds what the log holds."""
        log = self.log(stream.name)
        log.recover(self._notice(stream.name))
        warehouse.tag(stream=stream.name, step="load")
        return self._filling.load(warehouse, log, stream, self.now())

    def clean(self, warehouse: Warehouse, stream: Stream) -> Cleaned | None:
        """CLEAN holds what RAW says; None for a stream without a CLEAN table."""
        warehouse.tag(stream=stream.name, step="clean")
        return self._filling.clean(warehouse, stream, self.now())

    def marts(self, warehouse: Warehouse) -> list[Cleaned]:
        """ANALYTICS is made of CLEAN."""
        warehouse.tag(step="marts")
        return self._filling.marts(warehouse, self.deployment.config)

    def check(self, warehouse: Warehouse, stream: Stream) -> list[Check]:
        """What must hold, and whether it does."""
        warehouse.tag(stream=stream.name, step="check")
        return self._filling.check(warehouse, stream, self.now())


def _asked(options: Options, now: datetime) -> Request:
    until = options.until or now
    if options.since is not None and options.since >= until:
        raise SettingsError(
            f"--since {to_text(options.since)} is not before {to_text(until)}: there is nothing to read"
        )
    return Request(options.since, options.until)
