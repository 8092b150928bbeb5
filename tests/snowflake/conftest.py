"""An emulated account for each test; its processes are started once."""

from collections.abc import Iterator

import pytest
import snowflake.connector

from tests.snowflake import running
from tests.snowflake.deployed import Deployed


@pytest.fixture(scope="session")
def _servers() -> Iterator[running.Account]:
    with running.account() as account:
        yield account


@pytest.fixture
def account(_servers: running.Account) -> running.Account:
    """Empty: one user ADMIN (ACCOUNTADMIN), one warehouse COMPUTE_WH, one bucket."""
    _servers.reset()
    return _servers


@pytest.fixture
def cursor(account: running.Account) -> Iterator[snowflake.connector.cursor.SnowflakeCursor]:
    """The real connector, logged in as the account's admin."""
    with snowflake.connector.connect(**account.parameters) as connection, connection.cursor() as made:
        yield made


@pytest.fixture
def deployed(account: running.Account) -> Iterator[Deployed]:
    """The account's administrator, who deploys."""
    made = Deployed(account)
    yield made
    made.close()
