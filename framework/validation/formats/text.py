"""For people: the place, what is wrong, the line with a caret, and where to read more."""

from framework.rules import RULES
from framework.validation.excerpt import excerpt
from framework.validation.formats.base import Outcome

_BOLD, _RED, _YELLOW, _BLUE, _OFF = "\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[34m", "\x1b[0m"


def text(outcome: Outcome, colours: bool = False) -> str:
    """A paragraph for each problem, with the page of its rule the first time, and a line that counts them."""

    def paint(colour: str, words: str) -> str:
        return f"{colour}{words}{_OFF}" if colours and words else words

    parts, told = [], set[str]()
    for checked, problem in outcome.found:
        colour = _RED if RULES[problem.code].is_error else _YELLOW
        place = paint(_BOLD, f"{problem.file}:{problem.line}:{problem.column}:")
        where = f" {problem.where}:" if problem.where else ""
        rows = [f"{place} {paint(colour, problem.code)}{where} {problem.message}"]
        shown = excerpt(checked, problem)
        margin = " " * len(str(problem.line))
        if shown:
            caret = " " * shown.start + paint(colour, "^" * shown.width)
            rows += [f"{paint(_BLUE, f'{problem.line} |')} {shown.text}", f"{paint(_BLUE, f'{margin} |')} {caret}"]
        more = [] if problem.code in told else [f"more: framework rule {problem.code}"]
        told.add(problem.code)
        if more := [*more, *(["--fix mends it"] if problem.fix else [])]:
            rows.append(f"{paint(_BLUE, f'{margin} =')} {', '.join(more)}")
        parts.append("\n".join(rows) + "\n")
    return "\n".join([*parts, _count(outcome)])


def _count(outcome: Outcome) -> str:
    files, errors, warnings = len(outcome.files), outcome.errors, outcome.warnings
    said = f"{_of(files, 'file')}: {_of(errors, 'error')}, {_of(warnings, 'warning')}"
    said += f", {outcome.fixed} mended" if outcome.fixed else ""
    said += f", {outcome.known} known" if outcome.known else ""
    partly = any(checked.partly and checked.problems for checked in outcome.files)
    return f"What depends on these is looked at once they are right.\n{said}" if partly else said


def _of(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
