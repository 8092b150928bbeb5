"""Every rendered statement is run by the emulated account, through the real connector."""

import pytest
import snowflake.connector

from tests.snowflake import running
from tests.snowflake.rendered import wanted

pytestmark = pytest.mark.slow
GIVEN = (
    "CREATE STORAGE INTEGRATION ANALYTICS_STORAGE TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
    "STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::000000000000:role/r' STORAGE_ALLOWED_LOCATIONS = ('s3://acme-raw/lake/')"
)
"""What these environments say their administrator has made."""


@pytest.mark.parametrize("environment", ["s3_copy", "s3_rest", "azure_every"])
def test_the_emulator_runs_what_is_rendered(account: running.Account, environment: str) -> None:
    refused = []
    with snowflake.connector.connect(**account.parameters) as connection, connection.cursor() as cursor:
        if environment.startswith("s3"):
            cursor.execute(GIVEN)
        for each in wanted(environment).objects:
            try:
                cursor.execute(each.ddl)
            except snowflake.connector.errors.Error as problem:
                refused.append((each.ddl, str(problem)))
    assert refused == []
