"""YAML → Source, or every problem of the file with its line and column."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from framework.errors import InvalidSpec, SpecError
from framework.problem import Path as Place
from framework.problem import Problem, in_file
from framework.repeats import repeated
from framework.spec import Source
from framework.type_problems import problems_of, yaml_path
from framework.yaml_file import Document, read, read_file

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class SpecFile:
    """A source's YAML: what it says, and what is wrong with it."""

    document: Document
    source: Source | None
    """None where there are problems of types."""
    problems: list[Problem]
    """Of syntax and types; lint comes on top."""
    sound: "Sound | None" = None
    """What is left of the source without what the problems are about: for lint, never for a run."""


@dataclass(frozen=True)
class Sound:
    """The part of a source that has no problem of types."""

    source: Source
    removed: frozenset[Place] = frozenset()
    """What was taken out, as the file has it."""
    kept: dict[Place, list[int]] = field(default_factory=dict)
    """For a list that lost items: where those that are left stand in the file."""


def parse(file: str, text: str) -> SpecFile:
    """Reads one file. Never raises for what the file says."""
    return _parsed(read(file, text))


def _parsed(document: Document) -> SpecFile:
    document = repeated(document)
    source, problems = parse_document(document, Source)
    sound = Sound(source, frozenset(document.unread)) if source else _sound(document)
    return SpecFile(document, source, problems, sound)


_GONE = object()
_ROUNDS = 30


def _sound(document: Document) -> Sound | None:
    """Takes out what is wrong, and then what can't do without it, until the rest is a source. None if nothing is."""
    values, removed = _copy(document.values), set(document.unread)
    for _ in range(_ROUNDS):
        kept: dict[Place, list[int]] = {}
        rest = _without_gone(values, (), kept)
        try:
            source = Source.model_validate(rest, by_alias=True, by_name=False)
        except ValidationError as error:
            for finding in error.errors(include_url=False):
                path = yaml_path(rest, finding["loc"])
                is_missing = finding["type"] == "missing"
                if is_missing and _fill(values, in_file(path, kept)):
                    removed.add(in_file(path, kept))
                    continue
                path = path[:-1] if is_missing else path
                if not path:
                    return None
                place = in_file(path, kept)
                removed.add(place)
                _remove(values, place)
        else:
            return Sound(source, frozenset(removed), kept)
    return None


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _without_gone(value: Any, path: Place, kept: dict[Place, list[int]]) -> Any:
    if isinstance(value, dict):
        return {key: _without_gone(inner, (*path, key), kept) for key, inner in value.items()}
    if isinstance(value, list):
        left = [index for index, inner in enumerate(value) if inner is not _GONE]
        if len(left) < len(value):
            kept[path] = left
        return [_without_gone(value[index], (*path, index), kept) for index in left]
    return value


def _remove(values: Any, path: Place) -> None:
    *above, last = path
    for step in above:
        if isinstance(values, dict | list):  # else it is gone already
            values = values.get(step) if isinstance(values, dict) else values[int(step)]
    if isinstance(values, list):
        values[int(last)] = _GONE
    elif isinstance(values, dict):
        values.pop(last, None)


_STAND_INS: dict[str, Any] = {
    "version": 1,
    "name": "not_known",
    "http": {"base_url": "https://not-known.invalid"},
    "http.base_url": "https://not-known.invalid",
    "streams": [{"name": "not_known", "request": {"path": "/"}}],
    "streams.request.path": "/",
}
"""What stands in for a key that nothing could be looked at without; nothing is said of it."""


def _fill(values: Any, path: Place) -> bool:
    """Puts a stand-in where a key is missing. False where there is none."""
    name = ".".join(step for step in path if isinstance(step, str))
    if name not in _STAND_INS:
        return False
    for step in path[:-1]:
        values = values[step]
    values[path[-1]] = _copy(_STAND_INS[name])
    return True


_ALONE = [
    *("E201", "E203", "E204", "E302", "E303", "E304", "E306", "E307", "E308", "E309", "E314", "E318", "E319", "E321"),
    *("W203", "W204", "W205", "W206", "W207", "W210", "W211", "W213"),
]
"""What is wrong whatever else the file says."""
_OF_ALL = ["W209"]
"""What depends on all streams; anything else on its own stream and the defaults."""
_APART = ["name", "description", "pagination", "responses", "contract", "checks"]
"""Parts of a stream that no other part depends on."""


def stands(code: str, path: Place, removed: Iterable[Place], word: str = "") -> bool:
    """Whether a finding holds, whatever was meant by what was taken out. `word` is what it is about, where it says."""
    return not any(path[: len(gone)] == gone or _depends(code, path, gone, word) for gone in removed)


def _depends(code: str, path: Place, gone: Place, word: str) -> bool:
    if code in _ALONE:
        return False
    same = gone[0] == "defaults" or gone[:2] == path[:2]
    part = gone[2:3]
    if code == "E202":
        group, _, name = word.partition(".")
        declared = gone[0] == "secrets" or str(gone[1:2]).lower() in ("()", str((name,)).lower())
        mine = group not in ("config", "secrets") or gone[0] == group
        return (gone[0] in ("config", "secrets") and mine and declared) or (
            same and part in ((), ("for_each",), ("incremental",))
        )
    if code == "E313":
        return gone[0] == "config" or (same and part in ((), ("incremental",)))
    if code in ("E301", "E310"):
        named = {"E301": [(), ("name",)], "E310": [(), ("clean",), ("clean", "table")]}[code]
        return gone[0] in ("streams", "analytics") and gone[2:] in named
    if code == "W212" and part in ((), ("pagination",)):
        return same
    if gone[0] not in ("streams", "defaults", "analytics") or (gone[0] == "streams" and part and part[0] in _APART):
        return False
    if part == ("request",) and code not in ("W201", "W202"):
        return False
    return same or code in _OF_ALL or path[2:3] == ("for_each",)


def parse_document(document: Document, kind: type[M]) -> tuple[M | None, list[Problem]]:
    """The document as a record of that type, and all that speaks against it."""
    problems = list(document.problems)
    if document.values is None:
        return None, problems
    try:
        context = {"folder": Path(document.file).parent} if Path(document.file).is_file() else {}
        return kind.model_validate(document.values, by_alias=True, by_name=False, context=context), problems
    except ValidationError as error:
        return None, sorted(problems + problems_of(error, document, kind))


def load(path: Path, shown: str | None = None) -> SpecFile:
    """Reads one file from disk. Raises SpecError where it can't be read at all."""
    try:
        return _parsed(read_file(path, shown))
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}") from None


def require(spec: SpecFile) -> Source:
    """The source, or InvalidSpec with all problems."""
    if spec.problems or spec.source is None:
        raise InvalidSpec(list(spec.problems))
    return spec.source
