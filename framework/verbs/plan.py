"""`framework plan`: the slices of a run, kept in the stage for `extract`."""

import argparse

from framework.problem import counted
from framework.run import new_run_id
from framework.verbs.common import options_of, range_options, source_options, workspace


def options(parser: argparse.ArgumentParser) -> None:
    """The source, the range, and the run that the plan belongs to."""
    source_options(parser)
    range_options(parser)
    parser.add_argument("--run", metavar="ID", help="the run that this plan belongs to (default: a new one)")


def act(arguments: argparse.Namespace) -> int:
    """Prints the run's id and the slices. A child's slices follow the parents that are logged by now."""
    opened = workspace(arguments)
    started = opened.now()
    run_id = arguments.run or new_run_id(started)
    asked = options_of(arguments)
    for stream in opened.streams(asked.streams):
        plan = opened.plan(stream, run_id, started, asked)
        opened.keep_plan(plan)
        print(f"{stream.name}: {counted(len(plan.slices), 'slice')}")
        for item in plan.slices[:20]:
            print(f"  {item}")
        if len(plan.slices) > 20:
            print(f"  … and {len(plan.slices) - 20} more")
    print(f"run {run_id}")
    return 0
