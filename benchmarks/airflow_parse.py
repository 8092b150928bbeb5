"""What Airflow pays to read a folder of specs, and to start a task: CPU, time and memory.

    .venv-airflow/bin/python benchmarks/airflow_parse.py 1000

Copies the shop's spec so many times, writes the files that Airflow reads, and reads each as its DAG processor does: a
fork runs the file and serializes the DAG that it makes. What the processor and the bundle import is there before the
fork. Beside it, a DAG of as many tasks in which nothing is ours: what Airflow takes for itself. A task's start is
measured in a fork too, which has loaded its DAG: the engine's import, the deployment, its stage, its HTTP client.
Prints one line of JSON.
"""

import importlib
import json
import os
import runpy
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

import airflow.dag_processing.processor  # noqa: F401 - as the DAG processor has it
from airflow.sdk import DAG, BaseOperator
from airflow.serialization.serialized_objects import DagSerialization

from dag_factory.render import render

ROUNDS = 7
TASKS = 23
"""The shop's."""
ROOT = Path(__file__).parents[1]


def specs(folder: Path, count: int) -> None:
    """A project with so many sources."""
    text = (ROOT / "sources" / "shop.yaml").read_text(encoding="utf-8")
    (folder / "sources").mkdir(parents=True)
    (folder / "framework.yaml").write_text("version: 1\n")
    for number in range(count):
        named = text.replace("\nname: shop", f"\nname: shop_{number:04d}", 1)
        named = named.replace("CLN_", f"CLN_{number:04d}_").replace("ANL_", f"ANL_{number:04d}_")
        (folder / "sources" / f"shop_{number:04d}.yaml").write_text(named, encoding="utf-8")


def forked(work: Callable[[], object]) -> tuple[float, float, float]:
    """Takes the work in a child of its own. Returns its CPU and its time in seconds, and its memory in MB."""
    begun = time.perf_counter()
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:  # noqa: BLE001 - whatever it is, this process ends here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit("a child failed; its error is above")
    return used.ru_utime + used.ru_stime, time.perf_counter() - begun, used.ru_maxrss / 1024


def parse(path: Path) -> None:
    """As the DAG processor does."""
    DagSerialization.to_dict(runpy.run_path(str(path))["dag"])


def plain() -> None:
    """A DAG of as many tasks, by Airflow alone."""
    with DAG("plain") as dag:
        for number in range(TASKS):
            BaseOperator(task_id=f"task_{number}")
    DagSerialization.to_dict(dag)


def start(folder: Path, source: str) -> Callable[[], object]:
    """What a task of ours does before its own work begins, its DAG once loaded."""

    def started() -> object:
        steps = importlib.import_module("dag_factory.steps")
        workspace = steps.open_workspace(str(folder), source, "local")
        workspace.log("orders").recover()
        return workspace.client("run", datetime.now(UTC), 2, shared=True)

    return started


def measured(count: int) -> dict[str, float]:
    """Seconds of CPU where nothing else is said."""
    begun = time.process_time()
    importlib.import_module("dag_factory.bundle")
    ours = time.process_time() - begun
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        specs(folder, count)
        begun = time.process_time()
        files = render(folder, None, folder / "dags")
        rendered = time.process_time() - begun
        nothing = sorted(forked(lambda: None) for _ in range(ROUNDS))[ROUNDS // 2]
        alone = sorted(forked(plain) for _ in range(ROUNDS))[ROUNDS // 2]
        begun = time.perf_counter()
        costs = [forked(lambda path=path: parse(path)) for path in files]
        wall = time.perf_counter() - begun
        secrets = {f"SHOP_0000_{name}": "for a test" for name in ("CLIENT_ID", "CLIENT_SECRET", "HASH_KEY")}
        os.environ.update(secrets)
        starts = sorted(forked(start(folder, "shop_0000")) for _ in range(ROUNDS))[ROUNDS // 2]
    cpu = sorted(cost[0] - nothing[0] for cost in costs)
    return {
        "specs": count,
        "our_import_s": round(ours, 3),
        "render_all_s": round(rendered, 3),
        "parse_ms_median": round(1000 * cpu[count // 2], 1),
        "parse_ms_worst": round(1000 * cpu[-1], 1),
        "airflow_alone_ms": round(1000 * (alone[0] - nothing[0]), 1),
        "parse_all_wall_s": round(wall, 1),
        "parser_mb": round(max(cost[2] for cost in costs), 1),
        "fork_alone_mb": round(nothing[2], 1),
        "task_start_cpu_s": round(starts[0] - nothing[0], 3),
        "task_start_wall_s": round(starts[1] - nothing[1], 3),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 100)) + "\n")
