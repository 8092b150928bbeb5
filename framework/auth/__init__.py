"""How requests are given their credentials: a file per kind."""

from typing import Annotated

from pydantic import Field

from framework.auth.api_key import ApiKeyAuth
from framework.auth.basic import BasicAuth
from framework.auth.bearer import BearerAuth
from framework.auth.oauth2 import OAuth2Auth

AuthSpec = Annotated[ApiKeyAuth | BasicAuth | BearerAuth | OAuth2Auth, Field(discriminator="type")]
