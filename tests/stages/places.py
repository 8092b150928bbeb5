"""The stages that tests run on: a folder, a bucket of moto, a container of azurite. Each call gives an empty one."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import moto

AZURITE = Path(__file__).parent / "azurite"
NODE = shutil.which("node")
HAS_AZURITE = NODE is not None and (AZURITE / "node_modules").is_dir()


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
