"""`--select` and `--ignore`: which rules count, by code or by the beginning of codes."""

from dataclasses import dataclass

from framework.errors import SettingsError
from framework.problem import suggestion
from framework.rules import RULES


@dataclass(frozen=True)
class Choice:
    """The rules that are asked for. Of two that fit, the longer one decides: `--ignore W2 --select W201`."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def __contains__(self, code: str) -> bool:
        chosen = max((len(part) for part in self.select if code.startswith(part)), default=-1)
        left_out = max((len(part) for part in self.ignore if code.startswith(part)), default=-1)
        if left_out >= 0 or chosen >= 0:
            return chosen > left_out
        return not self.select or all(part in self.ignore for part in self.select)


def choice(select: list[str], ignore: list[str]) -> Choice:
    """From the command line: codes separated by commas. Raises SettingsError for one that begins no rule's code."""
    return Choice(_parts(select, "--select"), _parts(ignore, "--ignore"))


def _parts(words: list[str], option: str) -> tuple[str, ...]:
    parts = tuple(part.strip().upper() for word in words for part in word.split(",") if part.strip())
    for part in parts:
        if part != "ALL" and not any(code.startswith(part) for code in RULES):
            raise SettingsError(f"{option}: there is no rule {part!r}.{suggestion(part, list(RULES))}")
    return tuple("" if part == "ALL" else part for part in parts)
