"""What everything of an environment is called in its Snowflake account, and the settings that say so."""

from dataclasses import dataclass
from typing import Literal

from framework.deployer import Deployer
from framework.errors import SettingsError
from framework.settings import Environment
from framework.snowflake_words import qualified, quote_name
from framework.stages.azure import AzureStage
from framework.stages.s3 import S3Stage
from framework.warehouses.snowflake import SnowflakeWarehouse

Schema = Literal["RAW", "CLEAN", "ANALYTICS", "OPS"]
SCHEMAS: dict[Schema, str] = {
    "RAW": "Records as the APIs sent them.",
    "CLEAN": "Typed records, each key once.",
    "ANALYTICS": "Tables for people.",
    "OPS": "What the framework remembers.",
}
FILE_FORMAT, STAGE = "FF_JSONL", "STG_LANDING"


@dataclass(frozen=True)
class Account:
    """One environment's warehouse and stage, and the names of what they need."""

    environment: str
    project: str
    warehouse: SnowflakeWarehouse
    stage: S3Stage | AzureStage
    deploy: Deployer

    @property
    def database(self) -> str:
        """Its name."""
        return quote_name(self.warehouse.database)

    @property
    def compute(self) -> str:
        """The virtual warehouse that loads and cleans."""
        return quote_name(self.warehouse.warehouse)

    @property
    def loader(self) -> str:
        """The role that loads and cleans."""
        return quote_name(self.warehouse.role)

    @property
    def deployer(self) -> str:
        """The role that owns the objects."""
        return quote_name(self.deploy.role or f"{self.warehouse.database}_DEPLOYER")

    @property
    def deployer_user(self) -> str:
        """The user that makes them."""
        return quote_name(self.deploy.user or f"{self.warehouse.database}_DEPLOYER")

    @property
    def analyst(self) -> str:
        """The role that reads the marts."""
        return quote_name(self.deploy.analysts.role or f"{self.warehouse.database}_ANALYST")

    @property
    def reader_of_personal_data(self) -> str:
        """The role that reads it unmasked."""
        return quote_name(self.deploy.personal_data.role or f"{self.warehouse.database}_PERSONAL_DATA")

    @property
    def integration(self) -> str:
        """The storage integration."""
        return quote_name(self.warehouse.storage_integration or f"{self.warehouse.database}_STORAGE")

    @property
    def events(self) -> str:
        """Azure: the notification integration of new parts."""
        return quote_name(self.warehouse.notification_integration or f"{self.warehouse.database}_PARTS")

    @property
    def errors(self) -> str | None:
        """The notification integration of failures."""
        return quote_name(self.deploy.errors.integration) if self.deploy.errors else None

    @property
    def on_azure(self) -> bool:
        """Whether the parts are in Azure."""
        return isinstance(self.stage, AzureStage)

    @property
    def folder(self) -> str:
        """The folder of the project in the bucket or container, with a / at its end."""
        return "/".join(part for part in (self.stage.prefix.strip("/"), self.project) if part) + "/"

    @property
    def prefix(self) -> str:
        """What METADATA$FILENAME has before a part's key."""
        return self.folder.removesuffix(f"{self.project}/")

    @property
    def url(self) -> str:
        """The project's folder, as Snowflake names it."""
        if isinstance(self.stage, AzureStage):
            return f"azure://{self.stage.account}.blob.core.windows.net/{self.stage.container}/{self.folder}"
        return f"s3://{self.stage.bucket}/{self.folder}"

    @property
    def queue_url(self) -> str:
        """Azure: the queue that Event Grid tells of new parts."""
        account = self.stage.account if isinstance(self.stage, AzureStage) else ""
        return f"https://{account}.queue.core.windows.net/{self.deploy.storage.azure_queue}"

    @property
    def external_id(self) -> str:
        """S3: what the trust policy asks for."""
        return self.deploy.storage.aws_external_id or f"{self.project}_{self.warehouse.database.lower()}"

    @property
    def makes_storage(self) -> bool:
        """Whether the storage integration can be written down whole."""
        known = self.deploy.storage
        return bool(known.azure_tenant_id if self.on_azure else known.aws_role_arn)

    def within(self, schema: Schema, name: str) -> str:
        """DATABASE.SCHEMA.NAME"""
        return qualified(self.warehouse.database, schema, name)

    def schema(self, schema: Schema) -> str:
        """DATABASE.SCHEMA"""
        return qualified(self.warehouse.database, schema)

    def access(self, schema: Schema, level: Literal["R", "W"]) -> str:
        """The database role that reads, or writes, in a schema."""
        return qualified(self.warehouse.database, f"{schema}_{level}")


def account_of(environment: str, settings: Environment, project: str) -> Account:
    """Raises SettingsError where the environment is not in Snowflake."""
    place = f"framework.yaml: environments.{environment}"
    if not isinstance(settings.warehouse, SnowflakeWarehouse):
        raise SettingsError(
            f"{place}.warehouse is of type {settings.warehouse.type}: it is no account in Snowflake. "
            "Name an environment in Snowflake with --env."
        )
    if not isinstance(settings.stage, S3Stage | AzureStage):
        raise SettingsError(f"{place}.stage: Snowflake can't read a folder of this machine: use type s3 or azure")
    return Account(environment, project, settings.warehouse, settings.stage, settings.deploy or Deployer())
