"""`framework explain FILE[:LINE]`: what a spec will do, or what a key of it means, in words."""

import argparse
import json
import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from framework.errors import SettingsError, SpecError
from framework.explain import key, key_text
from framework.explain.place import path_at
from framework.explain.source import explained
from framework.explain.text import text
from framework.plan import Request
from framework.problem import Path as Place
from framework.problem import part_at, show_path
from framework.project import SETTINGS_FILE, find
from framework.repeats import repeated
from framework.settings import Settings
from framework.spec import Source
from framework.validation.checked import checked
from framework.verbs.common import instant
from framework.verbs.validate import colours_wanted
from framework.yaml_file import Document, read_file


def options(parser: argparse.ArgumentParser) -> None:
    """FILE, and for which time and environment."""
    parser.add_argument(
        "file", metavar="FILE[:LINE[:COLUMN]]", help="a spec; with a line, the stream or key that stands there"
    )
    parser.add_argument("--env", metavar="E", help="an environment of framework.yaml")
    parser.add_argument("--since", type=instant, metavar="T", help="as for a backfill from here")
    parser.add_argument("--until", type=instant, metavar="T", help="as for a backfill up to here")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")


def act(arguments: argparse.Namespace) -> int:
    """0; 1 where there is nothing to explain. Raises InvalidSpec where the file has errors."""
    path, line, column = _place(arguments.file)
    settings = path.name == SETTINGS_FILE
    document = read_file(path) if settings else _read(path)
    at = path_at(document, line, column) if line else ()
    is_stream = len(at) <= 3 and at[:1] == ("streams",) and (len(at) == 2 or at[2:] == ("name",))
    if line and not (is_stream and not settings):
        return _key(arguments, path, document, at, line)
    if settings:
        raise SettingsError(f"{path}: which key? Write {path}:LINE")
    return _source(arguments, path, str(part_at(document.values, (*at[:2], "name"))) if is_stream else None)


def _source(arguments: argparse.Namespace, path: Path, stream: str | None) -> int:
    deployment = find(path.resolve().parent).deployment(str(path), arguments.env)
    facts = explained(deployment, datetime.now(UTC), Request(arguments.since, arguments.until), stream)
    _print(arguments, facts, text(facts, _width(), colours_wanted(), whole=stream is None))
    return 0


def _key(arguments: argparse.Namespace, path: Path, document: Document, at: Place, line: int) -> int:
    facts = key.explained(Settings if path.name == SETTINGS_FILE else Source, _without_secrets(path, document), at)
    if facts is None:
        where = show_path(at) or "nothing"
        print(
            f"framework explain: {path}:{line}: {where} is no key that is known: see framework validate",
            file=sys.stderr,
        )
        return 1
    _print(arguments, facts, key_text.text(facts, str(path), line, _width(), colours_wanted()))
    return 0


def _without_secrets(path: Path, document: Document) -> Any:
    """The file's values, *** in place of a secret that is written out."""
    places = [problem.where for problem in checked(path).problems if problem.code == "E319"]

    def seen(value: Any, at: Place) -> Any:
        if isinstance(value, dict):
            return {name: seen(inner, (*at, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [seen(inner, (*at, index)) for index, inner in enumerate(value)]
        return "***" if show_path(at) in places else value

    return seen(document.values, ())


def _print(arguments: argparse.Namespace, facts: dict[str, Any], said: str) -> None:
    print(json.dumps(facts, indent=2, ensure_ascii=False) if arguments.format == "json" else said)


def _read(path: Path) -> Document:
    try:
        return repeated(read_file(path))
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}") from None


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns


def _place(asked: str) -> tuple[Path, int, int]:
    """FILE, LINE and COLUMN; 0 for what is not given."""
    found = re.fullmatch(r"(.+?):(\d+)(?::(\d+))?:?", asked)
    if not found or Path(asked).exists():
        return Path(asked), 0, 0
    return Path(found[1]), int(found[2]), int(found[3] or 0)
