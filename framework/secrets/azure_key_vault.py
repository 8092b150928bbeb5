"""Azure Key Vault as the secret store."""

from pathlib import Path
from typing import Any, Literal

from framework import azure
from framework.errors import SecretError
from framework.model import Strict
from framework.secrets.base import Values

ROLE, WRITER = "Key Vault Secrets User", "Key Vault Secrets Officer"


class AzureKeyVault(Strict):
    """Azure Key Vault: shop.client_id is the field client_id of the JSON secret shop, or the secret shop--client-id;
    names there have hyphens for underscores. Credentials are found by the SDK."""

    type: Literal["azure_key_vault"]
    vault_url: str
    """Such as https://acme.vault.azure.net"""
    prefix: str = ""
    """Put before the names, such as `ingest-`."""
    write_back: bool = False
    """Keep refresh tokens that change with each use here too; the machine must be allowed to write."""

    def open(self, project_folder: Path) -> "_Vault":
        """Sends nothing yet. Raises SettingsError without the SDK."""
        try:
            from azure.keyvault.secrets import SecretClient  # noqa: PLC0415 - the SDK is loaded where it connects
        except ImportError:
            raise azure.missing() from None
        strict = not azure.is_here(self.vault_url)  # a token is for the vault's own domain, which loopback has none of
        return _Vault(SecretClient(self.vault_url, azure.chain(), verify_challenge_resource=strict), self)


class _Vault(Values):
    def __init__(self, client: Any, options: AzureKeyVault) -> None:
        super().__init__(self._asked, self._keys_of, self._written if options.write_back else None)
        self._client, self._prefix, self._url = client, options.prefix, options.vault_url

    def _keys_of(self, owner: str, name: str) -> tuple[str, str]:
        whole = f"{self._prefix}{owner}".replace("_", "-")
        return whole, f"{whole}--{name}".replace("_", "-")

    def _asked(self, key: str) -> str | None:
        try:
            return self._client.get_secret(key).value  # type: ignore[no-any-return]
        except azure.failures() as error:
            if azure.code_of(error) in ("SecretNotFound", "404"):
                return None
            told = azure.explained(error, ROLE)
            raise SecretError(f"can't read the secret {key} of {self._url}: {told}") from None

    def _written(self, key: str, text: str) -> None:
        try:
            self._client.set_secret(key, text)
        except azure.failures() as error:
            told = azure.explained(error, WRITER)
            raise SecretError(f"can't write the secret {key} of {self._url}: {told}") from None

    def place(self, owner: str, name: str) -> str:
        whole, own = self._keys_of(owner, name)
        return f"{self._url}, as the field {name} of the JSON secret {whole} or as the secret {own}"
