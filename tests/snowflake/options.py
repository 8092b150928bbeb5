"""A smallest statement of each kind, with a place for one more option, and how ALTER names what it makes."""

AZURE = "AZURE_TENANT_ID = 'a' AZURE_STORAGE_QUEUE_PRIMARY_URI = 'https://a.queue.core.windows.net/q'"
OPTIONS = {
    "database": ("CREATE DATABASE X {more}", "DATABASE X"),
    "schema": ("CREATE SCHEMA D.X WITH MANAGED ACCESS {more}", "SCHEMA D.X"),
    "warehouse": ("CREATE WAREHOUSE X AUTO_SUSPEND = 60 {more}", "WAREHOUSE X"),
    "resource monitor": ("CREATE RESOURCE MONITOR X WITH CREDIT_QUOTA = 1 {more}", "RESOURCE MONITOR X"),
    "role": ("CREATE ROLE X {more}", "ROLE X"),
    "database role": ("CREATE DATABASE ROLE D.X {more}", "DATABASE ROLE D.X"),
    "user": ("CREATE USER X TYPE = SERVICE {more}", "USER X"),
    "network rule": (
        "CREATE NETWORK RULE D.RAW.X TYPE = IPV4 MODE = INGRESS VALUE_LIST = ('10.0.0.0/8') {more}",
        "NETWORK RULE D.RAW.X",
    ),
    "network policy": ("CREATE NETWORK POLICY X ALLOWED_IP_LIST = ('10.0.0.0/8') {more}", "NETWORK POLICY X"),
    "storage integration": (
        "CREATE STORAGE INTEGRATION X TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
        "STORAGE_AWS_ROLE_ARN = 'r' STORAGE_ALLOWED_LOCATIONS = ('s3://b/') {more}",
        "STORAGE INTEGRATION X",
    ),
    "notification integration": (
        "CREATE NOTIFICATION INTEGRATION X ENABLED = TRUE TYPE = QUEUE NOTIFICATION_PROVIDER = AZURE_STORAGE_QUEUE "
        f"{AZURE} {{more}}",
        "NOTIFICATION INTEGRATION X",
    ),
    "file format": ("CREATE FILE FORMAT D.RAW.X TYPE = JSON {more}", "FILE FORMAT D.RAW.X"),
    "stage": ("CREATE STAGE D.RAW.X {more}", "STAGE D.RAW.X"),
    "table": ("CREATE TABLE D.RAW.X (A NUMBER) {more}", "TABLE D.RAW.X"),
    "pipe": ("CREATE PIPE D.RAW.X {more} AS COPY INTO D.RAW.T (P) FROM (SELECT $1 FROM @D.RAW.S)", "PIPE D.RAW.X"),
    "stream": ("CREATE STREAM D.RAW.X ON TABLE D.RAW.T {more}", "STREAM D.RAW.X"),
    "task": ("CREATE TASK D.RAW.X SCHEDULE = '5 MINUTE' {more} AS DELETE FROM D.RAW.T", "TASK D.RAW.X"),
    "dynamic table": (
        "CREATE DYNAMIC TABLE D.RAW.X TARGET_LAG = DOWNSTREAM WAREHOUSE = W {more} AS SELECT N FROM D.RAW.T",
        "DYNAMIC TABLE D.RAW.X",
    ),
    "view": ("CREATE VIEW D.RAW.X {more} AS SELECT N FROM D.RAW.T", "VIEW D.RAW.X"),
    "tag": ("CREATE TAG D.RAW.X {more}", "TAG D.RAW.X"),
    "masking policy": (
        "CREATE MASKING POLICY D.RAW.X AS (V VARCHAR) RETURNS VARCHAR -> V COMMENT = 'x' {more}",
        "MASKING POLICY D.RAW.X",
    ),
}
