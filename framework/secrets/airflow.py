"""Airflow's connections and variables as the secret store, in tasks that run there."""

from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from framework.errors import SecretError, SettingsError
from framework.model import Strict
from framework.secrets.base import fields

_PARTS = ("login", "password", "host", "port", "schema")


class AirflowSecrets(Strict):
    """Airflow's connections and variables, from wherever Airflow has them: shop.client_id is the field client_id of
    the connection shop's extra, its login, password, host, port or schema by these names, or the variable
    shop_client_id, or the field client_id of the JSON variable shop."""

    type: Literal["airflow"]
    prefix: str = ""
    """Put before the names."""

    def open(self, project_folder: Path) -> "_Airflow":
        """Raises SettingsError where Airflow is not installed."""
        try:
            return _Airflow(import_module("airflow.sdk"), self.prefix)
        except ImportError:
            raise SettingsError(
                "the secret store airflow works in Airflow's own tasks: Airflow is not installed here. Put another "
                "store before it, such as `secrets: [{type: env}, {type: airflow}]`, and leave it out elsewhere."
            ) from None


class _Airflow:
    """Asked each time: Airflow has a cache of its own."""

    writable = False

    def __init__(self, sdk: Any, prefix: str) -> None:
        self._sdk, self._prefix = sdk, prefix

    def get(self, owner: str, name: str) -> str | None:
        place = f"{self._prefix}{owner}"
        return self._of_connection(place, name) or self._variable(f"{place}_{name}") or self._of_json(place, name)

    def _of_connection(self, place: str, name: str) -> str | None:
        connection = self._asked(lambda: self._sdk.Connection.get(place))
        if connection is None:
            return None
        found = fields(connection.extra).get(name)
        if found is None and name in _PARTS:
            value = getattr(connection, name)
            found = str(value) if value else None
        return found

    def _of_json(self, place: str, name: str) -> str | None:
        return fields(self._variable(place)).get(name)

    def _variable(self, key: str) -> str | None:
        found = self._asked(lambda: self._sdk.Variable.get(key, default=None))
        return str(found) if found else None

    def _asked(self, ask: Any) -> Any:
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - Airflow's own kinds of error depend on where it runs
            if "not found" in str(error).lower() or "isn't defined" in str(error).lower():
                return None
            raise SecretError(f"can't ask Airflow for a secret: {type(error).__name__}") from None

    def place(self, owner: str, name: str) -> str:
        place = f"{self._prefix}{owner}"
        return f"Airflow's connection {place}, as {name} of its extra, or into the variable {place}_{name}"

    def forget(self) -> None:
        pass

    def put(self, owner: str, name: str, value: str) -> bool:
        return False
