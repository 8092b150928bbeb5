"""What Airflow pays to read a folder of specs: CPU per file, and for many files.

    .venv-airflow/bin/python benchmarks/airflow_parse.py 1000

Copies the shop's spec so many times, writes the files that Airflow reads, and reads each as Airflow's parser does: the
file is run, and the DAG that it makes is serialized. Prints one line of JSON. Imports, Airflow's own and ours, are paid
once, by the process that is forked for each file, and are measured apart.
"""

import json
import os
import runpy
import sys
import tempfile
import time
from pathlib import Path

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


def measured(count: int) -> dict[str, float]:
    """Seconds of CPU."""
    begun = time.process_time()
    import airflow.sdk  # noqa: PLC0415, F401 - what every file pays, whoever wrote it
    from airflow.serialization.serialized_objects import DagSerialization  # noqa: PLC0415

    airflow_import = time.process_time() - begun
    before = set(sys.modules)
    begun = time.process_time()
    from dag_factory import build  # noqa: PLC0415, F401
    from dag_factory.render import render  # noqa: PLC0415

    our_import = time.process_time() - begun
    heavy = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        specs(folder, count)
        begun = time.process_time()
        files = render(folder, None, folder / "dags")
        rendered = time.process_time() - begun
        built, serialized = [], []
        for path in files:
            begun = time.process_time()
            dag = runpy.run_path(str(path))["dag"]
            built.append(time.process_time() - begun)
            begun = time.process_time()
            DagSerialization.to_dict(dag)
            serialized.append(time.process_time() - begun)
    sys.stderr.write(f"modules that our import adds: {', '.join(heavy)}\n")
    middle = count // 2
    return {
        "specs": count,
        "airflow_import_s": round(airflow_import, 3),
        "our_import_s": round(our_import, 3),
        "render_all_s": round(rendered, 3),
        "parse_ms_median": round(1000 * sorted(built)[middle], 1),
        "parse_ms_worst": round(1000 * max(built), 1),
        "serialize_ms_median": round(1000 * sorted(serialized)[middle], 1),
        "all_s": round(sum(built) + sum(serialized), 1),
    }


if __name__ == "__main__":
    os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))
    sys.stdout.write(json.dumps(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 100)) + "\n")
