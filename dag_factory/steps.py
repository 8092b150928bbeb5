"""What each task does: the same calls on a Workspace that the command line's verbs make. Knows nothing of Airflow.

Every step can be tried again: a plan is kept once, and a slice that is logged is not read a second time. What a step
came to is noted in the stage, where `report` finds it.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dag_factory.shape import BATCH_SECONDS, shape
from framework.batches import Batch, close, cut, pace
from framework.errors import CheckFailed, FrameworkError, StageError
from framework.extract import Outcome, all_skipped, shown
from framework.gather import gather, keep_report
from framework.notes import Note, newest
from framework.project import find
from framework.run import Report, alert, new_run_id, sweep
from framework.spec import Stream
from framework.window import parse_instant
from framework.workspace import Options, Workspace

_log = logging.getLogger("dag_factory")
_SHOWN = 10

Given = Mapping[str, Any]
"""What a task is handed: names, numbers and instants as text."""


class SlicesFailed(FrameworkError):
    """Some slices of a batch did not get through; the others are committed."""


class RunFailed(FrameworkError):
    """The run is over, and not all of it went well."""

    final = True


def open_workspace(folder: str, source: str, environment: str) -> Workspace:
    """The deployment that a task is about."""
    return Workspace(find(Path(folder)).deployment(source, environment), _say)


def _say(event: str, facts: Mapping[str, Any]) -> None:
    level = logging.WARNING if event in ("warning", "slice failed") else logging.INFO
    level = logging.DEBUG if event in ("slice read", "prepared", "logged") else level
    _log.log(level, "%s: %s", event, ", ".join(f"{name} {value}" for name, value in facts.items()))


@dataclass
class _Told:
    """What a step is about to note."""

    facts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)
    requests: int = 0
    retries: int = 0


@contextmanager
def _noted(workspace: Workspace, run: str, step: str, stream: str = "", batch: int = 0) -> Iterator[_Told]:
    """Keeps a note of the step when it is over, whether it went well or not."""
    told = _Told()

    def keep() -> None:
        outcome = told.outcome
        note = Note(
            step, workspace.now(), stream, batch, told.facts, outcome.failed, told.errors, told.warnings,
            told.requests, told.retries, outcome.seconds,
        )  # fmt: skip
        workspace.notes(run).keep(note)
        for text in told.warnings:
            _log.warning("%s: %s", stream, text)

    try:
        yield told
    except BaseException as error:  # one that was told to stop has not ended well either
        told.errors.append(workspace.redactor(str(error) or type(error).__name__))
        with suppress(StageError):  # the first error is the one to tell
            keep()
        raise
    keep()


def begin(workspace: Workspace, given: Given) -> dict[str, Any]:
    """The new run's id, when it starts, and the streams it is about. Sweeps up what dead runs left behind."""
    started = workspace.now()
    chosen = workspace.streams(given.get("streams") or [])
    sweep(workspace, started)
    return {
        "run": new_run_id(started),
        "started": started.isoformat(),
        "streams": [stream.name for stream in chosen],
    }


def plan(workspace: Workspace, stream: Stream, given: Given) -> list[dict[str, Any]]:
    """Keeps the stream's plan in the stage and returns the names of its batches. A plan that this run has kept before
    stays as it is."""
    run, name = given["run"], stream.name
    with _noted(workspace, run, "plan", name) as told, workspace.about(name):
        for parent in stream.parents:
            _close(workspace, run, parent, _Told())
        if workspace.stage.read(workspace.plan_key(run, name)) is None:
            started = datetime.fromisoformat(given["started"])
            workspace.keep_plan(workspace.plan(stream, run, started, _options(given)))
        kept, log = workspace.kept_plan(run, name), workspace.log(name)
        drawn = shape(workspace.deployment)
        batch = workspace.deployment.airflow.batch
        seconds = batch.total_seconds() if batch else BATCH_SECONDS
        batches = cut(kept, pace(log, kept.base), drawn.threads, seconds)
        told.facts = {"planned": len(kept.slices), "batches": len(batches)}
    _log.info("%s: %d slices in %d batches", name, len(kept.slices), len(batches))
    return [asdict(batch) for batch in batches]


