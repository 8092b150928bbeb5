"""Where secret values are: a file per kind of store."""

from typing import Annotated

from pydantic import Field

from framework.secrets.aws_secrets_manager import AwsSecretsManager
from framework.secrets.azure_key_vault import AzureKeyVault
from framework.secrets.env import EnvSecrets

SecretsSpec = Annotated[AwsSecretsManager | AzureKeyVault | EnvSecrets, Field(discriminator="type")]
