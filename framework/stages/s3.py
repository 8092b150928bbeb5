"""An S3 bucket as the stage."""

from pathlib import Path
from typing import Literal

from framework.errors import NotBuilt
from framework.model import Strict
from framework.stages.base import Stage


class S3Stage(Strict):
    """An S3 bucket."""

    type: Literal["s3"]
    bucket: str
    """The bucket; it must exist."""
    region: str | None = None
    """Its region, such as eu-west-1; without it, the machine's own setting."""
    prefix: str = ""
    """Put before every key."""
    endpoint_url: str | None = None
    """For stores that speak S3 and are not AWS."""

    def open(self, project_folder: Path) -> Stage:
        """Not yet."""
        raise NotBuilt("the stage s3 is not built yet: use `stage: {type: local, path: …}`")
