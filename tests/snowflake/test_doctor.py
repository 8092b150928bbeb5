"""`framework doctor` signs in to the account as a run does."""

import base64
import json
from pathlib import Path

import pytest

from framework.cli import main
from framework.demo.project import Folder
from tests import shop
from tests.snowflake.deployed import Deployed, credentials, environment, with_environment
from tests.snowflake.running import Account, key_pair

pytestmark = pytest.mark.slow


def doctor(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    main(["doctor", "--project", str(folder), "--env", "snow"])
    return " ".join(capsys.readouterr().out.split())


def test_references_lead_to_the_account_and_its_key(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    public = credentials(monkeypatch)
    (tmp_path / "shop").mkdir()
    Folder(tmp_path / "shop").prepare(shop.BORN)
    folder = shop.project(tmp_path / "project", "http://127.0.0.1:9", tmp_path / "shop")
    settings = environment(account, "copy", public)
    settings["warehouse"]["account"] = "env:ACCOUNT_NAME"
    project = with_environment(folder, "snow", settings)
    administrator = Deployed(account)
    administrator.apply(project, "snow", [])
    administrator.close()
    missing = doctor(folder, capsys)
    assert "ACCOUNT_NAME is not set" in missing
    monkeypatch.setenv("ACCOUNT_NAME", "emulator")
    account.forget()
    assert "snowflake://emulator/LAKE" in doctor(folder, capsys)
    (asked,) = [each for each in account.statements() if each["sql"].lower() == "select 1"]
    assert (asked["user"], asked["role"], json.loads(asked["tag"])["step"]) == ("LOADER", "LOADER", "doctor")
    other = base64.b64encode(key_pair()[1]).decode()
    monkeypatch.setenv("SNOWFLAKE_PRIVATE_KEY", other)
    refused = doctor(folder, capsys)
    assert "can't sign in" in refused
    assert other[:40] not in refused
