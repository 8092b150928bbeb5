"""What a mapping looks like, where something else stands in its place or nothing does."""

import json
import re
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from framework import meant
from framework.type_places import choices_of, keys_at, members_at, models_at, tags_of


def shape_hint(value: Any, root: type[BaseModel], findings: list[Any]) -> str:
    """What a mapping looks like, where something else stands in its place."""
    models = [model for f in findings for model in models_at(root, f["loc"])]
    if not models or isinstance(value, dict) or {f["type"] for f in findings} & {"dict_type", "list_type"}:
        return ""
    if isinstance(value, str) and (space := re.fullmatch(r"([a-z_]+):(\S.*)", value)):
        return f" Put a space after the colon: {space[1]}: {space[2]}"
    kinds = {str(tag): model for model in models for tag in tags_of(model)}
    if isinstance(value, str) and value in kinds:
        return f" Write {{type: {value}}}{', and what else it needs' if _needed(kinds[value]) else ''}."
    if len(models) > 1 and "type" in models[0].model_fields:
        return f" Write {{type: …}} with one of: {', '.join(kinds)}."
    if len(models) > 1:
        return ""
    keys = keys_at(models[0], ())
    if {"requests", "per"} <= {*keys} and (rate := meant.rate(str(value))):
        return f" Write {rate}."
    if {"from", "type"} <= {*keys} and isinstance(value, str):
        return f" Write {_on_a_line(column_in_short(models[0], str(findings[0]['loc'][-1]), value))}."
    line = re.fullmatch(r"(?:(GET|POST) +)?(/\S*)", str(value)) if {"method", "path"} <= {*keys} else None
    if line:
        return f" Write {{{'method: POST, ' if line[1] == 'POST' else ''}path: {line[2]}}}."
    return f" Write {shape_of(models, value)}."


def column_in_short(model: type[BaseModel], name: str, value: str) -> dict[str, str]:
    """A column of which only the type is written, or only where it comes from."""
    kind = meant.WORDS.get(value.lower(), value)
    try:
        model.model_validate({"from": name, "type": kind})
    except ValidationError:
        return {"from": value}
    return {"from": name, "type": kind}


def listed_column(item: dict[str, Any]) -> str:
    """A column of a list, as one of a mapping."""
    kind = meant.WORDS.get(str(item.get("type")).lower(), item.get("type"))
    return _on_a_line({"from": item["name"], **({"type": kind} if kind else {})})


def _on_a_line(mapping: dict[str, Any]) -> str:
    return f"{{{', '.join(f'{key}: {_plain(value)}' for key, value in mapping.items())}}}"


def shape_of(models: list[type[BaseModel]], value: Any = None) -> str:
    """What a record looks like with no more than it needs; "" where there is none, or several. A number that stands in
    its place is taken for the number that it needs."""
    if len(models) != 1:
        return ""
    needed = _needed(models[0]) or keys_at(models[0], ())[:1]
    counts = [key for key in needed if type(value) is int and int in members_at(models[0], (key,))]
    said = counts or (
        [key for key in needed if get_origin(members_at(models[0], (key,))[0]) is list][:1]
        if isinstance(value, list) and all(isinstance(item, str | int) for item in value)
        else needed if len(needed) == 1 and isinstance(value, str) else []
    )
    written = [f"{key}: {_plain(value) if [key] == said else '…'}" for key in needed]
    return f"{{{', '.join(written)}}}"


def _plain(value: Any) -> str:
    """As YAML within a mapping on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    plain = not isinstance(value, str) or re.fullmatch(r"[A-Za-z_$][\w./$-]*|\d+[a-z]+", value)
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def _needed(model: type[BaseModel]) -> list[str]:
    either = [keys[0] for keys in choices_of(model)]
    return [*either, *(f.alias or name for name, f in model.model_fields.items() if f.is_required() and name != "type")]
