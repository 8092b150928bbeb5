"""The DAGs on a real Airflow: its parser, its database, and tasks that read an API into DuckDB."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dag_factory.tiny import ORDERS, Api, project, serving

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

if find_spec("airflow") is None:
    pytest.skip("Airflow is in .venv-airflow: make test-airflow", allow_module_level=True)

from tests.dag_factory.home import DAGS, FOLDER, HOME  # noqa: E402, I001 - before Airflow is imported

from airflow.dag_processing.dagbag import BundleDagBag  # noqa: E402 - reads the environment when it is imported

from dag_factory.render import render  # noqa: E402
from dag_factory.shape import shape  # noqa: E402
from framework.project import find  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def home() -> Iterator[None]:
    """Airflow's folder, for as long as the tests run."""
    yield
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def database(home: None) -> None:
    """Airflow's own database."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def folder() -> Iterator[Path]:
    """The project, its DAGs rendered, under the folder that Airflow watches."""
    yield project(FOLDER)
    shutil.rmtree(FOLDER)


@pytest.fixture
def api(folder: Path) -> Iterator[Api]:
    with serving() as served:
        project(folder, served.address)
        yield served


def parsed(folder: Path) -> Any:
    """The files as Airflow reads them."""
    render(folder, "local", DAGS)
    return BundleDagBag(dag_folder=str(DAGS), bundle_path=DAGS, bundle_name="dags")


def run(folder: Path, dag_id: str = "tiny", **conf: Any) -> tuple[str, dict[str, str]]:
    """The state of a whole DAG run, and of each task."""
    bag = parsed(folder)
    assert not bag.import_errors
    done = bag.dags[dag_id].test(run_conf=conf or None)
    return str(done.state), {task.task_id: str(task.state) for task in done.get_task_instances()}


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / ".data" / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_dags_are_as_the_shape_says(folder: Path) -> None:
    bag = parsed(folder)
    assert not bag.import_errors
    assert set(bag.dags) == {"tiny", "tiny_eu"}
    for name, dag in bag.dags.items():
        wanted = shape(find(folder).deployment(name))
        assert {(task.task_id, after) for task in dag.tasks for after in task.downstream_task_ids} == wanted.edges
        assert {task.task_id: str(task.trigger_rule).lower().rpartition(".")[2] for task in dag.tasks} == {
            t.id: t.when for t in wanted.tasks
        }
        assert {task.retries for task in dag.tasks} == {wanted.retries}
        assert dag.timetable.expression == {"@daily": "0 0 * * *"}.get(wanted.cron, wanted.cron)
        assert str(dag.timetable.timezone) == wanted.timezone
        assert (dag.max_active_runs, dag.max_active_tasks, dag.catchup) == (1, 1, False)
        assert set(wanted.tags) == set(dag.tags)
        assert dag.doc_md == wanted.doc


def test_a_broken_spec_harms_only_itself(folder: Path) -> None:
    (folder / "sources" / "zbroken.yaml").write_text("version: 1\nname: zbroken\nstreems: []\n")
    bag = parsed(folder)
    assert set(bag.dags) == {"tiny", "tiny_eu"}
    assert [Path(path).name for path in bag.import_errors] == ["zbroken.py"]
    assert "zbroken.yaml:3:1" in next(iter(bag.import_errors.values()))


def test_a_dag_is_the_same_each_time_it_is_parsed(folder: Path) -> None:
    """Airflow keeps a new version of a DAG whenever it is not."""
    from airflow.serialization.serialized_objects import DagSerialization

    first, second = (DagSerialization.to_dict(parsed(folder).dags["tiny"]) for _ in range(2))
    assert first == second
    assert DagSerialization.from_dict(first).dag_id == "tiny"


def test_parsing_loads_nothing_heavy(folder: Path) -> None:
    stub = render(folder, "local", DAGS)[0]
    heavy = (
        "duckdb",
        "httpx",
        "pandas",
        "boto3",
        "snowflake.connector",
        "framework.workspace",
        "framework.run",
        "framework.fetch",
    )
    code = (
        "import airflow.sdk, sys, runpy; before = set(sys.modules); "
        f"runpy.run_path({str(stub)!r}); print([name for name in {heavy!r} if name in set(sys.modules) - before])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip().splitlines()[-1] == "[]"


def test_a_run_fills_the_tables(database: None, folder: Path, api: Api) -> None:
    state, tasks = run(folder)
    assert state == "success"
    assert set(tasks.values()) == {"success"}
    assert set(tasks) == {task.id for task in shape(find(folder).deployment("tiny")).tasks}
    assert rows(folder, "select count(*), sum(total)::text from CLN_ORDER") == [(len(ORDERS), "17.50")]
    assert rows(folder, "select count(*) from CLN_LINE") == [(2 * len(ORDERS),)]
    assert rows(folder, "select count(distinct run_id) from _INGEST_ENTRIES") == [(1,)]


def test_a_failing_slice_fails_its_task_and_holds_back_no_other(database: None, folder: Path, api: Api) -> None:
    api.broken = {"/orders/2/lines"}
    state, tasks = run(folder)
    assert state == "failed"
    assert {name for name, state in tasks.items() if state != "success"} == {"lines.extract", "report"}
    assert (tasks["lines.extract"], tasks["report"]) == ("failed", "failed")
    assert rows(folder, "select count(*) from CLN_LINE") == [(2 * (len(ORDERS) - 1),)]

    api.broken = set()
    assert run(folder)[0] == "success"
    assert rows(folder, "select count(*) from CLN_LINE") == [(2 * len(ORDERS),)]
    assert rows(folder, "select status from _INGEST_RUNS order by started_at") == [("failed",), ("ok",)]


def test_a_task_tried_again_goes_on(database: None, folder: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dag_factory.build._RETRY_DELAY", timedelta())
    api.broken, api.heals = {"/orders/2/lines"}, True
    assert run(folder, "tiny_eu")[0] == "success"
    assert {path for path, count in api.asked.items() if count > 1} == {"/orders/2/lines"}
    assert rows(folder, "select count(*) from CLN_TINY_EU_LINE") == [(2 * len(ORDERS),)]


def test_params_reach_the_plan(database: None, folder: Path, api: Api) -> None:
    assert run(folder)[0] == "success"
    assert run(folder, full_refresh=True)[0] == "success"
    resets = rows(folder, "select stream, count(*) from _INGEST_ENTRIES where kind = 'reset' group by 1 order by 1")
    assert resets == [("events", 1), ("lines", 1), ("orders", 1)]


def test_only_some_streams(database: None, folder: Path, api: Api) -> None:
    state, tasks = run(folder, streams=["orders"])
    assert state == "success"
    skipped = {name for name, state in tasks.items() if state == "skipped"}
    assert skipped == {f"{stream}.{verb}" for stream in ("events", "lines") for verb in VERBS[stream]}
    assert api.asked == {"/orders": 1}


VERBS = {"events": ("plan", "extract", "load", "check"), "lines": ("plan", "extract", "load", "clean", "check")}


def test_a_long_wait_holds_no_worker(
    database: None, folder: Path, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The API asks for a second, which is long here: the task is deferred, resumes, and goes on without a new try."""
    monkeypatch.setattr("dag_factory.operators.LONG_SECONDS", 0.5)
    api.broken, api.heals, api.status, api.headers = {"/orders/2/lines"}, True, 429, {"Retry-After": "1"}
    state, tasks = run(folder)
    assert state == "success", tasks
    assert api.asked["/orders/2/lines"] == 2
    assert {path for path, count in api.asked.items() if count > 1} == {"/orders/2/lines"}
    assert rows(folder, "select count(*) from CLN_LINE") == [(2 * len(ORDERS),)]


def test_steps_by_another_python(database: None, folder: Path, api: Api) -> None:
    """One that has no Airflow."""
    other = Path(".venv/bin/python").absolute()
    if not other.exists():
        pytest.skip("make .venv/.ready")
    project(folder, api.address, airflow={"isolation": "virtualenv", "python": str(other)})
    assert run(folder)[0] == "success"
    assert rows(folder, "select count(*) from CLN_LINE") == [(2 * len(ORDERS),)]
