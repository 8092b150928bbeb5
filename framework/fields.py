"""The fields of one record: opened one level at a time, so that a value that is not touched keeps its text."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from framework import exact_json
from framework.errors import DataProblem

Fields = dict[str, Any]
"""Names → values: `msgspec.Raw` where nobody looked inside, a mapping or a list of the same where somebody did."""
Path = Sequence[str]
"""The names that lead to a field."""

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_OBJECT, _LIST, _NULL, _TEXT = b'{[n"'
"""The bytes that they begin with."""
_ABSENT = object()


def opened(record: msgspec.Raw) -> Fields:
    """The fields of a record. Raises DataProblem where it is no object."""
    try:
        return _fields.decode(record)
    except msgspec.ValidationError:
        raise DataProblem("a record is no object: check `records`") from None


def object_in(value: Any) -> Fields | None:
    """The fields of a value that is an object, None where it is none."""
    if type(value) is msgspec.Raw:
        return _fields.decode(value) if memoryview(value)[0] == _OBJECT else None
    return value if isinstance(value, dict) else None


def list_in(value: Any) -> list[Any] | None:
    """The items of a value that is a list, None where it is none."""
    if type(value) is msgspec.Raw:
        return _items.decode(value) if memoryview(value)[0] == _LIST else None
    return value if isinstance(value, list) else None


def objects_in(value: Any, name: str) -> list[Fields] | None:
    """The items of a value that is a list, each as its fields; one that is no object becomes the field of that name.
    None where it is no list."""
    if type(value) is msgspec.Raw and memoryview(value)[0] == _LIST:
        try:
            return _objects.decode(value)
        except msgspec.ValidationError:
            pass
    items = list_in(value)
    if items is None:
        return None
    found = ((item, object_in(item)) for item in items)
    return [{name: item} if inner is None else inner for item, inner in found]


def path_of(text: str) -> Path:
    """`a.b` → a, b."""
    return tuple(text.split("."))


def is_null(value: Any) -> bool:
    """Whether a value is null; one that is missing is too."""
    return value is None or (type(value) is msgspec.Raw and memoryview(value)[0] == _NULL)


def at(fields: Fields, path: Path) -> Any:
    """The value at a path, None where there is none."""
    value = fields.get(path[0])
    for name in path[1:]:
        inner = object_in(value)
        if inner is None:
            return None
        value = inner.get(name)
    return value


def rename(fields: Fields, names: Mapping[str, str]) -> Fields:
    """The record with values under other names: in their place where only the last name of the path changes, else moved
    to the new path. All at once, so that two can trade names. A name that holds dots itself goes before a path. Raises
    DataProblem where a value would be overwritten."""
    in_place: dict[str, dict[str, str]] = {}
    moved = []
    for old, new in names.items():
        above, _, last = ("", "", old) if old in fields else old.rpartition(".")
        new_above, _, new_last = new.rpartition(".")
        if above == new_above:
            in_place.setdefault(above, {})[last] = new_last
        else:
            value = _taken(fields, above.split(".") if above else [], last)
            moved += [(new, value)] if value is not _ABSENT else []
    for above, new_names in in_place.items():
        if above:
            _within(fields, above.split("."), new_names)
    renamed = _renamed(fields, in_place[""]) if "" in in_place else fields
    for new, value in moved:
        _put(renamed, new.split("."), value)
    return renamed


def _renamed(fields: Fields, names: Mapping[str, str]) -> Fields:
    kept = {name for name in fields if name not in names}
    for old, new in names.items():
        if old in fields and new in kept:
            raise _taken_name(new)
    return {names.get(name, name): value for name, value in fields.items()}


def _within(fields: Fields, above: Sequence[str], names: Mapping[str, str]) -> None:
    """Renames in the object at a path; in every element where the path goes through a list."""
    if above[0] in fields:
        fields[above[0]] = _renamed_inside(fields[above[0]], above[1:], names)


def _renamed_inside(value: Any, above: Sequence[str], names: Mapping[str, str]) -> Any:
    items = list_in(value)
    if items is not None:
        return [_renamed_inside(item, above, names) for item in items]
    inner = object_in(value)
    if inner is None:
        return value
    if not above:
        return _renamed(inner, names)
    _within(inner, above, names)
    return inner


def _taken(fields: Fields, above: Sequence[str], last: str) -> Any:
    """Takes the value at a path out of the record; _ABSENT where there is none."""
    holder = fields
    for name in above:
        value = holder.get(name)
        if list_in(value) is not None:
            path = ".".join([*above, last])
            raise DataProblem(f"{path!r} goes through a list, which `rename` can't move a field out of")
        inner = object_in(value)
        if inner is None:
            return _ABSENT
        holder[name] = holder = inner
    return holder.pop(last, _ABSENT)


def _put(fields: Fields, path: Sequence[str], value: Any) -> None:
    *above, last = path
    holder = fields
    for name in above:
        inner = {} if is_null(holder.get(name)) else object_in(holder[name])
        if inner is None:
            raise _taken_name(name)
        holder[name] = holder = inner
    if last in holder:
        raise _taken_name(".".join(path))
    holder[last] = value


def _taken_name(name: str) -> DataProblem:
    return DataProblem(f"there is a field {name!r} already: give it another name in `rename`")


def flatten(fields: Fields, depth: int) -> Fields:
    """The record with the fields of its objects as its own: {a: {b: 1}} → {a_b: 1}, so many levels deep. Lists and
    empty objects stay. Raises DataProblem where two fields get one name."""
    flat: Fields = {}
    for name, value in fields.items():
        inner = object_in(value) if depth else None
        for path, leaf in flatten(inner, depth - 1).items() if inner else [("", value)]:
            whole = f"{name}_{path}" if path else name
            if whole in flat:
                raise DataProblem(f"two fields are named {whole!r} once they are flattened: `rename` one of them")
            flat[whole] = leaf
    return flat


def drop(fields: Fields, path: Path) -> None:
    """Without the field at the path; in every element where it goes through a list."""
    _change(fields, path, None)


def hash_at(fields: Fields, path: Path, hashed: "Hasher") -> None:
    """With the keyed hash of the field at the path; in every element where it goes through a list."""
    _change(fields, path, hashed)


def _change(fields: Fields, path: Path, hashed: "Hasher | None") -> None:
    name = path[0]
    if name not in fields:
        return
    if len(path) > 1:
        fields[name] = _changed(fields[name], path[1:], hashed)
    elif hashed is None:
        del fields[name]
    else:
        fields[name] = hashed.of(fields[name])


def _changed(value: Any, path: Path, hashed: "Hasher | None") -> Any:
    inner = object_in(value)
    if inner is not None:
        _change(inner, path, hashed)
        return inner
    items = list_in(value)
    return value if items is None else [_changed(item, path, hashed) for item in items]


class Hasher:
    """HMAC-SHA-256 of values under one key, in hex."""

    def __init__(self, key: bytes) -> None:
        self._begun = hmac.new(key, digestmod=hashlib.sha256)

    def of(self, value: Any) -> str | None:
        """Of the text that a JSON string holds, of the JSON text of anything else. null stays null."""
        text = bytes(value) if type(value) is msgspec.Raw else exact_json.encode(value)
        if text == b"null":
            return None
        found = self._begun.copy()
        found.update(_plain(text) if text[0] == _TEXT else text)
        return found.hexdigest()


def _plain(text: bytes) -> bytes:
    """What a JSON string says."""
    return text[1:-1] if b"\\" not in text else msgspec.json.decode(text).encode()
