"""The DAGs on a whole Airflow with Celery workers: what one machine or several come to, and what a death leaves.

One story, told in order, since starting an Airflow takes a minute. `make test-airflow` runs it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

if find_spec("airflow") is None:
    pytest.skip("Airflow is in .venv-airflow: make test-airflow", allow_module_level=True)

from tests.airflow_cluster.cluster import BIN, Cluster, running, until
from tests.airflow_cluster.project import FAR_GROUPS, FAR_PAGES, GROUPS, PAGES, TINY, write, write_far
from tests.moto import ENVIRONMENT, Moto, serving
from tests.shop import played

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

HERE = Path(__file__).parent
POSTS = GROUPS * PAGES * 5
DAYS = 3
walls: dict[str, float] = {}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Not pytest's own: PostgreSQL runs as another user, who has to get there."""
    path = Path(tempfile.mkdtemp(prefix="airflow-cluster-"))
    path.chmod(0o755)
    yield path
    if os.environ.get("KEEP_CLUSTER_LOGS") is None:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def crowd_url() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, HERE / "crowd.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


@pytest.fixture(scope="module")
def folder(home: Path, crowd_url: str) -> Iterator[Path]:
    with played(home / "shop", faults=True) as shop_url:
        yield write(home / "project", crowd_url, shop_url, home / "shop")


@pytest.fixture(scope="module")
def aws() -> Iterator[Moto]:
    """By the other environment's Python: moto is not among what is pinned for Airflow."""
    with serving(str(HERE.parents[1] / ".venv" / "bin" / "python")) as server:
        server.client("s3").create_bucket(Bucket="lake")
        yield server


@pytest.fixture(scope="module")
def far(home: Path, crowd_url: str, aws: Moto) -> Path:
    return write_far(home / "far", crowd_url, {"type": "s3", "bucket": "lake", "endpoint_url": aws.address})


@pytest.fixture(scope="module")
def airflow(home: Path, folder: Path, far: Path) -> Iterator[Cluster]:
    bundles = [bundle("ingest", folder, "local"), bundle("far", far, "far")]
    with running(home / "airflow", bundles, **ENVIRONMENT) as cluster:
        until(lambda: {"shop", "calm", "two", "killed", "strict", "far"} <= set(cluster.dags()), why="no DAGs")
        cluster.start_worker("one", 2)
        yield cluster


def bundle(name: str, project: Path, environment: str) -> dict[str, Any]:
    kwargs = {"project": str(project), "environment": environment, "refresh_interval": 2}
    return {"name": name, "classpath": "dag_factory.bundle.SpecBundle", "kwargs": kwargs}


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """A query's rows; waits for whoever has the file."""

    def asked() -> list[list[tuple[Any, ...]]] | None:
        try:
            with duckdb.connect(str(folder / ".data" / "warehouse.duckdb"), read_only=True) as connection:
                return [connection.execute(query).fetchall()]
        except duckdb.IOException:
            return None

    found: list[list[tuple[Any, ...]]] = until(asked, 60, 0.2)
    return found[0]


def posts(folder: Path, table: str, raw: str) -> tuple[Any, ...]:
    """What is in CLEAN, and the payloads in RAW, each as one number."""
    clean = rows(folder, f"select count(*), sum(hash(group_id, id)) from {table}")[0]
    payloads = rows(folder, f"select count(*), sum(hash(payload::varchar)) from {raw}")[0]
    return (*clean, *payloads)


def seconds(run: dict[str, Any]) -> float:
    begun, ended = (datetime.fromisoformat(run[name].replace("Z", "+00:00")) for name in ("start_date", "end_date"))
    return (ended - begun).total_seconds()


def states(tasks: list[dict[str, Any]]) -> set[str]:
    return {task["state"] for task in tasks}


def most_in(times: list[float], span: float) -> int:
    """The most moments in any stretch of that length."""
    found, first, most = sorted(times), 0, 0
    for number, moment in enumerate(found):
        while found[first] <= moment - span:
            first += 1
        most = max(most, number - first + 1)
    return most


