"""From a place of pydantic's, the types that are allowed there: their keys, kinds and words."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from framework.problem import Path


def keys_at(root: Any, loc: Path) -> list[str]:
    """The keys that the record at this location takes, as they are written in YAML; of all kinds where a key tells
    them apart."""
    own = [own_key(key) for key in TOLD_BY_KEY]
    models = models_at(root, tuple(step for step in loc if step not in own))
    return list(dict.fromkeys(field.alias or name for m in models for name, field in m.model_fields.items()))


def literals_at(root: Any, loc: Path) -> list[Any]:
    """The words that are allowed at this location."""
    return [word for kind in members_at(root, loc) if get_origin(kind) is Literal for word in get_args(kind)]


def tags_at(root: Any, loc: Path) -> list[str]:
    """The kinds of record that are allowed at this location."""
    return [str(tag) for model in models_at(root, loc) for tag in tags_of(model)]


def choices_of(model: type[BaseModel]) -> list[list[str]]:
    """Lists of keys of which exactly one is to be written, as the record's JSON Schema says."""
    extra = model.model_config.get("json_schema_extra")
    schemas: Any = [extra, *extra.get("allOf", [])] if isinstance(extra, dict) else []  # type: ignore[misc]
    return [[key for way in schema["oneOf"] for key in way["required"]] for schema in schemas if "oneOf" in schema]


def takes_text(root: Any, findings: list[Any]) -> bool:
    lists = [kind for f in findings for kind in members_at(root, f["loc"]) if get_origin(kind) is list]
    return any(member is str for kind in lists for member in _members(get_args(kind)[0]))


def models_at(root: Any, loc: Path) -> list[type[BaseModel]]:
    found = members_at(root, loc)
    return [kind for kind in found if isinstance(kind, type) and issubclass(kind, BaseModel)]


def members_at(root: Any, loc: Path) -> list[Any]:
    """The types that are allowed at this location."""
    return _members(_annotation_at(root, loc))


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
        if step in tags_of(member):
            return member
    return None


TOLD_BY_KEY = ["stream", "values"]


def own_key(key: str | int) -> str:
    return f"by-{key}"


def tags_of(model: type[BaseModel]) -> tuple[Any, ...]:
    kind = model.model_fields.get("type")
    if kind is not None and get_origin(kind.annotation) is Literal:
        return get_args(kind.annotation)
    return tuple(own_key(key) for key in TOLD_BY_KEY if key in model.model_fields)


def _members(annotation: Any) -> list[Any]:
    """The types that an annotation allows, unwrapped."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [inner for member in get_args(annotation) for inner in _members(member)]
    return [] if annotation is type(None) else [annotation]


def kinds_with(key: str, loc: Path, root: type[BaseModel]) -> list[str]:
    """The kinds of the same family that take a key which is unknown at `loc`."""
    if len(loc) < 3 or str(loc[-2]) not in tags_at(root, loc[:-2]):
        return []
    return [str(tags_of(kind)[0]) for kind in models_at(root, loc[:-2]) if key in keys_at(kind, ())]
