"""Shape → an Airflow DAG. Imports neither driver nor HTTP client: the scheduler parses this for every DAG."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, Param, ParamsDict, TaskGroup

from dag_factory.operators import End, Step
from dag_factory.shape import Shape, Task, shape
from framework.project import find

_START = datetime(2024, 1, 1, tzinfo=UTC)  # only has to lie in the past: positions say what is to be read
_RETRY_DELAY, _MAX_RETRY_DELAY = timedelta(minutes=1), timedelta(minutes=30)


def dag(project_folder: str | Path, source: str, environment: str) -> DAG:
    """The DAG of one deployment. Raises InvalidSpec or SettingsError, which Airflow shows as the file's import
    error."""
    deployment = find(Path(project_folder)).deployment(source, environment)
    return _built(shape(deployment), {"folder": str(deployment.folder), "source": source, "environment": environment})


def _built(shape: Shape, place: dict[str, str]) -> DAG:
    defaults: dict[str, Any] = {
        "retries": shape.retries,
        "retry_delay": _RETRY_DELAY,
        "retry_exponential_backoff": True,
        "max_retry_delay": _MAX_RETRY_DELAY,
    }
    built = DAG(
        dag_id=shape.id,
        schedule=CronTriggerTimetable(shape.cron, timezone=shape.timezone) if shape.cron else None,
        start_date=_START,
        catchup=False,
        max_active_runs=1,
        tags=list(shape.tags),
        doc_md=shape.doc,
        default_args={**defaults, "owner": shape.owner} if shape.owner else defaults,
        params=_params(),
        **({"max_active_tasks": shape.tasks_at_once} if shape.tasks_at_once else {}),
    )
    with built:
        groups = {
            name: TaskGroup(f"stream-{name}", prefix_group_id=False, group_display_name=name) for name in shape.streams
        }  # a stream may be called check, and a hyphen is in no stream's name
        for task in shape.tasks:
            with groups[task.stream] if task.stream else nullcontext():
                _operator(task, place)
    for before, after in sorted(shape.edges):
        built.get_task(before).set_downstream(built.get_task(after))
    for operator in built.tasks:  # each would be serialized with a copy of the DAG's; they are merged in at run time
        operator.params = ParamsDict()
    return built


def _operator(task: Task, place: dict[str, str]) -> None:
    if task.verb == "end":
        End(task_id=task.id, trigger_rule=task.when)
    else:
        Step(step=task, **place)


def _params() -> dict[str, Param]:
    instant = {"type": ["null", "string"], "format": "date-time"}
    return {
        "since": Param(None, **instant, description="Backfill from here; the position is left alone."),
        "until": Param(None, **instant, description="Backfill up to here; the position is left alone."),
        "full_refresh": Param(False, type="boolean", description="Forget the position and read everything anew."),
    }
