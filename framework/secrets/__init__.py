"""Where secret values are: a file per kind of store."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from framework.secrets.airflow import AirflowSecrets
from framework.secrets.aws_parameter_store import AwsParameterStore
from framework.secrets.aws_secrets_manager import AwsSecretsManager
from framework.secrets.azure_key_vault import AzureKeyVault
from framework.secrets.base import Chain, SecretStore
from framework.secrets.env import EnvSecrets
from framework.secrets.file import FileSecrets

SecretsSpec = Annotated[
    AirflowSecrets | AwsParameterStore | AwsSecretsManager | AzureKeyVault | EnvSecrets | FileSecrets,
    Field(discriminator="type"),
]
Stores = SecretsSpec | Annotated[list[SecretsSpec], Field(min_length=1)]


def open_stores(specs: Stores, project_folder: Path) -> SecretStore:
    """One store, or several in the order in which they are asked."""
    opened = [spec.open(project_folder) for spec in listed(specs)]
    return opened[0] if len(opened) == 1 else Chain(opened)


def listed(specs: Stores) -> list[SecretsSpec]:
    """One or several as several."""
    return specs if isinstance(specs, list) else [specs]
