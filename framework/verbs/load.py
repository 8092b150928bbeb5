"""`framework load`: what the log holds into RAW."""

import argparse

from framework.problem import counted
from framework.verbs.common import source_options, workspace


def options(parser: argparse.ArgumentParser) -> None:
    """The source."""
    source_options(parser)


def act(arguments: argparse.Namespace) -> int:
    """Loads what is beyond the ledger; a second call loads nothing."""
    opened = workspace(arguments)
    with opened.warehouse() as warehouse:
        for stream in opened.streams(arguments.stream):
            loaded = opened.load(warehouse, stream)
            print(f"{stream.name}: {counted(loaded.rows, 'row')} of {counted(loaded.parts, 'part')}")
    return 0
