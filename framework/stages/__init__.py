"""Where part files wait and where the log is: a file per kind of store."""

from typing import Annotated

from pydantic import Field

from framework.stages.azure import AzureStage
from framework.stages.local import LocalStage
from framework.stages.s3 import S3Stage

StageSpec = Annotated[AzureStage | LocalStage | S3Stage, Field(discriminator="type")]