def test_the_bundle_made_the_dags_and_the_pools(airflow: Cluster) -> None:
    assert airflow.import_errors() == {}
    pools = {pool["name"]: pool["slots"] for pool in airflow.get("/pools", limit=100)["pools"]}
    assert pools["api_crowd.example"] == 8
    assert pools["duckdb_.data_warehouse.duckdb"] == 1
    source = airflow.get("/dagSources/calm")["content"]
    assert "# name: calm" in source, "the spec is what Airflow shows as the DAG's code"


def test_one_worker_reads_all_partitions(airflow: Cluster, folder: Path) -> None:
    walls["one"] = wall(airflow, "calm")
    (run,) = [found["dag_run_id"] for found in airflow.get("/dags/calm/dagRuns")["dag_runs"]]
    extracts = [task for task in airflow.tasks("calm", run) if task["task_id"] == "posts.extract"]
    assert len(extracts) == 16
    assert sorted(task["rendered_map_index"] for task in extracts)[0].startswith("1 of 16 · 12 partitions")
    assert {task["pool"] for task in extracts} == {"api_crowd.example"}
    assert rows(folder, "select count(*) from CLN_CALM_POST") == [(POSTS,)]
    told = rows(folder, "select status, requests, records from _INGEST_RUNS where source = 'calm'")
    assert told == [("ok", GROUPS * PAGES, POSTS)]


def test_two_workers_take_six_tenths_of_its_time_at_most(airflow: Cluster) -> None:
    airflow.start_worker("two", 2)
    alone, both = walls["one"], wall(airflow, "two")
    if both >= 0.6 * alone:  # something else may have had the machine: once more, one after the other
        print(f"\n{alone:.1f} s with one worker, {both:.1f} s with two: once more")
        airflow.kill("two")
        alone = wall(airflow, "once_more_one")
        airflow.start_worker("two", 2)
        both = wall(airflow, "once_more_two")
    print(f"\n{GROUPS} partitions of {PAGES} pages at 50 ms: {alone:.1f} s with one worker, "
          f"{both:.1f} s with two: {both / alone:.2f}")  # fmt: skip
    assert airflow.taken_by("two") > 4, "the second one had its share"
    assert both < 0.6 * alone


def wall(airflow: Cluster, dag: str) -> float:
    """Seconds of its first run."""
    run = airflow.unpaused(dag)
    ended = airflow.ended(dag, run)
    assert ended["state"] == "success", airflow.tasks(dag, run)
    return seconds(ended)


def test_a_worker_dies_and_the_tables_are_the_same(airflow: Cluster, folder: Path) -> None:
    run = airflow.unpaused("killed")

    def extracting() -> bool:
        return (
            sum(t["task_id"] == "posts.extract" and t["state"] == "running" for t in airflow.tasks("killed", run)) > 3
        )

    until(extracting, why="its extract never began")
    time.sleep(2)  # into the middle of their slices
    airflow.kill("two")
    drop_in(airflow, folder)
    ended = airflow.ended("killed", run)
    assert ended["state"] == "success", airflow.tasks("killed", run)
    tasks = airflow.tasks("killed", run)
    assert states(tasks) == {"success"}
    assert max(task["try_number"] for task in tasks) > 1, "somebody had to go on for the dead"
    wanted = posts(folder, "CLN_CALM_POST", "RAW_CALM_JSON")
    assert posts(folder, "CLN_KILLED_CALM_POST", "RAW_KILLED_JSON") == wanted
    assert wanted[0] == POSTS


