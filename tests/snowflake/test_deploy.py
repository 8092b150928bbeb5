"""plan, apply, drift on an emulated account: each kind of change, its class, and what becomes of the data."""

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.cli import main
from framework.deploy.actions import Action, Plan
from framework.deploy.on_snowflake import SnowflakeTarget
from tests.snowflake.deploying import SPEC, Site, site
from tests.snowflake.running import BUCKET, Account

pytestmark = pytest.mark.slow
Spec = dict[str, Any]


@pytest.fixture
def deployed(tmp_path: Path, account: Account, capsys: pytest.CaptureFixture[str]) -> Site:
    """The source with every kind of object, deployed, with rows in its tables."""
    made = site(tmp_path, account, SPEC)
    assert deploy(made, "apply") == 0
    made.subscribe()
    made.land("a1", "items", {"id": 1, "amount": "1.10", "note": "first"}, {"id": 2, "amount": "12345678.90"})
    made.land("a1", "gone", {"id": "g1"}, {"id": "g2", "deleted": True})
    account.pump()
    assert made.run("SELECT ID, AMOUNT FROM LAKE.CLEAN.CLN_ITEM ORDER BY 1") != []
    account.forget()
    capsys.readouterr()
    return made


def deploy(there: Site, step: str, *words: str) -> int:
    """`framework deploy …`, in this process."""
    return main(["deploy", step, *words, "--project", str(there.folder)])


def planned(there: Site, *sources: str) -> Plan:
    """The plan as a value."""
    target = SnowflakeTarget(there.project, "snow", sources)
    try:
        return target.plan()
    finally:
        target.close()


def changed(spec: Spec, **streams: Callable[[Spec], None] | None) -> Spec:
    """The spec with some streams changed, or without them."""
    new = copy.deepcopy(spec)
    for name, change in streams.items():
        stream = next(each for each in new["streams"] if each["name"] == name)
        if change is None:
            new["streams"].remove(stream)
        else:
            change(stream)
    return new


def column(name: str, **rule: str) -> Callable[[Spec], None]:
    """A column of CLEAN, new or changed; without a rule, gone."""

    def change(stream: Spec) -> None:
        if rule:
            stream["clean"]["columns"][name] = {"from": name, **rule}
        else:
            del stream["clean"]["columns"][name]

    return change


def graded(plan: Plan) -> dict[str, str]:
    """What is done to what, and its class; of grants and settings only those of the second kind that are not tags."""
    return {f"{each.verb} {each.name}": each.grade for each in plan.actions if not is_quiet(each)}


def is_quiet(each: Action) -> bool:
    return each.object.startswith("setting ") or each.verb == "grant"


def amounts(there: Site, table: str = "LAKE.CLEAN.CLN_ITEM") -> list[tuple[str, str]]:
    return [(str(a), str(b)) for a, b in there.run(f"SELECT ID, AMOUNT FROM {table} ORDER BY 1")]


AMOUNTS = [("1", "1.10"), ("2", "None")]
"""The second one is too large for decimal(9,2)."""


