"""Every rendered statement is run by the emulated account, through both major versions of the real connector; what then
lands in the bucket goes all the way to the marts."""

import gzip
import json
from typing import Any

import boto3
import pytest

from tests.snowflake import rendered
from tests.snowflake.by_connector import CONNECTORS, run
from tests.snowflake.running import Account, key_pair

pytestmark = pytest.mark.slow
GIVEN = {
    "s3": ["CREATE STORAGE INTEGRATION S3_RAW TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
           "STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::000000000000:role/r' "
           "STORAGE_ALLOWED_LOCATIONS = ('s3://acme-raw/lake/')",
           "GRANT USAGE ON INTEGRATION S3_RAW TO ROLE ANALYTICS_DEPLOYER"],
    "azure": ["CREATE STORAGE INTEGRATION AZURE_RAW TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'AZURE' ENABLED = TRUE "
              "AZURE_TENANT_ID = 'a' STORAGE_ALLOWED_LOCATIONS = ('azure://acmeraw.blob.core.windows.net/raw/lake/')",
              "GRANT USAGE ON INTEGRATION AZURE_RAW TO ROLE ANALYTICS_DEPLOYER",
              "CREATE NOTIFICATION INTEGRATION AZURE_EVENTS ENABLED = TRUE TYPE = QUEUE "
              "NOTIFICATION_PROVIDER = AZURE_STORAGE_QUEUE AZURE_TENANT_ID = 'a' "
              "AZURE_STORAGE_QUEUE_PRIMARY_URI = 'https://acmeraw.queue.core.windows.net/parts'",
              "GRANT USAGE ON INTEGRATION AZURE_EVENTS TO ROLE ANALYTICS_DEPLOYER"],
}  # fmt: skip
"""What the administrator of these environments has made, and granted as the manual steps say."""
KEY, TOPIC = "MIIBIjANBgkqhkiG", "arn:aws:sns:eu-west-1:111122223333:parts"
"""What framework.yaml has in the place of a key and of the bucket's topic."""
PREFIX = "some/where/lake/"
"""Where the parts of its environment s3_every are in the bucket."""


def deploy(account: Account, environment: str, major: str) -> list[tuple[str, str]]:
    """Runs all that is rendered, each statement by its owner. Returns those that were refused."""
    steps, given = [], [("ACCOUNTADMIN", each) for each in GIVEN.get(environment, [])]
    real = {KEY: key_pair()[0], TOPIC: topic(account)}
    for each in rendered.wanted(environment).objects:
        if each.owner == "ANALYTICS_DEPLOYER":
            steps, given = steps + given, []
        sql = each.ddl
        for example, value in real.items():
            sql = sql.replace(example, value)
        steps.append((each.owner, sql))
    return [(each.sql, each.refused) for each in run(account, major, steps) if each.refused]


def topic(account: Account) -> str:
    """A topic of the bucket's, in the region that the environment names."""
    return str(cloud(account, "sns").create_topic(Name="parts")["TopicArn"])


def cloud(account: Account, service: str) -> Any:
    return boto3.client(service, endpoint_url=account.s3_endpoint, region_name=TOPIC.split(":")[3],
                        aws_access_key_id="test", aws_secret_access_key="test")  # fmt: skip


@pytest.mark.parametrize("major", CONNECTORS)
@pytest.mark.parametrize("environment", rendered.ENVIRONMENTS)
def test_the_emulator_runs_what_is_rendered(account: Account, environment: str, major: str) -> None:
    assert deploy(account, environment, major) == []
    if environment.endswith("_every"):
        assert deploy(account, environment, major) == [], "each statement can be run again"


def part(number: int, *records: dict[str, Any]) -> tuple[str, bytes]:
    """A part of the stream `merged`: its key and its bytes."""
    lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    key = f"{PREFIX}source=every/dt=2026-01-0{number}/hour=00/part-merged-r{number}-0-0.jsonl.gz"
    return key, gzip.compress(lines)


def merged(number: int, at: int, amount: str, *skus: str, **more: Any) -> dict[str, Any]:
    """A record whose lines are these, a millisecond for each `at`."""
    lines = [{"odd-name": {"Größe": sku}, "amount": "0.5"} for sku in skus]
    return {"id": number, "meta": {"at": at}, "amount": amount, "day": "2026-01-01", "order": {"lines": lines}} | more


@pytest.mark.parametrize("major", CONNECTORS)
def test_what_lands_in_the_bucket_is_in_the_marts(account: Account, major: str) -> None:
    s3 = cloud(account, "s3")
    s3.create_bucket(Bucket="acme-raw", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert deploy(account, "s3_every", major) == []
    rule = {"Name": "prefix", "Value": PREFIX}
    wanted = {"TopicArn": topic(account), "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [rule]}}}
    s3.put_bucket_notification_configuration(
        Bucket="acme-raw", NotificationConfiguration={"TopicConfigurations": [wanted]}
    )
    parts = [
        part(1, merged(1, 1, "1.10", "a", "b"), merged(2, 1, "5", "a")),
        part(2, merged(1, 3, "2.20", "b"), merged(12345678901234567890, 1, "7.0001")),
        part(3, merged(1, 2, "9", "late"), merged(2, 4, "5", "a", deleted=True)),
    ]
    for again in (False, True):
        for key, body in parts:
            s3.put_object(Bucket="acme-raw", Key=key, Body=body)
            s3.put_object(Bucket="acme-raw", Key=key.replace("source=every", "_log"), Body=b"not for the pipe")
            seen = account.pump()
            assert (seen["files"], seen["tasks"] > 0) == ((0, False) if again else (1, True)), key
        answers = run(account, major, [("SYSADMIN", "ALTER PIPE LAKE.RAW.PIPE_EVERY REFRESH")])
        assert (answers[0].rows, account.pump()["files"]) == ([], 0), "what is loaded is not loaded again"
        queries = [
            "SELECT SRC_RUN_ID, COUNT(*) FROM LAKE.RAW.RAW_EVERY_JSON GROUP BY 1 ORDER BY 1",
            "SELECT MERGED_ID::VARCHAR, AMOUNT::VARCHAR FROM LAKE.CLEAN.CLN_MERGED ORDER BY MERGED_ID",
            "SELECT MERGED_ID::VARCHAR, LINE, SKU FROM LAKE.CLEAN.CLN_MERGED_LINE ORDER BY MERGED_ID, LINE",
            "SELECT DAY::VARCHAR, RECORDS FROM LAKE.ANALYTICS.ANL_ALL",
            "SELECT SKU, AMOUNT::VARCHAR FROM LAKE.ANALYTICS.ANL_LINES",
        ]
        found = run(account, major, [("SYSADMIN", each) for each in queries])
        assert [each.refused for each in found] == [""] * len(queries)
        assert [each.rows for each in found] == [
            [["r1", 2], ["r2", 2], ["r3", 2]],
            [["1", "2.2000"], ["12345678901234567890", "7.0001"]],
            [["1", 1, "b"]],
            [["2026-01-01", 1]],
            [["b", "0.5000"]],
        ]
