"""Jinja expressions in a spec: rendered in a sandbox, undefined is an error, nothing is evaluated twice.

A field that is one whole expression keeps its value's type; anything else is text. `null` inside text is an error,
since an API would be sent the word "None".
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from framework.errors import SpecError

NamePath = tuple[str, ...]


def _finalize(value: Any) -> Any:
    if value is None:
        raise jinja2.UndefinedError("the value is null")
    if isinstance(value, jinja2.Undefined):
        str(value)  # StrictUndefined says here what is missing
    if isinstance(value, list | dict) or callable(value):
        kinds: dict[type[Any], str] = {list: "a list", dict: "a mapping"}
        kind = kinds.get(type(value), "a function")
        raise jinja2.UndefinedError(f"the value is {kind}, which is no text")
    if isinstance(value, bool):
        return "true" if value else "false"
    return getattr(value, "text", value)  # a float as it was written


class _Environment(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        """A mapping's key before a method of the same name: `order.items` is the field of the order."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


_environment = _Environment(
    undefined=jinja2.StrictUndefined, finalize=_finalize, autoescape=False, keep_trailing_newline=True
)
_environment.globals.clear()


class TemplateProblem(SpecError):
    """A template that does not parse, or whose value can't be had."""


def render(text: str, values: Mapping[str, Any]) -> Any:
    """The template's value. Raises TemplateProblem, which names the template and the missing name."""
    try:
        expression, template = _compiled(text)
        if expression is not None:
            return expression(values)
        return template.render(values) if template is not None else text
    except jinja2.TemplateError as error:
        raise TemplateProblem(f"the template {text!r} can't be rendered: {error.message}") from None
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:  # of what it calculates
        raise TemplateProblem(f"the template {text!r} can't be rendered: {error}") from None


def render_text(text: str, values: Mapping[str, Any]) -> str:
    """The template's value as text."""
    value = render(text, values)
    try:
        return str(_finalize(value))
    except jinja2.UndefinedError as error:
        raise TemplateProblem(f"the template {text!r} can't be rendered: {error.message}") from None


def problem_of(text: str) -> str | None:
    """What is wrong with the template's syntax, None if nothing is."""
    try:
        _compiled(text)
    except jinja2.TemplateError as error:
        return str(error.message)
    return None


def names_in(text: str) -> list[NamePath]:
    """Every name the template asks for, as far as it can be told without running it: `{{ config.region }}` → config,
    region. Names that the template itself sets are left out."""
    if "{" not in text:
        return []
    tree = _environment.parse(text)
    asked = meta.find_undeclared_variables(tree)
    return [path for path in _paths(tree) if path[0] in asked]


def _paths(node: nodes.Node) -> Iterator[NamePath]:
    path = _path(node)
    if path:
        yield path
        return
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):  # of `a.b.upper()`, a.b is asked for
        yield from (part for child in (node.node.node, *node.args, *node.kwargs) for part in _paths(child))
        return
    for child in node.iter_child_nodes():
        yield from _paths(child)


def _path(node: nodes.Node) -> NamePath | None:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        inner = _path(node.node)
        return (*inner, node.attr) if inner else None
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        inner = _path(node.node)
        return (*inner, node.arg.value) if inner else None
    return None


@lru_cache(maxsize=4096)
def _compiled(text: str) -> tuple[Any, Any]:
    """(expression, None) where the whole text is one expression, (None, template) where it is mixed, else neither."""
    if "{" not in text:
        return None, None
    tree = _environment.parse(text)
    whole = text.strip()
    body = tree.body[0].nodes if len(tree.body) == 1 and isinstance(tree.body[0], nodes.Output) else []
    if len(body) == 1 and not isinstance(body[0], nodes.TemplateData) and whole[:2] + whole[-2:] == "{{}}":
        inner = whole[2:-2].removeprefix("-").removeprefix("+").removesuffix("-").removesuffix("+")
        return _strict_expression(inner), None
    return None, _environment.from_string(text)


def _strict_expression(source: str) -> Any:
    expression = _environment.compile_expression(source, undefined_to_none=False)

    def evaluate(values: Mapping[str, Any]) -> Any:
        value = expression(values)
        if callable(value):  # which what is undefined is too
            _finalize(value)
        return value

    return evaluate
