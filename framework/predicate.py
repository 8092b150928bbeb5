"""A condition on a record, written in JMESPath, as a condition in SQL.

The part of JMESPath that a warehouse can answer by itself: fields, literals, ==, !=, <, <=, >, >=, &&, ||, ! and
brackets. Values are compared as JSON compares them: of the same type, or they differ.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Protocol

import jmespath.functions

from framework.errors import SpecError
from framework.model import JmesPath
from framework.problem import suggestion

_SIGNS = {"eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


class Dialect(Protocol):
    """How a warehouse gets at a field of the record."""

    def text(self, path: list[str]) -> str:
        """The field as text, null where it is missing or null."""
        ...

    def kind(self, path: list[str]) -> str:
        """string, number, boolean, array, object or null, as text; null where it is missing."""
        ...

    def quote(self, value: str) -> str:
        """A text literal."""
        ...


def to_sql(condition: JmesPath, dialect: Dialect) -> str:
    """Raises SpecError for what SQL can't say."""
    return _sql(condition.compiled.parsed, dialect)


def problem_of(condition: JmesPath) -> str | None:
    """What SQL can't say in it, None where it can."""
    try:
        to_sql(condition, _AnyDialect())
    except SpecError as error:
        return str(error)
    return None


class _AnyDialect:
    def text(self, path: list[str]) -> str:
        return ".".join(path)

    def kind(self, path: list[str]) -> str:
        return ".".join(path)

    def quote(self, value: str) -> str:
        return repr(value)


def _sql(node: dict[str, Any], dialect: Dialect) -> str:
    kind, children = node["type"], node.get("children", [])
    if kind in ("and_expression", "or_expression"):
        joined = f" {kind[:-11]} ".join(_sql(child, dialect) for child in children)
        return f"({joined})"
    if kind == "not_expression":
        return f"(not coalesce({_sql(children[0], dialect)}, false))"
    if kind == "comparator":
        return _comparison(node["value"], children, dialect)
    path = _path(node)
    if path is None and kind == "subexpression" and children[0]["type"] == "not_expression":
        raise SpecError("a warehouse can't answer this condition: ! binds before the dot, so write !(a.b) for !a.b")
    if path is None:
        raise SpecError(
            "a warehouse can't answer this condition: use fields, literals, ==, !=, <, <=, >, >=, &&, || and ! only"
        )
    return _holds(path, dialect)


def _holds(path: list[str], dialect: Dialect) -> str:
    """A field that is there and neither null, false nor empty; the text "false" holds."""
    text, kind, quote = dialect.text(path), dialect.kind(path), dialect.quote
    empty = {"string": "", "boolean": "false", "array": "[]", "object": "{}"}
    is_empty = [f"({kind} = {quote(its_kind)} and {text} = {quote(value)})" for its_kind, value in empty.items()]
    return f"coalesce({kind} <> {quote('null')} and not ({' or '.join(is_empty)}), false)"


def _comparison(sign: str, children: list[dict[str, Any]], dialect: Dialect) -> str:
    left, right = children
    if _path(left) is None:
        left, right = right, left
        sign = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}.get(sign, sign)
    path = _path(left)
    if path is None or right["type"] != "literal":
        raise SpecError(
            "a warehouse can't answer this condition: compare a field with a text in 'single quotes' or a value in "
            "`backticks`"
        )
    return _compare(sign, path, right["value"], dialect)


def _compare(sign: str, path: list[str], value: Any, dialect: Dialect) -> str:
    text, kind = dialect.text(path), dialect.kind(path)
    if value is None:
        is_null = f"coalesce({kind} = {dialect.quote('null')}, true)"
        return is_null if sign == "eq" else f"(not {is_null})"
    word = {bool: "boolean", int: "number", float: "number", str: "string"}.get(type(value))
    if word is None:
        raise SpecError("a warehouse can't answer this condition: compare with text, a number, true, false or null")
    if word == "number":
        same = f"try_cast({text} as double) {_SIGNS[sign]} {json.dumps(value)}"
    else:
        literal = value if isinstance(value, str) else json.dumps(value)
        same = f"{text} {_SIGNS[sign]} {dialect.quote(literal)}"
    typed = f"coalesce({kind} = {dialect.quote(word)} and {same}, false)"
    if sign != "ne":
        return typed
    equal = same.replace(" <> ", " = ", 1)
    return f"(not coalesce({kind} = {dialect.quote(word)} and {equal}, false))"


def _path(node: dict[str, Any]) -> list[str] | None:
    if node["type"] == "field":
        return [node["value"]]
    if node["type"] == "subexpression" and all(child["type"] == "field" for child in node["children"]):
        return [child["value"] for child in node["children"]]
    return None


_FUNCTIONS: dict[str, Any] = jmespath.functions.Functions.FUNCTION_TABLE


def wrong_calls(path: JmesPath) -> Iterator[str]:
    """Functions that there are not, and wrong numbers of arguments: what JMESPath finds only once it is run."""
    for node in _nodes(path.compiled.parsed, "function_expression"):
        name, given = str(node["value"]), len(node["children"])
        if name not in _FUNCTIONS:
            yield f"JMESPath has no function {name!r}.{suggestion(name, [*_FUNCTIONS])}"
            continue
        wanted = _FUNCTIONS[name]["signature"]
        if given != len(wanted) and not any(argument.get("variadic") for argument in wanted):
            yield f"the function {name!r} takes {len(wanted)} arguments, not {given}."


def odd_parts(path: JmesPath) -> Iterator[str]:
    """What means something else than it seems to."""
    if re.search(r'[=<>]\s*"', path):
        yield "double quotes mean a field in JMESPath, and this compares with it: put a text in single quotes."
    inner = [node["children"][0]["type"] for node in _nodes(path.compiled.parsed, "subexpression")]
    if "not_expression" in inner:
        yield "! binds before the dot in JMESPath: write !(a.b) for !a.b."


def _nodes(tree: Any, kind: str) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if tree.get("type") == kind:
            yield tree
        for child in tree.get("children", []):
            yield from _nodes(child, kind)
