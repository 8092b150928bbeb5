"""AWS Secrets Manager as the secret store."""

from pathlib import Path
from typing import Any, Literal

from framework import aws
from framework.errors import SecretError
from framework.model import Strict
from framework.secrets.base import Values

_NONE = {"ResourceNotFoundException"}


class AwsSecretsManager(Strict):
    """AWS Secrets Manager: shop.client_id is the field client_id of the JSON secret shop, or the secret
    shop/client_id. Credentials are found by the SDK."""

    type: Literal["aws_secrets_manager"]
    prefix: str = ""
    """Put before the names, such as `ingest/`."""
    region: str | None = None
    """Its region, such as eu-west-1; without it, the machine's own setting."""
    profile: str | None = None
    """A profile of the machine's AWS configuration."""
    endpoint_url: str | None = None
    """Another address than the region's own."""
    write_back: bool = False
    """Keep refresh tokens that change with each use here too; the machine must be allowed to write."""

    def open(self, project_folder: Path) -> "_Manager":
        """Sends nothing yet. Raises SettingsError without boto3."""
        client = aws.Account(self.region, self.endpoint_url, self.profile).client("secretsmanager")
        return _Manager(client, self)


class _Manager(Values):
    def __init__(self, client: Any, options: AwsSecretsManager) -> None:
        super().__init__(self._asked, self._keys_of, self._written if options.write_back else None)
        self._client, self._prefix = client, options.prefix

    def _keys_of(self, owner: str, name: str) -> tuple[str, str]:
        return f"{self._prefix}{owner}", f"{self._prefix}{owner}/{name}"

    def _asked(self, key: str) -> str | None:
        try:
            answer = self._client.get_secret_value(SecretId=key)
        except aws.failures() as error:
            if aws.code_of(error) in _NONE:
                return None
            raise SecretError(f"can't read the secret {key} of AWS Secrets Manager: {aws.explained(error)}") from None
        text = answer.get("SecretString")
        return str(text) if text is not None else bytes(answer["SecretBinary"]).decode("utf-8", "replace")

    def _written(self, key: str, text: str) -> None:
        try:
            self._client.put_secret_value(SecretId=key, SecretString=text)
        except aws.failures() as error:
            raise SecretError(f"can't write the secret {key} of AWS Secrets Manager: {aws.explained(error)}") from None

    def place(self, owner: str, name: str) -> str:
        whole, own = self._keys_of(owner, name)
        return f"AWS Secrets Manager, as the field {name} of the JSON secret {whole} or as the secret {own}"
