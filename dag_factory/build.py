"""Shape → an Airflow DAG. Imports neither driver nor HTTP client: the scheduler parses this for every DAG."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import airflow.sdk
from airflow.configuration import conf
from airflow.sdk import (
    DAG,
    Asset,
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    Param,
    ParamsDict,
    TaskGroup,
    get_parsing_context,
)

from dag_factory.operators import Extract, Step
from dag_factory.shape import Shape, Task, shape
from framework.errors import FrameworkError, InvalidSpec, SettingsError
from framework.project import find

_START = datetime(2024, 1, 1, tzinfo=UTC)  # only has to lie in the past: positions say what is to be read
_RETRY_DELAY, _MAX_RETRY_DELAY = timedelta(minutes=1), timedelta(minutes=30)
_ONE_HOST = {"LocalExecutor", "SequentialExecutor", "DebugExecutor", "InProcessExecutor"}
"""Executors whose tasks run where the scheduler does."""
_HAS_POLICIES = hasattr(airflow.sdk, "RetryPolicy")
"""Airflow 3.3 and later."""


def dag(project_folder: str | Path, source: str, environment: str, pools: bool = False) -> DAG:
    """The DAG of one deployment. `pools` says that its pools exist: a task that asks for one that does not waits for
    ever. Raises InvalidSpec or SettingsError, which Airflow shows as the file's import error."""
    deployment = find(Path(project_folder)).deployment(source, environment)
    drawn = shape(deployment)
    _refuse_many_hosts(drawn)
    return _Drawing(drawn, str(deployment.folder), environment, pools).dag()


def _refuse_many_hosts(drawn: Shape) -> None:
    executors = conf.get("core", "executor").split(",") if not drawn.airflow.executor else [drawn.airflow.executor]
    many = [name for each in executors if (name := each.split(":")[-1].rpartition(".")[2]) not in _ONE_HOST]
    if many and drawn.one_host:
        raise SettingsError(
            f"the tasks of {drawn.id} may run on several machines, by the {many[0]}, and "
            f"{' and '.join(drawn.one_host)}. Use a stage and a warehouse that all of them reach, or the "
            "LocalExecutor. Where all workers run on one machine, say so in framework.yaml: "
            "`airflow: {one_host: true}`."
        )


