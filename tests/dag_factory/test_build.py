"""How shapes become DAGs, by Airflow's own classes: no database, nothing is run."""

import asyncio
import json
import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.dag_factory.tiny import SPEC, listening, project

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

if find_spec("airflow") is None:
    pytest.skip("Airflow is in .venv-airflow: make test-airflow", allow_module_level=True)

import tests.dag_factory.home  # noqa: E402, F401, I001 - before Airflow is imported
from airflow.sdk import Asset  # noqa: E402
from airflow.serialization.serialized_objects import DagSerialization  # noqa: E402

from dag_factory import build  # noqa: E402
from dag_factory.bundle import SpecBundle  # noqa: E402
from dag_factory.late import Alert, late  # noqa: E402
from dag_factory.operators import DocsLink, TryAgain  # noqa: E402
from dag_factory.policy import HttpRetries  # noqa: E402
from framework.errors import InvalidSpec, SettingsError  # noqa: E402


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "project")


def changed(folder: Path, **environment: Any) -> Any:
    """The DAG, with something said of its environment."""
    return build.dag(project(folder, **environment), "tiny", "local")


def arguments(task: Any) -> dict[str, Any]:
    """Of a task, mapped or not."""
    return task.partial_kwargs if hasattr(task, "partial_kwargs") else vars(task)


def test_extracts_are_mapped_over_batches(folder: Path) -> None:
    dag = build.dag(folder, "tiny", "local")
    mapped = {task.task_id for task in dag.tasks if task.is_mapped}
    assert mapped == {"orders.extract", "lines.extract", "events.extract"}
    assert DagSerialization.to_dict(dag) == DagSerialization.to_dict(build.dag(folder, "tiny", "local"))


def test_pools_are_asked_for_only_where_they_exist(folder: Path) -> None:
    without = build.dag(folder, "tiny", "local")
    assert {arguments(task).get("pool", "default_pool") for task in without.tasks} == {"default_pool"}
    assert without.max_active_tasks == 1, "or two tasks would write to one file"
    dag = build.dag(folder, "tiny", "local", pools=True)
    pools = {task.task_id: (arguments(task)["pool"], arguments(task)["pool_slots"]) for task in dag.tasks}
    assert pools["lines.extract"] == ("api_tiny.example", 2)
    assert pools["lines.plan"] == ("default_pool", 1)
    for name in ("lines.load", "lines.clean", "lines.check", "marts", "report"):
        assert pools[name] == ("duckdb_.data_warehouse.duckdb", 1)
    assert dag.max_active_tasks > 1


def test_one_load_and_clean_of_a_table_at_a_time(folder: Path) -> None:
    dag = build.dag(folder, "tiny", "local")
    alone = {task.task_id for task in dag.tasks if arguments(task).get("max_active_tis_per_dag") == 1}
    assert alone == {"orders.load", "orders.clean", "events.load", "lines.load", "lines.clean", "marts"}


def test_params_are_checked_and_copied_into_no_task(folder: Path) -> None:
    dag = build.dag(folder, "tiny", "local")
    assert set(dag.params) == {"since", "until", "streams", "full_refresh", "limit"}
    assert not any(arguments(task)["params"] for task in dag.tasks)
    good = {"streams": ["orders"], "since": "2024-01-01T00:00:00Z", "limit": 5}
    for name, value in good.items():
        assert dag.params.get_param(name).resolve(value) == value
    for name, value in {"streams": ["order"], "since": 5, "limit": 0, "full_refresh": "yes"}.items():
        with pytest.raises(Exception, match="Failed validating"):
            dag.params.get_param(name).resolve(value)


def test_assets(folder: Path) -> None:
    dag = build.dag(folder, "tiny", "local")
    found = {task.task_id: [(a.name, a.uri) for a in task.outlets if isinstance(a, Asset)] for task in dag.tasks}
    assert found["orders.clean"] == [("tiny/orders", "x-ingest://tiny/orders")]
    assert found["events.load"] == [("tiny/events", "x-ingest://tiny/events")]
    assert found["marts"] == [("tiny/ANL_TOTAL", "x-ingest://tiny/ANL_TOTAL")]
    assert [name for name, assets in found.items() if assets] == ["orders.clean", "events.load", "lines.clean", "marts"]


