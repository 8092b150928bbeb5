"""`framework deploy render`: what is printed, in which order, and what stands in it."""

import re
import shutil
from pathlib import Path

import pytest

from framework.cli import main
from framework.deploy.desired import desired
from framework.deploy.objects import Object, definition_in, in_order
from framework.deploy.script import files
from framework.deploy.steps import steps
from framework.errors import SettingsError
from framework.project import find
from tests.snowflake.golden import GOLDEN, rendered
from tests.snowflake.rendered import ENVIRONMENTS, HERE, SHIPPED, of_kind, project, wanted

EXAMPLE = HERE / "example.yaml"


def test_the_golden_files_are_what_is_rendered() -> None:
    fresh = rendered()
    assert sorted(GOLDEN.rglob("*.*")) == sorted(fresh), "run `make golden`"
    stale = [str(path.relative_to(GOLDEN)) for path, text in fresh.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "look at the difference after `make golden`"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_everything_stands_after_what_it_needs(environment: str) -> None:
    objects = wanted(environment).objects
    places = {each.id: index for index, each in enumerate(objects)}
    assert len(places) == len(objects)
    for each in objects:
        for need in each.needs:
            if need in places:
                assert places[need] < places[each.id], (each.id, need)
            else:
                assert " integration " in f" {need}", (each.id, need)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_files_hold_every_statement_once_and_in_a_right_order(environment: str) -> None:
    found = wanted(environment)
    told = files(found)
    text = "".join(text for name, text in told.items() if name.endswith(".sql"))
    at = {each.id: text.index(f"{each.ddl};\n") for each in found.objects}
    for each in found.objects:
        assert text.count(f"\n{each.ddl};\n") == 1, each.id
        assert all(at[need] < at[each.id] for need in each.needs if need in at), each.id


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_has_a_comment_holds_the_hash_of_its_definition(environment: str) -> None:
    bare = {"grant", "setting", "resource monitor"}
    for each in wanted(environment).objects:
        comment = re.findall(r"COMMENT = '((?:[^'\\]|''|\\.)*)'", each.ddl)
        assert (each.kind in bare) == (not comment), each.id
        if comment:
            assert definition_in(comment[0]) == each.definition, each.id


def test_a_comment_of_someone_else_holds_no_hash() -> None:
    for comment in (None, "", "orders", "[ingest:xyz]", "x [ingest:0123456789ab] y"):
        assert definition_in(comment) is None


def test_a_pipe_depends_on_nothing_of_the_spec_but_its_name(tmp_path: Path) -> None:
    shutil.copytree(HERE / "sources", tmp_path / "sources")
    shutil.copy(HERE / "framework.yaml", tmp_path)
    (before,) = of_kind_in(tmp_path, "pipe")
    path = tmp_path / "sources" / "every.yaml"
    text = path.read_text(encoding="utf-8").replace("name: only_raw", "name: other").replace("CLN_MERGED", "CLN_NEW")
    path.write_text(text.replace("table: ANL_ALL", "table: ANL_OTHER"), encoding="utf-8")
    assert of_kind_in(tmp_path, "pipe") == [before]
    assert of_kind_in(tmp_path, "task") != of_kind("s3", "task")


def of_kind_in(folder: Path, kind: str) -> list[Object]:
    return [each for each in desired(find(folder), "s3").objects if each.kind == kind]


def test_a_pipe_sees_parts_and_no_bookkeeping() -> None:
    (pipe,) = [each for each in of_kind("s3", "pipe") if each.source == "shop"]
    pattern = re.search(r"PATTERN = '(.*?)'", pipe.ddl)
    assert pattern
    assert re.fullmatch(pattern[1], "lake/source=shop/dt=2026-01-01/hour=00/part-orders-01hx-ab-0000.jsonl.gz")
    assert not re.fullmatch(pattern[1], "lake/_log/shop/orders/00000001.json")
    assert "FROM @ANALYTICS.RAW.STG_LANDING/source=shop/" in pipe.ddl
    (stage,) = of_kind("s3", "stage")
    assert "URL = 's3://acme-raw/lake/'" in stage.ddl


@pytest.mark.parametrize("environment", ["prod", "prod_azure"])
def test_the_example_works_as_it_is_written(
    tmp_path: Path, environment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SHIPPED, tmp_path / "sources", ignore=shutil.ignore_patterns("*.pages"))
    shutil.copy(EXAMPLE, tmp_path / "framework.yaml")
    out = tmp_path / "out"
    assert main(["deploy", "render", "--env", environment, "--project", str(tmp_path), "--out", str(out)]) == 0
    more = ["shop_eu", "shop_us"] if environment == "prod" else []
    named = [f"3_{name}.sql" for name in sorted(["frankfurter", "github", "pokeapi", "shop", *more])]
    assert sorted(path.name for path in out.iterdir()) == ["1_admin.sql", "2_shared.sql", *named, "4_steps.md"]
    capsys.readouterr()
    assert main(["deploy", "render", "--env", environment, "--project", str(tmp_path), "shop"]) == 0
    printed = capsys.readouterr().out
    assert "CREATE PIPE IF NOT EXISTS ANALYTICS.RAW.PIPE_SHOP AUTO_INGEST = TRUE" in printed
    assert "PIPE_GITHUB" not in printed
    assert "STORAGE_INTEGRATION = " + ("S3_RAW" if environment == "prod" else "AZURE_RAW") in printed
    assert ("INTEGRATION = 'AZURE_EVENTS'" in printed) == (environment == "prod_azure")
    assert all(line.startswith("--") for line in printed[printed.index("-- 4_steps.md") :].splitlines())


def test_of_a_duckdb_file_its_tables_are_rendered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deploy", "render", "--env", "local", "--project", str(HERE)]) == 0
    printed = capsys.readouterr().out
    assert "create table if not exists RAW_EVERY_JSON" in printed.replace('"', "")
    assert "WAREHOUSE" not in printed


def test_no_secret_is_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (HERE / "framework.yaml").read_text(encoding="utf-8")
    text = text.replace("user: svc-deployer", 'user: svc-deployer\n      private_key: "secret:snowflake#deployer"')
    text = text.replace("workload_identity: {type: aws", 'public_key: "env:THE_KEY", workload_identity: {type: aws')
    (tmp_path / "framework.yaml").write_text(text, encoding="utf-8")
    shutil.copytree(HERE / "sources", tmp_path / "sources")
    monkeypatch.setenv("SNOWFLAKE_DEPLOYER", "hush-hush")
    monkeypatch.setenv("THE_KEY", "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----")
    told = "".join(files(desired(find(tmp_path), "s3_every")).values())
    assert "hush" not in told
    assert "RSA_PUBLIC_KEY = 'abc'" in told
    monkeypatch.setenv("THE_KEY", "-----BEGIN " + "PRIVATE KEY-----\nabc")
    with pytest.raises(SettingsError, match="this is a private key"):
        desired(find(tmp_path), "s3_every")


def test_two_objects_of_one_name_are_refused(tmp_path: Path) -> None:
    shutil.copy(HERE / "framework.yaml", tmp_path)
    shutil.copytree(HERE / "sources", tmp_path / "sources")
    text = (tmp_path / "sources/every.yaml").read_text(encoding="utf-8")
    (tmp_path / "sources/other.yaml").write_text(text.replace("name: every", "name: other"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"CLN_MERGED is wanted twice, by every and other"):
        desired(find(tmp_path), "s3")


def test_what_a_live_account_tells_stands_in_the_steps() -> None:
    found = {
        "STORAGE_AWS_IAM_USER_ARN": "arn:aws:iam::999999999999:user/snow",
        "notification_channel": "arn:aws:sqs:eu-west-1:999999999999:sf-snowpipe",
    }
    told = "\n".join(step.text for step in steps(wanted("s3"), found))
    assert all(value in told for value in found.values())
    assert "DESC STORAGE INTEGRATION" not in told
    told = "\n".join(
        step.text for step in steps(wanted("azure_every"), {"AZURE_CONSENT_URL": "https://consent.example"})
    )
    assert "https://consent.example" in told


def test_objects_that_need_each_other_in_no_order_come_as_they_are() -> None:
    objects = [Object("table", "C", "r", "c", needs=("table B",)), Object("table", "A", "r", "a"),
               Object("table", "B", "r", "b", needs=("table A", "table GONE"))]  # fmt: skip
    assert [each.name for each in in_order(objects)] == ["A", "B", "C"]
    assert project().deployments("s3") == ["every"]
