"""The shape of a DAG: no Airflow needed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dag_factory.shape import Pool, Shape, shape
from framework.project import Deployment, find
from framework.settings import AirflowTasks
from tests.dag_factory.tiny import project

STREAMS = ("orders", "events", "lines")


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return find(project(tmp_path)).deployment("tiny")


def changed(deployment: Deployment, **changes: object) -> Shape:
    return shape(replace(deployment, source=deployment.source.model_copy(update=changes)))


def test_what_airflow_is_told(deployment: Deployment) -> None:
    found = shape(deployment)
    assert (found.id, found.cron, found.timezone, found.by_interval) == (
        "tiny",
        "15 6 * * 1",
        "Europe/Amsterdam",
        False,
    )
    assert (found.retries, found.tags, found.owner) == (0, ("commerce", "small"), "data-platform")
    assert (found.owner_link, found.docs_url, found.late_after) == (None, "https://tiny.example/docs", None)
    assert found.streams == STREAMS
    for text in ("### Tiny", "Orders and their lines.", "`tiny.yaml`", "`local`", "https://tiny.example/docs",
                 "| lines | orders | whole | CLN_LINE (replace) |", "| events |  | whole |  |", "ANALYTICS: ANL_TOTAL",
                 "at most 4 at once"):  # fmt: skip
        assert text in found.doc


def test_edges(deployment: Deployment) -> None:
    tails = {"orders.clean", "lines.clean", "events.load"}
    assert shape(deployment).edges == {
        ("begin", "orders.plan"), ("begin", "events.plan"), ("orders.extract", "lines.plan"),
        *((f"{name}.plan", f"{name}.extract") for name in STREAMS),
        *((f"{name}.extract", f"{name}.load") for name in STREAMS),
        ("orders.load", "orders.clean"), ("lines.load", "lines.clean"),
        *((tail, f"{tail.partition('.')[0]}.check") for tail in tails),
        *((tail, "marts") for tail in tails),
        *((f"{name}.check", "report") for name in STREAMS), ("marts", "report"),
    }  # fmt: skip


def test_what_goes_on_after_a_failure(deployment: Deployment) -> None:
    going_on = {task.id for task in shape(deployment).tasks if task.when == "all_done"}
    assert going_on == {"orders.load", "events.load", "lines.load", "lines.plan", "marts", "report"}


def test_tasks_come_after_what_they_wait_for(deployment: Deployment) -> None:
    seen: set[str] = set()
    for task in shape(deployment).tasks:
        assert seen.issuperset(task.after)
        assert task.id not in seen
        seen.add(task.id)


def test_the_report_comes_last_and_waits_for_everything(deployment: Deployment) -> None:
    drawn = shape(deployment)
    after: dict[str, set[str]] = {task.id: set(task.after) for task in drawn.tasks}
    reached, waiting = {"report"}, ["report"]
    while waiting:
        more = after[waiting.pop()] - reached
        reached |= more
        waiting.extend(more)
    assert reached == set(after)
    assert not [task.id for task in drawn.tasks if "report" in task.after]


def test_each_stream_and_mart_is_an_asset_of_its_last_step(deployment: Deployment) -> None:
    found = {task.id: task.assets for task in shape(deployment).tasks if task.assets}
    assert found == {"orders.clean": ("orders",), "lines.clean": ("lines",), "events.load": ("events",),
                     "marts": ("ANL_TOTAL",)}  # fmt: skip


def test_a_source_without_schedule_and_marts(deployment: Deployment) -> None:
    found = changed(deployment, schedule=None, analytics=[])
    assert (found.cron, found.timezone, found.retries, found.tags) == (None, "UTC", 0, ())
    assert "marts" not in {task.id for task in found.tasks}


def test_a_deployment_under_another_name(tmp_path: Path) -> None:
    found = shape(find(project(tmp_path)).deployment("tiny_eu"))
    assert (found.id, found.cron, found.retries) == ("tiny_eu", "@daily", 4)
    assert "CLN_TINY_EU_ORDER" in found.doc


def test_a_pool_for_the_api_and_one_for_a_file(deployment: Deployment) -> None:
    found = shape(deployment)
    assert found.pools == (
        Pool("api_tiny.example", 4, "Requests under way at tiny.example"),
        Pool("duckdb_.data_warehouse.duckdb", 1, "Tasks that have .data/warehouse.duckdb open"),
    )
    warehouse = deployment.environment.warehouse.model_copy(update={"type": "snowflake"})
    elsewhere = deployment.environment.model_copy(update={"warehouse": warehouse})
    assert shape(replace(deployment, environment=elsewhere)).tables is None


@pytest.mark.parametrize(
    ("concurrency", "asked", "threads"), [(1, None, 1), (4, None, 2), (64, None, 8), (4, 3, 3), (4, 9, 4)]
)
def test_slots_of_a_task_never_exceed_the_pool(
    deployment: Deployment, concurrency: int, asked: int | None, threads: int
) -> None:
    http = deployment.source.http
    http = http.model_copy(update={"rate_limit": http.rate_limit.model_copy(update={"concurrency": concurrency})})
    source = deployment.source.model_copy(update={"http": http})
    found = shape(replace(deployment, source=source, airflow=AirflowTasks(threads=asked)))
    assert (found.threads, found.api.slots) == (threads, concurrency)


def test_what_lies_on_one_machine(deployment: Deployment) -> None:
    assert shape(deployment).one_host == (
        "the stage .data/stage is a folder of one machine",
        "the warehouse .data/warehouse.duckdb is a file of one machine",
    )
    assert shape(replace(deployment, airflow=AirflowTasks(one_host=True))).one_host == ()


def test_the_strictest_freshness_is_the_deadline(deployment: Deployment) -> None:
    orders, *others = deployment.source.streams
    checks = orders.checks.model_validate({"freshness": {"of": "load", "max": "2h"}})
    streams = [orders.model_copy(update={"checks": checks}), *others]
    assert changed(deployment, streams=streams).late_after == timedelta(hours=2)
    assert changed(deployment, streams=streams, schedule=None).late_after is None
