"""Credentials by a Python function beside the spec."""

from typing import Literal

from framework.auth.base import Auth, AuthContext, Fixed
from framework.hooks import Hook, changed
from framework.model import Strict


class HookAuth(Strict):
    """Credentials by a Python function beside the spec: `def sign(request, values)` returns the request with them."""

    type: Literal["hook"]
    hook: Hook
    """The function; see docs/hooks.md."""

    def open(self, context: AuthContext) -> Auth:
        """Calls it for every request."""
        return Fixed(lambda request: changed(self.hook, request, context.values))
