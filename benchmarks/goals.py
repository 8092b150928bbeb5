"""What is aimed at, and what the results say of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

Measured = Mapping[str, Any]
Rounds = Mapping[str, list[dict[str, float]]]
ENGINES = ("dlt", "airbyte", "singer")


def ratio(rounds: Rounds, one: str, other: str, what: str) -> float:
    """One to the other, round by round, so that what slowed one slowed both; the median."""
    return median(mine[what] / its[what] for mine, its in zip(rounds[one], rounds[other], strict=False))


@dataclass(frozen=True)
class Goal:
    """One line of the table."""

    text: str
    bound: float
    find: Callable[[Measured], float]
    """Raises KeyError where it was not measured."""
    most: bool = True
    """Whether the bound is the most, or else the least."""
    unit: str = " ×"
    digits: int = 2

    @property
    def sign(self) -> str:
        """As it is written."""
        return "≤" if self.most else "≥"

    def found(self, measured: Measured) -> float | None:
        """What was measured, if it was."""
        try:
            return self.find(measured)
        except (KeyError, ValueError):
            return None

    def holds(self, value: float) -> bool:
        """Whether that is good enough."""
        return value <= self.bound if self.most else value >= self.bound


def _to_floor(*names: str) -> Callable[[Measured], float]:
    return lambda measured: max(ratio(measured[name]["rounds"], "ours", "floor", "cpu") for name in names)


def _to_ideal(name: str) -> Callable[[Measured], float]:
    def find(measured: Measured) -> float:
        one = measured[name]
        return float(median(found["wall"] for found in one["rounds"]["ours"]) / one["ideal_seconds"])

    return find


def _ahead(what: str, *names: str, of: tuple[str, ...] = ENGINES) -> Callable[[Measured], float]:
    """By how much the nearest of the engines is behind."""

    def find(measured: Measured) -> float:
        found = [measured[name]["rounds"] for name in names]
        return min(ratio(rounds, who, "ours", what) for rounds in found for who in of if who in rounds)

    return find


def _peak(*names: str) -> Callable[[Measured], float]:
    return lambda measured: max(found["peak_mb"] for name in names for found in measured[name]["rounds"]["ours"])


def _per_record(few: str, many: str) -> Callable[[Measured], float]:
    def each(one: Any) -> float:
        return float(median(found["cpu"] for found in one["rounds"]["ours"]) / one["records"])

    return lambda measured: each(measured[many]) / each(measured[few])


GOALS = (
    Goal("CPU, pages of 1 MB (A)", 1.6, _to_floor("A")),
    Goal("CPU, pages of 1 MB over TLS (A-tls)", 1.6, _to_floor("A-tls")),
    Goal("CPU, pages of 100 KB (B, B-tls)", 2.5, _to_floor("B", "B-tls")),
    Goal("CPU, small pages (C)", 2.5, _to_floor("C")),
    Goal("CPU, small windows (H)", 2.5, _to_floor("H")),
    Goal("CPU, with edits (E)", 5, _to_floor("E")),
    Goal("CPU, dlt, Airbyte's engine, a Singer tap, pages of 1 MB (A)", 25, _ahead("cpu", "A"), most=False, digits=1),
    Goal("wall, the same (A)", 25, _ahead("wall", "A"), most=False, digits=1),
    Goal("CPU, the same, elsewhere (B, C, E, H)", 10, _ahead("cpu", "B", "C", "E", "H"), most=False, digits=1),
    Goal("wall, the same, elsewhere (B, C, E, H)", 10, _ahead("wall", "B", "C", "E", "H"), most=False, digits=1),
    Goal("wall, 50 ms of latency, 8 at once, by number (D-pages)", 1.15, _to_ideal("D-pages")),
    Goal("wall, 50 ms of latency, 8 partitions at once (D-parents)", 1.15, _to_ideal("D-parents")),
    Goal("wall, 50 ms of latency, by cursor (D-cursor)", 1.1, _to_ideal("D-cursor")),
    Goal("CPU, dlt to DuckDB with RAW and CLEAN (F)", 5, _ahead("cpu", "F", of=("dlt",)), most=False, digits=1),
    Goal("wall, the same (F)", 5, _ahead("wall", "F", of=("dlt",)), most=False, digits=1),
    Goal("peak memory, 200,000 records (A)", 120, _peak("A"), unit=" MB", digits=0),
    Goal("peak memory, 10 million records", 120, _peak("records-10m"), unit=" MB", digits=0),
    Goal("peak memory, 10,000 slices", 120, _peak("slices-10000"), unit=" MB", digits=0),
    Goal("CPU a record, 10 million to 1 million", 1.1, _per_record("records-1m", "records-10m")),
)