def drop_in(airflow: Cluster, folder: Path) -> None:
    """A spec is added while others run, and one is broken: each shows within 15 s, and nothing else changes."""
    before = airflow.dags()
    (folder / "sources" / "newcomer.yaml").write_text(TINY.format(name="newcomer"), encoding="utf-8")
    begun = time.monotonic()
    until(lambda: "newcomer" in airflow.dags(), 15, why="the new DAG did not show within 15 s")
    appeared = time.monotonic() - begun
    begun = time.monotonic()
    error = break_a_spec(airflow, folder)
    told = time.monotonic() - begun
    print(f"\na new DAG showed after {appeared:.1f} s, a broken spec's error after {told:.1f} s")
    assert "sources/broken.yaml:5:1:" in error, error
    assert "Did you mean 'streams'?" in error
    after = airflow.dags()
    assert set(after) == {*before, "newcomer"}
    assert not [dag for dag in after.values() if dag["has_import_errors"]]


def break_a_spec(airflow: Cluster, folder: Path) -> str:
    broken = TINY.format(name="broken").replace("streams:", "streems:")
    (folder / "sources" / "broken.yaml").write_text(broken, encoding="utf-8")
    found = until(lambda: airflow.import_errors().get("broken.py"), 15, why="the error did not show within 15 s")
    return str(found)


def test_twenty_tasks_never_send_more_than_the_limit(airflow: Cluster, crowd_url: str) -> None:
    airflow.start_worker("three", 3)
    run = airflow.unpaused("strict")
    assert airflow.ended("strict", run)["state"] == "success"
    assert len([task for task in airflow.tasks("strict", run) if task["task_id"] == "posts.extract"]) == 24
    stats = httpx.get(f"{crowd_url}/stats", trust_env=False).json()
    came = stats["came"]["strict"]
    print(f"\n{len(came)} requests, {most_in(came, 3.0)} in 3 s at most, {stats['most']['strict']} at once")
    assert len(came) == 24 * 15
    assert 20 <= most_in(came, 3.0) <= 30, "the limit is what holds them, and it does"
    assert stats["most"]["strict"] <= 8


def test_a_bucket_is_all_that_workers_have_to_share(airflow: Cluster, far: Path, aws: Moto) -> None:
    """The project's folder holds no part, no plan and no log of it."""
    before = {name: airflow.taken_by(name) for name in ("one", "three")}
    wall(airflow, "far")
    assert all(airflow.taken_by(name) > taken + 2 for name, taken in before.items()), "both had their share"
    with duckdb.connect(str(far / "far.duckdb"), read_only=True) as connection:
        counted = "select count(*), count(distinct (group_id, id)) from CLN_FAR_POST"
        assert connection.execute(counted).fetchall() == [(FAR_GROUPS * FAR_PAGES * 5,) * 2]
    listed = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket="lake")
    keys = [found["Key"] for page in listed for found in page.get("Contents", [])]
    folders = {part for key in keys for part in key.split("/") if part.startswith("_")}
    assert {"_log", "_plan", "_run"} <= folders, keys
    assert sorted(path.name for path in far.iterdir()) == ["far.duckdb", "framework.yaml", "sources"]
    assert airflow.import_errors().keys() <= {"broken.py"}


def test_a_backfill_of_three_days_beside_a_live_run(airflow: Cluster, folder: Path) -> None:
    live = airflow.unpaused("shop")
    assert airflow.ended("shop", live)["state"] == "success", airflow.tasks("shop", live)
    runs = "select run_id, status from _INGEST_RUNS where source = 'shop' order by started_at"
    assert [status for _, status in rows(folder, runs)] == ["ok"]
    counted = "select count(*), sum(hash(order_id)) from CLN_ORDER"
    orders = rows(folder, counted)
    position = rows(folder, "select max(log) from _INGEST_ENTRIES where source = 'shop' and stream = 'orders'")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    airflow.send("POST", "/backfills", {
        "dag_id": "shop", "from_date": (today - timedelta(days=DAYS)).isoformat(),
        "to_date": (today - timedelta(days=1)).isoformat(),
        "max_active_runs": 1, "reprocess_behavior": "none", "run_backwards": False, "dag_run_conf": {},
    })  # fmt: skip

    def backfills() -> list[dict[str, Any]]:
        found = airflow.get("/dags/shop/dagRuns", limit=100)["dag_runs"]
        return [run for run in found if run["run_type"] == "backfill"]

    until(
        lambda: len(done := [r for r in backfills() if r["state"] in ("success", "failed")]) == DAYS and done, 400, 1.0
    )
    assert {run["state"] for run in backfills()} == {"success"}
    assert [status for _, status in rows(folder, runs)] == ["ok"] * (1 + DAYS)
    assert rows(folder, counted) == orders, "the same orders, read once more"
    windows = rows(folder, "select distinct window_start, window_end from _INGEST_SLICES where source = 'shop' and "
                   f"stream = 'orders' and log > {position[0][0]} order by 1")  # fmt: skip
    ends = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    wanted = [((end - timedelta(days=1)).replace(tzinfo=None), end.replace(tzinfo=None)) for end in ends]
    assert [(start.replace(tzinfo=None), end.replace(tzinfo=None)) for start, end in windows] == wanted


