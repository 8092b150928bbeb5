"""Bucket → event → pipe → RAW → stream → task → CLEAN → mart, by whichever connector runs this file.

python -m tests.snowflake.journey PORT S3_ENDPOINT prints what it saw as JSON; test_journey.py judges it.
"""

import gzip
import json
import sys
from collections.abc import Callable
from typing import Any

import snowflake.connector

from tests.snowflake.running import BUCKET, Account

SETUP = f"""
CREATE DATABASE D;
CREATE SCHEMA D.RAW WITH MANAGED ACCESS;
CREATE SCHEMA D.CLEAN WITH MANAGED ACCESS;
CREATE SCHEMA D.MARTS WITH MANAGED ACCESS;
CREATE WAREHOUSE WH WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60;
CREATE STORAGE INTEGRATION S3I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE
  STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::000000000000:role/r' STORAGE_ALLOWED_LOCATIONS = ('s3://{BUCKET}/');
CREATE FILE FORMAT D.RAW.FF TYPE = JSON COMPRESSION = AUTO;
CREATE STAGE D.RAW.STG URL = 's3://{BUCKET}/in/' STORAGE_INTEGRATION = S3I FILE_FORMAT = (FORMAT_NAME = 'D.RAW.FF');
CREATE TABLE D.RAW.ORDERS (PAYLOAD VARIANT NOT NULL, FILE VARCHAR, LINE NUMBER, CHANGED TIMESTAMP_NTZ(6),
  LOADED_AT TIMESTAMP_LTZ(6)) CHANGE_TRACKING = TRUE;
CREATE TABLE D.CLEAN.ORDERS (ID NUMBER(38,0) NOT NULL, STATUS VARCHAR(16), AMOUNT NUMBER(18,2), AT TIMESTAMP_NTZ,
  NEVER TIMESTAMP_TZ, PRIMARY KEY (ID));
CREATE PIPE D.RAW.P AUTO_INGEST = TRUE AS
  COPY INTO D.RAW.ORDERS (PAYLOAD, FILE, LINE, CHANGED, LOADED_AT)
  FROM (SELECT $1, METADATA$FILENAME, METADATA$FILE_ROW_NUMBER, METADATA$FILE_LAST_MODIFIED, METADATA$START_SCAN_TIME
        FROM @D.RAW.STG/source=shop/)
  PATTERN = '.*[.]jsonl[.]gz' FILE_FORMAT = (FORMAT_NAME = 'D.RAW.FF') ON_ERROR = SKIP_FILE;
CREATE STREAM D.RAW.S ON TABLE D.RAW.ORDERS APPEND_ONLY = TRUE;
CREATE TASK D.CLEAN.T WAREHOUSE = WH WHEN SYSTEM$STREAM_HAS_DATA('D.RAW.S') AS
  MERGE INTO D.CLEAN.ORDERS AS tgt USING (
    SELECT PAYLOAD:id::NUMBER(38,0) AS ID, PAYLOAD:status::VARCHAR AS STATUS,
      TRY_TO_NUMBER(PAYLOAD:amount::VARCHAR, 18, 2) AS AMOUNT, TRY_TO_TIMESTAMP_NTZ(PAYLOAD:at::VARCHAR) AS AT
    FROM D.RAW.S
    QUALIFY ROW_NUMBER() OVER (PARTITION BY PAYLOAD:id::NUMBER(38,0)
      ORDER BY TRY_TO_TIMESTAMP_NTZ(PAYLOAD:at::VARCHAR) DESC NULLS LAST, FILE DESC, LINE DESC) = 1
  ) AS src ON tgt.ID = src.ID
  WHEN MATCHED AND src.AT >= tgt.AT THEN UPDATE SET STATUS = src.STATUS, AMOUNT = src.AMOUNT, AT = src.AT
  WHEN NOT MATCHED THEN INSERT (ID, STATUS, AMOUNT, AT) VALUES (src.ID, src.STATUS, src.AMOUNT, src.AT);
ALTER TASK D.CLEAN.T RESUME;
CREATE DYNAMIC TABLE D.MARTS.DAILY TARGET_LAG = '1 hour' WAREHOUSE = WH REFRESH_MODE = INCREMENTAL AS
  SELECT TO_DATE(AT) AS DAY, COUNT(*) AS ORDERS, SUM(AMOUNT) AS AMOUNT FROM D.CLEAN.ORDERS GROUP BY 1
"""
PARTS: list[list[dict[str, Any]]] = [
    [{"id": 1, "status": "new", "amount": "1.10", "at": "2026-01-01T00:00:00Z"},
     {"id": 2, "status": "new", "amount": "2.20", "at": "2026-01-01T00:00:00+0000"}],
    [{"id": 1, "status": "paid", "amount": "1.10", "at": "2026-01-01T09:00:00Z"},
     {"id": 12345678901234567890, "status": "new", "amount": "3", "at": "2026-01-02 01:02:03.456"}],
    [{"id": 1, "status": "late", "amount": "9", "at": "2026-01-01T08:00:00Z"}],
]  # fmt: skip


