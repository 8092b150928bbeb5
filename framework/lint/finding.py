"""What a rule found."""

from typing import NamedTuple

from framework.problem import Path


class Finding(NamedTuple):
    """What is wrong, before its line and column are looked up."""

    code: str
    path: Path
    message: str
    word: str = ""
    """What to point at inside a long text."""
