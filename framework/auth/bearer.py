"""A token in the Authorization header, as RFC 6750 has it."""

from typing import Literal

from framework.auth.base import Auth, AuthContext, Fixed
from framework.model import Strict, Template
from framework.template import render_text


class BearerAuth(Strict):
    """A token in the Authorization header."""

    type: Literal["bearer"]
    token: Template
    """The token, usually `{{ secrets.token }}`."""
    prefix: str = "Bearer"
    """The word before the token; some APIs want another, such as SSWS or Token."""
    optional: bool = False
    """Send no header at all where the secret is not set: for APIs that also answer without an account."""

    def open(self, context: AuthContext) -> Auth:
        """Render the token once."""
        if self.optional and not render_text(
            self.token, {**context.values, "secrets": context.values["optional_secrets"]}
        ):
            return Fixed(lambda request: request)
        token = render_text(self.token, context.values)
        return Fixed(lambda request: request.with_header("Authorization", f"{self.prefix} {token}".strip()))
