"""Jinja expressions in a spec: rendered in a sandbox, undefined is an error, nothing is evaluated twice.

A field that is one whole expression keeps its value's type; anything else is text. `null` inside text is an error,
since an API would be sent the word "None".
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import jinja2
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from framework.errors import SpecError
from framework.filters import FILTERS
from framework.model import PATH_SAFE
from framework.problem import did_you_mean

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


class _Quoted(str):
    """Text that may stand in a URL as it is."""


def _urlencode(value: Any) -> _Quoted:
    return _Quoted(quote(str(_finalize(value)), safe=""))


def _finalize_in_path(value: Any) -> Any:
    """RFC 3986, 3.3: what may not stand in a path is quoted. A slash may: to many an API `owner/name` is a path. So is
    a URL that an API gave."""
    text = _finalize(value)
    if isinstance(text, _Quoted) or str(text).startswith(("https://", "http://")):
        return text
    text = str(text)
    if not text or {".", ".."} & set(text.split("/")):
        raise jinja2.UndefinedError(f"the value is {text!r}, and the path would lead elsewhere")
    return quote(text, safe=PATH_SAFE)


class _Environment(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        """A mapping's key before a method of the same name: `order.items` is the field of the order."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def _said(of: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, which takes no value that is not there."""

    def call(value: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(value, jinja2.Undefined):
            str(value)  # StrictUndefined says here what is missing
        return of(value, *arguments, **named)

    return call


def _made(finalize: Any) -> _Environment:
    made = _Environment(
        undefined=jinja2.StrictUndefined, finalize=finalize, autoescape=False, keep_trailing_newline=True
    )
    made.globals.clear()
    made.filters |= {"urlencode": _urlencode, **{name: _said(made) for name, made in FILTERS.items()}}
    return made


_environment = _made(_finalize)
_in_path = _made(_finalize_in_path)


class TemplateProblem(SpecError):
    """A template that does not parse, or whose value can't be had."""


def render(text: str, values: Mapping[str, Any], environment: _Environment = _environment) -> Any:
    """The template's value. Raises TemplateProblem, which names the template and the missing name."""
    try:
        expression, template = _compiled(text, environment)
        if expression is not None:
            return expression(values)
        return template.render(values) if template is not None else str(text)
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


def render_path(text: str, values: Mapping[str, Any]) -> str:
    """The template's value as the path of a URL: values inside it are quoted. A path that is one whole expression is
    taken as it is."""
    return render_text(text, values, _in_path)


def render_text(text: str, values: Mapping[str, Any], environment: _Environment = _environment) -> str:
    """The template's value as text."""
    value = render(text, values, environment)
    try:
        return str(_finalize(value))
    except jinja2.UndefinedError as error:
        raise TemplateProblem(f"the template {text!r} can't be rendered: {error.message}") from None


_PLAIN_NODES = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem),
    *(nodes.Call, nodes.Keyword, nodes.Concat, nodes.BinExpr, nodes.List),
)
"""Nodes of which no more than the syntax can be wrong."""


@lru_cache(maxsize=4096)
def problem_of(text: str) -> str | None:
    """What is wrong with the template's syntax, None if nothing is."""
    if "{" not in text:
        return None
    try:
        tree = _parsed(text)
        plain = all(
            isinstance(node, _PLAIN_NODES) or (isinstance(node, nodes.Filter) and node.name in _environment.filters)
            for node in _all(tree)
        )
        if not plain:
            _compiled(text)
    except jinja2.TemplateError as error:
        return str(error.message)
    return None


def wrong_filters(text: str) -> list[tuple[str, str]]:
    """The filters that it asks for and that do not exist: what to say of each, and its name."""
    try:
        asked = [node.name for node in _all(_parsed(text)) if isinstance(node, nodes.Filter)] if "{" in text else []
    except jinja2.TemplateError:
        return []
    known = sorted(_environment.filters)
    wrong = [name for name in dict.fromkeys(asked) if name not in _environment.filters]
    near = {name: f" Did you mean {_MEANT[name]!r}?" if name in _MEANT else did_you_mean(name, known) for name in wrong}
    return [(f"there is no filter {name!r}.{near[name] or _OURS}", name) for name in wrong]


_MEANT = {"strftime": "date", "date_format": "date", "timestamp": "epoch", "base64": "b64encode", "sha256": "hash"}
"""What other tools call them."""
_OURS = f" Besides those of Jinja there are {', '.join(['urlencode', *FILTERS])}."


def names_in(text: str) -> list[NamePath]:
    """Every name the template asks for, as far as it can be told without running it: `{{ config.region }}` → config,
    region. Names that the template itself sets are left out."""
    return [*_names_in(text)] if "{" in text else []


@lru_cache(maxsize=4096)
def _names_in(text: str) -> tuple[NamePath, ...]:
    tree = _parsed(text)
    paths = tuple(_paths(tree))
    if all(isinstance(node, _PLAIN_NODES) for node in _all(tree)):
        return paths  # it sets none
    asked = meta.find_undeclared_variables(_environment.parse(text))  # which marks the tree
    return tuple(path for path in paths if path[0] in asked)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> nodes.Template:
    return _environment.parse(text)


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


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
def _compiled(text: str, environment: _Environment = _environment) -> tuple[Any, Any]:
    """(expression, None) where the whole text is one expression, (None, template) where it is mixed, else neither."""
    if "{" not in text:
        return None, None
    tree = environment.parse(text)
    whole = text.strip()
    body = tree.body[0].nodes if len(tree.body) == 1 and isinstance(tree.body[0], nodes.Output) else []
    if len(body) == 1 and not isinstance(body[0], nodes.TemplateData) and whole[:2] + whole[-2:] == "{{}}":
        inner = whole[2:-2].removeprefix("-").removeprefix("+").removesuffix("-").removesuffix("+")
        return _strict_expression(inner, _path(body[0])), None
    return None, environment.from_string(text)


def _strict_expression(source: str, path: NamePath | None) -> Any:
    """The expression as a function. One that is no more than a path of names, as most are, is looked up without Jinja
    as long as it leads through mappings to a value."""
    expression = _environment.compile_expression(source, undefined_to_none=False)

    def evaluate(values: Mapping[str, Any]) -> Any:
        value = expression(values)
        if callable(value):  # which what is undefined is too
            _finalize(value)
        return value

    def look_up(values: Mapping[str, Any]) -> Any:
        found: Any = values
        for name in path or ():
            if not isinstance(found, dict) or name not in found:
                return evaluate(values)
            found = found[name]
        return evaluate(values) if callable(found) else found

    return look_up if path else evaluate
