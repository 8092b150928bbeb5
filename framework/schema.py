"""Types → JSON Schema (draft 2020-12), by which editors complete and check a YAML file."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from framework.window import show_duration

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Kind = type[BaseModel]
Schema = dict[str, Any]


def json_schema(root: Kind, title: str) -> Schema:
    """The JSON Schema of the YAML file that a type stands for: each key with its help and default, no other keys."""
    generated = root.model_json_schema(mode="validation")
    kinds = generated.pop("$defs", {})
    named = {kind.__name__: kind for kind, _ in places(root)}
    head = {"$schema": DIALECT, "title": title}
    definitions = {name: _described(inner, named[name]) for name, inner in sorted(kinds.items())}
    return {**head, **_described(generated, root), "$defs": definitions}


def _described(schema: Schema, kind: Kind) -> Schema:
    """A record's schema with the help of its keys, and defaults as YAML has them."""
    rest = _tidy({key: value for key, value in schema.items() if key != "description"})
    written = rest.pop("properties")
    properties = {key: _property(written[key], kind, name) for key, name in keys(kind).items()}
    return {"description": help_of_kind(kind), **rest, "properties": properties}


def _property(schema: Schema, kind: Kind, name: str) -> Schema:
    told = {"description": help_of(kind).get(name, ""), **schema}
    told.pop("default", None)
    return {**told, "default": default_of(kind, name)} if has_default(kind, name) else told


def _tidy(schema: Any) -> Any:
    """Without generated titles and the words of other dialects; a mapping takes no keys but those of its pattern."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: _tidy(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    if "oneOf" in told:
        told.pop("discriminator", None)
    if told.get("anyOf", [{}])[0].keys() == {"oneOf"}:  # one of several kinds, or null
        kinds, *others = told.pop("anyOf")
        told["oneOf"] = [*kinds["oneOf"], *others]
    return {**told, "additionalProperties": False} if "patternProperties" in told else told


def places(kind: Kind, at: str = "") -> Iterator[tuple[Kind, str]]:
    """The record and every one below it with the place where it stands, such as streams[].clean.columns.NAME; one that
    may stand at several places comes for each of them."""
    yield kind, at
    hints = get_type_hints(kind, include_extras=True)
    for key, name in keys(kind).items():
        for inner, steps in _records_in(hints[name]):
            yield from places(inner, f"{at}.{key}{steps}".removeprefix("."))


def _records_in(annotation: Any) -> Iterator[tuple[Kind, str]]:
    """The records that an annotation allows: [] in a list, .NAME in a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
    origin, inner = get_origin(annotation), get_args(annotation)
    step = {list: "[]", dict: ".NAME"}.get(origin, "")
    for part in inner[:1] if origin is Annotated else inner:
        yield from ((kind, step + steps) for kind, steps in _records_in(part))


def keys(kind: Kind) -> dict[str, str]:
    """A record's keys as YAML has them → the names of their fields; a class's own before those that it inherits."""
    owners = [owner for owner in kind.__mro__ if issubclass(owner, BaseModel)]
    names = dict.fromkeys(name for owner in owners for name in inspect.get_annotations(owner))
    return {kind.model_fields[name].alias or name: name for name in names if name in kind.model_fields}


def help_of_kind(kind: Kind) -> str:
    """What a record is: its class's docstring."""
    return _one_line(inspect.getdoc(kind) or "")


@cache
def help_of(kind: Kind) -> Mapping[str, str]:
    """What each field of a record means: the text under it; the `type` of one of several kinds means the kind."""
    found = {"type": help_of_kind(kind)}
    for owner in reversed(kind.__mro__):
        if issubclass(owner, BaseModel) and owner is not BaseModel:
            found |= _texts_under_fields(owner)
    return found


def _texts_under_fields(owner: type) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: _one_line(text.value.value)
        for field, text in pairwise(tree.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def is_required(kind: Kind, name: str) -> bool:
    """Whether the key must be written."""
    return kind.model_fields[name].is_required()


def default_of(kind: Kind, name: str) -> Any:
    """A field's default as YAML has it; None where there is none."""
    return None if is_required(kind, name) else _plain(kind.model_fields[name].default)


def has_default(kind: Kind, name: str) -> bool:
    """Whether the default is worth telling: null, and a record whose own keys all have theirs, say nothing."""
    default = default_of(kind, name)
    return default is not None and not (default == {} and isinstance(kind.model_fields[name].default, BaseModel))


def _plain(value: Any) -> Any:
    """A value as YAML has it. Of a record only what is not a default itself."""
    if isinstance(value, timedelta):
        return show_duration(value)
    if isinstance(value, BaseModel):
        fields = keys(type(value)).items()
        held = {key: _plain(getattr(value, name)) for key, name in fields}
        return {k: held[k] for k, name in fields if held[k] != default_of(type(value), name)}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
