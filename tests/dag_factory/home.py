"""A home for Airflow, settled before it is imported: it reads its environment then."""

import json
import os
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="airflow-"))
FOLDER = HOME / "project"
"""The bundle's folder is settled when Airflow is imported; its content is each test's own."""
DAGS = FOLDER / "dags"
_BUNDLE = {"name": "dags", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}

for _name in [name for name in os.environ if name.startswith("AIRFLOW__")]:
    del os.environ[_name]
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
    "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(HOME / "bundles"),
    "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([{**_BUNDLE, "kwargs": {"path": str(DAGS)}}]),
    "NO_PROXY": "127.0.0.1",
}
