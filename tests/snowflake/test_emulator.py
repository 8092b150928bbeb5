"""The emulator is as strict as Snowflake, and remembers what Snowflake remembers."""

import gzip
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import snowflake.connector
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from joserfc import jwt
from joserfc.jwk import RSAKey
from snowflake.connector.errors import DatabaseError, ProgrammingError

from tests.snowflake import running
from tests.snowflake.options import OPTIONS

pytestmark = pytest.mark.slow
SETUP = (
    "CREATE DATABASE D", "CREATE SCHEMA D.RAW", "CREATE WAREHOUSE W",
    "CREATE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
    f"STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::000000000000:role/r' STORAGE_ALLOWED_LOCATIONS = ('s3://{running.BUCKET}/')",
    f"CREATE STAGE D.RAW.S URL = 's3://{running.BUCKET}/' STORAGE_INTEGRATION = I FILE_FORMAT = (TYPE = JSON)",
    "CREATE TABLE D.RAW.T (P VARIANT, F VARCHAR, N NUMBER)",
)  # fmt: skip
COPY = "COPY INTO D.RAW.T FROM (SELECT $1, METADATA$FILENAME, METADATA$FILE_ROW_NUMBER FROM @D.RAW.S/a/)"
PIPE = f"CREATE OR REPLACE PIPE D.RAW.P AUTO_INGEST = TRUE AS {COPY}"


def run(cursor: Any, *sql: str) -> list[tuple[Any, ...]]:
    for each in sql:
        cursor.execute(each)
    return list(cursor.fetchall())


def put(account: running.Account, key: str, *lines: Any) -> None:
    body = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    account.client("s3").put_object(Bucket=running.BUCKET, Key=key, Body=gzip.compress(body))


