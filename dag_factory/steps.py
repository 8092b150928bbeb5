"""What each task does: the same calls on a Workspace that the command line's verbs make. Knows nothing of Airflow.

Every step can be tried again: a plan is kept once, and a slice that is logged is not read a second time.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from framework.errors import CheckFailed, FrameworkError
from framework.project import find
from framework.run import Options, Workspace, new_run_id

_log = logging.getLogger("dag_factory")
_SHOWN = 10


class SlicesFailed(FrameworkError):
    """Some slices of a plan did not get through; the others are committed."""


def open_workspace(folder: str, source: str, environment: str) -> Workspace:
    """The deployment that a task is about."""
    return Workspace(find(Path(folder)).deployment(source, environment), _say)


def _say(event: str, facts: Mapping[str, Any]) -> None:
    level = logging.WARNING if event in ("warning", "slice failed") else logging.INFO
    level = logging.DEBUG if event in ("slice read", "prepared", "logged") else level
    _log.log(level, "%s: %s", event, ", ".join(f"{name} {value}" for name, value in facts.items()))


def begin(workspace: Workspace) -> dict[str, str]:
    """The new run's id, and when it starts. All that tasks hand to each other."""
    started = workspace.now()
    return {"run": new_run_id(started), "started": started.isoformat()}


def plan(workspace: Workspace, stream: str, run: str, started: datetime, options: Options) -> int:
    """Keeps the stream's plan in the stage and returns its number of slices. A plan that this run has kept before
    stays as it is."""
    if workspace.stage.read(workspace.plan_key(run, stream)) is None:
        for found in workspace.streams([stream]):
            workspace.keep_plan(workspace.plan(found, run, started, options))
    slices = len(workspace.kept_plan(run, stream).slices)
    _log.info("%s: %d slices", stream, slices)
    return slices


def extract(workspace: Workspace, stream: str, run: str) -> int:
    """Reads what is left of the kept plan and returns the number of records. Raises SlicesFailed when it has gone
    through all of them and some failed."""
    kept = workspace.kept_plan(run, stream)
    if not kept.slices:
        return 0
    client = workspace.client(kept.run, kept.started)
    try:
        outcome = workspace.extract(kept, client)
    finally:
        client.close()
    _log.info("%s: %d of %d slices, %d skipped, %d records, %d parts",
              stream, outcome.done, len(kept.slices), outcome.skipped, outcome.rows, outcome.parts)  # fmt: skip
    for text in outcome.warnings:
        _log.warning("%s: %s", stream, text)
    if outcome.failed:
        lines = [failure.text for failure in outcome.failed[:_SHOWN]]
        if len(outcome.failed) > _SHOWN:
            lines.append(f"… and {len(outcome.failed) - _SHOWN} more")
        head = f"{stream}: {len(outcome.failed)} of {len(kept.slices)} slices failed; the others are committed."
        raise SlicesFailed("\n".join([head, *lines]))
    if outcome.errors:
        raise SlicesFailed("\n".join(f"{stream}: {text}" for text in outcome.errors))
    return outcome.rows


def load(workspace: Workspace, stream: str) -> int:
    """RAW holds what the log holds. Returns the rows that were loaded."""
    with workspace.warehouse() as warehouse:
        rows = sum(workspace.load(warehouse, found).rows for found in workspace.streams([stream]))
    _log.info("%s: %d rows", stream, rows)
    return rows


def clean(workspace: Workspace, stream: str) -> int:
    """CLEAN holds what RAW says. Returns the table's rows."""
    with workspace.warehouse() as warehouse:
        cleaned = workspace.clean(warehouse, workspace.streams([stream])[0])
    for text in cleaned.warnings if cleaned else ():
        _log.warning("%s: %s", stream, text)
    return cleaned.rows if cleaned else 0


def marts(workspace: Workspace) -> int:
    """ANALYTICS is made of CLEAN. Returns the number of tables."""
    with workspace.warehouse() as warehouse:
        made = workspace.marts(warehouse)
    for mart in made:
        _log.info("%s: %d rows", mart.table, mart.rows)
    return len(made)


def check(workspace: Workspace) -> int:
    """Makes every check of every stream and returns their number. Raises CheckFailed with all that did not hold."""
    made, failed = 0, []
    with workspace.warehouse() as warehouse:
        for stream in workspace.streams([]):
            try:
                results = workspace.check(warehouse, stream)
            except FrameworkError as error:  # as where its CLEAN table was never made
                failed.append(f"{stream.name}: {error}")
                continue
            made += len(results)
            for result in results:
                _log.info("%s %s: %s (%s)", "ok" if result.passed else "FAIL", result.stream, result.name, result.found)
            failed += [f"{found.stream}: {found.name} ({found.found})" for found in results if not found.passed]
    if failed:
        raise CheckFailed("\n".join([f"{len(failed)} checks failed.", *failed]))
    return made
