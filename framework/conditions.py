"""A JMESPath condition on records, put together once: of a record no more is parsed than it asks for."""

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.visitor import TreeInterpreter

from framework.decoders.projection import root_names
from framework.fields import Fields
from framework.model import JmesPath

Find = Callable[[Any], Any]
"""A value → what an expression finds in it."""


class DoesNotFit(ValueError):
    """A condition asks of a value what it can't answer. The text quotes no value."""


class Condition:
    """Whether a condition holds for a record. A value holds as JMESPath says: where it is not null, false or empty; 0
    holds."""

    def __init__(self, text: JmesPath) -> None:
        parsed = text.compiled.parsed
        self._roots = root_names(parsed)
        self._find = finder(parsed)

    def holds(self, record: msgspec.Raw, fields: Fields | None) -> bool:
        """Of a record and its fields, None where it is no object. Raises DoesNotFit."""
        if fields is None or self._roots is None:
            value = _decode(record)
        else:
            value = {name: _decode(fields[name]) for name in self._roots if name in fields}
        try:
            return not is_false(self._find(value))
        except JMESPathTypeError as error:  # whose own text quotes the value
            takes = " or ".join(error.expected_types)
            raise DoesNotFit(f"{error.function_name}() takes {takes}, not {error.actual_type}") from None
        except JMESPathError as error:
            raise DoesNotFit(str(error).splitlines()[0]) from None
        except TypeError:
            raise DoesNotFit("it compares a text with a number: write to_number(…)") from None


_decode = msgspec.json.Decoder(float_hook=float).decode


@lru_cache(maxsize=1000)
def condition(text: JmesPath) -> Condition:
    """The condition, ready for any number of records."""
    return Condition(text)


def finder(node: dict[str, Any]) -> Find:
    """A part of an expression as a function: what conditions are mostly made of directly, the rest by JMESPath's own
    interpreter, which walks the expression anew for each value."""
    build = _BUILDERS.get(node["type"])
    found = build(node) if build else None
    return found or _interpreted(node)


def is_false(value: Any) -> bool:
    """null, false or empty; 0 is not."""
    return not value and (type(value) not in (int, float))


def _interpreted(node: dict[str, Any]) -> Find:
    visit: Callable[[Any, Any], Any] = TreeInterpreter().visit
    return lambda value: visit(node, value)


def _field(node: dict[str, Any]) -> Find:
    name = node["value"]
    return lambda value: value.get(name) if type(value) is dict else None


def _path(node: dict[str, Any]) -> Find:
    first, *rest = map(finder, node["children"])

    def find(value: Any) -> Any:
        found = first(value)
        for step in rest:
            found = step(found)
        return found

    return find


def _literal(node: dict[str, Any]) -> Find:
    value = node["value"]
    return lambda _: value


def _comparison(node: dict[str, Any]) -> Find | None:
    """With a text, which equals nothing but a text. What numbers and booleans are to each other JMESPath knows."""
    left, right = node["children"]
    same = {"eq": operator.eq, "ne": operator.ne}.get(node["value"])
    if same is None or right["type"] != "literal" or not isinstance(right["value"], str):
        return None
    find, text = finder(left), right["value"]
    return lambda value: same(find(value), text)


def _and(node: dict[str, Any]) -> Find:
    left, right = map(finder, node["children"])

    def find(value: Any) -> Any:
        found = left(value)
        return found if is_false(found) else right(value)

    return find


def _or(node: dict[str, Any]) -> Find:
    left, right = map(finder, node["children"])

    def find(value: Any) -> Any:
        found = left(value)
        return right(value) if is_false(found) else found

    return find


_BUILDERS: dict[str, Callable[[dict[str, Any]], Find | None]] = {
    "field": _field,
    "subexpression": _path,
    "literal": _literal,
    "comparator": _comparison,
    "and_expression": _and,
    "or_expression": _or,
}
