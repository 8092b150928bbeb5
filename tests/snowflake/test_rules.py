"""The rules over what is rendered, and over what they must refuse."""

import pytest

from framework.deploy.cleaning import applied
from framework.deploy.sources import tables_of
from tests.snowflake.grammar import problems
from tests.snowflake.rendered import ENVIRONMENTS, HERE, blocks, cleaning, of_kind, project, statements, wanted
from tests.snowflake.roles import Roles, analyst_problems, roles_of
from tests.snowflake.rules import findings

INVALID = blocks(HERE / "invalid.sql")
SCHEMAS = [f"ANALYTICS.{name}" for name in ("RAW", "CLEAN", "ANALYTICS", "OPS")]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_rendered_breaks_no_rule(environment: str) -> None:
    assert [(found, each) for each in statements(environment) if (found := findings(each))] == []


def test_cleaning_on_demand_breaks_no_rule() -> None:
    assert [(found, each) for each in cleaning() if (found := findings(each))] == []


def test_what_is_run_in_a_transaction_is_no_ddl() -> None:
    """Which would commit it."""
    account = wanted("s3").account
    for table in tables_of(account, project().deployment("every", "s3").source):
        for each in applied(account, table, 3, 9):
            assert each.startswith(("INSERT ", "DELETE ", "MERGE ")), each


@pytest.mark.slow
@pytest.mark.parametrize("name", INVALID)
def test_what_snowflake_refuses_is_refused(name: str) -> None:
    assert problems(INVALID[name]) or findings(INVALID[name])


BROKEN = [
    ("replaced", "CREATE OR REPLACE PIPE IF NOT EXISTS A.B.P AS COPY INTO T FROM @S"),
    ("replaced", "CREATE OR REPLACE TABLE A.B.T (X NUMBER)"),
    ("replaced", "CREATE OR REPLACE STORAGE INTEGRATION I TYPE = EXTERNAL_STAGE"),
    ("replaced", "create or replace dynamic table A.B.T as select 1"),
    ("replaced", "CREATE OR ALTER TABLE A.B.T (X NUMBER)"),
    ("replaced", "CREATE OR REPLACE VIEW A.B.V AS SELECT 1 AS X"),
    ("copied", "COPY INTO A.B.T FROM (SELECT $1 FROM @A.B.S ORDER BY 1)"),
    ("copied", "COPY INTO A.B.T (X) FROM (SELECT COALESCE($1, 1) FROM @A.B.S/x/) FILE_FORMAT = (TYPE = JSON)"),
    ("copied", "COPY INTO A.B.T FROM (SELECT $1 FROM @A.B.S) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"),
    ("piped", "CREATE PIPE A.B.P AS COPY INTO A.B.T FROM (SELECT $1, CURRENT_TIMESTAMP() FROM @A.B.S)"),
    ("piped", "CREATE PIPE A.B.P ERROR_INTEGRATION = E AS COPY INTO A.B.T FROM @A.B.S ON_ERROR = CONTINUE"),
    ("piped", "CREATE PIPE A.B.P AUTO_INGEST = TRUE AS COPY INTO A.B.T FROM @A.B.S"),
    ("piped", "CREATE PIPE A.B.P AS COPY INTO A.B.T FROM @A.B.S FILES = ('a')"),
    ("merged", "MERGE INTO T AS T USING (SELECT * FROM X) AS S ON T.A = S.A WHEN MATCHED THEN DELETE"),
    ("merged", "MERGE INTO T AS T USING (SELECT * FROM X QUALIFY ROW_NUMBER() OVER (PARTITION BY A ORDER BY C) = 1) "
     "AS S ON T.A = S.A AND T.B = S.B WHEN MATCHED THEN DELETE"),
    ("inserted", "MERGE INTO T USING S ON T.A = S.A WHEN NOT MATCHED THEN INSERT (A, B) VALUES (IFF(S.A, 1, 2))"),
    ("tasked", "CREATE TASK A.B.T WAREHOUSE = W AS SELECT 1"),
    ("tasked", "CREATE TASK A.B.T WAREHOUSE = W TIMEZONE = 'UTC' EVERY = '1 MINUTE' WHEN TRUE AS SELECT 1"),
    ("flattened", "SELECT F.VALUE FROM T, LATERAL FLATTEN(INPUT = T.A) F"),
    ("named", f"SELECT {'X' * 256}"),
    ("named", "CREATE TABLE IF NOT EXISTS RAW.T (X NUMBER)"),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(BROKEN)), ids=lambda index: f"{BROKEN[index][0]}-{index}")
def test_a_rule_finds_what_breaks_it(index: int) -> None:
    rule, statement = BROKEN[index]
    assert rule in [name for name, _ in findings(statement)]


SOUND = [
    "CREATE OR REPLACE TEMPORARY TABLE A.B._X AS SELECT 'CREATE OR REPLACE TABLE' AS Y",
    "CREATE OR REPLACE VIEW A.B.V COPY GRANTS AS SELECT 'it''s WHERE \\' (' AS X -- OR REPLACE TABLE",
    "MERGE INTO T USING S ON T.A = S.A WHEN NOT MATCHED THEN INSERT (A, B) VALUES (IFF(S.A, 1, 2), S.B)",
    "SELECT F.VALUE FROM T, LATERAL FLATTEN(INPUT => T.A, OUTER => TRUE) F",
]


@pytest.mark.parametrize("statement", SOUND)
def test_a_rule_leaves_alone_what_only_looks_alike(statement: str) -> None:
    assert findings(statement) == []


# Roles


def roles(environment: str = "s3", *more: str) -> Roles:
    """Those of an environment, with some grants besides."""
    return roles_of([*statements(environment), *more])


