"""A Snowflake account as the warehouse."""

from pathlib import Path
from typing import Literal

from framework.errors import NotBuilt
from framework.model import Strict
from framework.warehouses.base import Warehouse


class SnowflakeWarehouse(Strict):
    """A Snowflake account."""

    type: Literal["snowflake"]
    account: str
    """The account identifier; `env:NAME` takes it from the environment."""
    user: str
    """The user that loads and cleans."""
    authenticator: Literal["key_pair", "workload_identity", "oauth"] = "key_pair"
    """How the user proves who it is."""
    private_key: str | None = None
    """For key_pair: `secret:OWNER#NAME`."""
    database: str
    """The database that holds RAW, CLEAN and ANALYTICS."""
    warehouse: str
    """The virtual warehouse that does the work."""
    role: str
    """The role that the user takes."""
    load: Literal["snowpipe", "snowpipe_rest", "copy"] = "snowpipe"
    """How parts get into RAW."""
    storage_integration: str | None = None
    """The integration that lets Snowflake read the stage."""
    notification_integration: str | None = None
    """Azure: the integration that tells Snowflake of new parts."""

    def open(self, project_folder: Path) -> Warehouse:
        """Not yet."""
        raise NotBuilt("the warehouse snowflake is not built yet: use `warehouse: {type: duckdb, path: …}`")
