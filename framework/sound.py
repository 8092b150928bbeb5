"""What is left of a source without what is wrong with it: for lint, never for a run."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from framework.problem import Path, Problem, in_file, part_at
from framework.spec import Source
from framework.type_places import literals_at, members_at, models_at
from framework.type_problems import late_problem, yaml_path
from framework.type_shapes import column_in_short
from framework.yaml_file import Document

_GONE = object()
_ROUNDS = 30


@dataclass(frozen=True)
class Sound:
    """The part of a source that has no problem of types."""

    source: Source
    removed: frozenset[Path] = frozenset()
    """What was taken out or stood in for, as the file has it."""
    kept: dict[Path, list[int]] = field(default_factory=dict)
    """For a list that lost items: where those that are left stand in the file."""
    problems: tuple[Problem, ...] = ()
    """What contradicts itself, and could be seen only once something else was taken out."""


def sound_part(document: Document) -> Sound | None:
    """Takes out what is wrong, and then what can't do without it, until the rest is a source. None if nothing is."""
    values, removed, filled = _copy(document.values), set(document.unread), set[Path]()
    problems: list[Problem] = []
    mended = set[Path]()
    for round_ in range(_ROUNDS):
        kept: dict[Path, list[int]] = {}
        rest = _without_gone(values, (), kept)
        try:
            source = Source.model_validate(rest, by_alias=True, by_name=False)
        except ValidationError as error:
            for finding in error.errors(include_url=False):
                path = yaml_path(rest, finding["loc"])
                place = in_file(path, kept)
                is_missing = finding["type"] == "missing"
                if is_missing and place not in filled and _fill(values, place, finding["loc"]):
                    filled.add(place)
                    removed.add(place)
                    continue
                if finding["type"] == "one_of" and round_ and not any(gone[:-1] == place for gone in removed):
                    problems.append(late_problem(document, place, finding, Source))
                if place not in mended and (instead := _instead(finding, place)) is not None:
                    mended.add(place)
                    _put(values, place, instead)
                    continue
                place = place[:-1] if is_missing or place in filled else place
                if not place:
                    return None
                removed.add(place)
                _remove(values, place)
        else:
            return Sound(source, frozenset(removed), kept, tuple(problems))
    return None


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _without_gone(value: Any, path: Path, kept: dict[Path, list[int]]) -> Any:
    if isinstance(value, dict):
        return {key: _without_gone(inner, (*path, key), kept) for key, inner in value.items()}
    if isinstance(value, list):
        left = [index for index, inner in enumerate(value) if inner is not _GONE]
        if len(left) < len(value):
            kept[path] = left
        return [_without_gone(value[index], (*path, index), kept) for index in left]
    return value


def _remove(values: Any, path: Path) -> None:
    *above, last = path
    for step in above:
        if isinstance(values, dict | list):  # else it is gone already
            values = values.get(step) if isinstance(values, dict) else values[int(step)]
    if isinstance(values, list):
        values[int(last)] = _GONE
    elif isinstance(values, dict):
        values.pop(last, None)


def _instead(finding: Any, path: Path) -> Any:
    """What a plain value is short for: [id] for id, a column for its type."""
    value = finding["input"]
    if not isinstance(value, str) or not path or isinstance(path[-1], int):
        return None
    if finding["type"] == "list_type":
        return [value]
    if finding["type"] in ("model_type", "model_attributes_type") and path[-2:-1] == ("columns",):
        return column_in_short(models_at(Source, finding["loc"])[0], str(path[-1]), value)
    return None


def _put(values: Any, path: Path, wanted: Any) -> None:
    above = part_at(values, path[:-1])
    if isinstance(above, dict):
        above[path[-1]] = wanted


_STAND_INS: dict[str, Any] = {
    "version": 1,
    "name": "not_known",
    "http": {"base_url": "https://not-known.invalid"},
    "http.base_url": "https://not-known.invalid",
    "streams": [{"name": "not_known", "request": {"path": "/"}}],
    "streams.name": "not_known",
    "streams.request": {"path": "/"},
    "streams.request.path": "/",
    "streams.clean.columns.type": "text",
}
"""What stands in for a key that nothing could be looked at without; nothing is said of it."""
_OF_TYPE: dict[Any, Any] = {str: "not_known", int: 1, timedelta: "1h"}