@pytest.mark.parametrize("by", ["position", "interval"])
def test_timetables(folder: Path, by: str) -> None:
    spec = folder / "sources" / "tiny.yaml"
    spec.write_text(SPEC.replace("retries: 0,", f"retries: 0, by: {by},"))
    timetable = build.dag(folder, "tiny", "local").timetable
    wanted = {"position": "CronTriggerTimetable", "interval": "CronDataIntervalTimetable"}[by]
    assert (type(timetable).__name__, timetable.expression) == (wanted, "15 6 * * 1")


def test_freshness_is_a_deadline(folder: Path) -> None:
    spec = folder / "sources" / "tiny.yaml"
    spec.write_text(SPEC.replace("checks: {", "checks: {freshness: {of: load, max: 2h}, "))
    dag = build.dag(folder, "tiny", "local")
    (deadline,) = dag.deadline
    assert deadline.interval.total_seconds() == 7200
    assert deadline.callback.path == "dag_factory.late.late"
    assert DagSerialization.to_dict(dag)


@pytest.mark.parametrize(
    "executor", ["CeleryExecutor", "KubernetesExecutor", "LocalExecutor,celery:x.y.CeleryExecutor"]
)
def test_a_disk_and_many_machines_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, executor: str) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    with pytest.raises(SettingsError, match=r"several machines(.|\n)*the stage \.data/stage is a folder") as caught:
        build.dag(folder, "tiny", "local")
    assert "one_host: true" in str(caught.value)
    assert changed(folder, airflow={"one_host": True})
    assert changed(folder, airflow={"executor": "LocalExecutor"})


def test_where_steps_run(folder: Path) -> None:
    dag = changed(folder, airflow={"isolation": "virtualenv", "python": "/opt/py/bin/python", "queue": "big"})
    for task in dag.tasks:
        assert arguments(task)["isolation"] == {"isolation": "virtualenv", "python": "/opt/py/bin/python"}
        assert arguments(task)["queue"] == "big"


def test_pods(folder: Path) -> None:
    dag = changed(folder, airflow={"isolation": "kubernetes", "image": "ingest:1", "resources": {"memory": "1Gi"}})
    for task in dag.tasks:
        override = arguments(task)["executor_config"]["pod_override"]
        (container,) = override.spec.containers
        assert (container.name, container.image, container.resources.limits) == ("base", "ingest:1", {"memory": "1Gi"})
    assert DagSerialization.from_dict(DagSerialization.to_dict(dag)).dag_id == "tiny"
    with pytest.raises(SettingsError, match=r"needs `airflow\.image`"):
        changed(folder, airflow={"isolation": "kubernetes"})


def test_links_and_colours(folder: Path) -> None:
    dag = build.dag(folder, "tiny", "local")
    plan = dag.get_task("orders.plan")
    assert DocsLink().get_link(plan, ti_key=None) == "https://tiny.example/docs"
    assert plan.ui_color != dag.get_task("orders.load").ui_color
    assert dag.doc_md.startswith("### Tiny")


def test_a_retry_waits_as_long_as_the_api_said() -> None:
    policy, asked = HttpRetries(), TryAgain("429")
    assert policy.evaluate(asked, 1, 3).action.value == "default"
    asked.wait_seconds = 42.0
    decision = policy.evaluate(asked, 1, 3)
    assert (decision.action.value, decision.retry_delay.total_seconds()) == ("retry", 42.0)
    assert HttpRetries.deserialize(policy.serialize()) == policy


def test_build_all_shows_a_broken_spec_as_a_dag_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sources" / "zbroken.yaml").write_text("version: 1\nname: zbroken\nstreems: []\n")
    made: dict[str, Any] = {}
    build.build_all(made, folder, "local")
    dags = {dag.dag_id: dag for dag in made.values()}
    assert set(dags) == {"tiny", "tiny_eu", "zbroken"}
    broken = dags["zbroken"]
    assert (broken.tasks, broken.tags, type(broken.timetable).__name__) == ([], {"broken"}, "NullTimetable")
    assert "zbroken.yaml:3:1: " in broken.doc_md
    assert "Did you mean 'streams'?" in broken.doc_md
    with pytest.raises(InvalidSpec):
        build.dag(folder, "zbroken", "local")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "tiny")
    (folder / "sources" / "unreadable.yaml").write_bytes(b"\xff")
    only: dict[str, Any] = {}
    build.build_all(only, folder, "local")
    assert list(only) == ["dag_tiny"], "a worker reads no other spec"


