"""A whole Airflow on this machine: PostgreSQL, Redis, API server, scheduler, DAG processor, triggerer, Celery workers.

Every part is a process of its own on a free loopback port, stopped by its own process group.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet

BIN = Path(sys.executable).parent
PATIENCE = 180.0


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: Callable[[], Any], seconds: float = PATIENCE, every: float = 0.25, why: str = "") -> Any:
    """What it returns once that is something."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, why or "it never came"
        time.sleep(every)
    return found


class Cluster:
    """One Airflow, its folder and its processes."""

    def __init__(self, home: Path, bundles: list[dict[str, Any]], more: dict[str, str]) -> None:
        self.home, self.logs = home, home / "logs"
        self.logs.mkdir(parents=True)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = {name: free_port() for name in ("api", "postgres", "redis", "triggerer")}
        self.url = f"http://127.0.0.1:{self._ports['api']}"
        self.environment = _environment(home, self._ports, bundles) | more
        self._client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def start(self) -> None:
        """Everything but the workers. The API server first: a task that comes before it burns a try."""
        self._start_postgres()
        words = ["redis-server", "--port", str(self._ports["redis"]), "--bind", "127.0.0.1", "--save", ""]
        self._run("redis", *words, "--dir", str(self.home))
        log = self._run("migrate", str(BIN / "airflow"), "db", "migrate")
        assert self._processes.pop("migrate").wait() == 0, log.read_text(errors="replace")[-3000:]
        for name, healthy in (
            ("api-server", ["metadatabase"]),
            ("scheduler", []),
            ("dag-processor", []),
            ("triggerer", ["scheduler", "dag_processor", "triggerer"]),
        ):
            self._run(name, str(BIN / "airflow"), name)
            if healthy:
                until(lambda wanted=healthy: self._is_healthy(wanted), why=f"{name} did not start: {self.logs}")
        answer = until(self._token, why="no token")
        self._client.headers["Authorization"] = f"Bearer {answer}"

    def _start_postgres(self) -> None:
        """As the user postgres where we are root, who may not."""
        data = self.home / "postgres"
        data.mkdir()
        found = [shutil.which("initdb"), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")))]
        programs = Path(next(path for path in found[::-1] if path)).parent
        as_user = []
        if os.geteuid() == 0:
            shutil.chown(data, "postgres", "postgres")
            as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        words = [*as_user, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "airflow"]
        subprocess.run(words, check=True, capture_output=True, cwd="/")
        words = ["-p", str(self._ports["postgres"]), "-c", "listen_addresses=127.0.0.1"]
        words += ["-c", "unix_socket_directories=", "-c", "fsync=off"]
        self._run("postgres", *as_user, str(programs / "postgres"), "-D", str(data), *words)
        until(lambda: _answers(self._ports["postgres"]))
        create = [
            programs / "createdb",
            "-h",
            "127.0.0.1",
            "-p",
            str(self._ports["postgres"]),
            "-U",
            "airflow",
            "airflow",
        ]
        until(lambda: subprocess.run(create, capture_output=True, check=False, cwd="/").returncode == 0)

    def start_worker(self, name: str, slots: int) -> None:
        """One more machine, so to speak. Returns once it is ready for work."""
        words = ["celery", "worker", "--celery-hostname", f"{name}@%h", "--concurrency", str(slots)]
        log = self._run(name, str(BIN / "airflow"), *words, AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT=str(free_port()))
        until(lambda: " ready." in log.read_text(errors="replace"), why=f"{name} did not start: {log}")

    def taken_by(self, name: str) -> int:
        """How many tasks a worker has got since its start."""
        return (self.logs / f"{name}.log").read_text(errors="replace").count("] received")

    def kill(self, name: str) -> None:
        """SIGKILL for a process and all its children, at once."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """All of it, the last first."""
        for name in reversed(list(self._processes)):
            process = self._processes.pop(name)
            calm = signal.SIGINT if name == "postgres" else signal.SIGTERM
            try:
                os.killpg(process.pid, calm)
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            except ProcessLookupError:
                process.wait()
        self._client.close()

    def _run(self, name: str, *words: str, **more: str) -> Path:
        log = self.logs / f"{name}.log"
        with log.open("wb") as file:
            self._processes[name] = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
                env={**self.environment, **more}, cwd="/",
            )  # fmt: skip
        return log

    # What people and programs ask of it

    def get(self, path: str, **params: Any) -> Any:
        """GET of its REST API."""
        answer = self._client.get(f"/api/v2{path}", params=params)
        return answer.raise_for_status().json()

    def send(self, method: str, path: str, body: Any) -> Any:
        """POST or PATCH of its REST API."""
        answer = self._client.request(method, f"/api/v2{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def dags(self) -> dict[str, dict[str, Any]]:
        """Those that are current, by id."""
        return {dag["dag_id"]: dag for dag in self.get("/dags", limit=500, exclude_stale=True)["dags"]}

    def import_errors(self) -> dict[str, str]:
        """By file."""
        return {Path(e["filename"]).name: e["stack_trace"] for e in self.get("/importErrors")["import_errors"]}

    def unpaused(self, dag: str) -> str:
        """Lets a DAG run. Returns the id of the run that its schedule has missed, which begins at once."""
        self.send("PATCH", f"/dags/{dag}", {"is_paused": False})
        runs = until(lambda: self.get(f"/dags/{dag}/dagRuns")["dag_runs"], why=f"{dag} was not scheduled")
        return str(runs[0]["dag_run_id"])

    def trigger(self, dag: str, **conf: Any) -> str:
        """A run by hand. Returns its id."""
        return str(self.send("POST", f"/dags/{dag}/dagRuns", {"logical_date": None, "conf": conf})["dag_run_id"])

    def run(self, dag: str, run: str) -> dict[str, Any]:
        """A run as it stands."""
        found: dict[str, Any] = self.get(f"/dags/{dag}/dagRuns/{run}")
        return found

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """A run's task instances."""
        found: list[dict[str, Any]] = self.get(f"/dags/{dag}/dagRuns/{run}/taskInstances", limit=1000)["task_instances"]
        return found

    def ended(self, dag: str, run: str, seconds: float = 600.0) -> dict[str, Any]:
        """A run once it is over."""
        found: dict[str, Any] = until(
            lambda: state if (state := self.run(dag, run))["state"] in ("success", "failed") else None,
            seconds, 0.5, f"{dag} {run} did not end",
        )  # fmt: skip
        return found

    def _is_healthy(self, parts: list[str]) -> bool:
        try:
            found = self._client.get("/api/v2/monitor/health", timeout=5).json()
        except (httpx.HTTPError, ValueError):
            return False
        return all(found.get(part, {}).get("status") == "healthy" for part in parts)

    def _token(self) -> str | None:
        try:
            answer = self._client.get("/auth/token")
            return str(answer.json()["access_token"])
        except (httpx.HTTPError, ValueError, KeyError):
            return None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _environment(home: Path, ports: dict[str, int], bundles: list[dict[str, Any]]) -> dict[str, str]:
    """Nothing of ours leaks in: an executor that is set somewhere else would be used here."""
    url = f"http://127.0.0.1:{ports['api']}"
    database = f"postgresql+psycopg2://airflow@127.0.0.1:{ports['postgres']}/airflow"
    airflow = {
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "CeleryExecutor",
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "CORE__DAGS_FOLDER": str(home / "dags"),
        "DATABASE__SQL_ALCHEMY_CONN": database,
        "CELERY__BROKER_URL": f"redis://127.0.0.1:{ports['redis']}/0",
        "CELERY__RESULT_BACKEND": f"db+{database}",
        "API__PORT": str(ports["api"]),
        "API__HOST": "127.0.0.1",
        "API__BASE_URL": url,
        "API__WORKERS": "1",
        "API__SECRET_KEY": secrets.token_hex(16),
        "API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        "DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
        "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(ports["triggerer"]),
        "LOGGING__BASE_LOG_FOLDER": str(home / "task-logs"),
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    mine = {"AIRFLOW_HOME": str(home), "C_FORCE_ROOT": "1", "NO_PROXY": "127.0.0.1"}
    return {**kept, **mine, **{f"AIRFLOW__{name}": value for name, value in airflow.items()}}


@contextmanager
def running(home: Path, bundles: list[dict[str, Any]], **more: str) -> Iterator[Cluster]:
    """An Airflow without workers, for as long as it is needed. `more` is for the environment of all its parts."""
    cluster = Cluster(home, bundles, more)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
