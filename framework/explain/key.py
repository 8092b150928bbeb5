"""A key of a spec: what it means, what it may be, and what is in force."""

import json
from datetime import timedelta
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from framework.explain.place import Kind, Place, members, place_of
from framework.problem import Path, counted, part_at, show_path
from framework.reference import type_in_words
from framework.schema import default_of, has_default, help_of, help_of_kind, is_required, keys
from framework.spec import Shared, Source
from framework.window import show_duration

Facts = dict[str, Any]


def explained(root: Kind, values: Any, path: Path) -> Facts | None:
    """None where there is no such key."""
    place = place_of(root, values, path)
    if place is None:
        return None
    written = part_at(values, place.path)
    facts: Facts = {
        "key": show_path(place.path),
        "means": help_of(place.kind).get(place.name, ""),
        "type": type_in_words(place.annotation),
        "default": "" if place.item else _default(place.kind, place.name),
        "required": not place.item and is_required(place.kind, place.name),
        "allowed": _allowed(place),
        "written": None if place.inside else _short(written),
    }
    if place.inside is not None and isinstance(written, dict):
        facts["kind"] = help_of_kind(place.inside)
        facts["in_force"] = in_force(place.inside, written)
    if root is Source and place.kind is not Source and len(place.path) == 3 and place.path[0] == "streams":
        facts["of_defaults"] = place.name in Shared.model_fields
    return facts


def _short(value: Any) -> str:
    """A value, or how much of it there is."""
    held = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return counted(len(held), "item") if any(isinstance(item, dict | list) for item in held) else shown(value)


def in_force(kind: Kind, written: dict[str, Any]) -> list[Facts]:
    """Each key of a record: what is written, else its default; and what it means."""
    told = help_of(kind)
    return [
        {
            "key": key,
            "value": _short(written[key]) if key in written else _default(kind, name) or "not set",
            "by": "file" if key in written else "default" if has_default(kind, name) else "",
            "means": told.get(name, "") if key != "type" else "Names the kind.",
        }
        for key, name in keys(kind).items()
    ]


def shown(value: Any) -> str:
    """A value as YAML has it, on one line."""
    if isinstance(value, timedelta):
        return show_duration(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _default(kind: Kind, name: str) -> str:
    return shown(default_of(kind, name)) if has_default(kind, name) else ""


def _allowed(place: Place) -> list[str]:
    """The words, or the kinds, that may stand there."""
    found: list[str] = []
    for member in members(place.annotation):
        if get_origin(member) is Literal:
            found += map(str, get_args(member))
        elif isinstance(member, type) and issubclass(member, BaseModel):
            tag = get_type_hints(member).get("type")
            if get_origin(tag) is Literal:
                found += [f"{{type: {word}}}: {help_of_kind(member).split('. ')[0]}" for word in get_args(tag)]
    return found
