"""The secret store `airflow` on a real Airflow: connections and variables, from wherever Airflow has them."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

if find_spec("airflow") is None:
    pytest.skip("Airflow is in .venv-airflow: make test-airflow", allow_module_level=True)

_CODE = """
import json, sys
from pathlib import Path
from framework.secrets.airflow import AirflowSecrets
store = AirflowSecrets(type="airflow").open(Path())
names = ("token", "login", "password", "key", "field", "host", "other")
print(json.dumps([*(store.get("shop", name) for name in names), store.get("nobody", "token")]))
"""


def test_connections_and_variables_give_secrets(tmp_path: Path) -> None:
    connection = {"conn_type": "generic", "login": "user", "password": "pw", "extra": {"token": "t"}}
    given = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}",
        "AIRFLOW_CONN_SHOP": json.dumps(connection),
        "AIRFLOW_VAR_SHOP_KEY": "k",
        "AIRFLOW_VAR_SHOP": json.dumps({"field": "f"}),
        "PYTHONPATH": str(Path.cwd()),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    words = [sys.executable, "-W", "ignore", "-c", _CODE]
    done = subprocess.run(words, env={**kept, **given}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["t", "user", "pw", "k", "f", None, None, None]
