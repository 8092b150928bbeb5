"""What an environment says of the objects in its Snowflake account, and of who may change them: `deploy`."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from framework.model import Count, Span, Strict


def _no_private_key(text: str) -> str:
    if "PRIVATE" in text or text.startswith("secret:"):
        raise PydanticCustomError("word", "this is the place of a public key, which is no secret; `env:NAME` is fine")
    return text


PublicKey = Annotated[str, AfterValidator(_no_private_key)]


class AwsIdentity(Strict):
    """The service user is an IAM role or user of AWS."""

    type: Literal["aws"]
    arn: str
    """Of the role or user, such as arn:aws:iam::111122223333:role/ingest."""


class AzureIdentity(Strict):
    """The service user is a managed identity of Azure."""

    type: Literal["azure"]
    issuer: str
    """https://login.microsoftonline.com/TENANT/v2.0"""
    subject: str
    """The object id of the managed identity."""


Identity = Annotated[AwsIdentity | AzureIdentity, Field(discriminator="type")]


class ServiceUser(Strict):
    """How a service user proves who it is; one that can do neither is made without, and the steps say what to do."""

    public_key: PublicKey | None = None
    """For key_pair: its public key in PEM or as base64; `env:NAME` takes it from the environment."""
    workload_identity: Identity | None = None
    """For workload_identity: who it is in the cloud."""


class Users(Strict):
    """The two service users."""

    loader: ServiceUser = ServiceUser()
    """The user of `warehouse`."""
    deployer: ServiceUser = ServiceUser()
    """The user of `deploy`."""


class Compute(Strict):
    """A virtual warehouse."""

    size: Literal["xsmall", "small", "medium", "large", "xlarge"] = "xsmall"
    """Its size."""
    auto_suspend: Span = timedelta(seconds=60)
    """It stops after that time without work."""
    statement_timeout: Span = timedelta(hours=1)
    """A statement that takes longer is cancelled."""


class Analysts(Strict):
    """Who reads the marts. RAW and OPS are out of their reach."""

    role: str | None = None
    """Their role; without it DATABASE_ANALYST."""
    warehouse: str | None = None
    """Their virtual warehouse; without it they get none from here."""
    compute: Compute = Compute()
    """How large that is."""
    read_clean: bool = False
    """Whether they read CLEAN besides ANALYTICS."""


class Storage(Strict):
    """What the cloud's administrator tells of the stage. Without it the integrations are left to that administrator,
    and the steps say how they are made."""

    aws_role_arn: str | None = None
    """S3: the IAM role that Snowflake takes to read the bucket."""
    aws_external_id: str | None = None
    """S3: the external id of the role's trust policy; without it PROJECT_DATABASE. It is given so that the policy
    stays valid when the integration is made again."""
    aws_sns_topic_arn: str | None = None
    """S3: the topic that tells of new parts, where the bucket's notifications go to one already."""
    azure_tenant_id: str | None = None
    """Azure: the tenant of the storage account."""
    azure_queue: str = "ingest-parts"
    """Azure: the storage queue of the stage's account that Event Grid tells of new parts. No other integration may read
    it: two on one queue lose messages."""


class ErrorNotices(Strict):
    """Where Snowflake says that a pipe or a task failed."""

    integration: str = "INGEST_ERRORS"
    """The notification integration."""
    aws_sns_topic_arn: str | None = None
    """Accounts on AWS: the topic."""
    aws_sns_role_arn: str | None = None
    """Accounts on AWS: the role that may publish to it."""
    azure_event_grid_endpoint: str | None = None
    """Accounts on Azure: the Event Grid topic, such as https://NAME.REGION.eventgrid.azure.net/api/events."""
    azure_tenant_id: str | None = None
    """Accounts on Azure: the topic's tenant."""

    @model_validator(mode="after")
    def _one_cloud(self) -> Self:
        aws = bool(self.aws_sns_topic_arn and self.aws_sns_role_arn)
        azure = bool(self.azure_event_grid_endpoint and self.azure_tenant_id)
        if aws == azure:
            raise PydanticCustomError(
                "one_of",
                "write both `aws_sns_topic_arn` and `aws_sns_role_arn`, or both `azure_event_grid_endpoint` and "
                "`azure_tenant_id`",
            )
        return self


class Tasks(Strict):
    """What brings CLEAN up to RAW by itself."""

    serverless: bool = False
    """Whether Snowflake brings the compute; else it is the warehouse of `warehouse`."""
    interval: Annotated[Span, Field(ge=timedelta(seconds=10))] = timedelta(seconds=60)
    """The least time between two starts of one task: 10 seconds or more."""
    timeout: Span = timedelta(hours=1)
    """A start that takes longer is cancelled."""
    failures: Annotated[int, Field(ge=0)] = 10
    """A task is suspended after so many failures in a row; 0 for never."""


class PersonalData(Strict):
    """What becomes of columns that a spec marks as `personal_data`: they are tagged, and masked if that is wanted."""

    mask: bool = False
    """Whether they are masked by their tag, for all but `role`. Needs Enterprise Edition."""
    role: str | None = None
    """The role that reads them as they are; without it DATABASE_PERSONAL_DATA."""


class Deployer(Strict):
    """Who may change objects in the warehouse, and how they are made there."""

    user: str | None = None
    """The user that makes the objects; without it DATABASE_DEPLOYER."""
    role: str | None = None
    """The role that it takes, which owns them; without it DATABASE_DEPLOYER."""
    private_key: str | None = None
    """Its key: `secret:OWNER#NAME`."""
    private_key_passphrase: str | None = None
    """For a private key that is encrypted: `secret:OWNER#NAME`."""
    token: str | None = None
    """Its token, where the warehouse's `authenticator` takes one: `secret:OWNER#NAME`."""
    users: Users = Users()
    """How the service users prove who they are."""
    allowed_ips: list[str] = []
    """The addresses that the service users may come from, such as 203.0.113.0/24; without any, all."""
    compute: Compute = Compute()
    """The virtual warehouse of `warehouse`."""
    monthly_credits: Count | None = None
    """A resource monitor suspends the virtual warehouses after so many credits a month. Pipes and serverless tasks do
    not count into it: set a budget for them."""
    analysts: Analysts = Analysts()
    """Who reads the marts."""
    retention_days: Annotated[int, Field(ge=0, le=90)] = 1
    """How long Snowflake keeps what is changed or deleted (Time Travel). More than 1 needs Enterprise Edition."""
    storage: Storage = Storage()
    """What the cloud's administrator tells of the stage."""
    errors: ErrorNotices | None = None
    """Where failures are said."""
    tasks: Tasks = Tasks()
    """What brings CLEAN up to RAW by itself."""
    personal_data: PersonalData = PersonalData()
    """What becomes of personal data."""
