"""The notes of a run's steps, and its logs → its report, its row in _INGEST_RUNS, and the alerts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from framework.check import Check
from framework.extract import results_of
from framework.manifest import Committed
from framework.notes import Note, newest
from framework.run import Report, StreamReport, keep, status_of
from framework.spec import Stream
from framework.workspace import Workspace

Notes = Mapping[tuple[str, str, int], Note]


def gather(workspace: Workspace, run: str, started: datetime, streams: Sequence[Stream]) -> Report:
    """The report of a run that many machines took part in, from what they left in the stage. A step that left no word
    is an error."""
    notes = workspace.notes(run).all()
    last = newest(notes)
    report = Report(run, workspace.source.name, workspace.deployment.environment_name, started)
    report.requests, report.retries = sum(note.requests for note in notes), sum(note.retries for note in notes)
    for stream in streams:
        part = report.of(stream.name)
        limited = _from_log(workspace, run, stream, part)
        _from_notes(part, stream, last)
        if part.unfinished > 0 and not part.errors and not limited:
            part.errors.append(f"{part.unfinished} of {part.planned} slices were not read; they are due again")
        part.loaded = sum(
            note.facts.get("loaded", 0) for note in notes if (note.stream, note.step) == (stream.name, "load")
        )
        checks = last.get((stream.name, "check", 0))
        report.checks += [Check(stream.name, *found) for found in (checks.facts.get("checks", []) if checks else [])]
    if workspace.source.analytics:
        marts = last.get(("", "marts", 0))
        report.marts = dict(marts.facts) if marts else {}
        report.error = _silent("marts") if marts is None else "; ".join(marts.errors)
    report.finished = workspace.now()
    report.status = "failed" if report.error else status_of(report)
    return report


def _from_log(workspace: Workspace, run: str, stream: Stream, part: StreamReport) -> bool:
    """What counts, by the log. Returns whether the run was to read some records only."""
    if workspace.stage.read(workspace.plan_key(run, stream.name)) is None:
        return False
    plan, log = workspace.kept_plan(run, stream.name), workspace.log(stream.name)
    log.recover()
    results = list(results_of(log, plan).values())
    statuses = [result.status for result in results]
    part.planned, part.done, part.skipped = len(plan.slices), statuses.count("done"), statuses.count("skipped")
    part.records = sum(result.rows for result in results)
    mine = (entry for _, entry in log.published(plan.base) if isinstance(entry, Committed) and entry.run == run)
    part.parts = sum(len(entry.parts) for entry in mine)
    part.unfinished = part.planned - part.done - part.skipped
    return plan.limit is not None


def _from_notes(part: StreamReport, stream: Stream, last: Notes) -> None:
    """What went wrong, and what became of the tables."""
    for note in _of(stream, last):
        failed = [failure.text for failure in note.failed]
        part.errors += [*failed, *(text for text in note.errors if not failed or note.step != "extract")]
        part.warnings += note.warnings
        part.failed += len(failed)
        if note.step == "clean" and not note.errors:
            part.table, part.rows = note.facts.get("table", ""), note.facts.get("rows", 0)
        if note.step == "load":
            part.position = note.facts.get("position", "")
    part.unfinished -= part.failed
    if not part.errors:
        part.errors += [_silent(step) for step in _missing(stream, last)]


def _of(stream: Stream, last: Notes) -> Iterator[Note]:
    return (note for (name, _, _), note in last.items() if name == stream.name)


def _missing(stream: Stream, last: Notes) -> Iterator[str]:
    """The steps that no note tells of: their worker died, or they were never begun."""
    plan = last.get((stream.name, "plan", 0))
    if plan is None:
        yield "plan"
        return
    batches = plan.facts.get("batches", 0)
    for number in range(1, batches + 1):
        if (stream.name, "extract", number) not in last:
            yield f"extract, batch {number} of {batches}"
    later = [step for step in ("load", "clean", "check") if (stream.name, step, 0) not in last]
    if not stream.clean and "clean" in later:
        later.remove("clean")
    yield from later[:1]


def _silent(step: str) -> str:
    return f"{step}: left no word. Its worker died or it was never begun; the log of its task says more."


def keep_report(workspace: Workspace, report: Report) -> None:
    """One row in _INGEST_RUNS, in the place of what an earlier report of this run said."""
    with workspace.warehouse(report.run) as warehouse, warehouse.transaction():
        warehouse.execute(f"delete from {warehouse.ops('_INGEST_RUNS')} where run_id = ?", (report.run,))
        keep(warehouse, report)
