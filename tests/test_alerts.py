"""Who is told when a run fails."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api import Answer, Seen, framework, project, serving, spec


@pytest.mark.parametrize("received", [200, 500])
def test_a_failed_run_is_told_and_a_good_one_is_not(
    received: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = [False]

    def answer(seen: Seen) -> Any:
        if seen.path == "/hook":
            return Answer(b"ok", received)
        return {"items": []} if good[0] else Answer(b"", 404)

    with serving(answer) as api:
        monkeypatch.setenv("ALERTS_SLACK_URL", f"{api.address}/hook")
        project(tmp_path, spec(api.address, {}), alerts=[{"type": "slack", "url": "secret:alerts#slack_url"}])
        assert framework(tmp_path, "run", "api") == 1
        told = [json.loads(seen.body)["text"] for seen in api.seen if seen.path == "/hook"]
        assert len(told) == 1
        assert "api (local): run " in told[0]
        assert "api.items: GET http" in told[0]
        said = capsys.readouterr().out
        assert ("the alert did not get through: status 500" in said) == (received == 500)
        good[0] = True
        assert framework(tmp_path, "run", "api") == 0
        assert api.paths().count("/hook") == 1


def test_what_ends_a_run_at_once_is_told_too(tmp_path: Path) -> None:
    with serving(lambda seen: Answer(b"ok") if seen.path == "/hook" else {"items": [{"id": 1}]}) as api:
        alerts = [{"type": "slack", "url": f"{api.address}/hook"}]
        project(tmp_path, spec(api.address, {}), alerts=alerts, warehouse={"type": "duckdb", "path": "sources"})
        assert framework(tmp_path, "run", "api") == 1
        told = [json.loads(seen.body)["text"] for seen in api.seen if seen.path == "/hook"]
    assert len(told) == 1
    assert "DuckDB" in told[0]
