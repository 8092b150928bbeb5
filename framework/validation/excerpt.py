"""The line that a problem is about, as people may see it: no secret, no control character, the caret in its place."""

import re
import unicodedata
from dataclasses import dataclass

from framework.problem import Path, Problem, end_of_word, part_at
from framework.validation.checked import Checked

_SECRET_KEY = r"(?:[\w-]*(?:password|passwd|secret|token|private_key|api[-_]?key|authorization|webhook)|value|key)"
_VALUE = r"(?P<value>\"[^\"]*\"?|'[^']*'?|\[[^\]]*\]?|\{[^}]*}?|[^\s,{}\[\]&#]+(?:[ ]+[^\s,{}\[\]&#]+)*)"
_HIDDEN = re.compile(
    rf"(?<![\w-])[\"']?{_SECRET_KEY}[\"']?\s*[:=]\s*(?![\"']?\d+\b){_VALUE}|://(?P<user>[^/\s@{{}}]+)@"
    r"|(?<![\w-])(?:auth|jwt):\s+(?P<text>\"[^\"]*\"?|'[^']*'?|[^\s,{}\[\]&#*]+)",
    re.IGNORECASE,
)
"""What may be a secret on a line that nothing made sense of."""
_LONGEST = 140


@dataclass(frozen=True)
class Excerpt:
    """A line and what to underline, counted in columns of the terminal from 0."""

    text: str
    start: int
    width: int


def columns(checked: Checked, problem: Problem) -> tuple[int, int]:
    """Where the word that it is about begins and ends (behind it), in characters from 1."""
    line = checked.lines[problem.line - 1] if problem.line <= len(checked.lines) else ""
    at = _offset(checked, problem.line) + problem.column - 1
    ends = [end for path, (start, end) in checked.document.spans.items() if start == at and _is_plain(checked, path)]
    end = problem.column + min(ends) - at if ends else end_of_word(line, problem.column)
    return problem.column, max(min(end, len(line) + 1), problem.column + 1)


def _is_plain(checked: Checked, path: Path) -> bool:
    return not isinstance(part_at(checked.document.values, path), dict | list)


def excerpt(checked: Checked, problem: Problem) -> Excerpt | None:
    """None where the file has no such line to show."""
    if problem.line > len(checked.lines) or not any(checked.lines):
        return None
    line = _masked(checked, problem.line)
    start, end = columns(checked, problem)
    begin = 0 if len(line) <= _LONGEST else max(0, min(start - _LONGEST // 3, len(line) - _LONGEST))
    part = line[begin : begin + _LONGEST]
    before = ("…" if begin else "") + "".join(map(_shown, line[begin : start - 1]))
    inside = "".join(map(_shown, line[start - 1 : min(end - 1, begin + _LONGEST)]))
    text = ("…" if begin else "") + "".join(map(_shown, part)) + ("…" if begin + _LONGEST < len(line) else "")
    return Excerpt(text.rstrip(), width(before), max(width(inside), 1))


def _masked(checked: Checked, number: int) -> str:
    """The line with stars in place of what is, or looks like, a secret written out."""
    line = checked.lines[number - 1]
    here = [problem for problem in checked.problems if problem.line == number]
    if any(problem.code[:2] in ("E0", "E1") for problem in here):
        for found in reversed(list(_HIDDEN.finditer(line))):
            group = next(name for name in ("value", "user", "text") if found[name] is not None)
            if "{{" not in found[group] and not found[group].startswith(("secret:", "env:")):
                line = _stars(line, *found.span(group))
    row = _offset(checked, number)
    for start, end in _secrets(checked):
        if start < row + len(line) and end > row:
            line = _stars(line, max(start - row, 0), min(end - row, len(line)))
    return line


def _offset(checked: Checked, number: int) -> int:
    return sum(len(line) + 1 for line in checked.lines[: number - 1])


def _secrets(checked: Checked) -> list[tuple[int, int]]:
    """From where to where secrets that were found stand in the text."""
    starts = {_offset(checked, p.line) + p.column - 1 for p in checked.problems if p.code == "E319"}
    return [span for span in checked.document.spans.values() if span[0] in starts] if starts else []


def _stars(line: str, start: int, end: int) -> str:
    if line[start : start + 1] in ("'", '"'):
        start, end = start + 1, end - 1 if line[end - 1 : end] == line[start] else end
    return line[:start] + "*" * (end - start) + line[end:]


def _shown(character: str) -> str:
    if character == "\t":
        return "    "
    return "·" if unicodedata.category(character) in ("Cc", "Cs") else character


def width(text: str) -> int:
    """Columns that it takes on a terminal: East Asian signs and emoji take two, marks on top of others none."""
    return sum(
        (
            0
            if unicodedata.category(sign) in ("Mn", "Me", "Cf")
            else 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
        )
        for sign in text
    )
