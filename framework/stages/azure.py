"""An Azure Blob container as the stage."""

from pathlib import Path
from typing import Literal

from framework.errors import NotBuilt
from framework.model import Strict
from framework.stages.base import Resolve, Stage


class AzureStage(Strict):
    """An Azure Blob container."""

    type: Literal["azure"]
    account: str
    """The storage account."""
    container: str
    """The container; it must exist."""
    prefix: str = ""
    """Put before every key."""

    def open(self, project_folder: Path, resolve: Resolve = str) -> Stage:
        """Not yet."""
        raise NotBuilt("the stage azure is not built yet: use `stage: {type: local, path: …}`")
