"""A baseline: what is known to be wrong in a repository that takes the tool up late. Only what comes new is reported.

A finding is known by its file, its code and the text of its line, so that it stays known when lines move and comes back
when its line is touched. Of the line only a digest is kept: it may hold what must not be copied.
"""

import hashlib
import json
import os
from collections import Counter
from pathlib import Path

from framework.errors import SettingsError
from framework.problem import Problem
from framework.validation.checked import Checked

Known = Counter[tuple[str, str, str]]


def read(path: Path) -> Known:
    """Raises SettingsError where it is none."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Counter({(file, code, line): int(count) for file, code, line, count in map(tuple, said["known"])})
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}. Write it first: --write-baseline") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SettingsError(f"{path} is no baseline: write it anew with --write-baseline") from None


def write(path: Path, all_checked: list[Checked]) -> int:
    """Writes down all that is wrong now, and returns how much that is."""
    known = Counter(key(path, checked, problem) for checked in all_checked for problem in checked.problems)
    rows = ",\n".join(f"    {json.dumps([*entry, count])}" for entry, count in sorted(known.items()))
    about = "Findings of `framework validate` that are known: [file, code, digest of the line, how many]."
    path.write_text(f'{{\n  "about": {json.dumps(about)},\n  "known": [\n{rows}\n  ]\n}}\n', encoding="utf-8")
    return known.total()


def left_over(path: Path, known: Known, all_checked: list[Checked]) -> int:
    """Takes what is known out of the files' problems. Returns how many of the entries about these files were not met
    any more."""
    rest, seen = known.copy(), {_file(path, checked) for checked in all_checked}
    for checked in all_checked:
        kept = []
        for problem in checked.problems:
            entry = key(path, checked, problem)
            if rest[entry] > 0:
                rest[entry] -= 1
            else:
                kept.append(problem)
        checked.problems = kept
    return sum(count for (file, _, _), count in rest.items() if file in seen)


def key(path: Path, checked: Checked, problem: Problem) -> tuple[str, str, str]:
    """What a finding is known by; its file as seen from the baseline's folder."""
    line = checked.lines[problem.line - 1].strip() if problem.line <= len(checked.lines) else ""
    return _file(path, checked), problem.code, hashlib.sha256(line.encode()).hexdigest()[:16]


def _file(path: Path, checked: Checked) -> str:
    return Path(os.path.relpath(checked.path.resolve(), path.resolve().parent)).as_posix()
