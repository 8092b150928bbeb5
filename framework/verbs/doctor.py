"""`framework doctor`: whether an environment can be used, in one table."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from framework.doctor import examine
from framework.problem import counted
from framework.project import find
from framework.verbs.common import console, environment_option

_SIGNS = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "failed": "[red]✗[/red]"}


def options(parser: argparse.ArgumentParser) -> None:
    """--env and --project."""
    environment_option(parser)


def act(arguments: argparse.Namespace) -> int:
    """0 where a run could go, 1 where something would stop it."""
    project = find((arguments.project or Path.cwd()).resolve())
    findings = list(examine(project, arguments.env, datetime.now(UTC)))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("", "about", "what", "found"):
        table.add_column(name, overflow="fold")
    for each in findings:
        table.add_row(_SIGNS[each.state], escape(each.about), escape(each.what), escape(each.found))
    out = console()
    out.print(f"environment {project.environment(arguments.env)[0]}\n", highlight=False)
    out.print(table)
    failed = sum(each.state == "failed" for each in findings)
    out.print(f"\n{counted(failed, 'problem')}" if failed else "\n[green]✓[/green] all is well", highlight=False)
    return 1 if failed else 0
