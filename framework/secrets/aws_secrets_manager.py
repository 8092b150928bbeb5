"""AWS Secrets Manager as the secret store."""

from pathlib import Path
from typing import Literal

from framework.errors import NotBuilt
from framework.model import Strict
from framework.secrets.base import SecretStore


class AwsSecretsManager(Strict):
    """AWS Secrets Manager."""

    type: Literal["aws_secrets_manager"]
    prefix: str = ""
    """Put before the names."""
    region: str | None = None
    """Its region, such as eu-west-1; without it, the machine's own setting."""

    def open(self, project_folder: Path) -> SecretStore:
        """Not yet."""
        raise NotBuilt("the secret store aws_secrets_manager is not built yet: use `secrets: {type: env}`")