def test_what_was_applied_is_not_planned_again(deployed: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert planned(deployed).actions == ()
    assert deploy(deployed, "apply") == 0
    assert deployed.changes() == []
    assert deploy(deployed, "drift") == 0
    assert "nothing was changed by hand" in capsys.readouterr().out
    assert {each["error"] for each in deployed.account.statements()} == {""}


def test_a_new_source_is_safe(deployed: Site) -> None:
    other = {**copy.deepcopy(SPEC), "name": "other", "analytics": []}
    other["streams"] = [changed(SPEC)["streams"][0]]
    other["streams"][0]["clean"]["table"] = "CLN_OTHER"
    deployed.write(SPEC, other)
    plan = planned(deployed)
    assert set(graded(plan).values()) == {"safe"}
    assert {each.source for each in plan.actions} == {"other"}
    assert deploy(deployed, "apply") == 0
    assert planned(deployed).actions == ()


def test_a_new_column_is_one_safe_apply_that_fills_it(deployed: Site) -> None:
    deployed.write(changed(SPEC, items=column("note", type="text", description="What it is.")))
    plan = planned(deployed)
    assert graded(plan) == {
        "change CLEAN.CLN_ITEM": "safe", "replace CLEAN.TSK_CLN_ITEM": "safe", "replace OPS.UNFIT_CLN_ITEM": "safe",
    }  # fmt: skip
    assert deploy(deployed, "apply") == 0
    assert deployed.run("SELECT ID, AMOUNT, NOTE FROM LAKE.CLEAN.CLN_ITEM WHERE ID = 1")[0][2] == "first"
    assert amounts(deployed) == AMOUNTS
    assert planned(deployed).actions == ()
    deployed.land("a2", "items", {"id": 3, "amount": "3", "note": "third"})
    deployed.account.pump()
    assert deployed.run("SELECT NOTE FROM LAKE.CLEAN.CLN_ITEM WHERE ID = 3") == [("third",)]


def test_a_new_child_table_is_one_safe_apply_that_fills_it(deployed: Site) -> None:
    lines = {"from": "lines", "columns": {"sku": {"from": "sku"}, "count": {"from": "count", "type": "integer"}}}

    def with_lines(stream: Spec) -> None:
        stream["clean"]["child_tables"] = {"CLN_ITEM_LINE": lines}

    deployed.land("a2", "items", {"id": 3, "amount": "3", "lines": [{"sku": "a", "count": 1}, {"sku": "b"}]})
    deployed.account.pump()
    deployed.write(changed(SPEC, items=with_lines))
    found = graded(planned(deployed))
    assert set(found.values()) == {"safe"}
    assert {"create CLEAN.CLN_ITEM_LINE", "create OPS.UNFIT_CLN_ITEM_LINE", "change CLEAN.CLN_ITEM"} <= found.keys()
    assert deploy(deployed, "apply") == 0
    assert planned(deployed).actions == ()
    query = 'SELECT ID, ORDINAL, SKU, "COUNT" FROM LAKE.CLEAN.CLN_ITEM_LINE ORDER BY 1, 2'
    assert deployed.run(query) == [(3, 1, "a", 1), (3, 2, "b", None)]
    deployed.land("a3", "items", {"id": 3, "amount": "3", "lines": [{"sku": "c", "count": 2}]})
    deployed.account.pump()
    assert deployed.run(query) == [(3, 1, "c", 2)], "a newer version takes its rows along"
    deployed.write(SPEC)
    found = graded(planned(deployed))
    assert found["drop CLEAN.CLN_ITEM._LIST_CLN_ITEM_LINE"] == "destructive"
    assert deploy(deployed, "apply", "--allow", "all") == 0
    assert not any("DROP COLUMN" in sql for sql in deployed.changes())


def test_a_wider_type_is_safe_and_takes_in_what_did_not_fit(deployed: Site) -> None:
    assert amounts(deployed) == AMOUNTS
    deployed.write(changed(SPEC, items=column("amount", type="decimal(12,2)")))
    found = graded(planned(deployed))
    assert found["change CLEAN.CLN_ITEM"] == "safe"
    assert deploy(deployed, "apply", "--allow", "ANALYTICS.ANL_TABLE") == 0
    assert amounts(deployed) == [("1", "1.10"), ("2", "12345678.90")]
    assert planned(deployed).actions == ()


def test_another_type_keeps_the_old_table_and_reads_raw_anew(deployed: Site) -> None:
    spec = changed(SPEC, items=column("amount", type="text"))
    spec["analytics"][0]["sql"] = "select count(amount) as total from {{ ref('CLN_ITEM') }}"
    deployed.write(spec)
    found = graded(planned(deployed))
    assert found["replace CLEAN.CLN_ITEM"] == "guarded"
    assert deploy(deployed, "apply") == 1, "it waits for a word"
    assert amounts(deployed) == AMOUNTS
    assert deploy(deployed, "apply", "--allow", "all") == 0
    deployed.account.pump()
    assert amounts(deployed) == [("1", "1.10"), ("2", "12345678.90")]
    kept = [name for each in planned(deployed).actions if (name := each.name).startswith("CLEAN._OLD_CLN_ITEM")]
    assert len(kept) == 1
    assert planned(deployed).of("safe", "guarded", "manual") == []
    assert amounts(deployed, f"LAKE.{kept[0]}") == AMOUNTS
    assert deploy(deployed, "apply", "--destroy", kept[0]) == 0
    assert planned(deployed).actions == ()


def test_another_key_keeps_the_old_table_too(deployed: Site) -> None:
    def keyed(stream: Spec) -> None:
        stream["primary_key"] = ["id", "amount"]

    deployed.write(changed(SPEC, items=keyed))
    assert graded(planned(deployed))["replace CLEAN.CLN_ITEM"] == "guarded"
    assert deploy(deployed, "apply", "--allow", "all") == 0
    deployed.account.pump()
    assert amounts(deployed) == AMOUNTS, "a key is what came, whatever fits the column"
    assert {each.grade for each in planned(deployed).actions} == {"destructive"}


def test_a_dropped_column_stays_until_it_is_named(deployed: Site) -> None:
    spec = changed(SPEC, items=column("amount"))
    spec["analytics"] = []
    deployed.write(spec)
    found = graded(planned(deployed))
    assert found["drop CLEAN.CLN_ITEM.AMOUNT"] == "destructive"
    assert deploy(deployed, "apply", "--allow", "all") == 0
    assert amounts(deployed) == AMOUNTS
    assert not any("DROP COLUMN" in sql or "DROP TABLE" in sql for sql in deployed.changes())
    assert deploy(deployed, "apply", "--destroy", "CLEAN.CLN_NOTE.TEXT") == 0, "another column"
    assert amounts(deployed) == AMOUNTS
    assert deploy(deployed, "apply", "--destroy", "lake.clean.cln_item.amount") == 0
    assert "AMOUNT" not in {row[2] for row in deployed.run("SHOW COLUMNS IN TABLE LAKE.CLEAN.CLN_ITEM")}
    assert len(deployed.run("SELECT * FROM LAKE.CLEAN.CLN_ITEM")) == 2


def test_a_renamed_table_takes_its_rows_along(deployed: Site) -> None:
    def renamed(stream: Spec) -> None:
        stream["clean"]["table"] = "CLN_THING"

    spec = changed(SPEC, items=renamed)
    spec["analytics"] = []
    deployed.write(spec)
    found = graded(planned(deployed))
    assert found["rename CLEAN.CLN_THING"] == "guarded"
    assert "drop CLEAN.CLN_ITEM" not in found
    assert deploy(deployed, "apply") == 1
    deployed.land("a2", "items", {"id": 3, "amount": "3"})
    deployed.account.pump()
    assert amounts(deployed) == [*AMOUNTS, ("3", "3.00")], "until it is allowed, the old one is filled"
    assert deploy(deployed, "apply", "--allow", "CLEAN.CLN_THING", "--allow", "ANALYTICS.ANL_VIEW") == 0
    deployed.land("a3", "items", {"id": 4, "amount": "4"})
    deployed.account.pump()
    assert amounts(deployed, "LAKE.CLEAN.CLN_THING") == [*AMOUNTS, ("3", "3.00"), ("4", "4.00")]
    assert {each.grade for each in planned(deployed).actions} == {"destructive"}, "the marts that are gone"


def test_a_source_that_is_gone_stays_until_it_is_named(deployed: Site) -> None:
    other = {**copy.deepcopy(SPEC), "name": "other", "analytics": [], "streams": [changed(SPEC)["streams"][1]]}
    other["streams"][0]["clean"]["table"] = "CLN_OTHER"
    deployed.write(other)
    found = graded(planned(deployed))
    assert found["drop RAW.RAW_API_JSON"] == found["drop CLEAN.CLN_ITEM"] == "destructive"
    assert found["drop RAW.PIPE_API"] == "guarded"
    assert graded(planned(deployed, "other")).keys().isdisjoint({"drop RAW.RAW_API_JSON"}), "only what was asked for"
    with deployed.at_work():
        assert deploy(deployed, "apply", "--allow", "all", "--destroy", "CLEAN.CLN_ITEM") == 0
    assert deployed.run("SELECT COUNT(*) FROM LAKE.RAW.RAW_API_JSON") == [(4,)]
    assert not any("CLN_ITEM" in each.name for each in planned(deployed).actions)
    assert "drop RAW.RAW_API_JSON" in graded(planned(deployed))


def test_a_changed_mart(deployed: Site) -> None:
    spec = copy.deepcopy(SPEC)
    spec["analytics"][0]["sql"] = "select max(amount) as total from {{ ref('CLN_ITEM') }}"
    spec["analytics"][1]["sql"] = "select id as name from {{ ref('CLN_GONE') }}"
    spec["analytics"][2]["sql"] = "select id, amount, 1 as one from {{ ref('CLN_ITEM') }}"
    deployed.write(spec)
    assert graded(planned(deployed)) == {
        "replace ANALYTICS.ANL_TOTAL": "guarded", "replace ANALYTICS.ANL_VIEW": "safe",
        "replace ANALYTICS.ANL_TABLE": "guarded", "replace ANALYTICS.TSK_ANL_TABLE": "safe",
    }  # fmt: skip
    assert deploy(deployed, "apply", "--allow", "all") == 0
    assert planned(deployed).actions == ()
    assert deployed.run("SELECT NAME FROM LAKE.ANALYTICS.ANL_VIEW") == [("g1",)]
    assert deployed.run("SELECT COUNT(*), MAX(ONE) FROM LAKE.ANALYTICS.ANL_TABLE") == [(2, 1)]
    spec["analytics"][0]["refresh"] = "30m"
    deployed.write(spec)
    assert graded(planned(deployed)) == {"change ANALYTICS.ANL_TOTAL": "safe"}
    assert deploy(deployed, "apply") == 0
    assert planned(deployed).actions == ()


def test_a_plan_is_kept_and_refused_when_something_moved(
    deployed: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plan.json"
    spec = changed(SPEC, items=column("note", type="text"))
    deployed.write(spec)
    assert deploy(deployed, "plan", "--out", str(file)) == 0
    deployed.run("ALTER TASK LAKE.CLEAN.TSK_CLN_GONE SUSPEND")
    deployed.account.forget()
    assert deploy(deployed, "apply", str(file)) == 1
    assert "it was changed since" in capsys.readouterr().err
    assert deployed.changes() == []
    deployed.run("ALTER TASK LAKE.CLEAN.TSK_CLN_GONE RESUME")
    deployed.write(changed(spec, items=column("more", type="text")))
    assert deploy(deployed, "apply", str(file)) == 1
    assert "other specs or settings" in capsys.readouterr().err
    deployed.write(spec)
    assert deploy(deployed, "apply", str(file)) == 0
    assert planned(deployed).actions == ()
    assert deploy(deployed, "apply", str(file)) == 1, "it is done"
    file.write_text("{}", encoding="utf-8")
    assert deploy(deployed, "apply", str(file)) == 1
    assert "no plan that this version knows" in capsys.readouterr().err


def test_drift(deployed: Site, capsys: pytest.CaptureFixture[str]) -> None:
    for sql in (
        "ALTER TABLE LAKE.CLEAN.CLN_ITEM ADD COLUMN BY_HAND VARCHAR",
        "ALTER TABLE LAKE.RAW.RAW_API_JSON UNSET TAG LAKE.OPS.SOURCE",
        "ALTER TASK LAKE.CLEAN.TSK_CLN_GONE SUSPEND",
        "ALTER PIPE LAKE.RAW.PIPE_API SET PIPE_EXECUTION_PAUSED = TRUE",
        "DROP VIEW LAKE.OPS.UNFIT_CLN_ITEM",
        "GRANT SELECT ON FUTURE TABLES IN SCHEMA LAKE.RAW TO DATABASE ROLE LAKE.ANALYTICS_R",
        "ALTER DYNAMIC TABLE LAKE.ANALYTICS.ANL_TOTAL SET TARGET_LAG = '5 minutes'",
        "CREATE TABLE LAKE.CLEAN.SOMEONES (A NUMBER)",
    ):
        deployed.run(sql)
    deployed.account.forget()
    assert deploy(deployed, "drift", "--json") == 1
    found = {each["name"]: each["verb"] for each in json.loads(capsys.readouterr().out)["actions"]}
    assert found == {
        "CLEAN.CLN_ITEM.BY_HAND": "drop", "RAW.RAW_API_JSON": "set", "CLEAN.TSK_CLN_GONE": "set",
        "RAW.PIPE_API": "set", "OPS.UNFIT_CLN_ITEM": "create", "ANALYTICS.ANL_TOTAL": "change",
        "SELECT ON FUTURE TABLES IN SCHEMA LAKE.RAW FROM DATABASE ROLE LAKE.ANALYTICS_R": "revoke",
    }  # fmt: skip
    assert deployed.changes() == []
    assert deploy(deployed, "drift") == 1
    assert "CLEAN.CLN_ITEM.BY_HAND" in capsys.readouterr().out
    assert deploy(deployed, "apply", "--allow", "all") == 0
    left = planned(deployed).actions
    assert [each.name for each in left] == ["CLEAN.CLN_ITEM.BY_HAND"]
    assert deployed.run("SELECT COUNT(*) FROM LAKE.CLEAN.SOMEONES") == [(0,)], "what it did not make it does not touch"


def test_what_somebody_else_made_is_left_alone(tmp_path: Path, account: Account) -> None:
    there = site(tmp_path, account, SPEC)
    assert deploy(there, "apply") == 0
    there.run("CREATE OR REPLACE TABLE LAKE.CLEAN.CLN_ITEM (X NUMBER)")
    there.run("INSERT INTO LAKE.CLEAN.CLN_ITEM VALUES (1)")
    found = graded(planned(there))
    assert found["adopt CLEAN.CLN_ITEM"] == "manual"
    assert deploy(there, "apply", "--allow", "all", "--destroy", "CLEAN.CLN_ITEM") == 1
    assert there.run("SELECT * FROM LAKE.CLEAN.CLN_ITEM") == [(1,)]


def test_another_place_of_the_stage_loses_and_doubles_nothing(deployed: Site) -> None:
    """The log and the parts were moved before, by whoever moves the stage."""
    s3, old = deployed.account.client("s3"), "lake/source=api/"
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET, Prefix=old)["Contents"]]
    key = next(each for each in keys if "-items-" in each)
    deployed.run(
        "INSERT INTO LAKE.OPS._INGEST_PARTS (SOURCE, STREAM, LOG, PART, ROW_COUNT) "
        f"VALUES ('api', 'items', 1, '{key}', 2)"
    )
    before = deployed.run("SELECT SRC_FILE_ROW_NUMBER, PAYLOAD::VARCHAR FROM LAKE.RAW.RAW_API_JSON ORDER BY 1, 2")
    for each in keys:
        s3.copy_object(Bucket=BUCKET, Key=f"there/{each}", CopySource={"Bucket": BUCKET, "Key": each})
    deployed.write(SPEC, stage={"prefix": "there"})
    assert graded(planned(deployed)) == {
        "change LAKE_STORAGE": "manual", "change RAW.STG_LANDING": "guarded", "replace OPS.RECONCILE_API": "safe",
    }  # fmt: skip
    deployed.run(
        "ALTER STORAGE INTEGRATION LAKE_STORAGE SET "
        f"STORAGE_ALLOWED_LOCATIONS = ('s3://{BUCKET}/lake/', 's3://{BUCKET}/there/lake/')", role="ACCOUNTADMIN"
    )  # fmt: skip
    deploy(deployed, "apply", "--allow", "RAW.STG_LANDING")
    assert graded(planned(deployed))["replace RAW.PIPE_API"] == "guarded", "it must be told what RAW lacks"
    with deployed.at_work():
        deploy(deployed, "apply", "--allow", "RAW.PIPE_API")
    assert [name for name in graded(planned(deployed)) if "INTEGRATION" not in name and "STORAGE" not in name] == []
    assert deployed.run("SELECT MISSING_ROWS FROM LAKE.OPS.RECONCILE_API") == [(0,)]
    new = deployed.land("a9", "items", {"id": 9, "amount": "9.00"})
    s3.copy_object(Bucket=BUCKET, Key=f"there/{new}", CopySource={"Bucket": BUCKET, "Key": new})
    deployed.run(f"ALTER PIPE LAKE.RAW.PIPE_API REFRESH PREFIX = '{new.partition('source=api/')[2]}'")
    deployed.account.pump()
    after = deployed.run("SELECT SRC_FILE_ROW_NUMBER, PAYLOAD::VARCHAR FROM LAKE.RAW.RAW_API_JSON ORDER BY 1, 2")
    assert sorted(after) == sorted([*before, (1, '{"amount":"9.00","id":9}')])
    assert {
        name.partition("source=")[0] for (name,) in deployed.run("SELECT SRC_FILENAME FROM LAKE.RAW.RAW_API_JSON")
    } == {"there/lake/"}


