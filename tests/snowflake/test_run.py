"""`framework run` with an emulated account as its warehouse: the same tables as on DuckDB, whichever way parts come."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from framework.run import Report
from tests import shop
from tests.snowflake import running
from tests.snowflake.deployed import Deployed, credentials, environment, with_environment
from tests.snowflake.duck import beside, read, same
from tests.stages import places

pytestmark = pytest.mark.slow


def through_the_shop(deployed: Deployed, folder: Path, settings: dict[str, Any], changed: bool = True) -> Report:
    """The shop as it was and as it is after a change, read into the account; the same parts into DuckDB; compared."""
    for changes in ([], [shop.CHANGED]) if changed else ([],):
        with shop.played(folder / "shop", *changes) as address:
            place = shop.project(folder / "project", address, folder / "shop")
            project = with_environment(place, "snow", settings)
            with_environment(place, "duck", {"stage": settings["stage"]})
            if not changes:
                wanted = deployed.apply(project, "snow", ["shop"])
                deployed.account.forget()
            with deployed.alive() if settings["warehouse"]["load"] != "copy" else nullcontext():
                report = read(place)
        beside(place)
        same(deployed.run, wanted, project.deployment("shop", "snow").source, place)
    return report


@pytest.mark.parametrize("load", ["copy", "snowpipe", "snowpipe_rest"])
def test_the_shop_ends_in_the_same_tables_before_and_after_it_changed(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: str
) -> None:
    public, account = credentials(monkeypatch), deployed.account
    report = through_the_shop(deployed, tmp_path, environment(account, load, public))
    tags = [json.loads(each["tag"]) for each in account.statements() if each["user"] == "LOADER"]
    assert {(tag["source"], tag["stream"]) for tag in tags if tag.get("step") == "load"} == {
        ("shop", name) for name in report.streams
    }
    assert {tag["run"] for tag in tags} > {report.run}
    runs = "SELECT RUN_ID, STATUS, REPORT:streams:orders:loaded::NUMBER FROM LAKE.OPS._INGEST_RUNS ORDER BY 1"
    assert deployed.run(runs)[-1] == (report.run, "ok", report.streams["orders"].loaded)
    assert {row[0] for row in deployed.run("SELECT DISTINCT LOADED_BY FROM LAKE.OPS._INGEST_LOADING")} == {load}


@places.NEEDS_AZURITE
def test_the_shop_by_way_of_azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account of its own, which reads azurite's container."""
    public = credentials(monkeypatch)
    with places.azurite() as azurite, places.azure(azurite) as place:
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        connection = f"AccountName={places.ACCOUNT};AccountKey={azurite.key};BlobEndpoint={azurite.address};"
        with running.account("--azure-connection", f"DefaultEndpointsProtocol=http;{connection}") as account:
            deployed = Deployed(account)
            settings = environment(account, "copy", public, stage=place.settings)
            settings["deploy"]["storage"] = {"azure_tenant_id": "a123b4c5-1234-123a-a12b-1a23b45678c9"}
            report = through_the_shop(deployed, tmp_path, settings, changed=False)
            deployed.close()
    assert report.streams["orders"].loaded
