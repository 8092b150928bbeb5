"""Verbs → functions. The only place that prints and exits.

Exit codes: 0 all well · 1 problems, failed slices or failed checks · 2 the command line is wrong · 130 Ctrl-C.
A verb's module is imported when the verb is used, so that `--help` costs nothing.
"""

import argparse
import gc
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from framework import __version__

Register = Callable[[argparse.ArgumentParser], None]

VERBS = {
    "validate": "check specs and settings: every problem, with file, line and column",
    "explain": "what a spec will do, or what a key of it means, in words",
    "rule": "what a rule of validate is about, why, and an example",
    "run": "all steps for one source: plan, extract, load, clean, check",
    "plan": "the slices that a run would read",
    "extract": "read the slices of a plan into the stage",
    "load": "load what the stage's log holds into RAW",
    "clean": "bring CLEAN and ANALYTICS up to RAW",
    "check": "check counts, keys and freshness",
    "deploy": "the objects that the sources need in Snowflake: print them",
    "doctor": "whether an environment can be used: permissions, secrets, clock, one table",
    "policy": "the least that a loader must be allowed to do in AWS or Azure, as JSON",
    "demo": "start a demo API and run the shop source against it, offline",
    "airflow": "write the DAGs' files for Airflow, and make its pools",
    "schema": "write the JSON Schema and the reference pages",
    "conformance": "run cases: a spec, what its API answers, and what must come of it",
}


def main(arguments: list[str] | None = None) -> int:
    """The console script."""
    try:
        return _main(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # also while a verb is still being imported
        print("\nStopped. What is committed stays; the next run goes on from there.", file=sys.stderr)
        return 130


def _main(words: list[str]) -> int:
    parser = _parser(_verb_in(words))
    chosen = parser.parse_args(words)
    if chosen.verb is None:
        parser.print_help()
        return 2
    from framework.errors import FrameworkError  # noqa: PLC0415 - `--help` needs none of it

    try:
        return int(chosen.act(chosen))
    except BrokenPipeError:
        return 1
    except FrameworkError as error:
        print(f"framework {chosen.verb}: {error}", file=sys.stderr)
        return 1


def _verb_in(words: list[str]) -> str | None:
    return next((word for word in words if word in VERBS), None)


def _imported(name: str) -> ModuleType:
    """The module, with no search for garbage on the way: what an import makes stays, and to look through it again and
    again takes a tenth of the time that `validate` takes."""
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        gc.enable()


def _parser(wanted: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="framework",
        description="One YAML per API becomes tables.",
        epilog="framework VERB --help says more.",
    )
    parser.add_argument("--version", action="version", version=f"framework {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for name, text in VERBS.items():
        verb = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == wanted:
            module = _imported(f"framework.verbs.{name}")
            module.options(verb)
            verb.set_defaults(act=module.act)
    return parser


if __name__ == "__main__":
    sys.exit(main())
