"""How requests are given their credentials: a file per kind."""

from typing import Annotated

from pydantic import Field

from framework.auth.choose import ChooseAuth
from framework.auth.kinds import Kind
from framework.auth.mtls import MtlsAuth

AuthSpec = Annotated[Kind | MtlsAuth | ChooseAuth, Field(discriminator="type")]