def tries(there: Site, key: str) -> int:
    """How often a pipe tried a part."""
    named = "TABLE_NAME => 'LAKE.RAW.RAW_API_JSON', START_TIME => DATEADD(HOUR, -1, CURRENT_TIMESTAMP())"
    rows = there.run(f"SELECT FILE_NAME FROM TABLE(LAKE.INFORMATION_SCHEMA.COPY_HISTORY({named}))")
    return sum(key.endswith(name) for (name,) in rows)


def test_a_pipe_that_is_replaced_is_not_told_of_what_was_reissued(deployed: Site) -> None:
    refused = deployed.land("a4", "items").replace("hour=00", "hour=01")
    reissued = refused.replace(".jsonl.gz", "r0123abcd.jsonl.gz")
    s3 = deployed.account.client("s3")
    s3.put_object(Bucket=BUCKET, Key=refused, Body=gzip.compress(b'{"no": json}\n{"id":4,"amount":"4.00"}\n'))
    deployed.account.pump()
    assert tries(deployed, refused) == 1
    deployed.run("ALTER PIPE LAKE.RAW.PIPE_API SET PIPE_EXECUTION_PAUSED = TRUE")
    s3.put_object(Bucket=BUCKET, Key=reissued, Body=gzip.compress(b'{"id":4,"amount":"4.00"}\n'))
    topic = deployed.account.client("sns").create_topic(Name="parts")["TopicArn"]
    deployed.write(SPEC, deploy={"storage": {**deployed.environment["deploy"]["storage"], "aws_sns_topic_arn": topic}})
    with deployed.at_work():
        assert deploy(deployed, "apply", "--allow", "RAW.PIPE_API") == 0
    deployed.account.pump()
    assert (tries(deployed, refused), tries(deployed, reissued)) == (1, 1)
    assert amounts(deployed) == [*AMOUNTS, ("4", "4.00")]