def test_assets_say_what_is_new(airflow: Cluster) -> None:
    events = airflow.get("/assets/events", limit=100)["asset_events"]
    (posts,) = [event["extra"] for event in events if event["source_dag_id"] == "two"]
    assert posts["rows"] == POSTS
    assert len(posts["run"]) == 26
    assert {"calm", "two", "killed", "strict", "shop"} <= {event["source_dag_id"] for event in events}
    names = {asset["name"] for asset in airflow.get("/assets", limit=100)["assets"]}
    assert {"shop/orders", "shop/ANL_DAILY_REVENUE", "newcomer/posts"} <= names


def test_sync_finds_the_pools_and_makes_one_that_is_gone(airflow: Cluster, folder: Path) -> None:
    words = [sys.executable, "-m", "framework.cli", "airflow", "sync", "--project", str(folder), "--url", airflow.url]
    token = airflow._client.headers["Authorization"].removeprefix("Bearer ")
    environment = {**os.environ, "AIRFLOW_API_TOKEN": token, "NO_PROXY": "127.0.0.1"}

    def sync(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*words, *more], env=environment, capture_output=True, text=True, check=False)

    assert sync("--check").returncode == 0, sync("--check").stderr
    airflow.send(
        "PATCH",
        "/pools/api_crowd.example?update_mask=slots",
        {"pool": "api_crowd.example", "slots": 3, "include_deferred": False},
    )
    found = sync("--check")
    assert found.returncode == 1
    assert "api_crowd.example: 8 slots, has 3 slots" in found.stdout
    assert "api_crowd.example: 8 slots, changed" in sync().stdout
    assert sync("--check").returncode == 0
    here = subprocess.run(
        [sys.executable, "-m", "framework.cli", "airflow", "sync", "--project", str(folder)],
        env={**airflow.environment, "PATH": f"{BIN}:{airflow.environment['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "api_crowd.example: 8 slots, set" in here.stdout, here.stderr


def test_what_people_see(airflow: Cluster, folder: Path, home: Path) -> None:
    """Pictures for the docs: written where SCREENSHOTS names a folder, else thrown away."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not browser or not (HERE / "node_modules" / "playwright-core").exists():
        pytest.skip("no Chromium or no playwright-core: make test-airflow says which")
    break_a_spec(airflow, folder)
    run = airflow.get("/dags/shop/dagRuns", limit=1, order_by="-start_date")["dag_runs"][0]["dag_run_id"]
    asset = next(a["id"] for a in airflow.get("/assets", limit=100)["assets"] if a["name"] == "shop/orders")
    pages = [
        ["dags", "/dags", "shop"],
        ["grid", f"/dags/shop/runs/{run}", "orders"],
        ["graph", f"/dags/shop/runs/{run}?graph", "orders"],
        ["asset", f"/assets/{asset}", "shop/orders"],
        ["code", "/dags/shop/code", "dag_factory"],
        ["import-error", "/", "Import Error"],
    ]
    to = Path(os.environ.get("SCREENSHOTS", home / "shots")).resolve()
    to.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["node", HERE / "shots.js", browser, airflow.url, to, json.dumps(pages)],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.stem for path in to.glob("*.png")) == sorted(name for name, *_ in pages)
