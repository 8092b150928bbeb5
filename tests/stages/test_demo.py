"""The demo with its parts in a bucket and in a container, byte for byte those of a folder."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from framework.project import find
from framework.settings import Environment
from framework.stages.base import Stage
from tests.shop import contents, played, project, read
from tests.stages import places


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, Path]]:
    """Credentials, the API's address, and a project that has read it into a folder."""
    credentials = tmp_path_factory.mktemp("shop")
    with played(credentials) as address:
        calm = project(tmp_path_factory.mktemp("calm"), address, credentials)
        assert read(calm).status == "ok"
        yield credentials, address, calm


def parts(stage: Stage) -> dict[str, list[bytes]]:
    """The bytes of all visible parts by stream: whole, where a stream has one part; else what is in them, in order."""
    found: dict[str, list[bytes]] = {}
    for item in stage.list("demo/source=shop/"):
        with stage.as_file(item.key) as path:
            found.setdefault(item.key.rpartition("/")[2].split("-")[1], []).append(path.read_bytes())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["s3", pytest.param("azure", marks=places.NEEDS_AZURITE)])
def test_parts_and_tables_are_those_of_a_folder(
    kind: str, shop: tuple[Path, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials, address, calm = shop
    with places.running(kind) as place:
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        one = {"rate_limit": {"requests": 6000, "per": "1m", "concurrency": 1}}  # in order: the same bytes
        here = project(tmp_path, address, credentials, stage=place.settings)
        assert read(here).status == "ok"
        assert contents(here) == contents(calm)
        for folder in (tmp_path / "cloud", tmp_path / "folder"):
            stage = {"stage": place.settings | {"prefix": "one"}} if folder.name == "cloud" else {}
            project(folder, address, credentials, **stage, sources={"shop": one})
            assert read(folder).status == "ok"
        cloud, local = (
            parts(
                TypeAdapter(Environment).validate_python(find(folder).environment(None)[1]).stage.open(folder, _value)
            )
            for folder in (tmp_path / "cloud", tmp_path / "folder")
        )
        assert cloud.keys() == local.keys() == {"orders", "stock", "customers", "order_lines"}
        assert cloud == local


def _value(reference: str) -> str:
    return os.environ[reference.removeprefix("env:")]


@pytest.mark.slow
def test_the_demo_runs_through_the_stage_of_an_environment(tmp_path: Path) -> None:
    """`framework demo --env E` as its user types it, twice."""
    with places.running("s3") as place:
        settings = {"version": 1, "environments": {"local": {}, "lake": {"stage": place.settings}}}
        (tmp_path / "framework.yaml").write_text(json.dumps(settings))
        words = [sys.executable, "-m", "framework.cli", "demo", "--env", "lake"]
        environment = {**os.environ, **place.environment, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "140"}
        said = [
            subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            for _ in range(2)
        ]
        assert [done.returncode for done in said] == [0, 0], [done.stderr for done in said]
        for done in said:
            assert f"s3://{place.settings['bucket']}/lake" in done.stdout
            assert "all checks passed" in done.stdout
        assert "Since the last run" in said[1].stdout
        assert not (tmp_path / ".demo" / ".data" / "stage").exists()
        client = place.server.client("s3")
        keys = [found["Key"] for found in client.list_objects_v2(Bucket=place.settings["bucket"])["Contents"]]
        assert any("/source=shop/" in key for key in keys)
        assert "Uploads" not in client.list_multipart_uploads(Bucket=place.settings["bucket"])
        body = client.get_object(Bucket=place.settings["bucket"], Key=next(k for k in keys if "part-orders" in k))
        assert json.loads(gzip.decompress(body["Body"].read()).splitlines()[0])["id"]


def test_an_environment_that_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from framework.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--env", "nowhere"]) == 1
