"""`framework clean`: CLEAN and ANALYTICS up to RAW."""

import argparse

from framework.verbs.common import say, source_options, workspace


def options(parser: argparse.ArgumentParser) -> None:
    """The source."""
    source_options(parser)


def act(arguments: argparse.Namespace) -> int:
    """Prints each table and its rows."""
    opened = workspace(arguments)
    with opened.warehouse() as warehouse:
        for stream in opened.streams(arguments.stream):
            cleaned = opened.clean(warehouse, stream)
            if cleaned:
                print(f"{cleaned.table}: {cleaned.rows:,} rows")
                for text in cleaned.warnings:
                    say(f"! {text}")
        if not arguments.stream:
            for mart in opened.marts(warehouse):
                print(f"{mart.table}: {mart.rows:,} rows")
    return 0