def test_another_topic_replaces_the_pipe_and_loses_and_doubles_nothing(deployed: Site) -> None:
    """Its own definition: what Snowflake can't alter is made anew, and told of what RAW lacks."""
    topic = deployed.account.client("sns").create_topic(Name="parts")["TopicArn"]
    deployed.write(SPEC, deploy={"storage": {**deployed.environment["deploy"]["storage"], "aws_sns_topic_arn": topic}})
    assert graded(planned(deployed)) == {"replace RAW.PIPE_API": "guarded"}
    assert deploy(deployed, "apply") == 1
    assert deployed.run("SELECT COUNT(*) FROM LAKE.RAW.RAW_API_JSON") == [(4,)]
    deployed.run("ALTER PIPE LAKE.RAW.PIPE_API SET PIPE_EXECUTION_PAUSED = TRUE")
    missed = deployed.land("a3", "items", {"id": 3, "amount": "3.00"})
    with deployed.at_work():
        assert deploy(deployed, "apply", "--allow", "RAW.PIPE_API") == 0
        assert planned(deployed).actions == ()
    deployed.account.pump()
    counts = deployed.run("SELECT SRC_FILENAME, COUNT(*) FROM LAKE.RAW.RAW_API_JSON GROUP BY 1")
    assert dict(counts)[missed] == 1
    assert sum(count for _, count in counts) == 5
    assert amounts(deployed) == [*AMOUNTS, ("3", "3.00")]
