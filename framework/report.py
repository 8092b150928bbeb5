"""What people see of a run: progress while it goes, and a summary at its end."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from framework.problem import counted
from framework.run import Report


class Progressing:
    """A line per stream, kept up to date on a terminal; without one, a line per stream when it is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.fields[stream]:<18}"),
            BarColumn(24),
            MofNCompleteColumn(),
            TextColumn("slices  {task.fields[rows]:>9,} records  {task.fields[state]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._rows: dict[str, int] = {}
        self._failed: dict[str, int] = {}

    def __enter__(self) -> "Progressing":
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def __call__(self, event: str, facts: Mapping[str, Any]) -> None:
        """Takes one event of a run."""
        stream = facts.get("stream", "")
        if event == "planned":
            total = facts["slices"]
            self._tasks[stream] = self._progress.add_task(
                stream,
                total=total or None,
                stream=stream,
                rows=0,
                state="reading" if total else "nothing to do",
            )
        elif event == "slice read":
            self._rows[stream] = self._rows.get(stream, 0) + facts["rows"]
            self._progress.update(self._tasks[stream], advance=1, rows=self._rows[stream])
        elif event == "slice failed":
            self._failed[stream] = self._failed.get(stream, 0) + 1
            state = f"[red]{self._failed[stream]} failed[/red]"
            self._progress.update(self._tasks[stream], advance=1, state=state)
        elif event in ("loading", "loaded", "cleaned") and stream in self._tasks:
            self._progress.update(self._tasks[stream], state={"loaded": "in RAW", "cleaned": "clean"}.get(event, event))
        elif event == "extracted":
            self._extracted(stream, facts["report"])
        elif event == "warning":
            self._console.print(f"[yellow]![/yellow] {stream}: {facts['text']}", highlight=False, soft_wrap=True)

    def _extracted(self, stream: str, report: Any) -> None:
        if stream in self._tasks:
            done = report.planned or 1
            self._progress.update(self._tasks[stream], total=done, completed=done, state="staged")
        if not self._console.is_terminal:
            failed = f", {report.failed} failed" if report.failed else ""
            self._console.print(
                f"{stream}: {report.done + report.skipped} of {counted(report.planned, 'slice')}{failed}, "
                f"{counted(report.records, 'record')}, {counted(report.parts, 'part')}",
                highlight=False,
            )


def print_summary(console: Console, report: Report, places: Mapping[str, str]) -> None:
    """One table of streams, one of marts, and what is wrong."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name, side in (("stream", "left"), ("slices", "right"), ("records", "right"), ("parts", "right")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, part in report.streams.items():
        slices = f"{part.done}" + (f" + {part.skipped} skipped" if part.skipped else "")
        table.add_row(
            name,
            slices,
            f"{part.records:,}",
            str(part.parts),
            part.table,
            f"{part.rows:,}" if part.table else "",
        )
    for name, rows in report.marts.items():
        table.add_row("", "", "", "", name, f"{rows:,}")
    console.print()
    console.print(table)
    console.print()
    seconds = (report.finished - report.started).total_seconds() if report.finished else 0.0
    console.print(
        f"{counted(report.requests, 'request')} ({report.retries:,} repeated), {counted(report.records, 'record')}, "
        f"{counted(report.parts, 'part')}, {seconds:.1f} s",
        highlight=False,
    )
    for label, place in places.items():
        console.print(f"{label:<10} {place}", highlight=False, soft_wrap=True)
    _print_findings(console, report)


def _print_findings(console: Console, report: Report) -> None:
    def say(mark: str, text: str) -> None:
        console.print(mark, escape(text), highlight=False, soft_wrap=True)

    for name, part in report.streams.items():
        for text in part.warnings:
            say("[yellow]![/yellow]", f"{report.source}.{name}: {text}")
        for text in part.errors[:5]:
            say("[red]✗[/red]", f"{report.source}.{name}: {text}")
        if len(part.errors) > 5:
            say("[red]✗[/red]", f"{report.source}.{name}: {len(part.errors) - 5} more failed slices")
    for check in report.checks:
        if not check.passed:
            say("[red]✗[/red]", f"{report.source}.{check.stream}: the check '{check.name}' failed: {check.found}")
    words = {"ok": "[green]✓[/green] all checks passed", "warning": "[yellow]![/yellow] done, with warnings"}
    failed = sum(part.failed for part in report.streams.values())
    missed = (
        f"{counted(failed, 'slice')} failed and {'is' if failed == 1 else 'are'} due again at the next run"
        if failed
        else "see above"
    )
    console.print(words.get(report.status, f"[red]✗[/red] not all went well: {missed}"))
