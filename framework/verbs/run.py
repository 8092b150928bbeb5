"""`framework run`: all steps for one source."""

import argparse

from framework.problem import counted
from framework.read import StreamReader
from framework.report import Progressing, print_summary
from framework.run import new_run_id, run
from framework.verbs.common import console, options_of, range_options, source_options, workspace
from framework.workspace import Options, Workspace


def options(parser: argparse.ArgumentParser) -> None:
    """The source, the range, and --dry-run."""
    source_options(parser)
    range_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would be read, and send nothing")


def act(arguments: argparse.Namespace) -> int:
    """0 where all went well, 1 where a slice or a check failed."""
    out = console()
    if arguments.dry_run:
        return _dry_run(workspace(arguments), options_of(arguments))
    with Progressing(out) as progress:
        opened = workspace(arguments, progress)
        report = run(opened, options_of(arguments))
    place = opened.deployment.environment.warehouse
    print_summary(out, report, {"stage": opened.stage.url, "warehouse": getattr(place, "path", place.type)})
    return 1 if report.status == "failed" else 0


def _dry_run(opened: Workspace, asked: Options) -> int:
    """Prints each stream's slices and the first request of each; a child's parents are those that are logged by now."""
    started = opened.now()
    run_id = new_run_id(started)
    client = opened.client(run_id, started)
    for stream in opened.streams(asked.streams):
        plan = opened.plan(stream, run_id, started, asked, dry=True)
        reader = StreamReader(stream, opened.values(run_id, started), client)
        print(f"{stream.name}: {counted(len(plan.slices), 'slice')}")
        for item in plan.slices[:5]:
            print(f"  {item}")
            print(f"    {opened.redactor(str(reader.first_request(item)))}")
        if len(plan.slices) > 5:
            print(f"  … and {len(plan.slices) - 5} more")
    client.close()
    return 0
