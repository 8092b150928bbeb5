"""How long it takes, and how much memory: bounds that a slow and busy machine keeps too."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.validation.many import write

ROOT = Path(__file__).parents[2]


_PARENT = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=sys.stderr)
os._exit(os.waitstatus_to_exitcode(status))
"""
"""A parent that is small itself: a process counts its parent's memory until it is its own program."""


def measured(*paths: object) -> tuple[str, float, int]:
    """What the command prints, its CPU seconds and its megabytes."""
    command = [sys.executable, "-m", "framework.cli", "validate", *map(str, paths)]
    command = [sys.executable, "-c", _PARENT, *command]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, memory = done.stderr.split()
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return done.stdout, float(seconds), int(memory) // scale


@pytest.mark.slow
def test_a_thousand_specs(tmp_path: Path) -> None:
    """About 5 s and 210 MB where nothing else runs."""
    out, seconds, megabytes = measured(write(tmp_path / "many", 1000))
    assert out == "1001 files: 0 errors, 0 warnings\n"
    assert megabytes < 300
    assert seconds < 20


def test_one_file() -> None:
    """About 0.35 s where nothing else runs, with the tables of its marts."""
    _, seconds, megabytes = measured(ROOT / "sources" / "shop.yaml")
    assert seconds < 1.5
    assert megabytes < 130


def test_what_is_loaded_for_one_file(tmp_path: Path) -> None:
    """No driver, no HTTP client, nothing that signs: and DuckDB only where there is SQL."""
    spec = tmp_path / "shop.yaml"
    spec.write_text("version: 1\nname: shop\nhttp: {base_url: https://a.example}\nstreams: []\n", encoding="utf-8")
    code = (
        "import sys; from framework.cli import main\n"
        f"main(['validate', {str(spec)!r}])\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    for heavy in ("duckdb", "httpx", "rich", "cryptography", "boto3", "joserfc", "airflow"):
        assert f"'{heavy}'" not in loaded, heavy
