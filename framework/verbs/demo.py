"""`framework demo`: a shop's API on this machine, and the whole way from it to tables."""

import argparse
import os
import shlex
import shutil
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from framework.demo.changes import Change, Tables
from framework.demo.project import Folder, Through, now, serving, through
from framework.extract import Listener
from framework.project import find
from framework.report import Progressing, print_summary
from framework.run import Report, run
from framework.verbs.common import console
from framework.workspace import Options, Workspace


def options(parser: argparse.ArgumentParser) -> None:
    """--folder, --fresh."""
    parser.add_argument("--folder", type=Path, default=Path(".demo"), help="the demo's project (default: .demo)")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs of the demo")
    parser.add_argument(
        "--env", metavar="E", help="keep the parts in the stage of this environment of the framework.yaml here"
    )


def act(arguments: argparse.Namespace) -> int:
    """0 where all went well."""
    out = console()
    if arguments.fresh:
        shutil.rmtree(arguments.folder, ignore_errors=True)
    path = arguments.folder.resolve()
    again = (path / ".data").exists()
    with Progressing(out) as progress:
        other = through(find(Path.cwd()), arguments.env) if arguments.env else None
        report, workspace, changes = perform(path, progress, out, other)
    stage = workspace.stage
    places = {
        "stage": stage.url if stage.shared else _near(Path(stage.url)),
        "warehouse": _near(path / ".data" / "warehouse.duckdb"),
    }
    print_summary(out, report, places)
    if again:
        _print_changes(out, changes)
    _print_next(out, path, arguments.env)
    return 1 if report.status == "failed" else 0


def perform(
    path: Path, listener: Listener, out: Console | None = None, other: Through | None = None
) -> tuple[Report, Workspace, list[Change]]:
    """Starts the API, runs the shop source against it in the project at `path`, and compares the tables."""
    folder = Folder(path)
    shop = folder.prepare(now())
    folder.keep(shop)
    with serving(path, shop.flags()) as address:
        folder.point_to(address, shop, other)
        if out:
            times = len(shop.changes)
            state = f"changed {times} time{'s' if times > 1 else ''} since the first run" if times else "new"
            out.print(
                f"The shop's API plays at {address} ({state}), by the spec {_near(path / 'sources/shop.yaml')}\n",
                soft_wrap=True,
            )
        workspace = Workspace(find(path).deployment("shop"), listener)
        with closing(Tables(path / ".data" / "warehouse.duckdb", workspace.source)) as tables:
            report = run(workspace, Options())
            changes = tables.compared()
    if report.status != "failed":
        folder.keep(replace(shop, read=True))
    return report, workspace, changes


def _print_changes(out: Console, changes: list[Change]) -> None:
    out.print("\n[bold]Since the last run[/bold]")
    for change in changes:
        out.print(f"  {change.table:<18} {change.new:>5,} new  {change.changed:>5,} changed  {change.gone:>5,} gone")


def _print_next(out: Console, path: Path, environment: str | None) -> None:
    program = _program()
    query = "from ANL_DAILY_REVENUE order by day desc limit 5"
    script = f"import duckdb; print(duckdb.connect('{_near(path)}/.data/warehouse.duckdb').sql('{query}'))"
    python = shlex.quote(str(_near(Path(sys.executable), follow=False)))
    parts = f"{_near(path)}/.data/stage/demo/source=shop/dt=*/hour=*/part-orders-*.gz"
    out.print("\n[bold]Next[/bold]")
    for command, meaning in (
        (
            f"{program} demo{f' --env {environment}' if environment else ''}",
            "again: the shop has changed, only that is read",
        ),
        (f'{python} -c "{script}"', "look at a mart"),
        *([] if environment else [(f"cat {parts} | gunzip | head -n 1", "an order, byte for byte as the API sent it")]),
    ):
        out.print(f"  [dim]# {meaning}[/dim]")
        out.print(f"  {command}", soft_wrap=True, markup=False)


def _program() -> str:
    """How this was called."""
    called = Path(sys.argv[0])
    if shutil.which(called.name) == str(called):
        return called.name
    return str(_near(called, follow=False)) if called.name == "framework" else "framework"


def _near(path: Path, follow: bool = True) -> str:
    """From here, where that is shorter."""
    whole = str(path.resolve() if follow else path.absolute())
    return min(whole, os.path.relpath(whole), key=len)
