"""Deployment → the DAG's id, schedule, tasks and edges, as values. Knows nothing of Airflow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from framework.project import Deployment
from framework.spec import Source, Stream

Verb = Literal["begin", "plan", "extract", "load", "clean", "marts", "check", "end"]
When = Literal["all_success", "all_done"]


@dataclass(frozen=True)
class Task:
    """One step, of one stream or of the whole source."""

    verb: Verb
    after: tuple[str, ...] = ()
    """The ids of the tasks it waits for."""
    stream: str | None = None
    when: When = "all_success"
    """Whether those have to be green (all_success), or only over (all_done)."""

    @property
    def id(self) -> str:
        """orders.extract, or the verb alone for a step of the whole source."""
        return f"{self.stream}.{self.verb}" if self.stream else self.verb


@dataclass(frozen=True)
class Shape:
    """All that is to be known of a DAG."""

    id: str
    cron: str | None
    """None where the spec has no schedule: then the DAG runs when it is asked to."""
    timezone: str
    retries: int
    tags: tuple[str, ...]
    owner: str | None
    doc: str
    """Markdown."""
    tasks: tuple[Task, ...]
    tasks_at_once: int | None
    """1 where only one process may write to the warehouse; None leaves it to Airflow."""

    @property
    def edges(self) -> frozenset[tuple[str, str]]:
        """Every (task, task that waits for it)."""
        return frozenset((before, task.id) for task in self.tasks for before in task.after)

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams, parents first."""
        return tuple(dict.fromkeys(task.stream for task in self.tasks if task.stream))


def shape(deployment: Deployment) -> Shape:
    """The DAG of one deployment."""
    source, schedule = deployment.source, deployment.source.schedule
    return Shape(
        id=deployment.name,
        cron=schedule.cron if schedule else None,
        timezone=schedule.timezone if schedule else "UTC",
        retries=schedule.retries if schedule else 0,
        tags=tuple(schedule.tags) if schedule else (),
        owner=source.owner,
        doc=_doc(deployment),
        tasks=_tasks(source),
        tasks_at_once=1 if deployment.environment.warehouse.type == "duckdb" else None,
    )


def _tasks(source: Source) -> tuple[Task, ...]:
    """What fails holds back only what can't go without it: hence `all_done` where the step works on whatever is there.
    `end` is green only where everything was, and is what gives the DAG run its state."""
    streams = source.in_order()
    tasks = [Task("begin"), *(task for stream in streams for task in _steps(stream))]
    extracts = tuple(task.id for task in tasks if task.verb == "extract")
    tails = tuple(f"{stream.name}.{'clean' if stream.clean else 'load'}" for stream in streams)
    last = tails
    if source.analytics:
        tasks.append(Task("marts", tails, when="all_done"))
        last = ("marts",)
    tasks.append(Task("check", last, when="all_done"))
    whole = ("marts", "check") if source.analytics else ("check",)
    tasks.append(Task("end", extracts + tails + whole))
    return tuple(tasks)


def _steps(stream: Stream) -> Sequence[Task]:
    name = stream.name
    if not stream.parents:
        plan = Task("plan", ("begin",), name)
    else:  # a parent's failed slices do not hold back the children of the others
        plan = Task("plan", tuple(f"{parent}.extract" for parent in stream.parents), name, "all_done")
    extract = Task("extract", (plan.id,), name)
    load = Task("load", (extract.id,), name, "all_done")
    clean = [Task("clean", (load.id,), name)] if stream.clean else []
    return plan, extract, load, *clean


def _doc(deployment: Deployment) -> str:
    source = deployment.source
    lines = [f"### {source.title or deployment.name}", ""]
    if source.description:
        lines += [source.description, ""]
    lines += [f"Spec `{deployment.spec_path.name}`, environment `{deployment.environment_name}`.", ""]
    if source.docs_url:
        lines += [f"[The API's documentation]({source.docs_url})", ""]
    lines += ["| stream | follows | CLEAN table |", "|---|---|---|"]
    for stream in source.in_order():
        lines.append(f"| {stream.name} | {', '.join(stream.parents)} | {stream.clean.table if stream.clean else ''} |")
    if source.analytics:
        lines += ["", f"ANALYTICS: {', '.join(mart.table for mart in source.analytics)}"]
    return "\n".join(lines) + "\n"