def _options(given: Given) -> Options:
    return Options(
        since=parse_instant(given["since"]) if given.get("since") else None,
        until=parse_instant(given["until"]) if given.get("until") else None,
        full_refresh=bool(given.get("full_refresh")),
        limit=given.get("limit"),
    )


def extract(workspace: Workspace, stream: Stream, given: Given) -> int:
    """Reads what is left of a batch and returns the number of records. Raises SlicesFailed when it has gone through all
    of it and some failed."""
    run, name, batch = given["run"], stream.name, Batch(**given["batch"])
    with _noted(workspace, run, "extract", name, batch.number) as told:
        kept = batch.of_plan(workspace.kept_plan(run, name))
        client = workspace.client(run, kept.started, shape(workspace.deployment).threads, shared=True)
        try:
            with workspace.about(name):
                told.outcome = outcome = workspace.extract(kept, client, whole=False)
        finally:
            told.requests, told.retries = client.requests, client.retries
            client.close()
        told.warnings = outcome.warnings
        told.facts = {"skipped_by": sorted(outcome.skipped_by)}
        _log.info("%s, batch %s: %d of %d slices, %d skipped, %d records, %d parts, %d requests",
                  name, batch.name, outcome.done, len(kept.slices), outcome.skipped, outcome.rows, outcome.parts,
                  client.requests)  # fmt: skip
        if outcome.failed:
            raise _failed(name, outcome, len(kept.slices))
    return outcome.rows


def _failed(stream: str, outcome: Outcome, planned: int) -> SlicesFailed:
    lines = [failure.text for failure in outcome.failed[:_SHOWN]]
    if len(outcome.failed) > _SHOWN:
        lines.append(f"… and {len(outcome.failed) - _SHOWN} more")
    head = f"{stream}: {len(outcome.failed)} of {planned} slices failed; the others are committed."
    error = SlicesFailed("\n".join([head, *lines]))
    error.final, error.wait_seconds = outcome.vain, outcome.wait or None
    return error


def _close(workspace: Workspace, run: str, stream: str, told: _Told) -> None:
    """Logs the end of a stream's extract, by what its batches came to."""
    if workspace.stage.read(workspace.plan_key(run, stream)) is None:
        return
    kept, log = workspace.kept_plan(run, stream), workspace.log(stream)
    notes = [note for note in workspace.notes(run).all() if note.stream == stream and note.step == "extract"]
    failed = [failure for note in newest(notes).values() for failure in note.failed]
    end = close(log, kept, failed, sum(note.seconds for note in notes))
    if end is None:
        return
    told.facts["position"] = shown(log.recover())
    outcome = Outcome(end.done, end.skipped, end.unfinished, failed=end.failed)
    outcome.skipped_by = {status for note in notes for status in note.facts.get("skipped_by", ())}
    policy = workspace.source.stream(stream).guards
    text, stands = all_skipped(outcome, policy.all_skipped if policy else "fail")
    if text:
        (told.errors if stands == "fail" else told.warnings).append(text)


def load(workspace: Workspace, stream: Stream, given: Given) -> dict[str, Any]:
    """Logs the end of the extract; RAW holds what the log holds. Returns what is to be said of it."""
    with _noted(workspace, given["run"], "load", stream.name) as told, workspace.about(stream.name):
        _close(workspace, given["run"], stream.name, told)
        with workspace.warehouse(given["run"]) as warehouse:
            loaded = workspace.load(warehouse, stream)
        told.facts["loaded"], told.warnings = loaded.rows, [*told.warnings, *loaded.warnings]
    _log.info("%s: %d rows", stream.name, told.facts["loaded"])
    return {"rows": told.facts["loaded"], **_asset(workspace, stream, given)}


