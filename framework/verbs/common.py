"""What several verbs share: the source and environment they are about, and how they speak."""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from framework.extract import Listener
from framework.project import find
from framework.window import parse_instant
from framework.workspace import Options, Workspace, ignore

if TYPE_CHECKING:
    from rich.console import Console


def source_options(parser: argparse.ArgumentParser) -> None:
    """SOURCE, --stream and --env."""
    parser.add_argument("source", metavar="SOURCE", help="a source's name, a deployment's name, or a spec file")
    parser.add_argument("--stream", action="append", default=[], metavar="S", help="only this stream; may be repeated")
    environment_option(parser)


def environment_option(parser: argparse.ArgumentParser) -> None:
    """--env and --project."""
    parser.add_argument(
        "--env", metavar="E", help="an environment of framework.yaml (default: FRAMEWORK_ENV, or its own)"
    )
    parser.add_argument(
        "--project",
        metavar="DIR",
        type=Path,
        help="the project's folder (default: the nearest framework.yaml)",
    )


def range_options(parser: argparse.ArgumentParser) -> None:
    """What narrows or widens a run."""
    parser.add_argument("--since", type=instant, metavar="T", help="backfill from here; the position is left alone")
    parser.add_argument("--until", type=instant, metavar="T", help="backfill up to here; the position is left alone")
    parser.add_argument("--full-refresh", action="store_true", help="forget the position and read everything anew")
    parser.add_argument(
        "--reset", action="append", default=[], metavar="S", help="read this stream anew; may be repeated"
    )
    parser.add_argument(
        "--keep-position",
        action="store_true",
        help="go on from where the streams stand, though a change of the spec gives that another meaning",
    )
    parser.add_argument(
        "--limit", type=_count, metavar="N", help="at most N records a stream; the position is left alone"
    )


def options_of(arguments: argparse.Namespace) -> Options:
    """The run's options from the command line."""
    return Options(
        streams=tuple(arguments.stream),
        since=arguments.since,
        until=arguments.until,
        full_refresh=arguments.full_refresh,
        reset=tuple(arguments.reset),
        keep_position=arguments.keep_position,
        limit=arguments.limit,
    )


def workspace(arguments: argparse.Namespace, listener: Listener = ignore) -> Workspace:
    """The deployment that the command line names, opened."""
    project = find((arguments.project or Path.cwd()).resolve())
    return Workspace(project.deployment(arguments.source, arguments.env), listener)


def console() -> "Console":
    """Standard output, with colours on a terminal."""
    from rich.console import Console  # noqa: PLC0415 - slow to load, and most verbs print plain lines

    return Console(highlight=False)


def say(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr)


def instant(text: str) -> datetime:
    """An argument that is an instant."""
    try:
        return parse_instant(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant: write 2024-01-31 or 2024-01-31T12:00:00Z") from None


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of records: write 1 or more")
    return int(text)
