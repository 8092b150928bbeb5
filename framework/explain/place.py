"""What stands at a line of a file, and what its type says of it."""

import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from framework.problem import Path
from framework.schema import keys
from framework.yaml_file import Document

Kind = type[BaseModel]


@dataclass(frozen=True)
class Place:
    """A key: the record that has it, and what it allows."""

    path: Path
    kind: Kind
    """The record that the key belongs to."""
    name: str
    """Its field."""
    annotation: Any
    inside: Kind | None
    """The kind of record that stands there, as far as it is one."""
    item: bool = False
    """Whether it is an item of the list or mapping that stands under the key."""


def path_at(document: Document, line: int, column: int = 0) -> Path:
    """The key that stands at a line: the first one that begins there, or the last one at or before the column; where
    none does, as on a comment's or a text's line, the one above."""
    found = sorted((at, path) for path, at in document.keys.items() if at[0] <= line)
    here = [(at, path) for at, path in found if at[0] == line]
    if here and column:
        left = [path for at, path in here if at[1] <= column]
        return left[-1] if left else here[0][1]
    if here:
        return min(here, key=lambda pair: (pair[0], len(pair[1])))[1]
    items = [path for path, at in document.starts.items() if at[0] == line and path]
    return min(items, key=len) if items else found[-1][1] if found else ()


def place_of(root: Kind, values: Any, path: Path) -> Place | None:
    """What the types say of a key; of an item of a list or a mapping, what they say of the key that holds it. None
    where they know no such key."""
    kind, annotation, place = root, root, None
    value: Any = values
    inside: Kind | None = root
    for index, step in enumerate(path):
        value = value[step] if isinstance(value, dict | list) else None  # type: ignore[index]
        if inside is not None:
            name = keys(inside).get(str(step))
            if name is None:
                return None
            kind, annotation = inside, get_type_hints(inside, include_extras=True)[name]
            inside = _record(annotation, value)
            place = Place(path[: index + 1], kind, name, annotation, inside)
        else:
            annotation = _item(annotation, step)
            inside = _record(annotation, value)
            if inside is not None and place is not None:
                place = Place(path[: index + 1], kind, place.name, annotation, inside, item=True)
    return place


def _item(annotation: Any, step: str | int) -> Any:
    wanted = list if isinstance(step, int) else dict
    for member in members(annotation):
        if get_origin(member) is wanted:
            return get_args(member)[-1]
    return Any


def _record(annotation: Any, value: Any) -> Kind | None:
    """Which of the records that may stand there does, by what is written."""
    if not isinstance(value, dict):
        return None
    kinds = [m for m in members(annotation) if isinstance(m, type) and issubclass(m, BaseModel)]
    for kind in kinds:
        tag = kind.model_fields.get("type")
        if tag is not None and get_origin(tag.annotation) is Literal and value.get("type") in get_args(tag.annotation):
            return kind
    fitting = [kind for kind in kinds if set(value) <= set(keys(kind))]
    return next(iter(fitting or kinds), None)


def members(annotation: Any) -> list[Any]:
    """The types that an annotation allows, unwrapped."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [inner for member in get_args(annotation) for inner in members(member)]
    return [] if annotation is type(None) else [annotation]