def analyst_of(environment: str) -> str:
    return wanted(environment).account.analyst


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_analyst_reads_the_marts_and_nothing_of_raw_and_ops(environment: str) -> None:
    readable = SCHEMAS[1:3] if environment == "s3_every" else SCHEMAS[2:3]
    found = roles(environment)
    assert analyst_problems(found, analyst_of(environment), SCHEMAS, readable) == []
    reached = found.reach(analyst_of(environment))
    assert {
        ("SELECT", f"FUTURE {kind} IN SCHEMA ANALYTICS.ANALYTICS") for kind in ("TABLES", "VIEWS", "DYNAMIC TABLES")
    } < reached


LEAKS = [
    "GRANT SELECT ON ALL TABLES IN SCHEMA ANALYTICS.RAW TO ROLE ANALYTICS_ANALYST",
    "GRANT USAGE ON SCHEMA ANALYTICS.OPS TO ROLE ANALYTICS_ANALYST",
    "GRANT SELECT ON TABLE ANALYTICS.OPS._INGEST_RUNS TO DATABASE ROLE ANALYTICS.ANALYTICS_R",
    "GRANT DATABASE ROLE ANALYTICS.RAW_W TO DATABASE ROLE ANALYTICS.ANALYTICS_R",
    "GRANT ROLE INGEST_LOADER TO ROLE ANALYTICS_ANALYST",
    "GRANT ROLE ANALYTICS_DEPLOYER TO ROLE ANALYTICS_ANALYST",
    "GRANT INSERT ON FUTURE TABLES IN SCHEMA ANALYTICS.ANALYTICS TO ROLE ANALYTICS_ANALYST",
    "GRANT EXECUTE TASK ON ACCOUNT TO ROLE ANALYTICS_ANALYST",
    "GRANT OWNERSHIP ON SCHEMA ANALYTICS.ANALYTICS TO ROLE ANALYTICS_ANALYST",
]


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_to_the_analyst_is_found(leak: str) -> None:
    assert analyst_problems(roles("s3", leak), "ANALYTICS_ANALYST", SCHEMAS, SCHEMAS[2:3])


def test_a_grant_that_is_not_understood_is_not_overlooked() -> None:
    for odd in ("GRANT SELECT ANALYTICS.RAW TO X", "REVOKE SELECT ON TABLE A.B.C FROM ROLE X"):
        with pytest.raises(ValueError, match=r"GRANT|REVOKE"):
            roles("s3", odd)


LOADER = {
    "ANALYTICS": {"DATABASE": {"USAGE"}},
    "ANALYTICS.RAW": {
        "SCHEMA": {"USAGE"}, "TABLES": {"SELECT", "INSERT"}, "STAGES": {"USAGE"}, "FILE FORMATS": {"USAGE"},
        "PIPES": {"MONITOR", "OPERATE"}, "STREAMS": {"SELECT"},
    },
    "ANALYTICS.CLEAN": {
        "SCHEMA": {"USAGE"}, "TABLES": {"SELECT", "INSERT", "UPDATE", "DELETE"}, "VIEWS": {"SELECT"},
        "DYNAMIC TABLES": {"SELECT", "MONITOR", "OPERATE"}, "TASKS": {"MONITOR", "OPERATE"},
    },
    "ANALYTICS.ANALYTICS": {
        "SCHEMA": {"USAGE"}, "TABLES": {"SELECT"}, "VIEWS": {"SELECT"},
        "DYNAMIC TABLES": {"SELECT", "MONITOR", "OPERATE"}, "TASKS": {"MONITOR", "OPERATE"},
    },
    "ANALYTICS.OPS": {
        "SCHEMA": {"USAGE", "CREATE TABLE"}, "TABLES": {"SELECT", "INSERT", "UPDATE", "DELETE"}, "VIEWS": {"SELECT"},
    },
    "INGEST_WH": {"WAREHOUSE": {"USAGE", "OPERATE"}},
}  # fmt: skip
"""What docs/snowflake.md lists."""


@pytest.mark.parametrize("environment", ["s3", "azure", "azure_every", "s3_copy", "s3_rest"])
def test_the_loader_may_do_what_it_needs_and_no_more(environment: str) -> None:
    alone = ("DATABASE", "SCHEMA", "WAREHOUSE")
    wanted_rights = {
        (privilege, f"{kind} {place}" if kind in alone else f"FUTURE {kind} IN SCHEMA {place}")
        for place, kinds in LOADER.items()
        for kind, privileges in kinds.items()
        for privilege in privileges
    }
    assert roles(environment).reach("INGEST_LOADER") == wanted_rights


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_users_have_one_role_each_and_all_roles_end_at_sysadmin(environment: str) -> None:
    found, account = roles(environment), wanted(environment).account
    assert sorted(map(len, found.users.values())) == [1, 1]
    functional = {account.loader, account.deployer, account.analyst}
    assert functional <= found.held["SYSADMIN"]
    for role in functional:
        assert not found.held.get(role, set()) & functional


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_deployer_s_part_needs_nothing_of_an_administrator(environment: str) -> None:
    for each in wanted(environment).objects:
        if each.bundle == "deployer":
            assert each.owner == wanted(environment).account.deployer, each.id
        else:
            assert each.owner in ("ACCOUNTADMIN", "SECURITYADMIN", "SYSADMIN", "USERADMIN"), each.id


def test_every_schema_is_managed_and_grants_are_by_schema() -> None:
    for environment in ENVIRONMENTS:
        schemas = of_kind(environment, "schema")
        assert len(schemas) == 4
        assert all("WITH MANAGED ACCESS" in each.ddl for each in schemas)
        future = [each.ddl for each in of_kind(environment, "grant") if " FUTURE " in each.ddl]
        assert future
        assert all(" IN SCHEMA " in each for each in future)