def _fill(values: Any, path: Path, loc: Path) -> bool:
    """Puts a stand-in where a key is missing. False where there is none."""
    stand_in, above = _stand_in(path, loc), part_at(values, path[:-1])
    if stand_in is None or not isinstance(above, dict):
        return False
    above[path[-1]] = _copy(stand_in)
    return True


def _stand_in(path: Path, loc: Path) -> Any:
    words = [step for step in path if isinstance(step, str)]
    if words[:3] == ["streams", "clean", "columns"] and len(words) == 5:
        words.pop(3)  # the column's own name
    if (named := _STAND_INS.get(".".join(words))) is not None:
        return named
    if literals := literals_at(Source, loc):
        return literals[0]
    kinds = members_at(Source, loc)
    text = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, str)]
    return next((_OF_TYPE[kind] for kind in [*kinds, *([str] if text else [])] if kind in _OF_TYPE), None)


_ALONE = [
    *("E201", "E203", "E204", "E302", "E303", "E304", "E306", "E307", "E308", "E309", "E314", "E318", "E319", "E321"),
    *("W203", "W204", "W205", "W206", "W207", "W210", "W211", "W213"),
]
"""What is wrong whatever else the file says."""
_OF_ALL = ["W209"]
"""What depends on all streams; anything else on its own stream and the defaults."""
_APART = ["name", "description", "pagination", "responses", "contract", "checks"]
"""Parts of a stream that no other part depends on."""
_ON = {
    "E312": ["primary_key", "clean.table", "clean.mode", "clean.columns", "incremental.cursor"],
    "E313": ["incremental.cursor", "incremental.start", "incremental.format"],
    "E315": ["for_each", "clean.mode", "clean.scope"],
    "E316": [
        "primary_key",
        "incremental.cursor",
        "for_each",
        *(f"records.{at}" for at in ("rename", "flatten", "path")),
    ],
    "E320": ["incremental.cursor", "clean.mode"],
    "W222": ["request.method"],
    "W208": ["primary_key", "incremental.cursor"],
}
"""Parts of its stream that a finding depends on, where they are few."""


def stands(code: str, path: Path, removed: Iterable[Path], word: str = "") -> bool:
    """Whether a finding holds, whatever was meant by what was taken out. `word` is what it is about, where it says."""
    return not any(path[: len(gone)] == gone or _depends(code, path, gone, word) for gone in removed)


def _depends(code: str, path: Path, gone: Path, word: str) -> bool:
    if code in _ALONE:
        return False
    same = gone[0] == "defaults" or gone[:2] == path[:2]
    of_stream = gone[1:] if gone[0] == "defaults" else gone[2:]
    if code == "E202":
        return _name_depends(word, gone, same, of_stream)
    if code == "E313" and gone[0] == "config":
        return True
    if code in ("E301", "E310"):
        named = {"E301": [(), ("name",)], "E310": [(), ("clean",), ("clean", "table")]}[code]
        return gone[0] in ("streams", "analytics") and gone[2:] in named
    if gone[0] not in ("streams", "defaults", "analytics"):
        return False
    if code in _ON:
        return same and any(_touches(of_stream, part) for part in _ON[code])
    part = of_stream[:1]
    if code == "W212" and part in ((), ("pagination",)):
        return same
    if part and part[0] in _APART:
        return False
    if part == ("request",) and code not in ("W201", "W202"):
        return False
    return same or code in _OF_ALL or path[2:3] == ("for_each",)


def _name_depends(name: str, gone: Path, same: bool, of_stream: Path) -> bool:
    """Whether a name of a template may be what was taken out."""
    group, _, key = name.partition(".")
    if group in ("config", "secrets"):
        every = gone[0] == "secrets" or len(gone) == 1
        return gone[0] == group and (every or str(gone[1]).lower() == key.lower())
    if group == "window":
        return same and gone[0] in ("streams", "defaults") and _touches(of_stream, "incremental.cursor")
    return same and gone[0] in ("streams", "defaults") and of_stream[:1] in ((), ("for_each",))


def _touches(gone: Path, part: str) -> bool:
    """Whether what was taken out holds the part, or lies in it."""
    return all(step == wanted for step, wanted in zip(gone, part.split("."), strict=False))
