"""Results → docs/performance.md: the goals and whether they hold, a table and a plot a scenario, growth."""

import subprocess
from collections.abc import Iterator
from html import escape
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contestants import PEERS
from benchmarks.goals import GOALS, ratio
from benchmarks.scenarios import SCENARIOS

NAMES = {
    "ours": "framework",
    "floor": "the floor",
    "requests": "script: requests, json",
    "httpx": "script: httpx, orjson",
    "dlt": "dlt rest_api",
    "airbyte": "Airbyte CDK",
    "singer": "Meltano SDK tap",
}


def versions(venvs: Path) -> dict[str, str]:
    """Of what was measured."""
    found = {name: version(name) for name in ("msgspec", "isal", "duckdb")}
    for peer, asked in PEERS.items():
        packages = [package.partition("[")[0] for package in asked if package != "s3fs"]
        python = venvs / peer / "bin" / "python"
        if peer != "profiler" and (venvs / peer / ".ready").exists():
            ask = f"from importlib.metadata import version; print(*map(version, {packages!r}))"
            said = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True).stdout.split()
            found |= dict(zip(packages, said, strict=True))
    return found


def table(results: dict[str, Any], whole: bool = True) -> str:
    """All tables, in Markdown; `whole`: with what was not measured, and the plots."""
    measured = results["scenarios"]
    lines = ["## Goals", "", "| | goal | measured | |", "|---|--:|--:|---|"]
    for goal in GOALS:
        found = goal.found(measured)
        if found is None and not whole:
            continue
        shown = "not measured" if found is None else f"{found:.{goal.digits}f}{goal.unit}"
        holds = "" if found is None else "holds" if goal.holds(found) else "**does not hold**"
        lines.append(f"| {goal.text} | {goal.sign} {goal.bound:g}{goal.unit} | {shown} | {holds} |")
    known = [(name, measured[name]) for name, one in SCENARIOS.items() if name in measured and not one.growth]
    lines += ["", "## Side by side"]
    for name, one in known:
        lines += [*_of(name, one), *([f"\n![CPU time of scenario {name}](performance/{name}.svg)"] if whole else [])]
    if any(SCENARIOS[name].growth for name in measured):
        lines += ["", "## Growth", "", *_growth(measured)]
    return "\n".join(lines)


def _of(name: str, one: dict[str, Any]) -> Iterator[str]:
    yield f"\n### {name}: {one['title']}\n"
    yield "| | wall s | CPU s | CPU µs a record | peak MB | CPU ÷ floor | to the framework's wall, CPU | rounds |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    rounds = one["rounds"]
    for who in sorted(rounds, key=lambda who: _middle(rounds[who], "cpu")):
        wall, cpu, peak = (_middle(rounds[who], what) for what in ("wall", "cpu", "peak_mb"))
        each, above = cpu / one["records"] * 1e6, ratio(rounds, who, "floor", "cpu")
        beside = f"{ratio(rounds, who, 'ours', 'wall'):.1f} ×, {ratio(rounds, who, 'ours', 'cpu'):.1f} ×"
        beside = "" if who in ("ours", "floor") else beside
        row = f"{wall:.2f} | {cpu:.2f} | {each:.1f} | {peak:.0f} | {above:.2f} | {beside} | {len(rounds[who])}"
        yield f"| {NAMES[who]} | {row} |"
    if ideal := one["ideal_seconds"]:
        wall = _middle(rounds["ours"], "wall")
        yield f"\nWaiting alone takes {ideal:.2f} s: the framework takes {wall / ideal:.2f} × that."


def _growth(measured: dict[str, Any]) -> Iterator[str]:
    yield "| | CPU s | CPU µs a record | CPU µs a request | CPU ÷ floor | peak MB | rounds |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name, scenario in SCENARIOS.items():
        if scenario.growth and name in measured:
            one = measured[name]
            ours = one["rounds"]["ours"]
            cpu, above = _middle(ours, "cpu"), ratio(one["rounds"], "ours", "floor", "cpu")
            each, request = cpu / one["records"] * 1e6, cpu / one["requests"] * 1e6
            peak = f"{_middle(ours, 'peak_mb'):.0f} | {len(ours)}"
            yield f"| {one['title']} | {cpu:.2f} | {each:.1f} | {request:.0f} | {above:.2f} | {peak} |"


def _middle(found: list[dict[str, float]], what: str) -> float:
    return median(one[what] for one in found)


def plot(one: dict[str, Any]) -> str:
    """CPU time as bars, an SVG that reads on light and dark."""
    rows = sorted(((who, _middle(found, "cpu")) for who, found in one["rounds"].items()), key=lambda row: row[1])
    widest = max(cpu for _, cpu in rows)
    parts = []
    for index, (who, cpu) in enumerate(rows):
        top, width = 8 + index * 26, 420 * cpu / widest
        colour = {"ours": "#2563eb", "floor": "#94a3b8"}.get(who, "#f59e0b")
        parts.append(f'<text x="170" y="{top + 14}" text-anchor="end">{escape(NAMES[who])}</text>')
        parts.append(f'<rect x="180" y="{top}" width="{width:.1f}" height="18" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{186 + width:.1f}" y="{top + 14}">{cpu:.2f} s</text>')
    style = "<style>text { font: 13px sans-serif; fill: #64748b }</style>"
    size = f'width="680" height="{12 + 26 * len(rows)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{style}{"".join(parts)}</svg>\n'


def write(results: dict[str, Any], root: Path) -> None:
    """docs/performance.md with its plots."""
    plots = root / "docs" / "performance"
    plots.mkdir(exist_ok=True)
    for name, one in results["scenarios"].items():
        if not SCENARIOS[name].growth:
            (plots / f"{name}.svg").write_text(plot(one), encoding="utf-8")
    notes = (root / "benchmarks" / "notes.md").read_text(encoding="utf-8")
    used = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    dates = sorted({one["at"][:10] for one in results["scenarios"].values()})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    measured = f"Measured {when} on {results['machine']}; {used}."
    before, _, after = notes.partition("<!-- tables -->\n")
    page = f"{before}{measured}\n\n{table(results)}\n{after}"
    (root / "docs" / "performance.md").write_text(page, encoding="utf-8")
