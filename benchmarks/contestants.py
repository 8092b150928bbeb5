"""Who does the work, and how: a fresh folder, one command, and where its records are afterwards."""

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Failed
from benchmarks.scenarios import Scenario

HERE = Path(__file__).parent
PEERS = {
    "requests": ["requests"],
    "httpx": ["httpx", "orjson"],
    "dlt": ["dlt[duckdb,filesystem]"],
    "airbyte": ["airbyte-cdk"],
    "singer": ["singer-sdk"],
}
"""The packages of each peer, the newest there are."""


@dataclass(frozen=True)
class Contestant:
    """One of them, for one scenario."""

    name: str
    prepare: Callable[[Path], list[str]]
    """Fills an empty folder and gives the command to measure, run in it."""
    records: Callable[[Path], Iterator[dict[str, Any]]]
    """What came of it."""


def floor(scenario: Scenario, address: str) -> Contestant:
    """Receive and compress, nothing else."""

    def prepare(folder: Path) -> list[str]:
        script = [sys.executable, str(HERE / "floor.py"), address, str(folder / "floor.gz"), scenario.pages]
        return [*script, str(-(-scenario.records // scenario.page) * scenario.repeat)]

    return Contestant("floor", prepare, lambda folder: iter(()))


def ours(scenario: Scenario, address: str) -> Contestant:
    """The framework. What leads up to the step that is measured is done beforehand."""
    program = [sys.executable, "-m", "framework.cli"]

    def prepare(folder: Path) -> list[str]:
        http = {"base_url": address, "rate_limit": {"concurrency": scenario.concurrency}}
        streams = [*scenario.before, scenario.stream]
        spec = {"version": 1, "name": "bench", "secrets": ["hash_key"], "http": http, "streams": streams}
        (folder / "sources").mkdir()
        (folder / "sources" / "bench.yaml").write_text(json.dumps(spec, indent=1))
        (folder / "framework.yaml").write_text("version: 1\n")
        (folder / ".env").write_text("BENCH_HASH_KEY=of-the-benchmark\n")
        for stream in scenario.before:
            _run([*program, "extract", "bench", *_planned(program, folder, stream["name"], ())], folder)
        if scenario.verb == "run":
            return [*program, "run", "bench"]
        span = ("--since", "2024-01-01", "--until", "2024-07-27T08:00:00Z") if scenario.pages == "windows" else ()
        return [*program, "extract", "bench", *_planned(program, folder, scenario.stream["name"], span)]

    def records(folder: Path) -> Iterator[dict[str, Any]]:
        for part in sorted(folder.glob(f".data/stage/ingest/source=bench/*/*/part-{scenario.stream['name']}-*")):
            with gzip.open(part) as lines:
                yield from map(json.loads, lines)

    return Contestant("ours", prepare, records)


def _planned(program: list[str], folder: Path, stream: str, span: tuple[str, ...]) -> list[str]:
    said = _run([*program, "plan", "bench", "--stream", stream, *span], folder)
    return ["--stream", stream, "--run", said.rsplit("run ", 1)[1].strip()]


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def peer(name: str, scenario: Scenario, address: str, python: Path) -> Contestant:
    """A program of `peers/`, in an environment of its own."""

    def prepare(folder: Path) -> list[str]:
        return [str(python), str(HERE / "peers" / f"{name}_peer.py"), address, scenario.name]

    def records(folder: Path) -> Iterator[dict[str, Any]]:
        for file in (*sorted((folder / "records").rglob("*.jsonl*")), *folder.glob("messages")):
            with gzip.open(file) if _is_gzip(file) else file.open("rb") as lines:
                for line in lines:
                    found = json.loads(line)
                    if file.name != "messages":
                        yield found
                    elif found["type"] == "RECORD":
                        yield found["record"]

    return Contestant(name, prepare, records)


def environment(name: str, folder: Path) -> Path:
    """The Python of a peer's environment, which is made on first use."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        try:
            subprocess.run(
                [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PEERS[name]], check=True
            )
        except subprocess.CalledProcessError:
            shutil.rmtree(folder / name)
            raise
    return python


def _is_gzip(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(2) == b"\x1f\x8b"
