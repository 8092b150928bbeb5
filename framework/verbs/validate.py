"""`framework validate`: every problem of every file at once."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from framework.errors import SpecError
from framework.lint import is_error
from framework.lint import problems_of as problems_of_spec
from framework.problem import Problem
from framework.project import SETTINGS_FILE
from framework.settings import Settings
from framework.spec_file import load, parse_document
from framework.yaml_file import read_file


def options(parser: argparse.ArgumentParser) -> None:
    """PATH… and --format."""
    parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="spec files, framework.yaml, or folders")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print (default: text)")


def act(arguments: argparse.Namespace) -> int:
    """0 where nothing is wrong, 1 where something is, 2 where a path does not exist."""
    missing = [path for path in arguments.paths if not path.exists()]
    if missing:
        print(f"framework validate: {missing[0]} does not exist", file=sys.stderr)
        return 2
    files = list(_files(arguments.paths))
    problems = sorted(problem for path in files for problem in problems_of(path))
    errors = sum(is_error(problem) for problem in problems)
    if arguments.format == "json":
        print(json.dumps({"files": len(files), "problems": [p.to_json() for p in problems]}, indent=2))
    else:
        for problem in problems:
            print(problem)
        warnings = len(problems) - errors
        print(f"{_count(len(files), 'file')}: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
    return 1 if errors else 0


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(
                found for found in path.rglob("*.y*ml") if found.suffix in (".yaml", ".yml") and found.is_file()
            )
        else:
            yield path


def problems_of(path: Path) -> list[Problem]:
    """Syntax, types and lint of one spec; syntax and types of a framework.yaml."""
    try:
        if path.name == SETTINGS_FILE:
            return parse_document(read_file(path), Settings)[1]
        return problems_of_spec(load(path), path.stem)
    except (SpecError, OSError) as error:
        return [Problem(str(path), 1, 1, "E004", "", f"can't be read: {str(error).removeprefix(f'{path}: ')}.")]


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
