"""The steps in order: plan, extract, load, clean, check. Each can be run again from its input alone."""

import secrets as entropy
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

import msgspec

from framework.alerts.base import post
from framework.check import Check
from framework.errors import FrameworkError, StageError
from framework.project import resolve
from framework.spec import Stream
from framework.sweep import UPLOADS_KEPT, throw_away, tidy
from framework.warehouses.base import Warehouse
from framework.workspace import Options, Workspace

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_run_id(now: datetime) -> str:
    """A ULID in small letters: 48 bits of milliseconds, 80 of chance; sorts by time."""
    number = int(now.timestamp() * 1000) << 80 | entropy.randbits(80)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


@dataclass
class StreamReport:
    """What a run did for one stream."""

    planned: int = 0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    unfinished: int = 0
    records: int = 0
    parts: int = 0
    loaded: int = 0
    table: str = ""
    rows: int = 0
    position: str = ""
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Report:
    """What a run did. Holds no secret and no record."""

    run: str
    source: str
    environment: str
    started: datetime
    finished: datetime | None = None
    status: str = "running"
    requests: int = 0
    retries: int = 0
    streams: dict[str, StreamReport] = field(default_factory=dict)
    marts: dict[str, int] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    error: str = ""
    """What ended the run before its time."""

    def of(self, stream: str) -> StreamReport:
        """The stream's part, made when it is first asked for."""
        return self.streams.setdefault(stream, StreamReport())

    @property
    def records(self) -> int:
        """Over all streams."""
        return sum(stream.records for stream in self.streams.values())

    @property
    def parts(self) -> int:
        """Over all streams."""
        return sum(stream.parts for stream in self.streams.values())

    def problems(self) -> list[str]:
        """What did not go well, a line each."""
        found = [f"{self.source}.{name}: {text}" for name, part in self.streams.items() for text in part.errors]
        checks = [
            f"{self.source}.{c.stream}: the check '{c.name}' failed: {c.found}" for c in self.checks if not c.passed
        ]
        return [*([self.error] if self.error else []), *found, *checks]

    def to_json(self) -> str:
        """All of it."""
        return msgspec.json.encode(asdict(self)).decode()


def run(workspace: Workspace, options: Options) -> Report:
    """All steps. Failed slices and checks are in the report; what makes the rest pointless is raised."""
    started = workspace.now()
    report = Report(new_run_id(started), workspace.source.name, workspace.deployment.environment_name, started)
    chosen = workspace.streams(options.streams)
    try:
        sweep(workspace, started)
        _extract_all(workspace, chosen, options, report)
        with workspace.warehouse(report.run) as warehouse:
            _into_tables(workspace, warehouse, chosen, report)
            report.status = status_of(report)
            report.finished = workspace.now()
            keep(warehouse, report)
    except FrameworkError as error:
        report.status, report.error = "failed", workspace.redactor(str(error))
        raise
    finally:
        report.finished = report.finished or workspace.now()
        workspace.listener("finished", {"report": report})
        if report.status == "failed":
            alert(workspace, report)
    return report


def sweep(workspace: Workspace, now: datetime) -> None:
    """Throws away what dead runs left and never logged; what they logged is published first. Uploads of other sources,
    whose logs are not looked at here, stay."""

    def publish() -> None:
        for stream in workspace.streams([]):
            with workspace.about(stream.name):
                workspace.position(stream.name)

    project, source = workspace.deployment.project, workspace.source
    throw_away(workspace.stage, project, source.name, publish, now - UPLOADS_KEPT)
    try:
        tidy(workspace.stage, project, source.name, now, source.http.rate_limit.per)
    except StageError as error:  # as where it may not: then the store's own rules have to
        workspace.listener("warning", {"stream": source.name, "text": f"{error}. What is old there stays."})


def alert(workspace: Workspace, report: Report) -> None:
    """Tells those who want to know of a run that failed."""
    deployment = workspace.deployment
    title = f"{report.source} ({report.environment}): run {report.run} failed"
    for spec in deployment.environment.alerts:
        url = resolve(spec.url, deployment, workspace.redactor)
        problem = post(url, spec.message(title, "\n".join(report.problems()[:10])))
        if problem:
            workspace.listener(
                "warning", {"stream": report.source, "text": f"the alert did not get through: {problem}"}
            )


def _extract_all(workspace: Workspace, chosen: Sequence[Stream], options: Options, report: Report) -> None:
    client = workspace.client(report.run, report.started)
    try:
        for stream in chosen:
            part = report.of(stream.name)
            with workspace.about(stream.name):
                plan = workspace.plan(stream, report.run, report.started, options)
            part.planned = len(plan.slices)
            workspace.listener("planned", {"stream": stream.name, "slices": len(plan.slices)})
            if plan.slices:
                with workspace.about(stream.name):
                    outcome = workspace.extract(plan, client)
                part.done, part.skipped, part.unfinished = outcome.done, outcome.skipped, outcome.unfinished
                part.records, part.parts, part.failed = outcome.rows, outcome.parts, len(outcome.failed)
                part.errors = [*outcome.errors, *(failure.text for failure in outcome.failed)]
                part.warnings += outcome.warnings
            workspace.listener("extracted", {"stream": stream.name, "report": part})
    finally:
        report.requests, report.retries = client.requests, client.retries
        client.close()


def _into_tables(workspace: Workspace, warehouse: Warehouse, chosen: Sequence[Stream], report: Report) -> None:
    for stream in chosen:
        part = report.of(stream.name)
        workspace.listener("loading", {"stream": stream.name})
        with workspace.about(stream.name):
            loaded = workspace.load(warehouse, stream)
        part.loaded = loaded.rows
        part.warnings += loaded.warnings
        workspace.listener("loaded", {"stream": stream.name, "rows": part.loaded})
        try:
            cleaned = workspace.clean(warehouse, stream)
        except FrameworkError as error:
            part.errors.append(workspace.redactor(str(error)))
            continue
        if cleaned:
            part.table, part.rows = cleaned.table, cleaned.rows
            part.warnings += cleaned.warnings
        workspace.listener("cleaned", {"stream": stream.name, "rows": part.rows})
    for mart in workspace.marts(warehouse):
        report.marts[mart.table] = mart.rows
        workspace.listener("mart", {"table": mart.table, "rows": mart.rows})
    for stream in chosen:
        if not report.of(stream.name).errors or stream.clean is None or report.of(stream.name).table:
            report.checks += workspace.check(warehouse, stream)


def status_of(report: Report) -> str:
    """failed, warning or ok."""
    if any(stream.errors for stream in report.streams.values()):
        return "failed"
    if not all(check.passed for check in report.checks):
        return "failed"
    return "warning" if any(stream.warnings for stream in report.streams.values()) else "ok"


def keep(warehouse: Warehouse, report: Report) -> None:
    """A row in _INGEST_RUNS."""
    columns = (
        "run_id", "source", "environment", "started_at", "finished_at", "status", "requests", "retries", "records",
        "parts", "report",
    )  # fmt: skip
    finished = report.finished.replace(tzinfo=None) if report.finished else None
    row = (
        report.run, report.source, report.environment, report.started.replace(tzinfo=None), finished, report.status,
        report.requests, report.retries, report.records, report.parts, report.to_json(),
    )  # fmt: skip
    warehouse.insert("_INGEST_RUNS", columns, [row])
