"""A document with its misspelt keys, words and shapes as they are meant: what hangs on them is looked at too."""

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from framework import elsewhere, meant
from framework.problem import Path, Problem, show_path
from framework.reshaped import misshapen, reshaped
from framework.type_places import keys_at, kinds_with, literals_at, tags_at
from framework.type_problems import problems_of, yaml_path
from framework.yaml_file import Document

_DEEPEST = 6
"""Misspelt keys within misspelt keys: so many levels are looked at."""


def respelt(document: Document, root: type[BaseModel], context: dict[str, Any]) -> tuple[Document, list[Problem]]:
    """The document as it is meant, and what is wrong with its spelling; the same document where nothing is. A key of
    another shape than the one it stands for is left as it is."""
    misspelt: list[Problem] = []
    for _ in range(_DEEPEST):
        try:
            root.model_validate(document.values, by_alias=True, by_name=False, context=context)
            break
        except ValidationError as error:
            names, words = _names(document, error, root), _words(document, error, root)
            shapes = [] if names or words else misshapen(document, error, root)
            if not names and not words and not shapes:
                break
            wrong = {("E101", show_path(path)) for path in names} | {("E104", show_path(path)) for path in words}
            wrong |= {("E103", show_path(path)) for path in shapes}
            misspelt += [at for at in problems_of(error, document, root) if (at.code, at.where) in wrong]
            document = reshaped(document, shapes) if shapes else _renamed(document, names, words)
    return document, misspelt


def _names(document: Document, error: ValidationError, root: type[BaseModel]) -> dict[Path, str]:
    """Of each misspelt key the name that it stands for: where nothing else has that name, or stands for it too."""
    found: dict[Path, str] = {}
    for finding in error.errors(include_url=False):
        path = yaml_path(document.values, finding["loc"])
        if finding["type"] != "extra_forbidden" or path not in document.keys:
            continue
        known = keys_at(root, finding["loc"][:-1])
        name = meant.key(str(path[-1]), known)
        if not name and not kinds_with(str(path[-1]), finding["loc"], root) and not elsewhere.key(path):
            name = meant.near_key(str(path[-1]), known)
        if name in known and (*path[:-1], name) not in document.keys:
            found.setdefault(path, str(name))
    taken = [(*path[:-1], name) for path, name in found.items()]
    return {path: name for path, name in found.items() if taken.count((*path[:-1], name)) == 1}


def _words(document: Document, error: ValidationError, root: type[BaseModel]) -> dict[Path, str]:
    """Of each word that is not allowed where it stands the one that is meant."""
    found: dict[Path, str] = {}
    for finding in error.errors(include_url=False):
        path = yaml_path(document.values, finding["loc"])
        if finding["type"] == "union_tag_invalid":
            path, known, given = (*path, "type"), tags_at(root, finding["loc"]), finding["ctx"]["tag"]
        elif finding["type"] == "literal_error" and isinstance(finding["input"], str):
            known, given = [str(word) for word in literals_at(root, finding["loc"])], finding["input"]
        else:
            continue
        word = meant.word(given, known)
        if word is not None and path in document.starts:
            found[path] = word
    return found


def _renamed(document: Document, names: dict[Path, str], words: dict[Path, str]) -> Document:
    def moved(path: Path) -> Path:
        return tuple(names.get(path[: end + 1], step) for end, step in enumerate(path))

    def copied(value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {names.get((*path, key), key): copied(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [copied(inner, (*path, i)) for i, inner in enumerate(value)]
        return words.get(path, value)

    return replace(
        document,
        values=copied(document.values, ()),
        keys={moved(path): place for path, place in document.keys.items()},
        starts={moved(path): place for path, place in document.starts.items()},
        spans={moved(path): place for path, place in document.spans.items()},
        unread={moved(path) for path in document.unread},
    )
