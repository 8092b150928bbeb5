"""A problem in a file: where it is, what it is, what to do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

Path = tuple[str | int, ...]
"""Where something stands in a YAML document: keys and list positions from the top."""


def part_at(values: Any, path: Path) -> Any:
    """What stands at that place of a document; None where nothing does."""
    for step in path:
        if not isinstance(values, dict | list):
            return None
        if step not in values if isinstance(values, dict) else not isinstance(step, int) or step >= len(values):
            return None
        values = values[step]  # type: ignore[index]
    return values


@dataclass(frozen=True)
class Edit:
    """A change of a file's text: what stands from `start` to `end` becomes `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, order=True)
class Problem:
    """One finding. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    code: str
    where: str
    """The place in the document, such as streams[0].pagination.type; empty for the document as a whole."""
    message: str
    """One or two sentences, the remedy included."""
    fix: Edit | None = field(default=None, compare=False)
    """What mends it without changing what the file means, where that is safe."""

    def __str__(self) -> str:
        place = f" {self.where}:" if self.where else ""
        return f"{self.file}:{self.line}:{self.column}: {self.code}{place} {self.message}"

    def to_json(self) -> dict[str, Any]:
        """For `--format json`."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "where": self.where,
            "message": self.message,
            "fixable": self.fix is not None,
        }


_WORD = re.compile(r"""\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s,\[\]{}:#'\"]+""")


def end_of_word(line: str, column: int) -> int:
    """The column behind the word or quoted text that begins at a column of a line; columns count from 1."""
    found = _WORD.match(line, column - 1)
    if not found:
        return column + 1
    word = found[0]
    return column + len(word if "(" in word else word.rstrip(");") or word)


def show_path(path: Path) -> str:
    """streams[0].pagination.type"""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def in_file(path: Path, kept: Mapping[Path, list[int]]) -> Path:
    """A place of the sound part as the file has it."""
    place: Path = ()
    for step in path:
        place = (*place, kept[place][step] if isinstance(step, int) and place in kept else step)
    return place


def nearest(word: object, known: list[str]) -> str | None:
    """The right word that is most like this one, whatever the case of its letters."""
    lowered = {right.lower(): right for right in reversed(known)}
    near = get_close_matches(str(word).lower(), lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else None


def suggestion(word: object, known: list[str], near: str | None = "") -> str:
    """The nearest right word (unless `near` is it), else the list of them where it is short."""
    near = nearest(word, known) if near == "" else near
    if near is not None and near != word:
        return f" Did you mean {near!r}?"
    return f" Known: {', '.join(known)}." if 0 < len(known) <= 20 else ""


def did_you_mean(word: str, known: list[str], prefix: str = "") -> str:
    """The nearest right word, else nothing."""
    near = nearest(word, known)
    return f" Did you mean {prefix + near!r}?" if near else ""


def counted(number: int, what: str) -> str:
    """1 part, 2 parts, 1,000 parts."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