@pytest.fixture
def bundle(folder: Path) -> SpecBundle:
    return SpecBundle(name="specs", project=str(folder), environment="local", pools=False, refresh_interval=1)


def test_a_bundle_follows_its_folder(folder: Path, bundle: SpecBundle) -> None:
    bundle.initialize()
    assert sorted(path.name for path in bundle.path.glob("*.py")) == ["tiny.py", "tiny_eu.py"]
    (folder / "sources" / "large.yaml").write_text(SPEC.replace("name: tiny", "name: large"))
    bundle.refresh()
    assert "# name: large\n" in (bundle.path / "large.py").read_text()
    (folder / "sources" / "large.yaml").unlink()
    bundle.refresh()
    assert sorted(path.name for path in bundle.path.glob("*.py")) == ["tiny.py", "tiny_eu.py"]
    (bundle.path / "tiny.py").unlink()
    bundle.initialize()
    assert (bundle.path / "tiny.py").exists(), "a worker makes what it lacks"
    settings = folder / "framework.yaml"
    kept = settings.read_text()
    settings.write_text("versoin: 1\n")
    bundle.refresh()
    assert sorted(path.name for path in bundle.path.glob("*.py")) == ["tiny.py", "tiny_eu.py"], "what was there stays"
    settings.write_text(kept.replace('"retries": 4', '"retries": 3'))
    before = (bundle.path / "tiny_eu.py").read_text()
    bundle.refresh()
    assert (bundle.path / "tiny_eu.py").read_text() != before, "settings change a DAG too"
    assert bundle.get_current_version() is None


def test_a_late_run_and_a_failed_task_are_told(tmp_path: Path) -> None:
    with listening() as (url, told):
        project(tmp_path, alerts=[{"type": "slack", "url": url}])
        place = {"folder": str(tmp_path), "source": "tiny", "environment": "local"}
        asyncio.run(late(**place, context={"dag_run": {"dag_run_id": "scheduled__1"}}))
        alert = Alert(**place, text="{{ ti.task_id }} broke")
        alert({"ti": SimpleNamespace(task_id="orders.load")})
    assert "tiny (local) is late" in told[0]
    assert "scheduled__1" in told[0]
    assert "orders.load broke" in told[1]


def test_parsing_a_spec_costs_little(folder: Path) -> None:
    """The best of some: what a busy machine adds is no cost of ours."""
    costs = []
    for _ in range(10):
        begun = time.process_time()
        build.dag(folder, "tiny", "local")
        costs.append(time.process_time() - begun)
    assert min(costs) < 0.05


OPTIONAL = ("airflow.providers.celery.executors.celery_executor", "asyncpg", "azure.identity",
            "airflow.providers.cncf.kubernetes.executors.kubernetes_executor", "azure.keyvault.secrets",
            "azure.storage.blob", "boto3", "celery", "kubernetes.client", "psycopg2", "redis",
            "snowflake.connector")  # fmt: skip


@pytest.mark.parametrize("name", OPTIONAL)
def test_every_optional_module_can_be_imported_with_these_pins(name: str) -> None:
    """Unpinned, the newest versions of some break each other, and no resolver knows."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", f"import {name}"], check=True, capture_output=True)


def test_nothing_but_names_is_handed_over(folder: Path) -> None:
    """What a plan returns fits into a row of Airflow's database, however many slices it has."""
    batches = import_module("framework.batches")
    manifest, plan = import_module("framework.manifest"), import_module("framework.plan")
    slices = [manifest.Slice({"id": number}) for number in range(50_000)]
    started = import_module("datetime").datetime(2025, 1, 1, tzinfo=import_module("datetime").UTC)
    made = plan.Plan("r", "tiny", "orders", started, 0, "", slices)
    found = batches.cut(made, 4.0, 2, 30.0)
    assert len(found) == batches.MOST
    assert len(json.dumps([vars(batch) for batch in found])) < 100_000