def private_pem(der: bytes) -> bytes:
    return load_der_private_key(der, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def refused(cursor: Any, sql: str, code: int, text: str = "") -> None:
    with pytest.raises(ProgrammingError) as problem:
        cursor.execute(sql)
    assert problem.value.errno == code, problem.value
    assert text in str(problem.value)


@pytest.mark.parametrize("kind", OPTIONS)
def test_an_unknown_option_is_refused(cursor: Any, kind: str) -> None:
    """Of each kind: the statement as it is, is made; with one more option it is not."""
    good, word = OPTIONS[kind]
    run(cursor, *SETUP)
    refused(cursor, good.replace("{more}", "FROBNICATE = TRUE"), 1420, "FROBNICATE")
    run(cursor, good.replace("{more}", ""))
    refused(cursor, f"ALTER {word} SET FROBNICATE = TRUE", 1420, "FROBNICATE")


def test_copy_loads_once_and_again_when_the_file_has_changed(account: running.Account, cursor: Any) -> None:
    run(cursor, *SETUP)
    put(account, "a/1.jsonl.gz", {"x": 1}, {"x": 2})
    assert run(cursor, COPY)[0][:4] == (f"s3://{running.BUCKET}/a/1.jsonl.gz", "LOADED", 2, 2)
    assert run(cursor, COPY) == [("Copy executed with 0 files processed.",)]
    assert run(cursor, COPY + " FILES = ('1.jsonl.gz')")[0][1] == "LOAD_SKIPPED"
    put(account, "a/1.jsonl.gz", {"x": 3})
    assert run(cursor, COPY)[0][1:4] == ("LOADED", 1, 1)
    assert run(cursor, COPY + " FORCE = TRUE")[0][1] == "LOADED"
    account.pass_time(days=65)
    assert run(cursor, COPY)[0][1] == "LOADED", "after 64 days it is forgotten"
    many = ", ".join(f"'{number}'" for number in range(1001))
    refused(cursor, f"{COPY} FILES = ({many})", 1005)
    refused(cursor, COPY + " FILES = ('none.gz')", 91016)


def test_what_a_rolled_back_copy_loaded_is_not_remembered(account: running.Account, cursor: Any) -> None:
    run(cursor, *SETUP)
    put(account, "a/1.jsonl.gz", {"x": 1})
    run(cursor, "BEGIN", COPY, "ROLLBACK")
    assert run(cursor, "SELECT COUNT(*) FROM D.RAW.T") == [(0,)]
    run(cursor, "BEGIN", COPY, "COMMIT")
    assert run(cursor, "SELECT COUNT(*) FROM D.RAW.T") == [(1,)]


@pytest.mark.parametrize(
    ("on_error", "status", "rows"),
    [("CONTINUE", "PARTIALLY_LOADED", 2), ("SKIP_FILE", "LOAD_FAILED", 0), ("'SKIP_FILE_10%'", "LOAD_FAILED", 0),
     ("'SKIP_FILE_50%'", "PARTIALLY_LOADED", 2), ("SKIP_FILE_2", "PARTIALLY_LOADED", 2)],
)  # fmt: skip
def test_on_error(account: running.Account, cursor: Any, on_error: str, status: str, rows: int) -> None:
    run(cursor, *SETUP)
    put(account, "a/bad.jsonl.gz", {"x": 1}, b'{"x": ', {"x": 3})
    put(account, "a/good.jsonl.gz", {"x": 4})
    found = run(cursor, f"{COPY} ON_ERROR = {on_error}")
    assert [(row[1], row[3]) for row in found] == [(status, rows), ("LOADED", 1)]
    assert found[0][7] == 2, "the line of the first error"
    assert run(cursor, "SELECT COUNT(*) FROM D.RAW.T") == [(rows + 1,)]


def test_a_bad_line_stops_a_copy_that_says_nothing_of_errors(account: running.Account, cursor: Any) -> None:
    run(cursor, *SETUP)
    put(account, "a/bad.jsonl.gz", {"x": 1}, b"{")
    refused(cursor, COPY, 100069, "line 2")
    assert run(cursor, "SELECT COUNT(*) FROM D.RAW.T") == [(0,)]


def test_a_pipe_knows_files_by_name_for_fourteen_days_and_forgets_them_when_replaced(
    account: running.Account, cursor: Any
) -> None:
    run(cursor, *SETUP, PIPE)
    put(account, "a/1.jsonl.gz", {"x": 1})

    def again() -> int:
        run(cursor, "ALTER PIPE D.RAW.P REFRESH")
        account.pump()
        return int(run(cursor, "SELECT COUNT(*) FROM D.RAW.T")[0][0])

    def pending() -> int:
        return int(json.loads(run(cursor, "SELECT SYSTEM$PIPE_STATUS('D.RAW.P')")[0][0])["pendingFileCount"])

    assert again() == again() == 1
    put(account, "a/1.jsonl.gz", {"x": 2})
    assert again() == 1, "new content under an old name is not seen"
    run(cursor, PIPE)
    assert again() == 2, "a replaced pipe loads all again"
    put(account, "a/2.jsonl.gz", {"x": 3})
    run(cursor, "ALTER PIPE D.RAW.P REFRESH", "ALTER PIPE D.RAW.P SET PIPE_EXECUTION_PAUSED = TRUE")
    assert pending() == 1
    put(account, "a/3.jsonl.gz", {"x": 4})
    assert again() == 3, "a paused pipe loads what was queued before"
    assert pending() == 0, "and holds what it is told of since"
    account.pass_time(days=15)
    refused(cursor, "ALTER PIPE D.RAW.P SET PIPE_EXECUTION_PAUSED = FALSE", 1107)
    run(cursor, "SELECT SYSTEM$PIPE_FORCE_RESUME('D.RAW.P', 'STALENESS_CHECK_OVERRIDE')")
    account.pump()
    assert run(cursor, "SELECT COUNT(*) FROM D.RAW.T") == [(4,)]


def test_a_pipe_says_which_lines_were_bad(account: running.Account, cursor: Any) -> None:
    run(cursor, *SETUP, PIPE)
    put(account, "a/bad.jsonl.gz", {"x": 1}, b"{no")
    run(cursor, "ALTER PIPE D.RAW.P REFRESH")
    account.pump()
    schema = "D.INFORMATION_SCHEMA"
    start = "START_TIME => DATEADD('hour', -1, CURRENT_TIMESTAMP())"
    history = (
        f"SELECT STATUS, ERROR_COUNT, PIPE_NAME FROM TABLE({schema}.COPY_HISTORY(TABLE_NAME => 'D.RAW.T', {start}))"
    )
    assert run(cursor, history) == [("Load failed", 1, "P")]
    lines = (
        f"SELECT FILE, LINE, REJECTED_RECORD FROM TABLE({schema}.VALIDATE_PIPE_LOAD(PIPE_NAME => 'D.RAW.P', {start}))"
    )
    assert run(cursor, lines) == [("a/bad.jsonl.gz", 2, "{no")]


def test_a_stream_moves_on_with_the_commit(account: running.Account, cursor: Any) -> None:
    run(cursor, *SETUP, "CREATE TABLE D.RAW.C (N NUMBER)", "CREATE STREAM D.RAW.ST ON TABLE D.RAW.T APPEND_ONLY = TRUE")
    run(cursor, "INSERT INTO D.RAW.T (N) VALUES (1), (2)")
    read = "INSERT INTO D.RAW.C SELECT N FROM D.RAW.ST"
    count = "SELECT COUNT(*) FROM D.RAW.ST"
    assert run(cursor, count) == run(cursor, count) == [(2,)], "reading alone consumes nothing"
    run(cursor, "BEGIN", read, "ROLLBACK")
    assert run(cursor, count) == [(2,)]
    run(cursor, "BEGIN", read, "COMMIT")
    assert run(cursor, count) == [(0,)]
    account.pass_time(days=15)
    assert run(cursor, 'SHOW STREAMS IN SCHEMA D.RAW ->> SELECT "stale" FROM $1') == [("true",)]
    refused(cursor, read, 91911, "stale")


def test_two_rows_that_would_change_one_are_refused(cursor: Any) -> None:
    run(cursor, *SETUP, "INSERT INTO D.RAW.T (N) VALUES (1)")
    merge = "MERGE INTO D.RAW.T t USING (SELECT 1 AS N UNION ALL SELECT 1) s ON t.N = s.N WHEN MATCHED THEN {}"
    refused(cursor, merge.format("UPDATE SET F = 'x'"), 100090, "Duplicate row detected during DML action")
    assert run(cursor, merge.format("DELETE")) == [(1,)]


def test_ddl_commits_what_is_open(cursor: Any) -> None:
    run(cursor, *SETUP, "BEGIN", "INSERT INTO D.RAW.T (N) VALUES (1)", "CREATE TABLE D.RAW.U (N NUMBER)", "ROLLBACK")
    assert run(cursor, "SELECT COUNT(*) FROM D.RAW.T") == [(1,)]


def test_create_or_alter_keeps_rows(cursor: Any) -> None:
    run(cursor, *SETUP, "INSERT INTO D.RAW.T (N) VALUES (1)")
    run(cursor, "CREATE OR ALTER TABLE D.RAW.T (P VARIANT, F VARCHAR, N NUMBER, MORE VARCHAR(9)) COMMENT = 'x'")
    assert run(cursor, "SELECT N, MORE FROM D.RAW.T") == [(1, None)]
    refused(cursor, "ALTER TABLE D.RAW.T ALTER COLUMN MORE SET DATA TYPE VARCHAR(3)", 2108)
    refused(cursor, "INSERT INTO D.RAW.T (MORE) VALUES ('0123456789')", 100078)


def test_values_as_variant_keeps_them(cursor: Any) -> None:
    digits = "123456789012345678901234567890123456789"
    text = f'{{"b": 1.10, "a": {digits[:-1]}, "c": {digits}, "d": null}}'
    found = run(cursor, f"SELECT PARSE_JSON('{text}')::VARCHAR, TYPEOF(PARSE_JSON('1.5')), TYPEOF(PARSE_JSON('1e3'))")
    assert found == [
        ('{"a":12345678901234567890123456789012345678,"b":1.1,"c":1.234567890123457e+38,"d":null}', "DECIMAL", "DOUBLE")
    ]
    refused(cursor, 'SELECT PARSE_JSON(\'{"a": 1, "a": 2}\')', 100038, "duplicate")
    refused(cursor, "SELECT TRY_CAST(PARSE_JSON('{}'):a AS NUMBER)", 1065)


def test_flatten_gives_a_row_per_element_and_with_outer_one_where_there_is_none(cursor: Any) -> None:
    run(cursor, *SETUP, 'INSERT INTO D.RAW.T (P, N) SELECT PARSE_JSON(\'{"a": ["x", null, {"b": 1}]}\'), 1')
    run(cursor, "INSERT INTO D.RAW.T (P, N) SELECT PARSE_JSON('{\"a\": []}'), 2")
    run(cursor, 'INSERT INTO D.RAW.T (P, N) SELECT PARSE_JSON(\'{"a": "no list"}\'), 3')
    run(cursor, 'INSERT INTO D.RAW.T (P, N) SELECT PARSE_JSON(\'{"a": {"k": 7, "o k": 8}}\'), 4')
    run(cursor, "INSERT INTO D.RAW.T (N) VALUES (5)")
    sql = (
        "SELECT T.N, F.INDEX, F.KEY, F.PATH, F.VALUE::VARCHAR, IS_NULL_VALUE(F.VALUE) "
        "FROM D.RAW.T, LATERAL FLATTEN(INPUT => T.P:a{more}) F ORDER BY 1, 2, 3"
    )
    some = [(1, 0, None, "[0]", "x", False), (1, 1, None, "[1]", None, True), (1, 2, None, "[2]", '{"b":1}', False)]
    fields = [(4, None, "k", "k", "7", False), (4, None, "o k", "['o k']", "8", False)]
    assert run(cursor, sql.format(more="")) == [*some, *fields]
    assert run(cursor, sql.format(more=", OUTER => FALSE, MODE => 'ARRAY'")) == some
    empty = [(number, None, None, "", None, None) for number in (2, 3)]
    assert run(cursor, sql.format(more=", OUTER => TRUE")) == [*some, *empty, *fields, (5, None, None, "", None, None)]
    alone = "SELECT VALUE::NUMBER FROM TABLE(FLATTEN(OUTER => TRUE, INPUT => PARSE_JSON('[]')))"
    assert run(cursor, alone) == [(None,)]
    refused(cursor, sql.format(more=", FROB => TRUE"), 1015, "FROB")
    refused(cursor, sql.format(more=", OUTER => N = 1"), 1015, "OUTER")
    refused(cursor, sql.format(more=", MODE => 'LIST'"), 1015, "LIST")
    refused(cursor, sql.format(more=", RECURSIVE => TRUE"), 2, "RECURSIVE")
    refused(cursor, sql.format(more=", PATH => 'b'"), 2, "PATH")


def test_a_variant_as_text_has_no_quotes(cursor: Any) -> None:
    texts = ['"a \\\\"b\\\\""', "1.50", "null", '{"k": [1, "x"]}', "true"]
    run(cursor, *SETUP, *(f"INSERT INTO D.RAW.T (P, N) SELECT PARSE_JSON('{t}'), {n}" for n, t in enumerate(texts)))
    found = run(cursor, "SELECT P::VARCHAR, T.P::STRING, N::VARCHAR FROM D.RAW.T ORDER BY N")
    assert [row[0] for row in found] == [row[1] for row in found] == ['a "b"', "1.5", None, '{"k":[1,"x"]}', "true"]
    assert [row[2] for row in found] == ["0", "1", "2", "3", "4"]


def test_null_timestamps_are_null(cursor: Any) -> None:
    sql = "SELECT NULL::TIMESTAMP_NTZ, '2026-01-01'::TIMESTAMP_NTZ UNION ALL SELECT '2026-01-01'::TIMESTAMP_NTZ, NULL"
    first = datetime(2026, 1, 1)  # noqa: DTZ001
    assert sorted(run(cursor, sql), key=str) == sorted([(None, first), (first, None)], key=str)
    assert run(cursor, "SELECT TRY_TO_TIMESTAMP_TZ('bad'), TRY_TO_TIMESTAMP_NTZ('2026-01-01T02:00:00+0200')") == [
        (None, first + timedelta(hours=2))
    ]


def test_a_role_may_do_what_it_was_granted_and_nothing_else(account: running.Account, cursor: Any) -> None:
    key, private = running.key_pair()
    run(cursor, *SETUP, "CREATE ROLE R", f"CREATE USER U TYPE = SERVICE DEFAULT_ROLE = R RSA_PUBLIC_KEY = '{key}'",
        "GRANT ROLE R TO USER U", "INSERT INTO D.RAW.T (N) VALUES (1)")  # fmt: skip
    parameters = {**account.parameters, "user": "U", "private_key": private, "authenticator": "SNOWFLAKE_JWT"}
    del parameters["password"]
    with snowflake.connector.connect(**parameters) as connection, connection.cursor() as mine:
        assert run(mine, "SELECT CURRENT_ROLE(), CURRENT_USER()") == [("R", "U")]
        read, write = "SELECT N FROM D.RAW.T", "INSERT INTO D.RAW.T (N) VALUES (2)"
        refused(mine, read, 2003)
        run(cursor, "GRANT USAGE ON DATABASE D TO ROLE R", "GRANT SELECT ON TABLE D.RAW.T TO ROLE R")
        refused(mine, read, 2003)
        run(cursor, "GRANT USAGE ON SCHEMA D.RAW TO ROLE R", "GRANT SELECT ON FUTURE TABLES IN SCHEMA D.RAW TO ROLE R")
        assert run(mine, read) == [(1,)]
        refused(mine, write, 3001)
        refused(mine, "CREATE TABLE D.RAW.X (N NUMBER)", 3001)
        refused(mine, "DROP TABLE D.RAW.T", 3001)
        refused(mine, "GRANT SELECT ON TABLE D.RAW.T TO ROLE PUBLIC", 3001)
        refused(mine, "USE ROLE ACCOUNTADMIN", 2003)
        run(cursor, "CREATE TABLE D.RAW.NEW (N NUMBER)")
        assert run(mine, "SELECT COUNT(*) FROM D.RAW.NEW") == [(0,)]
        run(cursor, "REVOKE SELECT ON TABLE D.RAW.NEW FROM ROLE R")
        refused(mine, "SELECT COUNT(*) FROM D.RAW.NEW", 2003)


def test_another_key_does_not_open_the_account(account: running.Account, cursor: Any) -> None:
    run(cursor, f"CREATE USER U TYPE = SERVICE RSA_PUBLIC_KEY = '{running.key_pair()[0]}'")
    parameters = {
        **account.parameters,
        "user": "U",
        "private_key": running.key_pair()[1],
        "authenticator": "SNOWFLAKE_JWT",
    }
    del parameters["password"]
    with pytest.raises(DatabaseError, match="JWT token is invalid"):
        snowflake.connector.connect(**parameters)
    with pytest.raises(DatabaseError):
        snowflake.connector.connect(**{**account.parameters, "user": "U"})


def test_files_are_named_to_a_pipe_by_rest(account: running.Account, cursor: Any) -> None:
    key, private = running.key_pair()
    run(cursor, *SETUP, PIPE, "CREATE ROLE R",
        f"CREATE USER U TYPE = SERVICE DEFAULT_ROLE = R RSA_PUBLIC_KEY = '{key}'",
        "GRANT ROLE R TO USER U", "GRANT USAGE ON DATABASE D TO ROLE R", "GRANT USAGE ON SCHEMA D.RAW TO ROLE R",
        "GRANT OPERATE, MONITOR ON PIPE D.RAW.P TO ROLE R")  # fmt: skip
    described = dict(row[:2] for row in run(cursor, "DESC USER U"))
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": f"EMULATOR.U.{described['RSA_PUBLIC_KEY_FP']}", "sub": "EMULATOR.U", "iat": now, "exp": now + 3540}
    token = jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(private_pem(private)))

    def call(verb: str, body: Any = None, token: str = token, kind: str = "KEYPAIR_JWT") -> Any:
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{account.port}/v1/data/pipes/D.RAW.P/{verb}"
        headers = {"Authorization": f"Bearer {token}", "X-Snowflake-Authorization-Token-Type": kind}
        request = urllib.request.Request(url, data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    put(account, "a/1.jsonl.gz", {"x": 1})
    for _ in range(2):
        assert call("insertFiles?requestId=r", {"files": [{"path": "1.jsonl.gz"}]})["responseCode"] == "SUCCESS"
    account.pump()
    report = call("insertReport")
    assert [(each["path"], each["status"], each["rowsInserted"]) for each in report["files"]] == [
        ("1.jsonl.gz", "LOADED", 1)
    ]
    assert call(f"insertReport?beginMark={report['nextBeginMark']}")["files"] == []
    with pytest.raises(urllib.error.HTTPError, match="401"):
        call("insertReport", token=token[:-4] + "AAAA")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        call("insertReport", kind="OAUTH")
    account.pass_time(seconds=601)
    assert call("insertReport")["files"] == [], "a report goes ten minutes back"
    scanned = call(f"loadHistoryScan?startTimeInclusive={datetime.now(UTC):%Y-%m-%dT%H:%M:00Z}")
    assert [each["path"] for each in scanned["files"]] == ["1.jsonl.gz"]


def test_a_statement_fails_as_the_test_wants(account: running.Account, cursor: Any) -> None:
    account.forget()
    account.trouble(2)
    run(cursor, "CREATE ROLE A")
    refused(cursor, "CREATE ROLE B", 604)
    run(cursor, "CREATE ROLE C")
    assert [each["error"] for each in account.statements()] == ["", "refused by the test", ""]
    assert [row[0] for row in run(cursor, "SHOW ROLES LIKE '_' ->> SELECT \"name\" FROM $1 ORDER BY 1")] == ["A", "C"]


WRONG = [
    (f"{COPY} FROBNICATE = TRUE", 1420),
    (f"{COPY} FILE_FORMAT = (TYPE = JSON FROBNICATE = 1)", 1420),
    (f"{COPY} ON_ERROR = SOMETIMES", 1008),
    (f"{COPY} ON_ERROR = 'SKIP_FILE_x%'", 1008),
    ("ALTER SESSION SET FROBNICATE = 1", 1420),
    ("CREATE WAREHOUSE V WAREHOUSE_SIZE = 'HUGE'", 1008),
    ("CREATE FILE FORMAT D.RAW.X TYPE = JSON COMPRESSION = RAR", 1008),
    ("CREATE FILE FORMAT D.RAW.X TYPE = JSON SKIP_HEADER = 1", 1420),
    ("CREATE DYNAMIC TABLE D.RAW.X TARGET_LAG = '30 seconds' WAREHOUSE = W AS SELECT N FROM D.RAW.T", 1008),
    ("CREATE STREAM D.RAW.X ON TABLE D.RAW.T APPEND_ONLY = MAYBE", 1008),
    ("CREATE TASK D.RAW.X SCHEDULE = 'USING CRON * * * *' AS SELECT 1", 1008),
    ("CREATE TASK D.RAW.X WAREHOUSE = W WHEN CURRENT_TIMESTAMP() > '2026-01-01' AS SELECT 1", 2211),
    ("CREATE NETWORK POLICY X ALLOWED_IP_LIST = ('10.0.0.0/8', 'home')", 1008),
    ("CREATE NETWORK RULE D.RAW.X TYPE = IPV4 MODE = INGRESS VALUE_LIST = ('999.0.0.0/8')", 1008),
    ("GRANT OPERATE ON TABLE D.RAW.T TO ROLE PUBLIC", 3008),
    ("CREATE TABLE D.RAW.X (A NUMBER(40, 2))", 2003),
    ("SELECT FROBNICATE(N) FROM D.RAW.T", 2140),
]


@pytest.mark.parametrize("index", range(len(WRONG)), ids=str)
def test_a_wrong_value_is_refused(cursor: Any, index: int) -> None:
    run(cursor, *SETUP)
    refused(cursor, *WRONG[index])


def test_a_network_policy_keeps_others_out(account: running.Account, cursor: Any) -> None:
    key, private = running.key_pair()
    rule = "CREATE OR REPLACE NETWORK RULE D.RAW.X TYPE = IPV4 MODE = INGRESS VALUE_LIST = ('{}')"
    run(cursor, *SETUP, rule.format("10.0.0.0/8"), "CREATE NETWORK POLICY NP ALLOWED_NETWORK_RULE_LIST = (D.RAW.X)",
        f"CREATE USER U TYPE = SERVICE NETWORK_POLICY = NP RSA_PUBLIC_KEY = '{key}'")  # fmt: skip
    parameters = {**account.parameters, "user": "U", "private_key": private, "authenticator": "SNOWFLAKE_JWT"}
    del parameters["password"]
    with pytest.raises(DatabaseError, match=r"127\.0\.0\.1 is not allowed"):
        snowflake.connector.connect(**parameters)
    run(cursor, "ALTER NETWORK RULE D.RAW.X SET VALUE_LIST = ('127.0.0.0/8')")
    snowflake.connector.connect(**parameters).close()


def test_a_commit_after_a_failed_statement_is_no_silent_loss(cursor: Any) -> None:
    """Snowflake would keep the first row; the emulator cannot, and says so."""
    run(cursor, *SETUP, "BEGIN", "INSERT INTO D.RAW.T (N) VALUES (1)")
    refused(cursor, "INSERT INTO D.RAW.T (N) VALUES ('x')", 100038)
    refused(cursor, "COMMIT", 2, "of this emulator")
    run(cursor, "INSERT INTO D.RAW.T (N) VALUES (2)")
    assert run(cursor, "SELECT N FROM D.RAW.T") == [(2,)]
