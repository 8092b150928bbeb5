"""pydantic's findings → problems with line, column and the nearest right word."""

import types
from collections import defaultdict
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from framework.problem import Path, Problem, suggestion
from framework.yaml_file import Document

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "none_required": "null",
    "int_from_float": "a whole number",
}
_CUSTOM = {"jmespath": "E203", "one_of": "E106"}


def problems_of(error: ValidationError, document: Document, root: type[BaseModel]) -> list[Problem]:
    """All of them, one for each place: the members of a union speak with one voice."""
    by_place: dict[Path, list[Any]] = defaultdict(list)
    for finding in error.errors(include_url=False):
        by_place[_yaml_path(document, finding["loc"])].append(finding)
    return [_problem(document, path, findings, root) for path, findings in by_place.items()]


def _yaml_path(document: Document, loc: Path) -> Path:
    """pydantic's location without the names of union members, which the YAML does not hold."""
    path: Path = ()
    value = document.values
    for index, step in enumerate(loc):
        inside = isinstance(value, dict) and step in value
        if inside or (isinstance(value, list) and isinstance(step, int)):
            path, value = (*path, step), value[step]
        elif index == len(loc) - 1 and isinstance(value, dict) and not _is_member(str(step)):
            path = (*path, step)  # a key that is missing
    return path


def _is_member(step: str) -> bool:
    return not step.replace("_", "a").isalnum() or step in ("str", "bool", "int", "float", "none")


def _problem(document: Document, path: Path, findings: list[Any], root: type[BaseModel]) -> Problem:
    finding = next((f for f in findings if f["type"] not in _KINDS), findings[0])
    kind, value = finding["type"], finding["input"]
    if kind == "extra_forbidden":
        known = keys_at(root, finding["loc"][:-1])
        message = f"{path[-1]!r} is no key of {_owner(path)}.{suggestion(path[-1], known)}"
        return document.problem("E101", path, message, at_key=True)
    if kind == "missing":
        return document.problem("E102", path, f"the key {path[-1]!r} is missing in {_owner(path)}.", at_key=True)
    if kind == "union_tag_not_found":
        kinds = finding["ctx"].get("discriminator", "type").strip("'")
        return document.problem("E102", path, f"the key {kinds!r} is missing in {_named(path)}.", at_key=True)
    if kind == "union_tag_invalid":
        known = [word.strip("' ") for word in finding["ctx"]["expected_tags"].split(",")]
        message = f"{finding['ctx']['tag']!r} is no kind of {_named(path)}.{suggestion(finding['ctx']['tag'], known)}"
        return document.problem("E104", (*path, finding["ctx"]["discriminator"].strip("'")), message)
    if kind == "literal_error":
        known = [str(word) for word in literals_at(root, finding["loc"])]
        return document.problem("E104", path, f"{_shown(value)} is not allowed here.{suggestion(value, known)}")
    if kind in _KINDS:
        wanted = dict.fromkeys(_KINDS[f["type"]] for f in findings if f["type"] in _KINDS)
        message = f"{_shown(value)} stands where {' or '.join(wanted)} is wanted.{_type_hint(value, wanted)}"
        return document.problem("E103", path, message)
    return document.problem(_CUSTOM.get(kind, "E105"), path, _sentence(finding, value))


def _sentence(finding: Any, value: Any) -> str:
    kind, context = finding["type"], finding.get("ctx", {})
    if kind == "greater_than_equal":
        return f"{_shown(value)} is too small: {context['ge']} or more."
    if kind == "less_than_equal":
        return f"{_shown(value)} is too large: {context['le']} or less."
    if kind == "too_short":
        return f"at least {context['min_length']} is wanted here."
    if kind == "string_pattern_mismatch":
        words = context["pattern"].removeprefix("^(").removesuffix(")$").replace("\\", "").replace("d{1,2}", "n")
        return f"{_shown(value)} is not allowed here.{suggestion(value, words.split('|'))}"
    text = str(finding["msg"])
    return text if text.endswith((".", "?")) else f"{text}."


def _type_hint(value: Any, wanted: dict[str, None]) -> str:
    if "text" in wanted and isinstance(value, int | float):
        return f' Put it in quotes: "{value}".'
    number_like = isinstance(value, str) and (value.lstrip("-").isdigit() or value in ("true", "false"))
    if number_like and wanted.keys() & {"a whole number", "true or false", "a number"}:
        return " Leave out the quotes."
    if "a list" in wanted and isinstance(value, str):
        return f" Write [{value}]."
    return ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return {None: "null", True: "true", False: "false"}.get(value) or repr(value)


def _owner(path: Path) -> str:
    return _named(path[:-1])


def _named(path: Path) -> str:
    """`streams[0].pagination` → pagination; `streams[0]` → a stream; the top → the source."""
    words = [step for step in path if isinstance(step, str)]
    if not words:
        return "the source"
    return f"an item of {words[-1]}" if isinstance(path[-1], int) else words[-1]


def keys_at(root: Any, loc: Path) -> list[str]:
    """The keys that the record at this location takes, as they are written in YAML."""
    found = _annotation_at(root, loc)
    models = [kind for kind in _members(found) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def literals_at(root: Any, loc: Path) -> list[Any]:
    """The words that are allowed at this location."""
    return [
        word for kind in _members(_annotation_at(root, loc)) if get_origin(kind) is Literal for word in get_args(kind)
    ]


def _annotation_at(annotation: Any, loc: Path) -> Any:
    for step in loc:
        members = _members(annotation)
        annotation = Union[tuple(_step(member, step) for member in members)] if members else Any
    return annotation


def _step(member: Any, step: str | int) -> Any:
    origin = get_origin(member)
    if origin is list and isinstance(step, int):
        return get_args(member)[0]
    if origin is dict:
        return get_args(member)[1]
    if isinstance(member, type) and issubclass(member, BaseModel):
        for name, field in member.model_fields.items():
            if step in (name, field.alias):
                return field.annotation if not field.metadata else Annotated[field.annotation, *field.metadata]
        if step in _tags(member):
            return member
    return member if step == "list" else None


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    kind = model.model_fields.get("type")
    if kind is not None:
        return get_args(kind.annotation)
    return tuple(f"by-{step}" for step in ("stream", "values") if step in model.model_fields)


def _members(annotation: Any) -> list[Any]:
    """The types that an annotation allows, unwrapped."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [inner for member in get_args(annotation) for inner in _members(member)]
    return [] if annotation is type(None) else [annotation]


