"""The stages that tests run on: a folder, a bucket of moto, a container of azurite. Each call gives an empty one."""

import base64
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import moto

AZURITE = Path(__file__).parent / "azurite"
NODE = shutil.which("node")
HAS_AZURITE = NODE is not None and (AZURITE / "node_modules").is_dir()
NEEDS_AZURITE = pytest.mark.skipif(not HAS_AZURITE, reason="`make test-core` gets azurite by npm")


@dataclass(frozen=True)
class Place:
    """A kind of stage, ready for use."""

    settings: dict[str, Any]
    """As framework.yaml has them."""
    environment: dict[str, str]
    """What else a process needs."""
    server: Any = None


@contextmanager
def local(folder: Path) -> Iterator[Place]:
    """A folder."""
    yield Place({"type": "local", "path": str(folder / "stage")}, {})


@contextmanager
def s3(server: moto.Moto) -> Iterator[Place]:
    """A bucket."""
    bucket = f"stage-{secrets.token_hex(4)}"
    server.client("s3").create_bucket(Bucket=bucket)
    settings = {"type": "s3", "bucket": bucket, "prefix": "lake", "endpoint_url": server.address}
    yield Place(settings, moto.ENVIRONMENT, server)


ACCOUNT = "devstoreaccount1"


@contextmanager
def azurite() -> Iterator["Azurite"]:
    """Azure's emulator on a free port, with a key made up here."""
    key = base64.b64encode(secrets.token_bytes(64)).decode()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [str(NODE), "node_modules/azurite/dist/src/blob/main.js", "--blobPort", str(port), "--silent"]
    words += ["--disableTelemetry", "--inMemoryPersistence", "--skipApiVersionCheck"]
    environment = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"}
    with subprocess.Popen(words, cwd=AZURITE, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            moto.until(lambda: _answers(port))
            yield Azurite(f"http://127.0.0.1:{port}/{ACCOUNT}", key)
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Azurite:
    """A running emulator."""

    address: str
    key: str

    def container(self, name: str) -> Any:
        """The SDK's client of a container."""
        from azure.storage.blob import ContainerClient

        credential = {"account_name": ACCOUNT, "account_key": self.key}
        return ContainerClient(self.address, name, credential=credential)


@contextmanager
def azure(server: Azurite) -> Iterator[Place]:
    """A container."""
    name = f"stage-{secrets.token_hex(4)}"
    with server.container(name) as client:
        client.create_container()
    settings = {"type": "azure", "account": ACCOUNT, "container": name, "prefix": "lake"}
    settings |= {"endpoint_url": server.address, "credential": "env:AZURE_STORAGE_KEY"}
    yield Place(settings, {"AZURE_STORAGE_KEY": server.key}, server)


@contextmanager
def running(kind: str) -> Iterator[Place]:
    """A place of that kind with a server of its own."""
    if kind == "s3":
        with moto.serving() as aws, s3(aws) as place:
            yield place
    else:
        with azurite() as emulator, azure(emulator) as place:
            yield place
