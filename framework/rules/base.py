"""What a rule is: its code, what it says, why, and an example of each side."""

from dataclasses import dataclass

GROUPS = {
    "E0": "The file can't be read",
    "E1": "Keys and values",
    "E2": "Templates and expressions",
    "E3": "What can't work",
    "E4": "What can't work together",
    "W1": "Comments that silence",
    "W2": "Legal, and likely not meant",
    "W4": "Legal, and likely not meant together",
}
"""The first two characters of a code, and what such rules are about."""


@dataclass(frozen=True)
class Rule:
    """One thing that `validate` reports. The tests run both examples."""

    code: str
    """Never given to another rule, also when this one is gone."""
    what: str
    """What is reported, as the heading of its page."""
    why: str
    """Why it matters, and the way out."""
    bad: str
    """YAML that has this problem and no other. See `files.py` for what an example may leave out."""
    good: str
    """The same, mended."""
    fixed: bool = False
    """Whether `--fix` mends it, at least in some cases."""
    may_be_silenced: bool = False
    """For an error that a `noqa` may silence, since what it says is a guess; a warning always may."""

    @property
    def is_error(self) -> bool:
        """Whether it stops a run, rather than being advice."""
        return self.code.startswith("E")

    @property
    def silenced(self) -> bool:
        """Whether `# noqa` works on it."""
        return self.may_be_silenced or not self.is_error

    @property
    def across_files(self) -> bool:
        """Whether it takes other files to see it."""
        return self.code[1] == "4"
