"""All files that are asked for: each by itself, then together, then without what is silenced."""

from collections.abc import Iterable
from pathlib import Path

from framework.lint.noqa import silence
from framework.validation.across import together
from framework.validation.checked import Checked, checked, files


def all_checked(paths: Iterable[Path]) -> list[Checked]:
    """Every file with its problems, in order."""
    found = sorted((checked(path) for path in files(paths)), key=lambda each: each.document.file)
    together(found)
    for each in found:
        each.problems = silence(each.document, each.problems, each.complete)
    return found
