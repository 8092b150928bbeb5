"""A JSON body read in one pass: records cut out unparsed, everything else that nobody asked for skipped.

From the paths that a spec asks for, a type is made that holds just these; msgspec decodes into it and skips the rest
at the speed of a scan. Where the body has another shape than the paths say, the caller reads it in full instead.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from framework.model import JmesPath

Tree = dict[str, Any]


def simple_names(path: JmesPath) -> list[str] | None:
    """`a.b.c` → [a, b, c], `@` → [], anything cleverer → None."""
    node = path.compiled.parsed
    if node["type"] == "current":
        return []
    if node["type"] == "field":
        return [node["value"]]
    if node["type"] == "subexpression" and all(child["type"] == "field" for child in node["children"]):
        return [child["value"] for child in node["children"]]
    return None


def root_names(node: dict[str, Any]) -> set[str] | None:
    """The fields of the body that an expression looks at; None where it may look at all of it."""
    kind, children = node["type"], node.get("children", [])
    if kind == "field":
        return {node["value"]}
    if kind in ("literal", "expref"):
        return set()
    if kind in (
        "subexpression",
        "pipe",
        "projection",
        "filter_projection",
        "value_projection",
        "flatten",
        "slice",
    ):
        return root_names(children[0])
    if kind == "index_expression":
        return root_names(children[0])
    if kind in ("comparator", "and_expression", "or_expression", "not_expression", "function_expression"):
        found = [root_names(child) for child in children]
        return None if any(names is None for names in found) else set().union(*(n for n in found if n))
    return None


def body_type(records: list[str], leaf: Any, asked: Iterable[JmesPath]) -> Any | None:
    """The type that holds the records at their path and the roots of what is asked; None where one of them lies on
    the way to the other, or where an expression needs the whole body."""
    tree: Tree = {}
    node = tree
    for name in records[:-1]:
        node = node.setdefault(name, {})
    if records:
        node[records[-1]] = leaf
    for path in asked:
        if not _add(tree, path):
            return None
    return _struct(tree) if tree else leaf


def _add(tree: Tree, path: JmesPath) -> bool:
    names = simple_names(path)
    for place in [names] if names else [[name] for name in root_names(path.compiled.parsed) or ()]:
        node = tree
        for name in place[:-1]:
            node = node.setdefault(name, {})
            if not isinstance(node, dict):
                break
        if not isinstance(node, dict):
            if node is not Any:
                return False
        elif isinstance(node.get(place[-1]), dict) or node.setdefault(place[-1], Any) is not Any:
            return False
    return bool(names) or root_names(path.compiled.parsed) is not None


def _struct(tree: Tree) -> Any:
    fields = []
    for index, (_name, inner) in enumerate(tree.items()):
        kind = _struct(inner) if isinstance(inner, dict) else inner
        bare = kind is Any or kind is msgspec.Raw  # Raw takes anything, and stands in no union
        optional = kind if bare else kind | None | msgspec.UnsetType
        fields.append((f"f{index}", optional, msgspec.UNSET))
    names = {f"f{index}": name for index, name in enumerate(tree)}
    return msgspec.defstruct("Body", fields, rename=names, gc=False)


def record_type(paths: Sequence[str], required: Sequence[str]) -> Any:
    """The type that holds some fields of a record; `required` ones must be there and be no null, object or list."""
    tree: Tree = {}
    for path in paths:
        node = tree
        *above, last = path.split(".")
        for name in above:
            node = node.setdefault(name, {})
        node[last] = str | int | float | bool if path in required else Any
    return _record_struct(tree)


def _record_struct(tree: Tree) -> Any:
    fields: list[Any] = []
    for index, inner in enumerate(tree.values()):
        if isinstance(inner, dict):
            fields.append((f"f{index}", _record_struct(inner)))
        else:
            fields.append((f"f{index}", inner) if inner is not Any else (f"f{index}", Any, None))
    fields.sort(key=len)  # required ones first, as a struct wants it
    names = {f"f{index}": name for index, name in enumerate(tree)}
    return msgspec.defstruct("Fields", fields, rename=names, gc=False)


def getter(kind: Any, path: str) -> Callable[[Any], Any]:
    """Reads the field at a path from what was decoded as a `record_type`."""
    names = []
    for name in path.split("."):
        field = msgspec.structs.fields(kind)[kind.__struct_encode_fields__.index(name)]
        names.append(field.name)
        kind = field.type
    return attrgetter(".".join(names))


def as_values(found: Any) -> Any:
    """A decoded struct as plain values, for JMESPath; records and what is missing are left out."""
    if isinstance(found, msgspec.Struct):
        encoded = found.__struct_encode_fields__
        pairs = zip(encoded, (getattr(found, name) for name in found.__struct_fields__), strict=True)
        return {name: as_values(value) for name, value in pairs if not _is_records(value)}
    return found


def _is_records(value: Any) -> bool:
    if value is msgspec.UNSET or isinstance(value, msgspec.Raw):
        return True
    return isinstance(value, list) and bool(value) and isinstance(value[0], msgspec.Raw)


def at(found: Any, names: list[str]) -> Any:
    """The value at a path of a decoded struct: UNSET where it is missing."""
    for name in names:
        if found is None or found is msgspec.UNSET:
            return found if found is msgspec.UNSET else msgspec.UNSET
        index = found.__struct_encode_fields__.index(name)
        found = getattr(found, found.__struct_fields__[index])
    return found
