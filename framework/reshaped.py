"""Named items written as a mapping where a list of them is wanted, or the other way about: the document as meant."""

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from framework.problem import Path, part_at
from framework.type_places import keys_at
from framework.type_problems import yaml_path
from framework.yaml_file import Document


def misshapen(document: Document, error: ValidationError, root: type[BaseModel]) -> list[Path]:
    """Where `streams: {orders: {…}}` stands for `streams: [{name: orders, …}]`, or the other way about."""
    found = []
    for finding in error.errors(include_url=False):
        path, value = yaml_path(document.values, finding["loc"]), finding["input"]
        if finding["type"] == "list_type" and isinstance(value, dict):
            takes_names = "name" in keys_at(root, (*finding["loc"], 0))
            named = takes_names and all(isinstance(item, dict) and "name" not in item for item in value.values())
        else:
            named = finding["type"] == "dict_type" and isinstance(value, list) and _bear_names(value)
        if named and value and path in document.starts:
            found.append(path)
    return [path for path in found if not any(path != other and path[: len(other)] == other for other in found)]


def _bear_names(items: list[Any]) -> bool:
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    return all(isinstance(name, str) for name in names) and len({*names}) == len(names)


def reshaped(document: Document, shapes: list[Path]) -> Document:
    """With the items at these places as they are wanted."""
    for path in shapes:
        value = part_at(document.values, path)
        is_list = isinstance(value, list)
        names = [item["name"] for item in value] if is_list else list(value)
        steps: dict[Any, Any] = dict(enumerate(names)) if is_list else {name: at for at, name in enumerate(names)}
        items = [{key: inner for key, inner in item.items() if key != "name"} for item in value] if is_list else []
        wanted = dict(zip(names, items, strict=True)) if is_list else [{"name": name, **value[name]} for name in names]
        document = _moved(document, path, steps, wanted)
        for item in [] if is_list else [(*path, index) for index in range(len(names))]:  # whose name was its key
            document.keys[(*item, "name")] = document.starts[(*item, "name")] = document.keys[item]
    return document


def _moved(document: Document, at: Path, steps: dict[Any, Any], wanted: Any) -> Document:
    end = len(at)

    def new(old: Path) -> Path:
        return (*at, steps[old[end]], *old[end + 1 :]) if old[:end] == at and len(old) > end else old

    return replace(
        document,
        values=_put(document.values, at, wanted),
        keys={new(path): place for path, place in document.keys.items()},
        starts={new(path): place for path, place in document.starts.items()},
        spans={new(path): place for path, place in document.spans.items()},
        unread={new(path) for path in document.unread},
    )


def _put(values: Any, path: Path, wanted: Any) -> Any:
    if not path:
        return wanted
    if isinstance(values, dict):
        return {key: _put(inner, path[1:], wanted) if key == path[0] else inner for key, inner in values.items()}
    return [_put(inner, path[1:], wanted) if index == path[0] else inner for index, inner in enumerate(values)]
