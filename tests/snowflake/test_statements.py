"""What Snowflake accepts the emulator does, what Snowflake refuses it refuses."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
import snowflake.connector

from tests.snowflake import running
from tests.snowflake.rendered import HERE, blocks

pytestmark = pytest.mark.slow
VALID, INVALID = blocks(HERE / "valid.sql"), blocks(HERE / "invalid.sql")
NOT_EMULATED = {
    "stage.put": "the connector itself moves files to an internal stage; the tool loads from external ones",
    "stage.get": "as PUT",
    "copy.unload": "nothing is unloaded to a stage",
}
ROLE = ("rbac.use_role", "USE ROLE ACCOUNTADMIN")
BEFORE = {
    "rbac.create_role": ["CREATE USER OPS_USER"],
    "ff.create_json": [
        "CREATE TAG INGEST_DEV.OPS.SOURCE",
        "CREATE TAG INGEST_DEV.OPS.PII",
        "CREATE TABLE INGEST_DEV.OPS.T_LOG (N NUMBER)",
    ],
    "raw.undrop": [
        "CREATE TABLE INGEST_DEV.RAW.RAW_ORDERS_GONE (N NUMBER)",
        "INSERT INTO INGEST_DEV.RAW.RAW_ORDERS_GONE VALUES (7)",
        "DROP TABLE INGEST_DEV.RAW.RAW_ORDERS_GONE",
    ],
    "copy.plain_variant": [
        "CREATE TABLE INGEST_DEV.RAW.RAW_ONECOL (P VARIANT)",
        "CREATE TABLE INGEST_DEV.RAW.RAW_MATCH (ID NUMBER, STATUS VARCHAR, SRC_FILENAME VARCHAR, "
        "LOADED_AT TIMESTAMP_LTZ)",
    ],
    "clean.insert_select": [
        "CREATE TABLE INGEST_DEV.CLEAN.CLN_ORDER_ITEMS (ORDER_ID NUMBER, LINE_NO NUMBER, SKU VARCHAR, QTY NUMBER(10,0))"
    ],
    "meta.result_scan": ["SHOW ROLES LIKE 'INGEST_LOADER'"],
}
"""What a statement needs that none before it has made."""
ROWS: dict[str, Any] = {
    "stage.directory_table": [("source=orders/dt=2026-01-01/hour=00/part-0001.jsonl.gz",)],
    "copy.files_force_purge": [
        ("s3://ingest-dev/landing/source=orders/dt=2026-01-01/hour=00/part-0001.jsonl.gz", "LOADED", 3)
    ],
    "copy.s3_external": [("Copy executed with 0 files processed.",)],
    "pipe.refresh": [("source=orders/dt=2026-01-01/hour=00/part-0001.jsonl.gz", "SENT")],
    "meta.result_scan": [("INGEST_LOADER",)],
    "txn.rollback": [("Statement executed successfully.",)],
    "script.exec_immediate": [(1,)],
    "script.call": [("ok",)],
    "clean.merge_qualify": [(0, 0)],
    "raw.undrop": [("Table RAW_ORDERS_GONE successfully restored.",)],
}
"""The first columns that these must answer with."""


@pytest.fixture(scope="module")
def answers(_servers: running.Account) -> dict[str, Any]:
    """Every valid statement run once, in order: its rows, or its error."""
    _servers.reset()
    s3 = _servers.client("s3")
    s3.create_bucket(Bucket="ingest-dev")
    record = {
        "id": 1,
        "status": "new",
        "amount": "1.50",
        "created_at": "2026-01-01T00:00:00Z",
        "items": [{"sku": "x", "qty": 2}],
    }
    lines = b"\n".join(json.dumps({**record, "id": number}).encode() for number in range(3))
    s3.put_object(
        Bucket="ingest-dev",
        Key="landing/source=orders/dt=2026-01-01/hour=00/part-0001.jsonl.gz",
        Body=gzip.compress(lines),
    )
    filled = {
        "{public_key}": running.key_pair()[0],
        "{topic}": _servers.client("sns").create_topic(Name="landing")["TopicArn"],
    }
    found: dict[str, Any] = {}
    with snowflake.connector.connect(**_servers.parameters) as connection, connection.cursor() as cursor:

        def run(sql: str) -> list[tuple[Any, ...]]:
            cursor.execute(sql)
            return list(cursor.fetchall())

        for name, statement in VALID.items():
            for before in BEFORE.get(name, []):
                run(before)
            filled_in = statement
            for key, value in filled.items():
                filled_in = filled_in.replace(key, value)
            try:
                found[name] = run(filled_in)
            except snowflake.connector.errors.Error as problem:
                found[name] = problem
            if name == ROLE[0]:
                run(ROLE[1])
        for each in ("RAW.RAW_ONECOL", "RAW.RAW_ORDERS_GONE", "CLEAN.CLN_ORDERS"):
            found[each] = run(f"SELECT COUNT(*) FROM INGEST_DEV.{each}")[0][0]
    return found


@pytest.mark.parametrize("name", VALID)
def test_a_valid_statement_is_done(answers: dict[str, Any], name: str) -> None:
    answer = answers[name]
    if name in NOT_EMULATED:
        assert isinstance(answer, snowflake.connector.errors.Error)
        assert "of this emulator" in str(answer)
        return
    assert isinstance(answer, list), f"{VALID[name]}\n{answer}"
    if name in ROWS:
        assert [row[: len(wanted)] for row, wanted in zip(answer, ROWS[name], strict=True)] == ROWS[name]


def test_what_they_did_is_there(answers: dict[str, Any]) -> None:
    assert answers["RAW.RAW_ONECOL"] == 3, "loaded by FILES, then skipped as loaded before"
    assert answers["RAW.RAW_ORDERS_GONE"] == 1, "UNDROP brings the rows back"


@pytest.fixture(scope="module")
def refusing(_servers: running.Account) -> Iterator[Any]:
    """An account in which every name of the invalid statements is there: only what is written can be wrong."""
    _servers.reset()
    with snowflake.connector.connect(**_servers.parameters) as connection, connection.cursor() as cursor:
        for statement in (
            "CREATE DATABASE D",
            "CREATE SCHEMA D.A",
            "CREATE SCHEMA D.RAW",
            "CREATE ROLE R",
            "CREATE WAREHOUSE W",
            "CREATE TABLE D.RAW.T (A VARIANT, B VARIANT, PAYLOAD VARIANT)",
            "CREATE TABLE D.RAW.S (A VARIANT, B VARIANT)",
            "CREATE STAGE D.RAW.S",
            "CREATE PIPE D.RAW.P AS COPY INTO D.RAW.T (A) FROM (SELECT $1 FROM @D.RAW.S) FILE_FORMAT = (TYPE = JSON)",
            "DROP TABLE D.RAW.S",
            "CREATE TABLE D.RAW.S (A NUMBER, B NUMBER)",
            "CREATE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
            "STORAGE_AWS_ROLE_ARN = 'x' STORAGE_ALLOWED_LOCATIONS = ('s3://b/')",
        ):
            cursor.execute(statement)
        yield cursor


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_statement_is_refused_for_what_is_written(refusing: Any, name: str) -> None:
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as refused:
        refusing.execute(INVALID[name])
    assert "does not exist" not in str(refused.value)
    assert refused.value.errno not in (2, 603, 90105, 90106), str(refused.value)
