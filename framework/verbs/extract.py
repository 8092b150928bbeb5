"""`framework extract`: a plan's slices into the stage."""

import argparse

from framework.problem import counted
from framework.verbs.common import say, source_options, workspace


def options(parser: argparse.ArgumentParser) -> None:
    """The source and the run whose plan is carried out."""
    source_options(parser)
    parser.add_argument("--run", metavar="ID", required=True, help="the run, as `framework plan` printed it")


def act(arguments: argparse.Namespace) -> int:
    """Slices that this run has logged already are left out, so it can be run again. 1 where a slice failed."""
    opened = workspace(arguments)
    failed = 0
    for stream in opened.streams(arguments.stream):
        plan = opened.kept_plan(arguments.run, stream.name)
        client = opened.client(plan.run, plan.started)
        try:
            outcome = opened.extract(plan, client)
        finally:
            client.close()
        print(f"{stream.name}: {outcome.done} done, {outcome.skipped} skipped, {len(outcome.failed)} failed, "
              f"{counted(outcome.rows, 'record')}, {counted(outcome.parts, 'part')}")  # fmt: skip
        for text in (*outcome.errors, *(failure.text for failure in outcome.failed)):
            say(f"✗ {opened.source.name}.{stream.name}: {text}")
        failed += len(outcome.errors) + len(outcome.failed)
    return 1 if failed else 0