class _Drawing:
    """One shape on its way to a DAG."""

    def __init__(self, drawn: Shape, folder: str, environment: str, pools: bool) -> None:
        self._shape, self._pools = drawn, pools
        self._place = {"folder": folder, "source": drawn.id, "environment": environment}

    def dag(self) -> DAG:
        """All of it, which is the same whenever it is drawn."""
        drawn = self._shape
        with DAG(dag_id=drawn.id, **self._about(), **self._running()) as built:
            groups = {
                name: TaskGroup(f"stream-{name}", prefix_group_id=False, group_display_name=name)
                for name in drawn.streams
            }  # a stream may be called check, and a hyphen is in no stream's name
            made: dict[str, Any] = {}
            for task in drawn.tasks:
                with groups[task.stream] if task.stream else nullcontext():
                    made[task.id] = self._operator(task, made)
        for before, after in sorted(drawn.edges):
            made[before].set_downstream(made[after])
        for operator in built.tasks:  # each would be serialized with a copy of the DAG's; they are merged at run time
            if hasattr(operator, "partial_kwargs"):
                operator.partial_kwargs["params"] = ParamsDict()
            else:
                operator.params = ParamsDict()
        return built

    def _about(self) -> dict[str, Any]:
        drawn = self._shape
        about: dict[str, Any] = {"tags": list(drawn.tags), "doc_md": drawn.doc, "params": _params(drawn.streams)}
        if drawn.owner and drawn.owner_link:
            about["owner_links"] = {drawn.owner: drawn.owner_link}
        if drawn.late_after:
            callback = airflow.sdk.AsyncCallback("dag_factory.late.late", {**self._place})
            reference = airflow.sdk.DeadlineReference.DAGRUN_QUEUED_AT
            about["deadline"] = airflow.sdk.DeadlineAlert(reference, drawn.late_after, callback)
        return about

    def _running(self) -> dict[str, Any]:
        drawn = self._shape
        timetable = CronDataIntervalTimetable if drawn.by_interval else CronTriggerTimetable
        defaults: dict[str, Any] = {
            "retries": drawn.retries,
            "retry_delay": _RETRY_DELAY,
            "retry_exponential_backoff": True,
            "max_retry_delay": _MAX_RETRY_DELAY,
        }
        if drawn.owner:
            defaults["owner"] = drawn.owner
        if _HAS_POLICIES:
            defaults["retry_policy"] = import_module("dag_factory.policy").HttpRetries()
        running: dict[str, Any] = {
            "schedule": timetable(drawn.cron, timezone=drawn.timezone) if drawn.cron else None,
            "start_date": _START,
            "catchup": False,
            "max_active_runs": 1,
            "default_args": defaults,
        }
        if drawn.tables and not self._pools:  # then nothing else keeps two tasks from writing to one file
            running["max_active_tasks"] = 1
        return running

    def _operator(self, task: Task, made: dict[str, Any]) -> Any:
        named: dict[str, Any] = {
            "task_id": task.id,
            "trigger_rule": task.when,
            "verb": task.verb,
            "stream": task.stream,
        }
        named |= self._place | self._slots(task) | self._worker()
        if task.verb not in ("begin", "report"):
            named |= {"cron": self._shape.cron, "zone": self._shape.timezone, "by_interval": self._shape.by_interval}
        if self._shape.docs_url and task.verb in ("plan", "extract"):
            named["docs_url"] = self._shape.docs_url
        if task.assets:
            named["outlets"] = [_asset(self._shape.id, name) for name in task.assets]
        if not task.mapped:
            return Step(**named, do_xcom_push=task.verb in ("begin", "plan"))
        at_once = max(1, self._shape.api.slots // self._shape.threads)
        several = {"map_index_template": "{{ task.batch['name'] }}", "max_active_tis_per_dagrun": at_once}
        plan = made[f"{task.stream}.plan"]
        return Extract.partial(**named, **several, do_xcom_push=False).expand(batch=plan.output)

    def _slots(self, task: Task) -> dict[str, Any]:
        """One load, and one clean, of a table at a time, whichever runs they belong to."""
        found: dict[str, Any] = {"max_active_tis_per_dag": 1} if task.verb in ("load", "clean", "marts") else {}
        if self._pools and task.verb == "extract":
            found |= {"pool": self._shape.api.name, "pool_slots": self._shape.threads}
        if self._pools and task.in_tables and self._shape.tables:
            found |= {"pool": self._shape.tables.name}
        return found

    def _worker(self) -> dict[str, Any]:
        how = self._shape.airflow
        found: dict[str, Any] = {name: value for name in ("queue", "executor") if (value := getattr(how, name))}
        isolation = how.model_dump(include={"isolation", "python", "image", "resources"}, exclude_defaults=True)
        if how.isolation == "kubernetes":
            found["executor_config"] = {"pod_override": import_module("dag_factory.pod").pod(how)}
        elif isolation:
            found["isolation"] = isolation
        return found


def _asset(source: str, name: str) -> Asset:
    """The scheme is nobody's, so that no provider is looked for, which would take a second."""
    return Asset(name=f"{source}/{name}", uri=f"x-ingest://{source}/{name}", extra={"table": name})


def _params(streams: tuple[str, ...]) -> dict[str, Param]:
    instant = {"type": ["null", "string"], "format": "date-time"}
    chosen = {"type": ["null", "array"], "items": {"type": "string", "enum": list(streams)}}
    return {
        "since": Param(None, **instant, description="Backfill from here; the position is left alone."),
        "until": Param(None, **instant, description="Backfill up to here; the position is left alone."),
        "streams": Param(None, **chosen, examples=list(streams), description="Only these streams; else all of them."),
        "full_refresh": Param(False, type="boolean", description="Forget the position and read everything anew."),
        "limit": Param(
            None, type=["null", "integer"], minimum=1, description="At most so many records a stream, for a try."
        ),
    }


def build_all(into: dict[str, Any], project_folder: str | Path, environment: str | None = None) -> None:
    """Puts the DAG of every deployment into a module's `globals()`: one file for a small project. A spec with problems
    becomes a DAG that does nothing but show them, since an import error would take all DAGs of the file away. Where
    Airflow asks for one DAG, as a worker does, no other spec is read."""
    project = find(Path(project_folder).resolve())
    chosen, _ = project.environment(environment)
    wanted = get_parsing_context().dag_id
    for name in project.deployments(chosen):
        if wanted in (None, name):
            into[f"dag_{name}"] = _or_placeholder(project.folder, name, chosen)


def _or_placeholder(folder: Path, name: str, environment: str) -> DAG:
    try:
        return dag(folder, name, environment)
    except FrameworkError as error:
        problems = error.problems if isinstance(error, InvalidSpec) else [error]
        told = "\n".join(["### This spec has problems, and is not run", "", "```", *map(str, problems), "```", ""])
        return DAG(dag_id=name, schedule=None, tags=["broken"], doc_md=told, is_paused_upon_creation=True)
