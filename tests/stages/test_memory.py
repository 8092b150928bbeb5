"""A part of any size takes little memory on its way, and arrives whole."""

import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from benchmarks.upload import PIECE, Peak
from framework.settings import Environment
from tests.stages import places


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["s3", pytest.param("azure", marks=places.NEEDS_AZURITE)])
def test_a_large_part_takes_less_than_64_mb(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mebibytes = 200
    with places.running(kind) as place:
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        settings = TypeAdapter(Environment).validate_python({"stage": place.settings})
        stage = settings.stage.open(tmp_path, lambda reference: os.environ[reference.removeprefix("env:")])
        stage.put_if_absent("warm", b"x")  # the SDK's own is loaded by now
        with Peak() as peak:
            upload = stage.prepare("p/source=s/part")
            for _ in range(mebibytes):
                upload.write(PIECE)
            stage.publish("p/source=s/part", upload.finish(), mebibytes << 20)
        assert 0 < peak.bytes < 64 << 20
        (found,) = stage.list("p/")
        assert found.bytes == mebibytes << 20
