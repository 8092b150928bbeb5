"""Python functions beside a spec, for what no option covers: which ones it names, and calling them.

`hook: acme.py:sign` is the function `sign` of the file `acme.py` in the spec's own folder. docs/hooks.md says which
kinds there are.
"""

import ast
import importlib.util
import re
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from pydantic_core.core_schema import ValidationInfo

from framework.errors import SpecError
from framework.problem import suggestion
from framework.request import Page, Request

PATTERN = r"[A-Za-z_]\w*\.py:[A-Za-z_]\w*"


class AuthHook(Protocol):
    """`auth: {type: hook, hook: …}`: gives every request to the API's own host its credentials, as the last change
    before it is sent."""

    def __call__(self, request: Request, values: Mapping[str, Any]) -> Request:
        """`values` holds config and secrets: values["secrets"]["key"]."""
        ...


class RequestHook(Protocol):
    """`request: {hook: …}`: changes the request for the first page of a slice."""

    def __call__(self, request: Request, values: Mapping[str, Any]) -> Request:
        """`values` holds what the request's templates know."""
        ...


class RecordsHook(Protocol):
    """`format: {type: hook, hook: …}`: makes JSON of a body, in which `records`, `pagination` and rules then look."""

    def __call__(self, body: bytes) -> Any:
        """Anything that JSON can hold, or JSON text as bytes."""
        ...


class PagingHook(Protocol):
    """`pagination: {type: hook, hook: …}`: leads from one page to the next."""

    def __call__(self, request: Request, page: Page) -> Request | None:
        """The request for the page after this one, None after the last."""
        ...


class Hook(str):
    """FILE.py:FUNCTION, and the folder of the spec that says so."""

    folder: Path | None

    def __new__(cls, text: str, folder: Path | None = None) -> "Hook":
        self = super().__new__(cls, text)
        self.folder = folder
        return self

    @property
    def file(self) -> Path:
        """The file. Raises SpecError where the spec came from none."""
        if self.folder is None:
            raise SpecError(f"the hook {self} needs a spec that is a file: it is looked for beside it")
        return self.folder / self.partition(":")[0]

    @property
    def name(self) -> str:
        """The function."""
        return self.partition(":")[2]

    def problem(self) -> str | None:
        """What keeps it from being called, None where nothing does. Runs nothing of it."""
        if self.folder is None:
            return None
        try:
            tree = ast.parse(self.file.read_text(encoding="utf-8"))
        except OSError:
            known = sorted(path.name for path in self.folder.glob("*.py"))
            return f"there is no file {self.file.name!r} beside the spec.{suggestion(self.file.name, known)}"
        except (SyntaxError, ValueError) as error:
            return f"{self.file.name} is no Python: {error}."
        known = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        known += [target.id for node in tree.body if isinstance(node, ast.Assign)
                  for target in node.targets if isinstance(target, ast.Name)]  # fmt: skip
        if self.name in known:
            return None
        return f"there is no function {self.name!r} in {self.file.name}.{suggestion(self.name, known)}"

    def call(self, *arguments: Any) -> Any:
        """Calls it. Raises SpecError with file and line where it raises anything."""
        problem = self.problem()
        if problem:
            raise SpecError(f"the hook {self}: {problem}")
        try:
            return _function(self.file, self.name, self.file.stat().st_mtime_ns)(*arguments)
        except Exception as error:
            raise SpecError(f"the hook {self} failed at {_place(error, self.file)}: {_said(error)}") from error

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strict=True)
        return core_schema.with_info_after_validator_function(_checked, text)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{PATTERN})$"}


def changed(hook: Hook, request: Request, values: Mapping[str, Any]) -> Request:
    """The request as the hook gives it back. Raises SpecError where it is none."""
    found = hook.call(request, values)
    if not isinstance(found, Request):
        raise SpecError(f"the hook {hook} gave {type(found).__name__}, and a Request is wanted")
    return found


def _checked(text: str, info: ValidationInfo) -> Hook:
    if not re.fullmatch(PATTERN, text):
        reason = f"{text!r} is no hook: write FILE.py:FUNCTION, such as acme.py:sign; the file stands beside the spec"
        raise PydanticCustomError("pattern", "{reason}", {"reason": reason})
    return Hook(text, (info.context or {}).get("folder"))


@lru_cache(maxsize=100)
def _function(file: Path, name: str, changed: int) -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location(f"_hook_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[..., Any] = getattr(module, name)
    return found


def _place(error: Exception, file: Path) -> str:
    """The line of the hook's file where it went wrong; what it calls elsewhere is of no use to its author."""
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file.name}:{lines[-1].lineno} in {lines[-1].name}" if lines else f"the call of it ({file.name})"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
