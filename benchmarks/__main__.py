"""Runs the scenarios: everyone in turn, round after round, and what came of it checked record by record.

python -m benchmarks                  all scenarios, five rounds, docs/performance.md written anew
python -m benchmarks --quick          the main ones, without peers, smaller
python -m benchmarks A B --rounds 3   some of them
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import contestants, orders, report
from benchmarks.contestants import Contestant
from benchmarks.measure import Failed, Figures, measured
from benchmarks.scenarios import SCENARIOS, Scenario
from framework.conformance import certificates

ROOT = Path(__file__).parents[1]
QUICK = ("A", "B", "C", "D-pages", "E", "F", "H")


@contextmanager
def serving(scenario: Scenario, certificate: Path) -> Iterator[str]:
    """Its API, in a process of its own. Gives the address."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.server",
        "--records",
        str(scenario.records),
        "--page",
        str(scenario.page),
    ]
    command += ["--repeat", str(scenario.repeat), "--latency-ms", str(scenario.latency_ms)]
    command += ["--certificate", str(certificate)] if scenario.tls else []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def certified(folder: Path) -> Path:
    """What the server shows over TLS; beside it, `authority.pem`, what the framework is told to trust."""
    made = certificates.made()
    (folder / "authority.pem").write_text(made.authority, encoding="ascii")
    server = folder / "server.pem"
    server.write_text(made.server.certificate + made.server.private_key, encoding="ascii")
    return server


def taking_part(scenario: Scenario, address: str, peers: bool, venvs: Path) -> list[Contestant]:
    """Who runs in it."""
    found = [contestants.ours(scenario, address), contestants.floor(scenario, address)]
    if peers:
        found += [
            contestants.peer(name, scenario, address, contestants.environment(name, venvs)) for name in scenario.peers
        ]
    return found


def check(scenario: Scenario, one: Contestant, folder: Path) -> None:
    """Each record came once, with the values that it was sent with. Raises Failed."""
    if one.name == "floor" or (one.name == "dlt" and scenario.verb == "run"):
        return
    seen, wanted = 0, dict.fromkeys(range(1, scenario.records + 1)) if scenario.lines == 0 else None
    for record in one.records(folder):
        seen += 1
        if wanted is not None and scenario.repeat == 1:
            number = record["id"]
            if number not in wanted:
                raise Failed(f"{one.name} in {scenario.name}: the record {number} came twice, or is none of the API's")
            del wanted[number]
            if number % 97 == 0 and not _same(record, orders.order(number)):
                raise Failed(f"{one.name} in {scenario.name}: the record {number} is not as it was sent")
    total = expected(scenario)
    if seen != total:
        raise Failed(f"{one.name} in {scenario.name}: {seen} records instead of {total}")


def expected(scenario: Scenario) -> int:
    """How many lines must come out."""
    if scenario.name == "E":
        found = (orders.order(number) for number in range(1, scenario.records + 1))
        return sum(len(order["lines"]) for order in found if order["status"] != "cancelled")
    return scenario.records * scenario.repeat


def _same(record: dict[str, Any], sent: dict[str, Any]) -> bool:
    """Whether all that was sent is there; a peer may add fields of its own, and turn objects into text."""
    for name, value in sent.items():
        found = record.get(name)
        found = json.loads(found) if isinstance(found, str) and isinstance(value, dict | list) else found
        if found != value:
            return False
    return True


def rounds(
    scenario: Scenario, takers: list[Contestant], count: int, environment: dict[str, str]
) -> dict[str, list[Figures]]:
    """Everyone in turn, so that a machine whose speed drifts is the same for all."""
    found: dict[str, list[Figures]] = {one.name: [] for one in takers}
    for number in range(count):
        for one in takers:
            with tempfile.TemporaryDirectory(prefix="bench-") as name:
                folder = Path(name)
                figures = measured(one.prepare(folder), folder, environment)
                if number == 0:
                    check(scenario, one, folder)
            found[one.name].append(figures)
            print(
                f"  {one.name:9} wall {figures.wall:7.2f} s  cpu {figures.cpu:7.2f} s  peak {figures.peak_mb:6.0f} MB",
                flush=True,
            )
    return found


def median(found: list[Figures]) -> Figures:
    """Figure by figure."""
    return Figures(*(statistics.median(getattr(one, name) for one in found) for name in ("wall", "cpu", "peak_mb")))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="the main ones, without peers, a quarter of the records")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".bench", help="where the peers' environments are")
    given = parser.parse_args()
    names = given.scenarios or (QUICK if given.quick else list(SCENARIOS))
    results: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "scenarios": {},
    }
    with tempfile.TemporaryDirectory(prefix="bench-tls-") as folder:
        certificate = certified(Path(folder))
        for name in names:
            scenario = SCENARIOS[name]
            if (
                given.quick
                and scenario.verb != "run"
                and scenario.pages in ("cursor", "numbers")
                and not scenario.latency_ms
            ):
                scenario = replace(scenario, records=scenario.records // 4)
            print(f"{name}: {scenario.title}", flush=True)
            with serving(scenario, certificate) as address:
                takers = taking_part(scenario, address, not (given.quick or given.no_peers), given.venvs)
                count = given.rounds or (1 if scenario.repeat > 1 else 3 if given.quick else 5)
                environment = {"PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(certificate.with_name("authority.pem"))}
                found = rounds(scenario, takers, count, environment if scenario.tls else {"PYTHONPATH": str(ROOT)})
            results["scenarios"][name] = {
                "title": scenario.title,
                "records": expected(scenario) if scenario.repeat == 1 else scenario.records * scenario.repeat,
                "ideal_seconds": scenario.ideal_seconds,
                "medians": {who: asdict(median(figures)) for who, figures in found.items()},
                "rounds": {who: [asdict(one) for one in figures] for who, figures in found.items()},
            }
    results["versions"] = report.versions(given.venvs)
    print(report.table(results))
    if not given.scenarios and not given.quick:
        report.write(results, ROOT, (ROOT / "benchmarks" / "notes.md").read_text(encoding="utf-8"))
    return 0


def machine() -> str:
    """In a few words."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )
    return f"{os.cpu_count()} cores, {model or platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