def travel(account: Account) -> dict[str, Any]:
    seen: dict[str, Any] = {"connector": snowflake.connector.__version__}
    with snowflake.connector.connect(**account.parameters) as connection, connection.cursor() as cursor:

        def run(sql: str) -> list[Any]:
            cursor.execute(sql)
            return list(cursor.fetchall())

        for statement in SETUP.split(";\n"):
            run(statement)
        shown = _named(run, cursor)
        account.notify(shown["notification_channel"], "in/source=shop/")
        put = account.client("s3").put_object
        for number, part in enumerate(PARTS):
            lines = b"\n".join(json.dumps(record).encode() for record in part)
            put(Bucket=BUCKET, Key=f"in/source=shop/dt=2026-01-01/part-{number}.jsonl.gz", Body=gzip.compress(lines))
            put(Bucket=BUCKET, Key=f"in/source=shop/dt=2026-01-01/note-{number}.txt", Body=b"not for the pipe")
            seen[f"pump {number}"] = account.pump()
        seen["idle"] = account.pump()
        seen["refreshed"] = run("ALTER PIPE D.RAW.P REFRESH")
        seen["after refresh"] = account.pump()
        seen["raw"] = run("SELECT FILE, LINE, PAYLOAD:id::VARCHAR FROM D.RAW.ORDERS ORDER BY 1, 2")
        seen["clean"] = [
            list(map(str, row)) for row in run("SELECT ID, STATUS, AMOUNT, AT, NEVER FROM D.CLEAN.ORDERS ORDER BY 1")
        ]
        seen["mart"] = [list(map(str, row)) for row in run("SELECT DAY, ORDERS, AMOUNT FROM D.MARTS.DAILY ORDER BY 1")]
        seen["history"] = run(
            "SELECT FILE_NAME, STATUS, ROW_COUNT FROM TABLE(D.INFORMATION_SCHEMA.COPY_HISTORY(TABLE_NAME => "
            "'D.RAW.ORDERS', START_TIME => DATEADD('hour', -1, CURRENT_TIMESTAMP()))) ORDER BY 1"
        )
        seen["status"] = json.loads(run("SELECT SYSTEM$PIPE_STATUS('D.RAW.P')")[0][0])["executionState"]
        seen["has data"] = run("SELECT SYSTEM$STREAM_HAS_DATA('D.RAW.S')")[0][0]
    return seen


def _named(run: Callable[[str], list[Any]], cursor: Any) -> dict[str, Any]:
    rows = run("SHOW PIPES IN SCHEMA D.RAW")
    return dict(zip([each[0] for each in cursor.description], rows[0], strict=True))


if __name__ == "__main__":
    print(json.dumps(travel(Account(int(sys.argv[1]), sys.argv[2]))))
