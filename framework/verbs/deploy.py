"""`framework deploy`: the objects that an environment's sources need in Snowflake."""

import argparse
from pathlib import Path

from framework.deploy.desired import desired
from framework.deploy.script import files, whole
from framework.project import find
from framework.verbs.common import environment_option


def options(parser: argparse.ArgumentParser) -> None:
    """render, and what it is about."""
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    text = "print the SQL of every object in order, the administrator's apart, and the steps by hand"
    render = steps.add_parser("render", help=text, description=text[0].upper() + text[1:] + ".")
    render.add_argument(
        "source", metavar="SOURCE", nargs="*", help="only these sources, with what all share (default: all)"
    )
    render.add_argument("--out", metavar="DIR", type=Path, help="write files there instead: one for each who runs them")
    environment_option(render)
    render.set_defaults(run=_render)


def act(arguments: argparse.Namespace) -> int:
    """The step that was asked for."""
    return int(arguments.run(arguments))


def _render(arguments: argparse.Namespace) -> int:
    project = find((arguments.project or Path.cwd()).resolve())
    told = files(desired(project, arguments.env, arguments.source))
    if arguments.out is None:
        print(whole(told), end="")
        return 0
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, text in told.items():
        (arguments.out / name).write_text(text, encoding="utf-8")
        print(arguments.out / name)
    return 0
