"""The words a spec is written in: strict records, names, durations, paths and templated text as types."""

import re
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote, quote_plus

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from framework import meant
from framework.window import INSTANT_FORMS, is_instant_form, parse_duration, show_duration

PATH_SAFE, QUERY_SAFE = "/:@!$&'()*+,;=~", ":,[]()*@"
"""What stands unquoted in the URLs that are sent."""


class Strict(BaseModel):
    """A frozen record that refuses unknown keys and never converts a type. The text under a field is its help."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Template(str):
    """Text that may hold Jinja `{{ expressions }}`; see `template.py` for how it is rendered."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strict=True)
        return core_schema.no_info_after_validator_function(cls, text)


class JmesPath(str):
    """A JMESPath expression, compiled once; see https://jmespath.org/specification.html."""

    compiled: Any

    def __new__(cls, text: str) -> "JmesPath":
        self = super().__new__(cls, text)
        self.compiled = _compile_jmespath(text)
        return self

    def search(self, value: Any) -> Any:
        """The value at the path, None where there is none."""
        return self.compiled.search(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strict=True)
        return core_schema.no_info_after_validator_function(cls, text)


def _compile_jmespath(text: str) -> Any:
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        reason = str(error).split(":\n")[0].replace("\n", " ")
        raise PydanticCustomError("jmespath", "{reason}", {"reason": f"{text!r} is no JMESPath: {reason}"}) from None


def _duration(value: object) -> timedelta:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from None


def _not_zero(span: timedelta) -> timedelta:
    if not span:
        raise PydanticCustomError("duration", "{span} is no length of time", {"span": show_duration(span)})
    return span


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        reason = f"{text!r} is no regular expression: {error}"
        raise PydanticCustomError("pattern", "{reason}", {"reason": reason}) from None
    return text


def _pattern(pattern: str, what: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            near = meant.name(value) if pattern == NAME else None
            reason = f"{value!r} is no {what}{f'. Did you mean {near}?' if near else ''}"
            raise PydanticCustomError("pattern", "{reason}", {"reason": reason})
        return value

    return AfterValidator(check)


def _instant_form(value: str) -> str:
    if not is_instant_form(value):
        known = "iso8601, date, epoch, epoch_ms, epoch_us or a pattern like %Y-%m-%d"
        near = meant.instant(value)
        remedy = f". Did you mean {near!r}?" if near else f": {known}"
        reason = f"{value!r} is no way to write an instant{remedy}"
        raise PydanticCustomError("instant_form", "{reason}", {"reason": reason})
    return value


def text_schema(pattern: str) -> WithJsonSchema:
    """The JSON Schema of a text that fits a pattern from end to end."""
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$"})


def given(key: str) -> dict[str, Any]:
    """The JSON Schema of a record that holds the key, and not null."""
    return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}


def holds(key: str, word: str) -> dict[str, Any]:
    """The JSON Schema of a record whose key holds that word."""
    return {"required": [key], "properties": {key: {"const": word}}}


NAME = r"[a-z][a-z0-9_]*"
_TABLE = r"[A-Za-z][A-Za-z0-9_]*"
_ONE_FIELD = r"""[^\s.\[\]"'`{}|&*@]+(?: +[^\s.\[\]"'`{}|&*@]+)*"""
_FIELD = rf"{_ONE_FIELD}(?:\.{_ONE_FIELD})*"
REFERENCE = r"secret:[^#\s]+#\S+|env:[A-Za-z_]\w*"
DURATION = r"(\d+(ms|s|m|h|d|w))+"
_URL = r"(?:https?://|\{\{).*"

Name = Annotated[str, _pattern(NAME, "name: a small letter, then small letters, digits and _"), text_schema(NAME)]
TableName = Annotated[str, _pattern(_TABLE, "table name: letters, digits and _"), text_schema(_TABLE)]
FieldPath = Annotated[
    str,
    _pattern(_FIELD, "field of a record: write names joined by dots, such as customer.id"),
    text_schema(_FIELD),
]
ElementPath = Annotated[
    str,
    _pattern(f"@|{_FIELD}", "field of an element: write names joined by dots, or @ for the element itself"),
    text_schema(f"@|{_FIELD}"),
]
FieldName = Annotated[str, _pattern(_ONE_FIELD, "name of a field: one without dots"), text_schema(_ONE_FIELD)]
Duration = Annotated[timedelta, BeforeValidator(_duration), text_schema(DURATION)]
Span = Annotated[Duration, AfterValidator(_not_zero), text_schema(f"(?=.*[1-9]){DURATION}")]
"""A duration that is not zero."""
Regex = Annotated[str, AfterValidator(_regex)]
InstantForm = Annotated[
    str,
    AfterValidator(_instant_form),
    WithJsonSchema({"anyOf": [{"enum": INSTANT_FORMS}, {"type": "string", "pattern": "%"}]}),
]
Count = Annotated[int, Field(ge=1)]
Scalar = Template | bool | int | float | None
Sent = Scalar | list[Scalar]
"""What a query or a form sends under one name: of a list each value, one after the other."""


Reference = Annotated[
    str,
    _pattern(REFERENCE, "reference to a secret: write secret:OWNER#NAME or env:NAME; no secret stands in this file"),
    text_schema(REFERENCE),
]
"""Where a secret value is, never the value."""


class Secret(str):
    """A value that must never be shown: it prints as ***."""

    def __repr__(self) -> str:
        return "***"


class Redactor:
    """Replaces every secret value it has been told of, as it is and as it stands in URLs, by ***."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def add(self, value: str) -> None:
        """From now on this value is hidden. Values of fewer than 4 characters would hide half of all text."""
        shapes = {value, *(quote(value, safe=safe) for safe in ("", PATH_SAFE, QUERY_SAFE)), quote_plus(value)}
        self._values |= {text for text in shapes if len(text) >= 4}

    def __call__(self, text: str) -> str:
        for value in sorted(self._values.copy(), key=len, reverse=True):
            text = text.replace(value, "***")
        return text
