"""Runs the scenarios: everyone in turn, round after round, and what came of it checked record by record.

python -m benchmarks                  all scenarios, and docs/performance.md written anew
python -m benchmarks A B              some of them; their results take the place of those that they had
python -m benchmarks --quick          the main ones, smaller, of the peers only the scripts; nothing is kept
python -m benchmarks --write          docs/performance.md once more, from the results that there are
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from benchmarks import contestants, orders, report
from benchmarks.checking import check
from benchmarks.contestants import BUCKET, Contestant, Place
from benchmarks.measure import Figures, measured
from benchmarks.scenarios import SCENARIOS, SCRIPTS, Scenario
from framework.conformance import certificates
from tests import moto

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
QUICK = ("A", "A-tls", "B", "C", "D-pages", "E", "F", "G", "H")
MOST = 200_000
"""Orders are written so many; a longer list is the same ones again."""


@contextmanager
def serving(scenario: Scenario, folder: Path) -> Iterator[Place]:
    """Its API in a process of its own, and an S3 where it needs one."""
    words = [sys.executable, "-m", "benchmarks.server", "--orders", str(folder / "orders.jsonl")]
    words += ["--records", str(scenario.records), "--page", str(scenario.page), "--repeat", str(scenario.repeat)]
    words += ["--latency-ms", str(scenario.latency_ms)]
    words += ["--certificate", str(folder / "server.pem")] if scenario.tls else []
    authority = folder / "authority.pem" if scenario.tls else None
    with Popen(words, cwd=ROOT, stdout=PIPE, text=True) as process:
        assert process.stdout
        try:
            address = process.stdout.readline().strip()
            if scenario.kind != "s3":
                yield Place(address, authority=authority)
                return
            with moto.serving() as server:
                server.client("s3").create_bucket(Bucket=BUCKET)
                yield Place(address, server.address, authority)
        finally:
            process.kill()


def certify(folder: Path) -> None:
    """What the server shows over TLS, and `authority.pem`, what everybody is told to trust."""
    made = certificates.made()
    (folder / "authority.pem").write_text(made.authority, encoding="ascii")
    server = made.server.certificate + made.server.private_key
    (folder / "server.pem").write_text(server, encoding="ascii")


def rounds(
    scenario: Scenario, takers: list[Contestant], counts: Mapping[str, int], orders_file: Path
) -> tuple[int, dict[str, list[Figures]]]:  # fmt: skip
    """Everyone in turn, so that a machine whose speed drifts is the same for all. Gives how many records came out, and
    the figures."""
    found: dict[str, list[Figures]] = {one.name: [] for one in takers}
    records = 0
    for number in range(max(counts.values())):
        for one in takers:
            if number >= counts[one.name]:
                continue
            with tempfile.TemporaryDirectory(prefix="run-", dir=orders_file.parent) as name:
                folder = Path(name)
                figures = measured(one.prepare(folder), folder, one.environment)
                if number == 0 and one.name != "floor":
                    records = check(scenario, one, folder, orders_file)
            found[one.name].append(figures)
            line = (
                f"  {one.name:9} wall {figures.wall:7.2f} s  cpu {figures.cpu:7.2f} s  peak {figures.peak_mb:5.0f} MB"
            )
            print(line, flush=True)
    return records, found


def smaller(scenario: Scenario) -> Scenario:
    """As a quick look has it."""
    few = scenario.latency_ms or scenario.pages in ("parents", "windows")
    peers = () if scenario.latency_ms else tuple(peer for peer in scenario.peers if peer in SCRIPTS)
    return replace(scenario, peers=peers, records=scenario.records // (1 if few else 4))


def counts(scenario: Scenario, given: argparse.Namespace, takers: list[Contestant]) -> dict[str, int]:
    """How many rounds each takes part in. The engines take a minute each: they may do with fewer."""
    all_of = given.rounds or (3 if given.quick else scenario.rounds)
    others = min(all_of, 1 if given.quick else given.peer_rounds or all_of)
    found = {one.name: others for one in takers} | {"ours": all_of}
    return found | {"floor": min(all_of, 2 if scenario.latency_ms else all_of)}  # which only waits


def results() -> dict[str, Any]:
    """What is known already."""
    kept: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"scenarios": {}}
    return kept


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked for; what is done is kept at once."""
    found = {"scenarios": {}} if given.quick else results()
    names = given.scenarios or (QUICK if given.quick else list(SCENARIOS))
    given.folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="data-", dir=given.folder) as name:
        folder = Path(name)
        certify(folder)
        orders.write(folder / "orders.jsonl", MOST)
        for scenario in (smaller(SCENARIOS[name]) if given.quick else SCENARIOS[name] for name in names):
            print(f"{scenario.name}: {scenario.title}", flush=True)
            with serving(scenario, folder) as place:
                takers = [contestants.ours(scenario, place), contestants.floor(scenario, place)]
                for peer in () if given.no_peers else scenario.peers:
                    python = contestants.environment(peer, given.folder)
                    takers.append(contestants.peer(peer, scenario, place, python))
                count, figures = rounds(scenario, takers, counts(scenario, given, takers), folder / "orders.jsonl")
            found["scenarios"][scenario.name] = {
                "title": scenario.title,
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "records": count,
                "requests": scenario.requests,
                "ideal_seconds": scenario.ideal_seconds,
                "rounds": {who: [asdict(one) for one in of_one] for who, of_one in figures.items()},
            }
            found |= {"machine": machine(), "versions": report.versions(given.folder)}
            if not given.quick:
                RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def machine() -> str:
    """In a few words."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GB, Linux, Python {platform.python_version()}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--rounds", type=int, default=0, help="how many (default: 5; growth 3; 10 million records 1)")
    parser.add_argument("--peer-rounds", type=int, default=0, help="how many for the peers, if fewer")
    parser.add_argument("--quick", action="store_true", help="the main ones, a quarter of the records")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--write", action="store_true", help="measure nothing, write the page")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="for data and the peers' environments")
    given = parser.parse_args()
    found = results() if given.write else run(given)
    if not given.quick:
        report.write(found, ROOT)
    print(report.table(found, whole=not given.quick))
    return 0


if __name__ == "__main__":
    sys.exit(main())
