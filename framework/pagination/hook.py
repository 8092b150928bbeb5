"""The next page by a Python function beside the spec."""

from typing import Literal

from framework.errors import SpecError
from framework.hooks import Hook
from framework.pagination.base import Paginator
from framework.request import Page, Request


class HookPagination(Paginator):
    """The next page by a Python function beside the spec: `def following(request, page)` returns the request for it,
    None after the last."""

    type: Literal["hook"]
    hook: Hook
    """The function; see docs/hooks.md."""

    def following(self, request: Request, page: Page) -> Request | None:
        """What the function says."""
        found = self.hook.call(request, page)
        if found is not None and not isinstance(found, Request):
            raise SpecError(f"the hook {self.hook} gave {type(found).__name__}, and a Request or None is wanted")
        return found
