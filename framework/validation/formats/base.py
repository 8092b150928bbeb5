"""What every format is given, and how files are named."""

from dataclasses import dataclass, field
from urllib.parse import quote

from framework.problem import Problem
from framework.rules import RULES
from framework.validation.checked import Checked


@dataclass(frozen=True)
class Outcome:
    """All files that were checked, and what is left to say of them."""

    files: list[Checked]
    strict: bool = False
    """Whether warnings count as errors."""
    fixed: int = 0
    """How many problems `--fix` mended."""
    known: int = 0
    """How many the baseline holds."""
    found: list[tuple[Checked, Problem]] = field(init=False)
    """Every problem with its file, in order."""

    def __post_init__(self) -> None:
        pairs = [(checked, problem) for checked in self.files for problem in checked.problems]
        object.__setattr__(self, "found", sorted(pairs, key=lambda pair: pair[1]))

    @property
    def errors(self) -> int:
        """How many are errors."""
        return sum(RULES[problem.code].is_error for _, problem in self.found)

    @property
    def warnings(self) -> int:
        """How many are warnings."""
        return len(self.found) - self.errors

    @property
    def failed(self) -> bool:
        """Whether anything counts."""
        return bool(self.errors or (self.strict and self.warnings))


def uri(file: str) -> str:
    """A path as a URI reference."""
    path = quote(file.replace("\\", "/"), safe="/:")
    return f"file://{path}" if path.startswith("/") else path
