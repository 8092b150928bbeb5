"""`# noqa: W204 reason`: comments that silence a rule at their line, and those that silence nothing.

A comment at the end of a line is about that line, and about all lines of a text that begins or ends there; one that has
a line to itself is about the next line.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from framework.problem import Edit, Problem, suggestion
from framework.rules import RULES
from framework.yaml_file import Document

_NOQA = re.compile(
    r"(?:^|(?<=\s))#\s*noqa\b[ \t]*(?P<colon>:)?[ \t]*(?P<codes>[A-Za-z]\d+(?:[ \t,]+[A-Za-z]\d+\b)*)?", re.M
)


@dataclass
class Comment:
    """One `noqa`."""

    start: int
    """Where it begins in the text."""
    line: int
    column: int
    codes: list[str]
    """In capitals."""
    covers: range
    """The lines that it is about."""
    used: set[str] = field(default_factory=set)


def silence(document: Document, problems: list[Problem], complete: bool) -> list[Problem]:
    """The problems that are left, in order, and those of the comments themselves. Whether a comment silences nothing is
    said only where all that could be found was (`complete`)."""
    comments = list(comments_in(document))
    if not comments:
        return problems
    kept = [problem for problem in problems if not _is_silenced(problem, comments)]
    return sorted([*kept, *(said for comment in comments for said in _of_comment(document, comment, complete))])


def comments_in(document: Document) -> Iterator[Comment]:
    """Every `noqa` that stands in a comment rather than in a text."""
    if "noqa" not in document.text or document.values is None:
        return
    spans = [_content(document.text, *span) for span in sorted(set(document.spans.values()))]
    starts = [start for start, _ in spans]
    for found in _NOQA.finditer(document.text):
        before = bisect_right(starts, found.start()) - 1
        if before >= 0 and found.start() < spans[before][1]:
            continue
        line = document.text.count("\n", 0, found.start()) + 1
        row = document.text.rfind("\n", 0, found.start()) + 1
        alone = not document.text[row : found.start()].strip()
        codes = re.findall(r"[A-Z]\d+", (found["codes"] or "").upper()) if found["colon"] else []
        covers = _covered(document, line + 1 if alone else line)
        yield Comment(found.start(), line, found.start() - row + 1, codes, covers)


def _content(text: str, start: int, end: int) -> tuple[int, int]:
    """Of a block text, what comes below its `|` or `>`: a comment may stand beside those."""
    first = text.find("\n", start, end)
    return (first if first > 0 else end, end) if text[start : start + 1] in ("|", ">") else (start, end)


def _covered(document: Document, line: int) -> range:
    first = last = line
    for start, end in document.spans.values():
        top = document.text.count("\n", 0, start) + 1
        bottom = top + document.text[start:end].rstrip("\n").count("\n")
        if bottom > top and line in (top, bottom):
            first, last = min(first, top), max(last, bottom)
    return range(first, last + 1)


def _is_silenced(problem: Problem, comments: list[Comment]) -> bool:
    silenced = False
    for comment in comments:
        if problem.line in comment.covers and problem.code in comment.codes and RULES[problem.code].silenced:
            comment.used.add(problem.code)
            silenced = True
    return silenced


def _of_comment(document: Document, comment: Comment, complete: bool) -> Iterator[Problem]:
    def problem(code: str, message: str, fix: Edit | None = None) -> Problem:
        return Problem(document.file, comment.line, comment.column, code, "", message, fix)

    if not comment.codes:
        yield problem("W102", "say which rule and why, as in `noqa: W204 orders never change`.")
    for code in comment.codes:
        if code not in RULES:
            yield problem("W102", f"there is no rule {code!r}.{suggestion(code, list(RULES))}")
        elif not RULES[code].silenced:
            yield problem(
                "W102", f"{code} is an error, which can't be silenced: the source would not run all the same."
            )
        elif complete and code not in comment.used and not RULES[code].across_files:
            yield problem(
                "W101", f"{code} is not reported here: leave out the noqa.", _without(document, comment, code)
            )


def _without(document: Document, comment: Comment, code: str) -> Edit | None:
    """Takes the comment away where it is about nothing else."""
    if comment.codes != [code]:
        return None
    text = document.text
    end = text.find("\n", comment.start)
    end = len(text) if end < 0 else end
    if comment.column == 1 or not text[text.rfind("\n", 0, comment.start) + 1 : comment.start].strip():
        row = text.rfind("\n", 0, comment.start) + 1
        return Edit(row, min(end + 1, len(text)), "")
    start = len(text[: comment.start].rstrip(" \t"))
    return Edit(start, end, "")
