"""Environment variables as the secret store."""

import os
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values

from framework.model import Strict


class EnvSecrets(Strict):
    """Environment variables: shop.client_id is SHOP_CLIENT_ID. What is not there is looked up in the file `.env`."""

    type: Literal["env"]
    file: str = ".env"
    """A file of NAME=value lines beside framework.yaml; it need not exist."""

    def open(self, project_folder: Path) -> "_Environment":
        """Reads the file once."""
        return _Environment(dotenv_values(project_folder / self.file, interpolate=False))


class _Environment:
    def __init__(self, file: dict[str, str | None]) -> None:
        self._file = file

    def get(self, owner: str, name: str) -> str | None:
        variable = self._variable(owner, name)
        return os.environ.get(variable) or self._file.get(variable) or None

    def place(self, owner: str, name: str) -> str:
        return f"the environment variable {self._variable(owner, name)}, or into the file .env"

    def _variable(self, owner: str, name: str) -> str:
        return f"{owner}_{name}".upper()
