"""AWS Systems Manager's Parameter Store as the secret store."""

from pathlib import Path
from typing import Any, Literal

from framework import aws
from framework.errors import SecretError
from framework.model import Strict
from framework.secrets.base import Values

_NONE = {"ParameterNotFound"}


class AwsParameterStore(Strict):
    """AWS Parameter Store: shop.client_id is the field client_id of the JSON parameter /shop, or the parameter
    /shop/client_id. Credentials are found by the SDK."""

    type: Literal["aws_parameter_store"]
    prefix: str = "/"
    """Put before the names, such as `/ingest/`."""
    region: str | None = None
    """Its region, such as eu-west-1; without it, the machine's own setting."""
    profile: str | None = None
    """A profile of the machine's AWS configuration."""
    endpoint_url: str | None = None
    """Another address than the region's own."""
    write_back: bool = False
    """Keep refresh tokens that change with each use here too; the machine must be allowed to write."""

    def open(self, project_folder: Path) -> "_Parameters":
        """Sends nothing yet. Raises SettingsError without boto3."""
        client = aws.Account(self.region, self.endpoint_url, self.profile).client("ssm")
        return _Parameters(client, self)


class _Parameters(Values):
    def __init__(self, client: Any, options: AwsParameterStore) -> None:
        super().__init__(self._asked, self._keys_of, self._written if options.write_back else None)
        self._client, self._prefix = client, options.prefix

    def _keys_of(self, owner: str, name: str) -> tuple[str, str]:
        return f"{self._prefix}{owner}", f"{self._prefix}{owner}/{name}"

    def _asked(self, key: str) -> str | None:
        try:
            return str(self._client.get_parameter(Name=key, WithDecryption=True)["Parameter"]["Value"])
        except aws.failures() as error:
            if aws.code_of(error) in _NONE:
                return None
            raise SecretError(f"can't read the parameter {key} of AWS: {aws.explained(error)}") from None

    def _written(self, key: str, text: str) -> None:
        try:
            self._client.put_parameter(Name=key, Value=text, Overwrite=True)
        except aws.failures() as error:
            raise SecretError(f"can't write the parameter {key} of AWS: {aws.explained(error)}") from None

    def place(self, owner: str, name: str) -> str:
        whole, own = self._keys_of(owner, name)
        return f"AWS Parameter Store, as the field {name} of the JSON parameter {whole} or as the parameter {own}"
