"""`framework check`: counts, keys and freshness."""

import argparse

from framework.verbs.common import source_options, workspace


def options(parser: argparse.ArgumentParser) -> None:
    """The source."""
    source_options(parser)


def act(arguments: argparse.Namespace) -> int:
    """A line a check; 1 where one failed."""
    opened = workspace(arguments)
    failed = 0
    with opened.warehouse() as warehouse:
        for stream in opened.streams(arguments.stream):
            for check in opened.check(warehouse, stream):
                failed += not check.passed
                print(f"{'ok  ' if check.passed else 'FAIL'} {check.stream}: {check.name} ({check.found})")
    return 1 if failed else 0
