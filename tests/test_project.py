"""framework.yaml: environments, several deployments of one spec, config and schedule, and where secrets come from."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from framework.errors import InvalidSpec, SettingsError
from framework.model import Redactor
from framework.project import find, resolve, table_of
from framework.sql import quote_name
from tests.api import Seen, framework, project, rows, serving, spec

EXAMPLE = {
    "version": 1,
    "project": "analytics",
    "environments": {
        "local": {"stage": {"type": "local", "path": "stage"}, "warehouse": {"type": "duckdb", "path": "db.duckdb"}},
        "prod": {
            "stage": {"type": "s3", "bucket": "acme-raw", "region": "eu-west-1"},
            "sources": {
                "shop": {"schedule": {"cron": "0 3 * * *"}, "rate_limit": {"requests": 9, "per": "1s"}},
                "shop_eu": {"spec": "shop", "config": {"region": "eu"}},
                "shop_us": {"spec": "shop", "config": {"region": "us", "start_date": "2026-01-01"}},
            },
        },
    },
    "default_environment": "local",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    shutil.copyfile("sources/shop.yaml", tmp_path / "sources" / "shop.yaml")
    (tmp_path / "framework.yaml").write_text(yaml.safe_dump(EXAMPLE, sort_keys=False))
    return tmp_path


def test_a_project_is_found_from_a_folder_inside_it(folder: Path) -> None:
    assert find(folder / "sources").folder == folder
    assert find(folder / "sources").settings.project == "analytics"


def test_without_a_file_everything_is_as_its_defaults_say(tmp_path: Path) -> None:
    made = find(tmp_path)
    assert (made.folder, made.settings.project) == (tmp_path, "ingest")
    assert made.environment(None)[0] == "local"


def test_an_environment_is_picked_by_flag_variable_or_default(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = find(folder)
    assert made.environment(None)[0] == "local"
    monkeypatch.setenv("FRAMEWORK_ENV", "prod")
    assert made.environment(None)[0] == "prod"
    assert made.environment("local")[0] == "local"
    with pytest.raises(SettingsError, match=r"no environment .prodd.\. Did you mean .prod."):
        made.environment("prodd")


def test_config_is_the_deployments_over_the_specs_defaults(folder: Path) -> None:
    made = find(folder)
    assert made.deployment("shop").config == {"region": "eu", "start_date": "2024-01-01", "warehouses": ["ams", "dub"]}
    us = made.deployment("shop_us", "prod")
    assert us.config == {"region": "us", "start_date": "2026-01-01", "warehouses": ["ams", "dub"]}


def test_schedule_and_rate_limit_of_an_environment_win(folder: Path) -> None:
    made = find(folder)
    here, prod = made.deployment("shop"), made.deployment("shop", "prod")
    assert here.source.schedule is not None
    assert prod.source.schedule is not None
    assert (here.source.schedule.cron, prod.source.schedule.cron) == ("15 * * * *", "0 3 * * *")
    assert (prod.source.schedule.retries, prod.source.http.rate_limit.requests) == (3, 9)


def test_names_and_tables_follow_the_deployment(folder: Path) -> None:
    source = find(folder).deployment("shop_us", "prod").source
    assert source.name == "shop_us"
    assert [stream.clean.table for stream in source.streams if stream.clean] == [
        "CLN_SHOP_US_ORDER",
        "CLN_SHOP_US_ORDER_LINE",
        "CLN_SHOP_US_STOCK",
        "CLN_SHOP_US_CUSTOMER",
    ]
    assert source.analytics[0].table == "ANL_SHOP_US_DAILY_REVENUE"
    assert "ref('CLN_SHOP_US_ORDER')" in source.analytics[0].sql.replace('"', "'")


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("CLN_ORDER", "CLN_SHOP_EU_ORDER"),
        ("ANL_X", "ANL_SHOP_EU_X"),
        ("orders", "SHOP_EU_orders"),
        ("CLN_", "SHOP_EU_CLN_"),
    ],
)
def test_table_names(table: str, wanted: str) -> None:
    assert table_of("shop_eu", table) == wanted


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"config": {"regoin": "eu"}}, "has no config 'regoin'. Did you mean 'region'"),
        ({"config": {"region": "mars"}}, "'mars' is not one of"),
        ({"config": {"start_date": "yesterday"}}, "start_date"),
        ({"spec": "shopp"}, "there is no source 'shopp'"),
    ],
)
def test_settings_that_do_not_fit_are_said(folder: Path, settings: dict[str, Any], text: str) -> None:
    changed = json.loads(json.dumps(EXAMPLE))
    changed["environments"]["local"]["sources"] = {"shop": settings}
    (folder / "framework.yaml").write_text(yaml.safe_dump(changed))
    with pytest.raises(SettingsError, match=r"environments\.local|no source") as caught:
        find(folder).deployment("shop")
    assert text in str(caught.value)


def test_an_unknown_source_names_the_nearest(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no source .shp.*Did you mean .shop."):
        find(folder).deployment("shp")


def test_a_misspelt_key_of_framework_yaml_has_line_and_column(folder: Path) -> None:
    (folder / "framework.yaml").write_text("version: 1\nproject: x\nenvironmets:\n  local: {}\n")
    with pytest.raises(InvalidSpec, match=r"framework.yaml:3:1: E101 .*Did you mean 'environments'"):
        find(folder)


def test_settings_may_point_to_variables_and_secrets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = find(folder).deployment("shop")
    monkeypatch.setenv("ACCOUNT", "acme")
    (folder / ".env").write_text("SNOWFLAKE_PRIVATE_KEY=from-file\n")
    redactor = Redactor()
    assert resolve("env:ACCOUNT", made, redactor) == "acme"
    assert resolve("secret:snowflake#private_key", made, redactor) == "from-file"
    assert redactor("it is from-file") == "it is ***"
    assert resolve("plain", made, redactor) == "plain"
    with pytest.raises(SettingsError, match="NOT_THERE is not set"):
        resolve("env:NOT_THERE", made, redactor)
    with pytest.raises(SettingsError, match="SNOWFLAKE_OTHER"):
        resolve("secret:snowflake#other", made, redactor)


def test_a_stage_without_credentials_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"EC2_METADATA_DISABLED": "true", "SHARED_CREDENTIALS_FILE": "none", "CONFIG_FILE": "x"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    assert framework(folder, "run", "shop", "--env", "prod") == 1
    said = capsys.readouterr().err
    assert "s3://acme-raw" in said
    assert "the SDK finds no credentials" in said


def test_the_design_example_is_read_whole(tmp_path: Path) -> None:
    shutil.copyfile(Path(__file__).parent / "specs" / "framework.example.yaml", tmp_path / "framework.yaml")
    made = find(tmp_path)
    assert set(made.settings.environments) == {"local", "prod", "prod_azure"}
    assert made.environment("prod")[1].sources["shop_eu"].spec == "shop"


def test_two_deployments_of_one_spec_side_by_side(tmp_path: Path) -> None:
    """Their tables, positions and parts never meet."""

    def answer(seen: Seen) -> Any:
        return {"items": [{"id": f"{seen.path}-{number}"} for number in range(3 if "eu" in seen.path else 2)]}

    stream = {
        "request": {"path": "/{{ config.region }}/items"},
        "clean": {"table": "CLN_ITEM", "columns": {"item_id": {"from": "id"}}},
    }
    mart = {"table": "ANL_ITEMS", "sql": "select count(*) as n from {{ ref('CLN_ITEM') }}"}
    config = {"region": {"type": "string", "default": "eu"}}
    with serving(answer) as api:
        source = spec(api.address, stream, config=config, analytics=[mart])
        deployed = {
            "api_eu": {"spec": "api", "config": {"region": "eu"}},
            "api_us": {"spec": "api", "config": {"region": "us"}},
        }
        project(tmp_path, source, sources=deployed)
        for name in ("api_eu", "api_us"):
            assert framework(tmp_path, "run", name) == 0
        assert framework(tmp_path, "run", "api_eu") == 0
    for name, count in (("EU", 3), ("US", 2)):
        assert rows(tmp_path, f"select count(*) from {quote_name(f'CLN_API_{name}_ITEM')}") == [(count,)]
        assert rows(tmp_path, f"select n from {quote_name(f'ANL_API_{name}_ITEMS')}") == [(count,)]
    assert len(rows(tmp_path, "select distinct payload::varchar from RAW_API_US_JSON")) == 2
    stage = tmp_path / ".data" / "stage" / "ingest"
    assert {path.name for path in stage.iterdir()} == {"source=api_eu", "source=api_us", "_log"}
