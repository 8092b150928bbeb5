"""A Snowflake account as the warehouse."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from framework.model import Span, Strict, holds
from framework.snowflake_session import Login
from framework.warehouses.base import Opening
from framework.warehouses.snowflake_connection import Snowflake

Resolve = Callable[[str], str]
"""A setting, which may be `env:NAME` or `secret:OWNER#NAME` → its value."""


class OAuthClient(Strict):
    """An OAuth client that gets its own access tokens, by its credentials."""

    client_id: str
    """Its id."""
    client_secret: str
    """`secret:OWNER#NAME`."""
    token_url: str
    """Where the identity provider gives tokens."""
    scope: str | None = None
    """Such as session:role:INGEST_LOADER."""


class SnowflakeWarehouse(Strict):
    """A Snowflake account."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": holds("load", "snowpipe_rest"),
            "then": {"properties": {"authenticator": {"const": "key_pair"}}},
        }
    )

    type: Literal["snowflake"]
    account: str
    """The account identifier; `env:NAME` takes it from the environment."""
    user: str
    """The user that loads and cleans."""
    authenticator: Literal["key_pair", "workload_identity", "oauth"] = "key_pair"
    """How the user proves who it is."""
    private_key: str | None = None
    """For key_pair: `secret:OWNER#NAME`."""
    private_key_passphrase: str | None = None
    """For a private key that is encrypted: `secret:OWNER#NAME`."""
    identity: Literal["aws", "azure", "gcp", "oidc"] | None = None
    """For workload_identity: whose identity this process has; without it, that of the stage's cloud."""
    token: str | None = None
    """For oauth an access token, for the identity oidc its token: `secret:OWNER#NAME`."""
    oauth_client: OAuthClient | None = None
    """For oauth, in the place of a token: a client that gets its own."""
    endpoint_url: str | None = None
    """Where the account answers, if not where its name says, such as https://acme.privatelink.snowflakecomputing.com."""
    statement_timeout: Annotated[Span, Field(ge=timedelta(seconds=1))] = timedelta(hours=1)
    """A statement that takes longer is cancelled."""
    database: str
    """The database that holds RAW, CLEAN and ANALYTICS."""
    warehouse: str
    """The virtual warehouse that does the work."""
    role: str
    """The role that the user takes."""
    load: Literal["snowpipe", "snowpipe_rest", "copy"] = "snowpipe"
    """How parts get into RAW: by a pipe that the store's events start, by a pipe that a run calls, or by COPY."""
    load_timeout: Annotated[Span, Field(ge=timedelta(seconds=1))] = timedelta(minutes=15)
    """How long a run waits for a pipe to load its parts, and for a task to fill CLEAN."""
    storage_integration: str | None = None
    """The integration that lets Snowflake read the stage."""
    notification_integration: str | None = None
    """Azure: the integration that tells Snowflake of new parts."""

    @model_validator(mode="after")
    def _calls_need_a_key(self) -> Self:
        if self.load == "snowpipe_rest" and self.authenticator != "key_pair":
            raise PydanticCustomError(
                "word",
                "`load: snowpipe_rest` needs `authenticator: key_pair`: Snowpipe's REST calls take a JWT signed by the "
                "user's private key and nothing else. Write `load: snowpipe` or `load: copy`, or give the user a key",
            )
        return self

    def open(self, opening: Opening) -> Snowflake:
        """Signs in. Raises SettingsError, SecretError, WarehouseError."""
        return Snowflake(self.login(opening.resolve, opening.tag, opening.cloud), self.database)

    def login(
        self, resolve: Resolve, tag: Mapping[str, str], cloud: str, own: Mapping[str, str | None] | None = None
    ) -> Login:
        """Who signs in, and how. `cloud` is that of the stage. `own` says what another user than the loader has of its
        own: user, role, private_key, private_key_passphrase, token. Raises SettingsError or SecretError."""
        mine: dict[str, str | None] = {
            "user": self.user,
            "role": self.role,
            "private_key": self.private_key,
            "private_key_passphrase": self.private_key_passphrase,
            "token": self.token,
        }
        given = {name: text and resolve(text) for name, text in {**mine, **(own or {})}.items()}
        client = self.oauth_client
        asked = {
            "oauth_client_id": client.client_id, "oauth_client_secret": client.client_secret,
            "oauth_token_request_url": client.token_url, "oauth_scope": client.scope,
        } if client and not given["token"] else {}  # fmt: skip
        return Login(
            account=resolve(self.account),
            user=str(given["user"]),
            authenticator=self.authenticator,
            role=given["role"],
            warehouse=self.warehouse,
            url=self.endpoint_url and resolve(self.endpoint_url),
            private_key=given["private_key"],
            private_key_passphrase=given["private_key_passphrase"],
            token=given["token"],
            identity=self.identity or cloud,
            client={name: resolve(text) for name, text in asked.items() if text},
            tag=tag,
            statement_seconds=int(self.statement_timeout.total_seconds()),
        )
