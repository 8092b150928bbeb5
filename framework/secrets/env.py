"""Environment variables as the secret store."""

import os
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values

from framework.model import Strict
from framework.secrets.base import fields


class EnvSecrets(Strict):
    """Environment variables: shop.client_id is SHOP_CLIENT_ID, or the field client_id of SHOP where that holds a JSON
    object. What is not there is looked up in the file `.env`."""

    type: Literal["env"]
    file: str = ".env"
    """A file of NAME=value lines beside framework.yaml; it need not exist."""

    def open(self, project_folder: Path) -> "_Environment":
        """Reads the file when it is first asked, and again when it is to forget."""
        return _Environment(project_folder / self.file)


class _Environment:
    writable = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: dict[str, str | None] | None = None

    def get(self, owner: str, name: str) -> str | None:
        return self._value(self._variable(owner, name)) or fields(self._value(owner.upper())).get(name)

    def _value(self, variable: str) -> str | None:
        if os.environ.get(variable):
            return os.environ[variable]
        if self._file is None:
            self._file = dotenv_values(self._path, interpolate=False)
        return self._file.get(variable) or None

    def place(self, owner: str, name: str) -> str:
        return f"the environment variable {self._variable(owner, name)}, or into the file {self._path.name}"

    def forget(self) -> None:
        self._file = None

    def put(self, owner: str, name: str, value: str) -> bool:
        return False

    def _variable(self, owner: str, name: str) -> str:
        return f"{owner}_{name}".upper()
