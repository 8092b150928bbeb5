"""A plan in batches, for tasks on several machines, and the end of the whole once they are over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from framework.extract import closed, results_of
from framework.log import Log
from framework.manifest import Closed, Failure, Slice
from framework.plan import Plan
from framework.window import to_text

MOST = 1000
"""So many tasks Airflow maps at most (its max_map_length is 1024)."""
UNKNOWN_PACE = 4.0
"""Seconds that a slice is taken to need while no run has shown it."""
_LOOK_BACK = 50


@dataclass(frozen=True)
class Batch:
    """A stretch of a plan's slices. Its name is all that tasks hand to each other."""

    number: int
    of: int
    name: str

    def of_plan(self, plan: Plan) -> Plan:
        """The plan's share of slices. The same, however often it is asked for."""
        first, last = (len(plan.slices) * at // self.of for at in (self.number - 1, self.number))
        return msgspec.structs.replace(plan, slices=plan.slices[first:last])


def cut(plan: Plan, pace: float, threads: int, seconds: float) -> list[Batch]:
    """As many batches as take at least so many seconds each, where a slice takes `pace` and `threads` of them are read
    at once. One where the plan has a limit, which is counted in one place."""
    if not plan.slices:
        return []
    most = 1 if plan.limit is not None else min(MOST, len(plan.slices))
    wanted = int(len(plan.slices) * pace / threads / seconds) if seconds else most
    count = max(1, min(wanted, most))
    return [named(Batch(number, count, ""), plan) for number in range(1, count + 1)]


def named(batch: Batch, plan: Plan) -> Batch:
    """The batch with a name that says what is in it."""
    return replace(batch, name=_name(batch.of_plan(plan).slices, batch))


def _name(items: Sequence[Slice], batch: Batch) -> str:
    windows = [item.window for item in items if item.window]
    partitions = {item.partition_key for item in items if item.partition}
    told = [f"{batch.number} of {batch.of}"]
    if len(partitions) == 1:
        told.append(", ".join(f"{name}={_short(value)}" for name, value in items[0].partition.items()))
    elif partitions:
        told.append(f"{len(partitions)} partitions")
    if windows:
        start, end = min(window.start for window in windows), max(window.end for window in windows)
        told.append(f"{to_text(start)} to {to_text(end)}")
    return " · ".join(told)


def _short(value: object) -> str:
    text = "/".join(map(str, value.values())) if isinstance(value, dict) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def pace(log: Log, newest: int) -> float:
    """The seconds that a slice took when a run last read some of this stream."""
    for _, entry in reversed(list(log.entries(max(0, newest - _LOOK_BACK)))):
        if isinstance(entry, Closed) and entry.seconds and entry.done:
            return entry.seconds / (entry.done + entry.skipped)
    return UNKNOWN_PACE


def close(log: Log, plan: Plan, told: Iterable[Failure], seconds: float) -> Closed | None:
    """Logs the end of a run over a stream, by what its batches logged and the failures that they told of. Where the log
    ends with the same already, nothing is written. None for a plan without slices."""
    if not plan.slices:
        return None
    position = log.recover()
    results = results_of(log, plan)
    failed = {failure.slice.id: failure for failure in told if failure.slice.id not in results}
    entry = closed(plan, results, list(failed.values()), seconds)
    for _, other in log.entries(plan.base):
        if isinstance(other, Closed) and other.run == plan.run and _same(other, entry):
            return entry
    log.append(entry, position.entry)
    return entry


def _same(one: Closed, other: Closed) -> bool:
    return msgspec.structs.replace(one, at=other.at, seconds=other.seconds) == other
