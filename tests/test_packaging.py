"""What a wheel holds: all that a run and the demo need, on a machine without this checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_a_wheel_holds_code_templates_and_the_demos_spec(tmp_path: Path) -> None:
    words = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), "."]
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        spec = archive.read("framework/demo/shop.yaml")
        told = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    for folder in ("framework", "dag_factory", "sql_templates"):
        wanted = [path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".j2")]
        assert wanted
        assert {str(path.relative_to(ROOT)) for path in wanted} <= names
    assert spec == (ROOT / "sources" / "shop.yaml").read_bytes()
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "sources"))]
    light = {
        line.split()[1].split(">")[0]
        for line in told.splitlines()
        if line.startswith("Requires-Dist") and ";" not in line
    }
    assert not light & {
        "boto3",
        "snowflake-connector-python",
        "apache-airflow",
        "azure-storage-blob",
        "pandas",
        "numpy",
    }
