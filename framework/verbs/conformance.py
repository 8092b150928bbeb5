"""`framework conformance`: cases that say in YAML what a spec asks of an API and what comes of it."""

import argparse
from pathlib import Path

from framework.conformance.case import load
from framework.conformance.runner import check
from framework.errors import InvalidSpec


def options(parser: argparse.ArgumentParser) -> None:
    """PATH…"""
    parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="case files, or folders of them")


def act(arguments: argparse.Namespace) -> int:
    """A line a case, and what is not as it says; 1 where one fails."""
    failed = count = 0
    for path in arguments.paths:
        for file in sorted(path.rglob("*.yaml")) if path.is_dir() else [path]:
            count += 1
            try:
                found = check(load(file))
            except InvalidSpec as error:
                found = [str(error)]
            failed += bool(found)
            print(f"{'FAIL' if found else 'ok  '} {file}")
            for text in found:
                print(f"     {text}")
    print(f"{count} case{'' if count == 1 else 's'}, {failed} failed")
    return 1 if failed else 0
