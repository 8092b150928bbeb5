"""The shape of a DAG: no Airflow needed."""

from dataclasses import replace
from pathlib import Path

import pytest

from dag_factory.shape import Shape, shape
from framework.project import Deployment, find
from tests.dag_factory.tiny import project


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return find(project(tmp_path)).deployment("tiny")


def changed(deployment: Deployment, **changes: object) -> Shape:
    return shape(replace(deployment, source=deployment.source.model_copy(update=changes)))


def test_what_airflow_is_told(deployment: Deployment) -> None:
    found = shape(deployment)
    assert (found.id, found.cron, found.timezone) == ("tiny", "15 6 * * 1", "Europe/Amsterdam")
    assert (found.retries, found.tags, found.owner) == (0, ("commerce", "small"), "data-platform")
    assert found.streams == ("orders", "events", "lines")
    for text in ("### Tiny", "Orders and their lines.", "`tiny.yaml`", "`local`", "https://tiny.example/docs",
                 "| lines | orders | CLN_LINE |", "| events |  |  |", "ANALYTICS: ANL_TOTAL"):  # fmt: skip
        assert text in found.doc


def test_edges(deployment: Deployment) -> None:
    tails = {"orders.clean", "lines.clean", "events.load"}
    assert shape(deployment).edges == {
        ("begin", "orders.plan"), ("begin", "events.plan"), ("orders.extract", "lines.plan"),
        *((f"{name}.plan", f"{name}.extract") for name in ("orders", "lines", "events")),
        *((f"{name}.extract", f"{name}.load") for name in ("orders", "lines", "events")),
        ("orders.load", "orders.clean"), ("lines.load", "lines.clean"),
        *((tail, "marts") for tail in tails),
        ("marts", "check"),
        *((name, "end") for name in {"orders.extract", "lines.extract", "events.extract", *tails, "marts", "check"}),
    }  # fmt: skip


def test_what_goes_on_after_a_failure(deployment: Deployment) -> None:
    going_on = {task.id for task in shape(deployment).tasks if task.when == "all_done"}
    assert going_on == {"orders.load", "events.load", "lines.load", "lines.plan", "marts", "check"}


def test_tasks_come_after_what_they_wait_for(deployment: Deployment) -> None:
    seen: set[str] = set()
    for task in shape(deployment).tasks:
        assert seen.issuperset(task.after)
        assert task.id not in seen
        seen.add(task.id)


def test_every_failure_reaches_the_end(deployment: Deployment) -> None:
    """`end` waits, directly or through tasks that need their predecessors green, for every task."""
    tasks = {task.id: task for task in shape(deployment).tasks}
    reached, waiting = {"end"}, ["end"]
    while waiting:
        task = tasks[waiting.pop()]
        if task.when == "all_success":
            reached.update(task.after)
            waiting.extend(task.after)
    assert reached == set(tasks)


def test_a_source_without_schedule_and_marts(deployment: Deployment) -> None:
    found = changed(deployment, schedule=None, analytics=[])
    assert (found.cron, found.timezone, found.retries, found.tags) == (None, "UTC", 0, ())
    assert "marts" not in {task.id for task in found.tasks}
    assert {before for before, after in found.edges if after == "check"} == {
        "orders.clean",
        "lines.clean",
        "events.load",
    }


def test_a_deployment_under_another_name(tmp_path: Path) -> None:
    found = shape(find(project(tmp_path)).deployment("tiny_eu"))
    assert (found.id, found.cron, found.retries) == ("tiny_eu", "@daily", 4)
    assert "CLN_TINY_EU_ORDER" in found.doc


def test_one_task_at_once_where_one_process_may_write(deployment: Deployment) -> None:
    assert shape(deployment).tasks_at_once == 1
    warehouse = deployment.environment.warehouse.model_copy(update={"type": "snowflake"})
    elsewhere = deployment.environment.model_copy(update={"warehouse": warehouse})
    assert shape(replace(deployment, environment=elsewhere)).tasks_at_once is None


def test_the_shop() -> None:
    found = shape(find(Path.cwd()).deployment("shop"))
    assert ("orders.extract", "order_lines.plan") in found.edges
    assert len(found.tasks) == 1 + 4 * 4 + 3


def test_a_stream_named_like_a_step(deployment: Deployment) -> None:
    stream = deployment.source.streams[0].model_copy(update={"name": "check"})
    ids = [task.id for task in changed(deployment, streams=[stream]).tasks]
    assert len(ids) == len(set(ids))
