"""One of several kinds of credentials, by a value of the deployment's config."""

from typing import Annotated, Literal

from pydantic import Field

from framework.auth.base import Auth, AuthContext
from framework.auth.kinds import Kind
from framework.auth.mtls import MtlsAuth
from framework.errors import SettingsError
from framework.model import Name, Strict, Template
from framework.problem import suggestion
from framework.template import render_text


class ChooseAuth(Strict):
    """One of several kinds, by a config value. Only the chosen one's secrets are needed."""

    type: Literal["choose"]
    by: Template
    """What chooses, such as `{{ config.auth_kind }}`."""
    of: Annotated[dict[Name, Annotated[Kind | MtlsAuth, Field(discriminator="type")]], Field(min_length=1)]
    """The kinds, by the value that chooses each."""

    def open(self, context: AuthContext) -> Auth:
        """The chosen one. Raises SettingsError where there is none of that name."""
        chosen = render_text(self.by, context.values)
        if chosen not in self.of:
            known = suggestion(chosen, list(self.of))
            raise SettingsError(
                f"http.auth.by is {chosen!r}, which chooses none.{known} Check the deployment's config."
            )
        return self.of[chosen].open(context)
