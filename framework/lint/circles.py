"""Whether following a name leads back to it."""

from collections.abc import Mapping


def way(start: str, goal: str, steps: Mapping[str, list[str]], seen: set[str]) -> list[str] | None:
    """The names from one to another, the last one left out; None where no way leads there."""
    for name in steps.get(start, []):
        if name == goal:
            return [start]
        if name not in seen:
            seen.add(name)
            rest = way(name, goal, steps, seen)
            if rest:
                return [start, *rest]
    return None
