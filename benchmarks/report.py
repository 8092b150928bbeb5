"""Results → tables for people, a plot a scenario, and a file to compare with."""

import json
import subprocess
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.contestants import PEERS

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
    found = {name: version(name) for name in ("httpx", "msgspec", "isal", "duckdb")}
    for peer, asked in PEERS.items():
        packages = [package.partition("[")[0] for package in asked]
        python = venvs / peer / "bin" / "python"
        if python.exists():
            ask = f"from importlib.metadata import version; print(*map(version, {packages!r}))"
            said = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True).stdout.split()
            found |= {f"{peer}: {name}": number for name, number in zip(packages, said, strict=True)}
    return found


def table(results: dict[str, Any]) -> str:
    """A table a scenario, in Markdown."""
    return "\n".join(line for name, one in results["scenarios"].items() for line in _of(name, one))


def _of(name: str, one: dict[str, Any]) -> list[str]:
    medians = one["medians"]
    ours, floor = medians["ours"], medians["floor"]
    lines = [
        f"\n### {name}: {one['title']}\n",
        "| | wall s | CPU s | CPU µs a record | peak MB | CPU ÷ floor | framework is |",
    ]
    lines.append("|---|--:|--:|--:|--:|--:|---|")
    for who, found in sorted(medians.items(), key=lambda item: item[1]["cpu"]):
        each = found["cpu"] / one["records"] * 1e6
        ahead = ""
        if who not in ("ours", "floor"):
            ahead = f"{found['wall'] / ours['wall']:.1f} × in wall, {found['cpu'] / ours['cpu']:.1f} × in CPU"
        lines.append(
            f"| {NAMES[who]} | {found['wall']:.2f} | {found['cpu']:.2f} | {each:.1f} | {found['peak_mb']:.0f} "
            f"| {found['cpu'] / floor['cpu']:.1f} | {ahead} |"
        )
    if one["ideal_seconds"]:
        lines.append(
            f"\nWaiting alone takes {one['ideal_seconds']:.2f} s: {ours['wall'] / one['ideal_seconds']:.2f} of it."
        )
    return lines


def plot(one: dict[str, Any]) -> str:
    """CPU time as bars, an SVG."""
    rows = sorted(one["medians"].items(), key=lambda item: item[1]["cpu"])
    widest = max(found["cpu"] for _, found in rows)
    parts = []
    for index, (who, found) in enumerate(rows):
        top, width = 8 + index * 26, 440 * found["cpu"] / widest
        colour = {"ours": "#2563eb", "floor": "#94a3b8"}.get(who, "#cbd5e1")
        parts.append(f'<text x="150" y="{top + 14}" text-anchor="end">{escape(NAMES[who])}</text>')
        parts.append(f'<rect x="160" y="{top}" width="{width:.1f}" height="18" fill="{colour}"/>')
        parts.append(f'<text x="{166 + width:.1f}" y="{top + 14}">{found["cpu"]:.2f} s</text>')
    style = "font: 13px sans-serif; fill: #475569"
    size = f'width="680" height="{16 + 26 * len(rows)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} style="{style}">{"".join(parts)}</svg>\n'


def write(results: dict[str, Any], root: Path, notes: str) -> None:
    """docs/performance.md with its plots, and the figures of every round."""
    (root / "benchmarks" / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    plots = root / "docs" / "performance"
    plots.mkdir(exist_ok=True)
    for name, one in results["scenarios"].items():
        (plots / f"{name}.svg").write_text(plot(one), encoding="utf-8")
    pictures = "\n".join(f"![CPU time of scenario {name}](performance/{name}.svg)\n" for name in results["scenarios"])
    used = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    page = f"{notes}\nMeasured {results['at'][:10]} on {results['machine']}; {used}.\n{table(results)}\n\n{pictures}"
    (root / "docs" / "performance.md").write_text(page, encoding="utf-8")
