"""`framework schema`: the JSON Schema and the reference pages, written or checked."""

import argparse
import sys
from pathlib import Path

from framework.reference import files


def options(parser: argparse.ArgumentParser) -> None:
    """--to and --check."""
    place = Path("docs/reference")
    parser.add_argument("--to", metavar="DIR", type=Path, default=place, help=f"the folder (default: {place})")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and name the files that are stale")


def act(arguments: argparse.Namespace) -> int:
    """0 where the files are as they should be, 1 where --check finds some that are not."""
    stale = {name: text for name, text in files().items() if _read(arguments.to / name) != text}
    if arguments.check:
        for name in stale:
            print(f"{arguments.to / name} is stale: run `framework schema`", file=sys.stderr)
        return 1 if stale else 0
    arguments.to.mkdir(parents=True, exist_ok=True)
    for name, text in stale.items():
        (arguments.to / name).write_text(text, encoding="utf-8")
        print(arguments.to / name)
    return 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
