"""Deployment → the DAG's id, schedule, tasks, edges and pools, as values. Knows nothing of Airflow."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from dag_factory.doc import doc
from framework.project import Deployment
from framework.settings import AirflowTasks
from framework.spec import Source, Stream

Verb = Literal["begin", "plan", "extract", "load", "clean", "check", "marts", "report"]
When = Literal["all_success", "all_done"]

_IN_TABLES = ("load", "clean", "check", "marts", "report")
_MOST_THREADS = 8
BATCH_SECONDS = 30.0


@dataclass(frozen=True)
class Task:
    """One step, of one stream or of the whole source."""

    verb: Verb
    after: tuple[str, ...] = ()
    """The ids of the tasks it waits for."""
    stream: str | None = None
    when: When = "all_success"
    """Whether those have to be green (all_success), or only over (all_done)."""
    assets: tuple[str, ...] = ()
    """What is new once it is green: streams or tables, by name."""

    @property
    def id(self) -> str:
        """orders.extract, or the verb alone for a step of the whole source."""
        return f"{self.stream}.{self.verb}" if self.stream else self.verb

    @property
    def mapped(self) -> bool:
        """Whether there is a task of it for each batch of slices."""
        return self.verb == "extract"

    @property
    def in_tables(self) -> bool:
        """Whether it works in the warehouse."""
        return self.verb in _IN_TABLES


@dataclass(frozen=True)
class Pool:
    """So many slots for tasks that share something."""

    name: str
    slots: int
    why: str


@dataclass(frozen=True)
class Shape:
    """All that is to be known of a DAG."""

    id: str
    cron: str | None
    """None where the spec has no schedule: then the DAG runs when it is asked to."""
    timezone: str
    by_interval: bool
    """Whether a run reads the time between two ticks, instead of from the position to now."""
    retries: int
    tags: tuple[str, ...]
    owner: str | None
    owner_link: str | None
    docs_url: str | None
    doc: str
    """Markdown."""
    tasks: tuple[Task, ...]
    api: Pool
    """A slot is a request under way: so many are sent at the same time, over all tasks."""
    threads: int
    """The slots that a task of an extract takes."""
    tables: Pool | None
    """Where one process at a time may write to the warehouse."""
    late_after: timedelta | None
    """When somebody is told that a run is not over."""
    one_host: tuple[str, ...]
    """Why its tasks have to run on one machine."""
    airflow: AirflowTasks

    @property
    def edges(self) -> frozenset[tuple[str, str]]:
        """Every (task, task that waits for it)."""
        return frozenset((before, task.id) for task in self.tasks for before in task.after)

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams, parents first."""
        return tuple(dict.fromkeys(task.stream for task in self.tasks if task.stream))

    @property
    def pools(self) -> tuple[Pool, ...]:
        """What `framework airflow sync` makes."""
        return (self.api, self.tables) if self.tables else (self.api,)


def shape(deployment: Deployment) -> Shape:
    """The DAG of one deployment."""
    source, schedule = deployment.source, deployment.source.schedule
    freshness = [stream.checks.freshness.max for stream in source.streams if stream.checks.freshness]
    return Shape(
        id=deployment.name,
        cron=schedule.cron if schedule else None,
        timezone=schedule.timezone if schedule else "UTC",
        by_interval=bool(schedule and schedule.by == "interval"),
        retries=schedule.retries if schedule else 0,
        tags=tuple(schedule.tags) if schedule else (),
        owner=source.owner,
        owner_link=f"mailto:{source.owner}" if source.owner and "@" in source.owner else None,
        docs_url=source.docs_url,
        doc=doc(deployment),
        tasks=_tasks(source),
        api=_api_pool(source),
        threads=_threads(deployment),
        tables=_tables_pool(deployment),
        late_after=min(freshness) if freshness and schedule else None,
        one_host=_one_host(deployment),
        airflow=deployment.airflow,
    )


def _tasks(source: Source) -> tuple[Task, ...]:
    """What fails holds back only what can't go without it: hence `all_done` where the step works on whatever is there.
    `report` always runs, and gives the DAG run its state."""
    streams = source.in_order()
    tasks = [Task("begin"), *(task for stream in streams for task in _steps(stream))]
    tails = tuple(f"{stream.name}.{_tail(stream)}" for stream in streams)
    last = tuple(f"{stream.name}.check" for stream in streams)
    if source.analytics:
        tables = tuple(mart.table for mart in source.analytics)
        tasks.append(Task("marts", tails, when="all_done", assets=tables))
        last = (*last, "marts")
    tasks.append(Task("report", last, when="all_done"))
    return tuple(tasks)


def _steps(stream: Stream) -> Sequence[Task]:
    name, asset = stream.name, (stream.name,)
    if not stream.parents:
        plan = Task("plan", ("begin",), name)
    else:  # a parent's failed slices do not hold back the children of the others
        plan = Task("plan", tuple(f"{parent}.extract" for parent in stream.parents), name, "all_done")
    extract = Task("extract", (plan.id,), name)
    load = Task("load", (extract.id,), name, "all_done", assets=() if stream.clean else asset)
    clean = [Task("clean", (load.id,), name, assets=asset)] if stream.clean else []
    check = Task("check", (f"{name}.{_tail(stream)}",), name)
    return plan, extract, load, *clean, check


def _tail(stream: Stream) -> str:
    """The step after which its table is as new as it gets."""
    return "clean" if stream.clean else "load"


def _api_pool(source: Source) -> Pool:
    host = urlsplit(source.http.base_url).netloc
    name = host if host and "{{" not in source.http.base_url else source.name
    slots = source.http.rate_limit.concurrency
    return Pool(f"api_{_word(name)}", slots, f"Requests under way at {name}")


def _threads(deployment: Deployment) -> int:
    """At least two tasks read at the same time, so that a second worker has something to do."""
    concurrency = deployment.source.http.rate_limit.concurrency
    return min(deployment.airflow.threads or min(_MOST_THREADS, max(1, concurrency // 2)), concurrency)


def _tables_pool(deployment: Deployment) -> Pool | None:
    """One for each DuckDB file, into which one process at a time may write."""
    warehouse = deployment.environment.warehouse
    if warehouse.type != "duckdb":
        return None
    return Pool(f"duckdb_{_word(warehouse.path)}", 1, f"Tasks that have {warehouse.path} open")


def _one_host(deployment: Deployment) -> tuple[str, ...]:
    stage, warehouse = deployment.environment.stage, deployment.environment.warehouse
    reasons = []
    if stage.type == "local":
        reasons.append(f"the stage {stage.path} is a folder of one machine")
    if warehouse.type == "duckdb":
        reasons.append(f"the warehouse {warehouse.path} is a file of one machine")
    return () if deployment.airflow.one_host else tuple(reasons)


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("_")
