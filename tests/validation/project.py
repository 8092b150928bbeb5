"""Small projects for tests of `framework validate`: files in, problems or the command's output out."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from framework.cli import main
from framework.validation.together import all_checked

HEAD = "version: 1\nname: {name}\nhttp: {{base_url: https://api.{name}.example}}\n"
STREAMS = "streams: [{name: orders, request: {path: /orders}}]\n"


def spec(rest: str = STREAMS, name: str = "shop") -> str:
    """A spec that is sound but for what `rest` says."""
    return HEAD.format(name=name) + rest


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder, with these files in it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def said(*paths: Path) -> list[tuple[str, int, int, str]]:
    """(file's name, line, column, code) of every problem."""
    found = [problem for checked in all_checked(paths) for problem in checked.problems]
    return [(Path(p.file).name, p.line, p.column, p.code) for p in sorted(found)]


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """The command's exit code, output and errors."""
    code = main(["validate", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err
