"""Where tables are: a file per kind of warehouse."""

from typing import Annotated

from pydantic import Field

from framework.warehouses.duckdb import DuckDBWarehouse
from framework.warehouses.snowflake import SnowflakeWarehouse

WarehouseSpec = Annotated[DuckDBWarehouse | SnowflakeWarehouse, Field(discriminator="type")]
