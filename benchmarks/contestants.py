"""Who does the work, and how: a fresh folder, one command, and where its records are afterwards."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import Failed
from benchmarks.scenarios import Scenario
from tests import moto

HERE = Path(__file__).parent
BUCKET = "bench"
PEERS = {
    "requests": ["requests"],
    "httpx": ["httpx", "orjson"],
    "dlt": ["dlt[duckdb,filesystem]", "s3fs"],
    "airbyte": ["airbyte-cdk"],
    "singer": ["singer-sdk"],
    "profiler": ["py-spy"],
}
"""The packages of each peer, the newest there are; and of who looks on."""


@dataclass(frozen=True)
class Contestant:
    """One of them, for one scenario."""

    name: str
    prepare: Callable[[Path], list[str]]
    """Fills an empty folder and gives the command to measure, run in it."""
    records: Callable[[Path], Iterator[dict[str, Any]]]
    """What came of it."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where the API of a scenario is, and the S3 beside it."""

    address: str
    s3: str = ""
    authority: Path | None = None
    """What vouches for the API's certificate."""

    @property
    def environment(self) -> dict[str, str]:
        """What every contestant is told."""
        found = dict(moto.ENVIRONMENT) if self.s3 else {}
        if self.authority:
            found |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(self.authority))
        return found | {"PYTHONPATH": str(HERE.parent)}


def floor(scenario: Scenario, place: Place) -> Contestant:
    """Receive and compress, nothing else."""

    def prepare(folder: Path) -> list[str]:
        script = [sys.executable, str(HERE / "floor.py"), place.address, str(folder / "floor.gz"), scenario.pages]
        return [*script, str(scenario.requests)]

    return Contestant("floor", prepare, lambda folder: iter(()), place.environment)


def ours(scenario: Scenario, place: Place) -> Contestant:
    """The framework. What leads up to the step that is measured is done beforehand."""
    program = [sys.executable, "-m", "framework.cli"]

    def prepare(folder: Path) -> list[str]:
        _empty(place)
        http = {"base_url": place.address, "rate_limit": {"concurrency": 8}}
        streams = [*scenario.before, scenario.stream]
        spec = {"version": 1, "name": "bench", "secrets": ["hash_key"], "http": http, "streams": streams}
        (folder / "sources").mkdir()
        (folder / "sources" / "bench.yaml").write_text(json.dumps(spec, indent=1))
        (folder / "framework.yaml").write_text(json.dumps(_settings(place)))
        (folder / ".env").write_text("BENCH_HASH_KEY=of-the-benchmark\n")
        for stream in scenario.before:
            _run([*program, "extract", "bench", *_planned(program, folder, stream["name"], (), place)], folder, place)
        if scenario.verb == "run":
            return [*program, "run", "bench"]
        end = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=scenario.requests)
        span = ("--since", "2024-01-01", "--until", end.isoformat()) if scenario.pages == "windows" else ()
        return [*program, "extract", "bench", *_planned(program, folder, scenario.stream["name"], span, place)]

    def records(folder: Path) -> Iterator[dict[str, Any]]:
        if scenario.verb == "run":
            yield from _rows(folder / ".data" / "warehouse.duckdb", "select * from CLN_ORDER")
            return
        stage = _fetched(place, folder / "fetched") if place.s3 else folder / ".data" / "stage"
        for part in sorted(stage.glob(f"ingest/source=bench/*/*/part-{scenario.stream['name']}-*")):
            yield from _read(part)

    return Contestant("ours", prepare, records, place.environment)


def _settings(place: Place) -> dict[str, Any]:
    s3 = {"type": "s3", "bucket": BUCKET, "endpoint_url": place.s3}
    stage = s3 if place.s3 else {"type": "local", "path": ".data/stage"}
    warehouse = {"type": "duckdb", "path": ".data/warehouse.duckdb"}
    return {"version": 1, "environments": {"local": {"stage": stage, "warehouse": warehouse}}}


def _planned(program: list[str], folder: Path, stream: str, span: tuple[str, ...], place: Place) -> list[str]:
    said = _run([*program, "plan", "bench", "--stream", stream, *span], folder, place)
    return ["--stream", stream, "--run", said.rsplit("run ", 1)[1].strip()]


def _run(command: list[str], folder: Path, place: Place) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **place.environment}
    )
    if done.returncode:
        raise Failed(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def peer(name: str, scenario: Scenario, place: Place, python: Path) -> Contestant:
    """A program of `peers/`, in an environment of its own."""

    def prepare(folder: Path) -> list[str]:
        _empty(place)
        shape = [scenario.pages, str(scenario.requests), str(scenario.page)]
        program = str(HERE / "peers" / f"{name}_peer.py")
        return [str(python), program, place.address, *shape, *([scenario.kind] if scenario.kind else [])]

    def records(folder: Path) -> Iterator[dict[str, Any]]:
        if scenario.kind == "duckdb":
            yield from _rows(folder / "orders.duckdb", "select * from bench.orders")
            return
        found = _fetched(place, folder / "fetched") if place.s3 else folder / "records"
        for file in (*sorted(found.rglob("*.jsonl*")), *folder.glob("messages")):
            if file.name == "messages":
                told = (message for message in _read(file) if message["type"] == "RECORD")
                yield from (message["record"] for message in told if message["stream"] == "orders")
            elif not file.parent.name.startswith("_dlt"):
                yield from _read(file)

    destination = {
        "BENCH_BUCKET": f"s3://{BUCKET}/dlt",
        "DESTINATION__FILESYSTEM__CREDENTIALS__ENDPOINT_URL": place.s3,
        "DESTINATION__FILESYSTEM__CREDENTIALS__AWS_ACCESS_KEY_ID": moto.ROOT["aws_access_key_id"],
        "DESTINATION__FILESYSTEM__CREDENTIALS__AWS_SECRET_ACCESS_KEY": moto.ROOT["aws_secret_access_key"],
        "DESTINATION__FILESYSTEM__CREDENTIALS__REGION_NAME": moto.ROOT["region_name"],
    }
    return Contestant(name, prepare, records, place.environment | (destination if place.s3 else {}))


def environment(name: str, folder: Path) -> Path:
    """The Python of a peer's environment, which is made on first use."""
    place = folder / name
    if not (place / ".ready").exists():
        print(f"setting up {place} (once)", flush=True)
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *PEERS[name]], check=True)
        (place / ".ready").touch()
    return place / "bin" / "python"


def _keys(client: Any) -> Iterator[str]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        yield from (found["Key"] for found in page.get("Contents", []))


def _empty(place: Place) -> None:
    if place.s3:
        client = moto.Moto(place.s3).client("s3")
        for key in _keys(client):
            client.delete_object(Bucket=BUCKET, Key=key)


def _fetched(place: Place, folder: Path) -> Path:
    """What is in the bucket, as files."""
    client = moto.Moto(place.s3).client("s3")
    for key in _keys(client):
        file = folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(BUCKET, key, str(file))
    return folder


def _rows(database: Path, query: str) -> Iterator[dict[str, Any]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(query)
        names = [column[0] for column in found.description]
        while rows := found.fetchmany(10_000):
            yield from (dict(zip(names, row, strict=True)) for row in rows)


def _read(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as opened:
        packed = opened.read(2) == b"\x1f\x8b"
    with gzip.open(file) if packed else file.open("rb") as lines:
        yield from map(json.loads, lines)
