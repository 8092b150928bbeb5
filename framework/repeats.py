"""N streams from one: a stream with `repeat: {for: […], as: x}` stands for one stream a value.

Done when the file is read, before anything else looks at it: names, tables and paths may hold `{{ x }}`. What is wrong
with one of them is said where the file has it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from framework.model import NAME
from framework.problem import Path, Problem, suggestion
from framework.template import TemplateProblem, names_in, problem_of, render
from framework.yaml_file import Document

_BLOCK = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_KEYS = ["for", "as"]

SCHEMA = {
    "type": "object",
    "required": ["repeat"],
    "allOf": [
        {
            "properties": {
                "repeat": {
                    "description": "Make a stream of each value.",
                    "type": "object",
                    "required": _KEYS,
                    "additionalProperties": False,
                    "properties": {
                        "for": {
                            "description": "The values: texts, numbers or mappings.",
                            "type": "array",
                            "minItems": 1,
                        },
                        "as": {
                            "description": "The name of the value in the stream's texts.",
                            "type": "string",
                            "pattern": f"^(?:{NAME})$",
                        },
                    },
                }
            }
        }
    ],
}
"""What the published schema says of a stream with `repeat`: the rest of it is looked at once it is repeated."""


def repeated(document: Document) -> Document:
    """The document with every stream that is repeated in place of the one that says so; the same where none is."""
    streams = document.values.get("streams") if isinstance(document.values, dict) else None
    if not isinstance(streams, list) or not any(isinstance(item, dict) and "repeat" in item for item in streams):
        return document
    made = _Made(document)
    for index, item in enumerate(streams):
        made.add(index, item)
    return made.document()


class _Made:
    """The streams of a document, and where each part of them stands in the file."""

    def __init__(self, document: Document) -> None:
        self._from = document
        self._streams: list[Any] = []
        self._places: dict[Path, Path] = {}
        self._problems: list[Problem] = []

    def add(self, index: int, item: Any) -> None:
        """One stream as the file has it."""
        place: Path = ("streams", index)
        if not isinstance(item, dict) or "repeat" not in item:
            self._append(item, place, {})
            return
        problems = list(_problems(self._from, item["repeat"], (*place, "repeat")))
        self._problems += problems
        if problems:
            return
        rest = {key: value for key, value in item.items() if key != "repeat"}
        for value in item["repeat"]["for"]:
            self._append(rest, place, {item["repeat"]["as"]: value})

    def _append(self, item: Any, place: Path, names: dict[str, Any]) -> None:
        self._streams.append(self._copy(item, place, ("streams", len(self._streams)), names))

    def _copy(self, value: Any, old: Path, new: Path, names: dict[str, Any]) -> Any:
        self._places[new] = old
        if isinstance(value, dict):
            pairs = [(key, str(_filled(key, names)), inner) for key, inner in value.items()]
            return {made: self._copy(inner, (*old, key), (*new, made), names) for key, made, inner in pairs}
        if isinstance(value, list):
            return [self._copy(inner, (*old, i), (*new, i), names) for i, inner in enumerate(value)]
        return _filled(value, names)

    def document(self) -> Document:
        """All of it."""
        found, places = self._from, self._places
        rest: Any = {path for path in (*found.starts, *found.keys, *found.unread) if path[:1] != ("streams",)}
        places = {**{path: path for path in rest}, ("streams",): ("streams",), **places}
        back = places.items()
        return replace(
            found,
            values={**found.values, "streams": self._streams},
            problems=[*found.problems, *self._problems],
            keys={new: found.keys[old] for new, old in back if old in found.keys},
            starts={new: found.starts[old] for new, old in back if old in found.starts},
            spans={new: found.spans[old] for new, old in back if old in found.spans},
            unread={new for new, old in back if old in found.unread},
        )


def _problems(document: Document, spec: Any, place: Path) -> Iterator[Problem]:
    if not isinstance(spec, dict):
        yield document.problem("E103", place, "write `repeat: {for: [first, second], as: name}`.")
        return
    for key in spec:
        if key not in _KEYS:
            message = f"{key!r} is no key of repeat.{suggestion(key, _KEYS)}"
            yield document.problem("E101", (*place, key), message, at_key=True)
    for key in _KEYS:
        if key not in spec:
            yield document.problem("E102", place, f"the key {key!r} is missing in repeat.", at_key=True)
    values, name = spec.get("for", [""]), spec.get("as", "x")
    if not isinstance(values, list) or not values:
        yield document.problem("E103", (*place, "for"), "a list of one value or more is wanted.")
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        message = f"{name!r} is no name: a small letter, then small letters, digits and _."
        yield document.problem("E105", (*place, "as"), message)


def _filled(text: Any, names: dict[str, Any]) -> Any:
    """The text with the value in it; a text that is one whole expression becomes the value itself. Expressions that
    ask for anything else are left for the run."""
    if not isinstance(text, str) or not names or "{{" not in text:
        return text
    if _BLOCK.fullmatch(text.strip()):
        return _value(text, names)
    return _BLOCK.sub(lambda found: str(_value(found[0], names)), text)


def _value(block: str, names: dict[str, Any]) -> Any:
    if problem_of(block) or not (used := names_in(block)) or any(path[0] not in names for path in used):
        return block
    try:
        return render(block, names)
    except TemplateProblem:
        return block
