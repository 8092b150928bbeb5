"""What each kind of object may be told in CREATE and in ALTER … SET, from Snowflake's reference pages."""

from .options import Options, addresses, anything, boolean, group, identifier, integer, names, one_of, raw, text, texts

SIZES = ("XSMALL", "X-SMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "X-LARGE", "XXLARGE", "X2LARGE", "2X-LARGE",
         "XXXLARGE", "X3LARGE", "3X-LARGE", "X4LARGE", "4X-LARGE", "X5LARGE", "5X-LARGE", "X6LARGE",
         "6X-LARGE")  # fmt: skip
LEVEL = one_of("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF")
RETENTION: Options = {"DATA_RETENTION_TIME_IN_DAYS": integer, "MAX_DATA_EXTENSION_TIME_IN_DAYS": integer}
CONTAINER: Options = RETENTION | {
    "DEFAULT_DDL_COLLATION": text, "EXTERNAL_VOLUME": identifier, "CATALOG": identifier, "LOG_LEVEL": LEVEL,
    "TRACE_LEVEL": one_of("ALWAYS", "ON_EVENT", "PROPAGATE", "OFF"), "REPLACE_INVALID_CHARACTERS": boolean,
    "STORAGE_SERIALIZATION_POLICY": one_of("COMPATIBLE", "OPTIMIZED"), "COMMENT": text,
    "QUOTED_IDENTIFIERS_IGNORE_CASE": boolean, "PIPE_EXECUTION_PAUSED": boolean,
    "SUSPEND_TASK_AFTER_NUM_FAILURES": integer, "USER_TASK_TIMEOUT_MS": integer,
}  # fmt: skip
WAREHOUSE: Options = {
    "WAREHOUSE_TYPE": one_of("STANDARD", "SNOWPARK-OPTIMIZED"), "WAREHOUSE_SIZE": one_of(*SIZES),
    "RESOURCE_CONSTRAINT": anything, "GENERATION": text, "MAX_CLUSTER_COUNT": integer, "MIN_CLUSTER_COUNT": integer,
    "SCALING_POLICY": one_of("STANDARD", "ECONOMY"), "AUTO_SUSPEND": integer, "AUTO_RESUME": boolean,
    "INITIALLY_SUSPENDED": boolean, "RESOURCE_MONITOR": identifier, "COMMENT": text,
    "ENABLE_QUERY_ACCELERATION": boolean, "QUERY_ACCELERATION_MAX_SCALE_FACTOR": integer,
    "MAX_CONCURRENCY_LEVEL": integer, "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": integer,
    "STATEMENT_TIMEOUT_IN_SECONDS": integer,
}  # fmt: skip
USER: Options = {
    "PASSWORD": text, "LOGIN_NAME": anything, "DISPLAY_NAME": anything, "FIRST_NAME": text, "LAST_NAME": text,
    "EMAIL": text, "MUST_CHANGE_PASSWORD": boolean, "DISABLED": boolean, "DAYS_TO_EXPIRY": integer,
    "MINS_TO_UNLOCK": integer, "DEFAULT_WAREHOUSE": identifier, "DEFAULT_NAMESPACE": identifier,
    "DEFAULT_ROLE": identifier, "DEFAULT_SECONDARY_ROLES": texts, "RSA_PUBLIC_KEY": text,
    "RSA_PUBLIC_KEY_2": text, "TYPE": one_of("PERSON", "SERVICE", "LEGACY_SERVICE"), "COMMENT": text,
    "NETWORK_POLICY": identifier, "STATEMENT_TIMEOUT_IN_SECONDS": integer, "TIMEZONE": text, "QUERY_TAG": text,
    "WORKLOAD_IDENTITY": group({"TYPE": one_of("AWS", "AZURE", "GCP", "OIDC"), "ARN": text, "ISSUER": text,
                                "SUBJECT": text, "OIDC_AUDIENCE_LIST": texts}, "WORKLOAD_IDENTITY"),
}  # fmt: skip
MONITOR: Options = {
    "CREDIT_QUOTA": integer, "FREQUENCY": one_of("MONTHLY", "DAILY", "WEEKLY", "YEARLY", "NEVER"),
    "START_TIMESTAMP": anything, "END_TIMESTAMP": anything, "NOTIFY_USERS": names,
}  # fmt: skip
STORAGE: Options = {
    "TYPE": one_of("EXTERNAL_STAGE"), "STORAGE_PROVIDER": one_of("S3", "S3GOV", "GCS", "AZURE"), "ENABLED": boolean,
    "STORAGE_AWS_ROLE_ARN": text, "STORAGE_AWS_EXTERNAL_ID": text, "STORAGE_AWS_OBJECT_ACL": text,
    "AZURE_TENANT_ID": text, "STORAGE_ALLOWED_LOCATIONS": texts, "STORAGE_BLOCKED_LOCATIONS": texts,
    "USE_PRIVATELINK_ENDPOINT": boolean, "COMMENT": text,
}  # fmt: skip
NOTIFICATION: Options = {
    "TYPE": one_of("QUEUE", "EMAIL", "WEBHOOK"), "DIRECTION": one_of("INBOUND", "OUTBOUND"), "ENABLED": boolean,
    "NOTIFICATION_PROVIDER": one_of("AZURE_STORAGE_QUEUE", "AZURE_EVENT_GRID", "AWS_SNS", "GCP_PUBSUB"),
    "AZURE_STORAGE_QUEUE_PRIMARY_URI": text, "AZURE_EVENT_GRID_TOPIC_ENDPOINT": text, "AZURE_TENANT_ID": text,
    "AWS_SNS_TOPIC_ARN": text, "AWS_SNS_ROLE_ARN": text, "GCP_PUBSUB_SUBSCRIPTION_NAME": text,
    "ALLOWED_RECIPIENTS": texts, "USE_PRIVATELINK_ENDPOINT": boolean, "COMMENT": text,
}  # fmt: skip
COMPRESSION = one_of("AUTO", "GZIP", "BZ2", "BROTLI", "ZSTD", "DEFLATE", "RAW_DEFLATE", "NONE")
FORMATS: dict[str, Options] = {
    "JSON": {
        "COMPRESSION": COMPRESSION, "DATE_FORMAT": text, "TIME_FORMAT": text, "TIMESTAMP_FORMAT": text,
        "BINARY_FORMAT": one_of("HEX", "BASE64", "UTF8"), "TRIM_SPACE": boolean, "MULTI_LINE": boolean,
        "NULL_IF": texts, "FILE_EXTENSION": text, "ENABLE_OCTAL": boolean, "ALLOW_DUPLICATE": boolean,
        "STRIP_OUTER_ARRAY": boolean, "STRIP_NULL_VALUES": boolean, "REPLACE_INVALID_CHARACTERS": boolean,
        "IGNORE_UTF8_ERRORS": boolean, "SKIP_BYTE_ORDER_MARK": boolean,
    },
    "CSV": {
        "COMPRESSION": COMPRESSION, "RECORD_DELIMITER": text, "FIELD_DELIMITER": anything, "MULTI_LINE": boolean,
        "FILE_EXTENSION": text, "PARSE_HEADER": boolean, "SKIP_HEADER": integer, "SKIP_BLANK_LINES": boolean,
        "DATE_FORMAT": text, "TIME_FORMAT": text, "TIMESTAMP_FORMAT": text, "ESCAPE": anything,
        "ESCAPE_UNENCLOSED_FIELD": anything, "TRIM_SPACE": boolean, "FIELD_OPTIONALLY_ENCLOSED_BY": anything,
        "NULL_IF": texts, "ERROR_ON_COLUMN_COUNT_MISMATCH": boolean, "REPLACE_INVALID_CHARACTERS": boolean,
        "EMPTY_FIELD_AS_NULL": boolean, "SKIP_BYTE_ORDER_MARK": boolean, "ENCODING": text,
        "BINARY_FORMAT": one_of("HEX", "BASE64", "UTF8"),
    },
    "PARQUET": {
        "COMPRESSION": one_of("AUTO", "LZO", "SNAPPY", "NONE"), "SNAPPY_COMPRESSION": boolean,
        "BINARY_AS_TEXT": boolean, "USE_LOGICAL_TYPE": boolean, "TRIM_SPACE": boolean,
        "USE_VECTORIZED_SCANNER": boolean, "REPLACE_INVALID_CHARACTERS": boolean, "NULL_IF": texts,
    },
    "AVRO": {"COMPRESSION": COMPRESSION, "TRIM_SPACE": boolean, "REPLACE_INVALID_CHARACTERS": boolean,
             "NULL_IF": texts},
    "ORC": {"TRIM_SPACE": boolean, "REPLACE_INVALID_CHARACTERS": boolean, "NULL_IF": texts},
    "XML": {"COMPRESSION": COMPRESSION, "PRESERVE_SPACE": boolean, "STRIP_OUTER_ELEMENT": boolean,
            "DISABLE_AUTO_CONVERT": boolean, "REPLACE_INVALID_CHARACTERS": boolean, "SKIP_BYTE_ORDER_MARK": boolean,
            "IGNORE_UTF8_ERRORS": boolean},
}  # fmt: skip
ANY_FORMAT: Options = {"TYPE": one_of(*FORMATS), "FORMAT_NAME": identifier, "COMMENT": text} | {
    name: value for options in FORMATS.values() for name, value in options.items()
}
FILE_FORMAT = group(ANY_FORMAT, "FILE_FORMAT")
STAGE: Options = {
    "URL": text, "STORAGE_INTEGRATION": identifier, "USE_PRIVATELINK_ENDPOINT": boolean, "COMMENT": text,
    "ENCRYPTION": group({"TYPE": one_of("SNOWFLAKE_FULL", "SNOWFLAKE_SSE", "AWS_CSE", "AWS_SSE_S3", "AWS_SSE_KMS",
                                        "AZURE_CSE", "GCS_SSE_KMS", "NONE"), "MASTER_KEY": text, "KMS_KEY_ID": text},
                        "ENCRYPTION"),
    "DIRECTORY": group({"ENABLE": boolean, "AUTO_REFRESH": boolean, "REFRESH_ON_CREATE": boolean,
                        "NOTIFICATION_INTEGRATION": identifier}, "DIRECTORY"),
    "FILE_FORMAT": FILE_FORMAT,
    "CREDENTIALS": group({"AWS_KEY_ID": text, "AWS_SECRET_KEY": text, "AWS_TOKEN": text, "AWS_ROLE": text,
                          "AZURE_SAS_TOKEN": text}, "CREDENTIALS"),
}  # fmt: skip
TABLE: Options = RETENTION | {
    "ENABLE_SCHEMA_EVOLUTION": boolean, "CHANGE_TRACKING": boolean, "DEFAULT_DDL_COLLATION": text, "COMMENT": text,
    "ERROR_LOGGING": boolean,
}  # fmt: skip
COPY: Options = {
    "FILES": texts, "PATTERN": text, "FILE_FORMAT": FILE_FORMAT, "ON_ERROR": anything, "SIZE_LIMIT": integer,
    "PURGE": boolean, "RETURN_FAILED_ONLY": boolean, "ENFORCE_LENGTH": boolean, "TRUNCATECOLUMNS": boolean,
    "FORCE": boolean, "LOAD_UNCERTAIN_FILES": boolean, "VALIDATION_MODE": one_of("RETURN_ERRORS", "RETURN_ALL_ERRORS"),
    "MATCH_BY_COLUMN_NAME": one_of("CASE_SENSITIVE", "CASE_INSENSITIVE", "NONE"), "INCLUDE_METADATA": raw,
    "LOAD_MODE": one_of("FULL_INGEST", "ADD_FILES_COPY"),
}  # fmt: skip
PIPE: Options = {
    "AUTO_INGEST": boolean, "ERROR_INTEGRATION": identifier, "AWS_SNS_TOPIC": text, "INTEGRATION": identifier,
    "COMMENT": text,
}  # fmt: skip
STREAM: Options = {"APPEND_ONLY": boolean, "INSERT_ONLY": boolean, "SHOW_INITIAL_ROWS": boolean, "COMMENT": text}
SESSION: Options = {
    "TIMEZONE": text, "QUERY_TAG": text, "STATEMENT_TIMEOUT_IN_SECONDS": integer, "TIMESTAMP_INPUT_FORMAT": text,
    "DATE_INPUT_FORMAT": text, "TIME_INPUT_FORMAT": text, "TIMESTAMP_TYPE_MAPPING": anything, "WEEK_START": integer,
    "ERROR_ON_NONDETERMINISTIC_MERGE": boolean, "LOCK_TIMEOUT": integer,
}  # fmt: skip
"""Session parameters that a task may carry."""
TASK: Options = SESSION | {
    "WAREHOUSE": identifier, "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE": one_of(*SIZES), "SCHEDULE": text,
    "CONFIG": text, "ALLOW_OVERLAPPING_EXECUTION": boolean, "OVERLAP_POLICY": anything,
    "USER_TASK_TIMEOUT_MS": integer, "SUSPEND_TASK_AFTER_NUM_FAILURES": integer, "ERROR_INTEGRATION": identifier,
    "SUCCESS_INTEGRATION": identifier, "LOG_LEVEL": LEVEL, "COMMENT": text, "FINALIZE": identifier,
    "TASK_AUTO_RETRY_ATTEMPTS": integer, "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS": integer,
    "TARGET_COMPLETION_INTERVAL": text, "SERVERLESS_TASK_MIN_STATEMENT_SIZE": one_of(*SIZES),
    "SERVERLESS_TASK_MAX_STATEMENT_SIZE": one_of(*SIZES), "EXECUTE_AS_USER": identifier,
}  # fmt: skip
DYNAMIC: Options = RETENTION | {
    "TARGET_LAG": anything, "WAREHOUSE": identifier, "INITIALIZATION_WAREHOUSE": identifier,
    "REFRESH_MODE": one_of("AUTO", "FULL", "INCREMENTAL"), "INITIALIZE": one_of("ON_CREATE", "ON_SCHEDULE"),
    "SCHEDULER": one_of("ENABLE", "DISABLE"), "COMMENT": text,
}  # fmt: skip
COMMENT: Options = {"COMMENT": text}
CREATE: dict[str, Options] = {
    "DATABASE": CONTAINER, "SCHEMA": CONTAINER, "WAREHOUSE": WAREHOUSE, "USER": USER, "RESOURCE MONITOR": MONITOR,
    "ROLE": COMMENT, "DATABASE ROLE": COMMENT,
    "NETWORK RULE": {"TYPE": one_of("IPV4", "AWSVPCEID", "AZURELINKID", "HOST_PORT", "PRIVATE_HOST_PORT"),
                     "MODE": one_of("INGRESS", "INTERNAL_STAGE", "EGRESS"), "VALUE_LIST": texts, "COMMENT": text},
    "NETWORK POLICY": {"ALLOWED_NETWORK_RULE_LIST": names, "BLOCKED_NETWORK_RULE_LIST": names,
                       "ALLOWED_IP_LIST": addresses, "BLOCKED_IP_LIST": addresses, "COMMENT": text},
    "STORAGE INTEGRATION": STORAGE, "NOTIFICATION INTEGRATION": NOTIFICATION,
    "FILE FORMAT": {name: value for name, value in ANY_FORMAT.items() if name != "FORMAT_NAME"},
    "STAGE": STAGE, "TABLE": TABLE, "PIPE": PIPE, "STREAM": STREAM, "TASK": TASK, "DYNAMIC TABLE": DYNAMIC,
    "VIEW": COMMENT | {"CHANGE_TRACKING": boolean}, "MATERIALIZED VIEW": COMMENT,
    "TAG": COMMENT, "MASKING POLICY": COMMENT | {"EXEMPT_OTHER_POLICIES": boolean}, "ROW ACCESS POLICY": COMMENT,
    "SEQUENCE": {"START": integer, "INCREMENT": integer, "COMMENT": text},
    "PROCEDURE": COMMENT, "ALERT": {"WAREHOUSE": identifier, "SCHEDULE": text, "COMMENT": text},
}  # fmt: skip
REQUIRED = {
    "STORAGE INTEGRATION": ("TYPE", "STORAGE_PROVIDER", "ENABLED", "STORAGE_ALLOWED_LOCATIONS"),
    "NOTIFICATION INTEGRATION": ("TYPE", "ENABLED"),
    "NETWORK RULE": ("TYPE", "MODE", "VALUE_LIST"),
    "DYNAMIC TABLE": ("TARGET_LAG", "WAREHOUSE"),
}
FIXED = {
    "STAGE": ("DIRECTORY",),
    "PIPE": ("AUTO_INGEST", "AWS_SNS_TOPIC", "INTEGRATION"),
    "STREAM": ("APPEND_ONLY", "INSERT_ONLY", "SHOW_INITIAL_ROWS"),
    "STORAGE INTEGRATION": ("TYPE", "STORAGE_PROVIDER"),
    "NOTIFICATION INTEGRATION": ("TYPE", "DIRECTION", "NOTIFICATION_PROVIDER"),
    "WAREHOUSE": ("INITIALLY_SUSPENDED",),
    "DYNAMIC TABLE": ("INITIALIZE",),
    "NETWORK RULE": ("TYPE", "MODE"),
    "FILE FORMAT": ("TYPE",),
    "PROCEDURE": (),
}
"""What ALTER … SET cannot change."""
ALTER: dict[str, Options] = {
    kind: {name: value for name, value in choices.items() if name not in FIXED.get(kind, ())}
    for kind, choices in CREATE.items()
}
ALTER["PIPE"] = {**ALTER["PIPE"], "PIPE_EXECUTION_PAUSED": boolean}
KINDS = sorted([*CREATE, "INTEGRATION"], key=len, reverse=True)
"""The longest first, to be read off a statement."""
