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
    at_key: bool = False
    """Whether it is about the key rather than its value."""
    fix: str | None = None
    """What mends it in place of the value, or of the word in it; "" takes an item out of its list."""
    alone: bool = False
    """Whether it holds whatever else the file says."""
