"""User and password, as RFC 7617 has it: UTF-8, either half may be empty."""

import base64
from typing import Literal

from framework.auth.base import Auth, AuthContext, Fixed
from framework.model import Strict, Template
from framework.template import render_text


class BasicAuth(Strict):
    """User and password in the Authorization header."""

    type: Literal["basic"]
    user: Template = Template("")
    """The user, often the API key itself."""
    password: Template = Template("")
    """The password; some APIs want it empty."""

    def open(self, context: AuthContext) -> Auth:
        """Render both once."""
        pair = f"{render_text(self.user, context.values)}:{render_text(self.password, context.values)}"
        token = base64.b64encode(pair.encode()).decode()
        context.hide(token)
        return Fixed(lambda request: request.with_header("Authorization", f"Basic {token}"))