def clean(workspace: Workspace, stream: Stream, given: Given) -> dict[str, Any]:
    """CLEAN holds what RAW says. Returns what is to be said of it."""
    with _noted(workspace, given["run"], "clean", stream.name) as told, workspace.about(stream.name):
        with workspace.warehouse(given["run"]) as warehouse:
            cleaned = workspace.clean(warehouse, stream)
        if cleaned:
            told.facts, told.warnings = {"table": cleaned.table, "rows": cleaned.rows}, list(cleaned.warnings)
    return {**told.facts, **_asset(workspace, stream, given)}


def _asset(workspace: Workspace, stream: Stream, given: Given) -> dict[str, Any]:
    """Facts for an asset's event: the run, its window, and how far the stream is."""
    facts = {"run": given["run"], "position": shown(workspace.log(stream.name).recover())}
    return facts | {name: given[name] for name in ("since", "until") if given.get(name)}


def check(workspace: Workspace, stream: Stream, given: Given) -> int:
    """Makes every check of the stream and returns their number. Raises CheckFailed with all that did not hold."""
    with _noted(workspace, given["run"], "check", stream.name) as told, workspace.about(stream.name):
        with workspace.warehouse(given["run"]) as warehouse:
            results = workspace.check(warehouse, stream)
        told.facts["checks"] = [[found.name, found.passed, found.found] for found in results]
    for found in results:
        _log.info("%s %s: %s (%s)", "ok" if found.passed else "FAIL", found.stream, found.name, found.found)
    failed = [f"{found.stream}: {found.name} ({found.found})" for found in results if not found.passed]
    if failed:
        raise CheckFailed("\n".join([f"{len(failed)} checks failed.", *failed]))
    return len(results)


def marts(workspace: Workspace, given: Given) -> dict[str, Any]:
    """ANALYTICS is made of CLEAN. Returns each table's rows."""
    with _noted(workspace, given["run"], "marts") as told:
        with workspace.warehouse(given["run"]) as warehouse:
            made = workspace.marts(warehouse)
        told.facts = {mart.table: mart.rows for mart in made}
    return told.facts


def report(workspace: Workspace, given: Given) -> str:
    """A row in _INGEST_RUNS, and word to those who want to know of a run that failed. Raises RunFailed where it did,
    and the warehouse's error where the row can't be written and this is not the last try."""
    found = gather(
        workspace, given["run"], datetime.fromisoformat(given["started"]), workspace.streams(given["streams"])
    )
    try:
        keep_report(workspace, found)
    except FrameworkError as error:
        if not given.get("last_try"):
            raise
        found.status = "failed"
        found.error = "; ".join(filter(None, [found.error, f"its report was not kept: {error}"]))
    _log.info("%s", _summary(found))
    for text in [*found.problems(), *(w for part in found.streams.values() for w in part.warnings)]:
        _log.warning("%s", text)
    if found.status == "failed":
        alert(workspace, found)
        problems = found.problems()
        more = [f"… and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise RunFailed(workspace.redactor("\n".join([_summary(found), *problems[:_SHOWN], *more])))
    return found.status


def _summary(found: Report) -> str:
    return (
        f"run {found.run}: {found.status}, {found.requests} requests ({found.retries} repeated), "
        f"{found.records} records, {found.parts} parts"
    )


_OF_A_STREAM = {"plan": plan, "extract": extract, "load": load, "clean": clean, "check": check}
_OF_THE_SOURCE = {"begin": begin, "marts": marts, "report": report}


def take(workspace: Workspace, verb: str, stream: str | None, given: Given) -> Any:
    """Takes one step. What it returns is small, and is JSON."""
    if stream is None:
        return _OF_THE_SOURCE[verb](workspace, given)
    return _OF_A_STREAM[verb](workspace, workspace.streams([stream])[0], given)
