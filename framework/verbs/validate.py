"""`framework validate`: every problem of every file at once."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from framework.errors import SettingsError
from framework.problem import Problem
from framework.validation import baseline
from framework.validation.checked import Checked
from framework.validation.checked import files as files_of
from framework.validation.choice import choice
from framework.validation.formats import FORMATS, Outcome
from framework.validation.mending import mend
from framework.validation.together import all_checked


def options(parser: argparse.ArgumentParser) -> None:
    """PATH…, how to print, and what counts."""
    parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="spec files, framework.yaml, or folders")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print (default: text)")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    codes = "rules by code or its beginning, such as W201 or W2; may be repeated"
    parser.add_argument("--select", action="append", default=[], metavar="CODES", help=f"only these {codes}")
    parser.add_argument("--ignore", action="append", default=[], metavar="CODES", help=f"all but these {codes}")
    parser.add_argument("--fix", action="store_true", help="mend what is safe to mend, in the files themselves")
    parser.add_argument(
        "--baseline", metavar="FILE", type=Path, help="leave out the findings that this file holds as known"
    )
    parser.add_argument(
        "--write-baseline",
        metavar="FILE",
        nargs="?",
        const=Path(),
        type=Path,
        help="write all findings into this file (default: that of --baseline) as known, for who starts late",
    )


def act(arguments: argparse.Namespace) -> int:
    """0 where nothing counts, 1 where something does, 2 where the command line is wrong or a file can't be read."""
    missing = [path for path in arguments.paths if not path.exists()]
    if missing:
        return _wrong(f"{missing[0]} does not exist")
    try:
        chosen = choice(arguments.select, arguments.ignore)
        known = baseline.read(arguments.baseline) if arguments.baseline and not arguments.write_baseline else None
    except SettingsError as error:
        return _wrong(str(error))
    fixed = 0
    if arguments.fix:
        try:
            fixed = sum(mend(path, chosen) for path in files_of(arguments.paths))
        except OSError as error:
            return _wrong(f"{error.filename} can't be written: {error.strerror}")
    files = all_checked(arguments.paths)
    for checked in files:
        checked.problems = [problem for problem in checked.problems if problem.code in chosen]
    if arguments.write_baseline:
        return _write(arguments, files)
    outcome = Outcome(files, arguments.strict, fixed)
    if known is not None:
        before = len(outcome.found)
        gone = baseline.left_over(arguments.baseline, known, files)
        outcome = Outcome(files, arguments.strict, fixed)
        outcome = replace(outcome, known=before - len(outcome.found))
        if gone:
            print(
                f"{arguments.baseline}: {gone} known findings are gone. Write it anew: --write-baseline",
                file=sys.stderr,
            )
    _print(outcome, arguments.format)
    return 2 if any(checked.unreadable for checked in files) else 1 if outcome.failed else 0


def _write(arguments: argparse.Namespace, files: list[Checked]) -> int:
    path = arguments.write_baseline if arguments.write_baseline != Path() else arguments.baseline
    if path is None:
        return _wrong("--write-baseline: which file? Write --write-baseline FILE")
    count = baseline.write(path, files)
    print(f"{path}: {count} finding{'' if count == 1 else 's'} known from now on")
    return 0


def _print(outcome: Outcome, form: str) -> None:
    if form == "text":
        said = FORMATS["text"](outcome, colours_wanted())  # type: ignore[call-arg]
    else:
        said = FORMATS[form](outcome)
    if said:
        print(said)


def colours_wanted() -> bool:
    """On a terminal that can show them, unless NO_COLOR is set (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def problems_of(path: Path) -> list[Problem]:
    """All that is wrong with one file."""
    return all_checked([path])[0].problems


def _wrong(message: str) -> int:
    print(f"framework validate: {message}", file=sys.stderr)
    return 2
