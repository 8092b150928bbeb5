"""Killed at any instant between prepare, log and publish, in a bucket and in a container: nothing that is not in the
log is ever visible, what is logged is published by the next run, and what was left is swept."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from framework.manifest import Committed, Voided
from framework.project import find
from framework.run import Options, Report, Workspace, run
from framework.stages.base import Leftover
from tests import api, moto
from tests.stages import places

pytestmark = pytest.mark.slow
SLICES = 6
MOMENTS = [
    ("after prepare", 1),
    ("before put_if_absent", 1),
    ("prepared", 2),
    ("logged", 1),
    ("before publish", 2),
    ("after publish", 1),
    ("published", 3),
]
SPEC = {
    "for_each": {"values": [str(number) for number in range(SLICES)], "as": "part"},
    "request": {"path": "/{{ part }}"},
}


@dataclass
class Watched:
    """A stage, and all that ever became visible in it."""

    place: places.Place
    queue: Any = None
    seen: set[str] = field(default_factory=set)

    def look(self, workspace: Workspace) -> set[str]:
        """The keys of parts that were visible at any time up to now. In a bucket its own events tell."""
        if self.queue:
            self.seen |= set(self.queue())
        self.seen |= {found.key for found in workspace.stage.list("ingest/source=")}
        return self.seen


@pytest.fixture(scope="module", params=["s3", pytest.param("azure", marks=places.NEEDS_AZURITE)])
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    with moto.serving() if request.param == "s3" else places.azurite() as running:
        yield running


@pytest.fixture
def watched(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    with places.s3(server) if isinstance(server, moto.Moto) else places.azure(server) as place:
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        queue = events(server, place.settings) if isinstance(server, moto.Moto) else None
        yield Watched(place, queue)


def events(server: moto.Moto, settings: dict[str, Any]) -> Any:
    """A queue that the bucket tells of every object under source=, as a pipe's is told. Returns how to empty it."""
    import json
    from urllib.parse import unquote_plus

    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=settings["bucket"])["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = {"Name": "prefix", "Value": f"{settings['prefix']}/ingest/source="}
    told = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [rule]}}}
    server.client("s3").put_bucket_notification_configuration(
        Bucket=settings["bucket"], NotificationConfiguration={"QueueConfigurations": [told]}
    )

    def emptied() -> Iterator[str]:
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                for record in json.loads(message["Body"]).get("Records", []):
                    yield unquote_plus(record["s3"]["object"]["key"]).removeprefix(f"{settings['prefix']}/")
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    return emptied


def answer(seen: api.Seen) -> Any:
    """Two records a slice."""
    return {"items": [{"id": f"{seen.path}-{number}"} for number in range(2)]}


def opened(folder: Path) -> Workspace:
    return Workspace(find(folder).deployment("api"))


def counted(workspace: Workspace) -> set[str]:
    """The keys of the parts that count: in the log, and not void."""
    entries = list(workspace.log("items").entries())
    void = {entry.entry for _, entry in entries if isinstance(entry, Voided)}
    return {
        part.key
        for number, entry in entries
        if isinstance(entry, Committed) and number not in void
        for part in entry.parts
    }


def again(folder: Path) -> Report:
    return run(opened(folder), Options())


def killed(folder: Path, moment: str, number: int) -> None:
    words = [sys.executable, "tests/stages/crash.py", str(folder), moment, str(number)]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": "."}, check=False)
    assert done.returncode == -signal.SIGKILL, "the moment never came"


@pytest.mark.parametrize(("moment", "number"), MOMENTS, ids=[f"{moment} {number}" for moment, number in MOMENTS])
def test_nothing_uncommitted_is_ever_visible(
    watched: Watched, tmp_path: Path, moment: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with api.serving(answer) as served:
        project(tmp_path, served.address, watched.place)
        killed(tmp_path, moment, number)
        workspace = opened(tmp_path)
        assert watched.look(workspace) <= counted(workspace)
        assert again(tmp_path).status == "ok"
        assert watched.look(workspace) == counted(workspace), "what is logged gets published by the next run"
        assert rows(tmp_path) == [f"/{part}-{each}" for part in range(SLICES) for each in range(2)]
        monkeypatch.setattr("framework.run.UPLOADS_KEPT", timedelta(days=-1))
        assert again(tmp_path).status == "ok"
        left = list(workspace.stage.leftovers(workspace.now().replace(year=2100)))
        assert left == []
        assert {found.key for found in workspace.stage.list("ingest/source=")} == counted(workspace)


def test_an_upload_that_the_store_dropped_voids_its_entry_and_its_slices_are_run_again(
    watched: Watched, tmp_path: Path
) -> None:
    """As a lifecycle rule does, and as Azure does after a week."""
    with api.serving(answer) as served:
        project(tmp_path, served.address, watched.place)
        killed(tmp_path, "logged", 2)
        workspace = opened(tmp_path)
        dropped = list(workspace.stage.leftovers(workspace.now().replace(year=2100)))
        assert dropped
        for leftover in dropped:
            workspace.stage.discard(Leftover(leftover.key, leftover.handle))
        if watched.queue is None:
            watched.seen.clear()
        report = again(tmp_path)
        assert report.status == "ok", report.problems()
        entries = [entry for _, entry in workspace.log("items").entries()]
        assert any(isinstance(entry, Voided) for entry in entries)
        assert watched.look(workspace) == counted(workspace)
        assert rows(tmp_path) == [f"/{part}-{each}" for part in range(SLICES) for each in range(2)]


def project(folder: Path, address: str, place: places.Place) -> None:
    """The source api on that stage, one request at a time."""
    source = api.spec(address, SPEC)
    source["http"]["rate_limit"] = {"concurrency": 1}
    api.project(folder, source, stage=place.settings)


def rows(folder: Path) -> list[str]:
    """The records that RAW holds, in order. A run reads every slice anew: there is no position without a cursor."""
    return sorted(text for (text,) in api.rows(folder, "select distinct payload->>'$.id' from RAW_API_JSON"))
