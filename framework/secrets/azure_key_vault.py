"""Azure Key Vault as the secret store."""

from pathlib import Path
from typing import Literal

from framework.errors import NotBuilt
from framework.model import Strict
from framework.secrets.base import SecretStore


class AzureKeyVault(Strict):
    """Azure Key Vault."""

    type: Literal["azure_key_vault"]
    vault_url: str
    """Such as https://acme.vault.azure.net"""

    def open(self, project_folder: Path) -> SecretStore:
        """Not yet."""
        raise NotBuilt("the secret store azure_key_vault is not built yet: use `secrets: {type: env}`")
