"""What is made ready once and done apart gives, byte for byte, what each edit in its turn gives."""

import json
from collections.abc import Iterator
from typing import Any

import jmespath
import msgspec
from hypothesis import given
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError

from framework import exact_json
from framework.conditions import Condition, DoesNotFit
from framework.edits import Edits
from framework.errors import DataProblem
from framework.fields import Fields, Hasher, at, drop, flatten, hash_at, is_null, list_in, object_in, opened, path_of
from framework.fields import rename as renamed
from framework.model import JmesPath

NAMES = st.sampled_from("abc")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
LEAVES = st.sampled_from(
    ["1.10", "1E400", "12345678901234567890", "-0", "null", "true", '"x"', '"\\u00fc\\/"', "0", '""']
)


def _object(inner: Any) -> Any:
    texts = st.dictionaries(NAMES, inner, max_size=3)
    return texts.map(lambda fields: "{" + ",".join(f'"{name}":{text}' for name, text in fields.items()) + "}")


def _list(inner: Any) -> Any:
    return st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")


VALUES = st.recursive(LEAVES, lambda inner: _object(inner) | _list(inner), max_leaves=6)
RECORDS = _object(VALUES | _list(_object(VALUES)))
EDITS = st.builds(
    Edits,
    explode=st.none() | PATHS,
    carry=st.lists(PATHS, max_size=3),
    rename=st.just({}) | st.dictionaries(PATHS, PATHS, max_size=1),
    flatten=st.sampled_from([0, 0, 0, 1]),
    drop=st.lists(PATHS, max_size=2),
    hash=st.lists(PATHS, max_size=2),
    hash_key=st.just(b"key"),
    add=st.dictionaries(NAMES, st.sampled_from([None, 1, "x"]), max_size=2),
)


def in_turn(record: bytes, edits: Edits) -> Iterator[bytes]:
    """As docs/sources.md tells it: explode and carry, rename, flatten, drop, hash, add, on one record after the
    other."""
    outer = opened(msgspec.Raw(record))
    for fields in _elements(outer, edits) if edits.explode else [outer]:
        found = flatten(renamed(fields, edits.rename), edits.flatten)
        for path in edits.drop:
            drop(found, path_of(path))
        for path in edits.hash:
            hash_at(found, path_of(path), Hasher(edits.hash_key))
        yield exact_json.encode(found | edits.add)


def _elements(outer: Fields, edits: Edits) -> Iterator[Fields]:
    path = path_of(edits.explode or "")
    array = at(outer, path)
    above = [at(outer, path[:length]) for length in range(1, len(path))]
    if is_null(array) and all(is_null(value) or object_in(value) is not None for value in above):
        return
    items = list_in(array)
    if items is None:
        raise DataProblem("no list")
    for item in items:
        inner = object_in(item)
        own = {path[-1]: item} if inner is None else inner
        yield own | {path_of(name)[-1]: at(opened(exact_json_raw(outer)), path_of(name)) for name in edits.carry}


def exact_json_raw(fields: Fields) -> msgspec.Raw:
    """The fields as one value, so that what is changed in a copy is not changed in them."""
    return msgspec.Raw(exact_json.encode(fields))


def outcome(lines: Any) -> list[bytes] | str:
    """What comes of it, or that it does not fit."""
    try:
        return list(lines())
    except DataProblem:
        return "does not fit"


@given(RECORDS, EDITS)
def test_each_edit_in_its_turn(record: str, edits: Edits) -> None:
    if edits.flatten:  # by what names a flat field may be dropped has tests of its own
        edits = Edits(**{**vars(edits), "drop": [], "hash": []})
    if not edits.open_records:
        return
    text = record.encode()
    assert outcome(lambda: edits.ready.lines([msgspec.Raw(text)])) == outcome(lambda: in_turn(text, edits))


COMPARED = st.sampled_from(
    ["a", "b.c", "a.b", "'x'", "`1`", "`1.10`", "`true`", "`null`", "a[0]", "length(a)", "@", "''"]
)
SIGNS = st.sampled_from(["==", "!=", "<", ">="])
COMPARISONS = COMPARED | st.tuples(COMPARED, SIGNS, COMPARED).map(" ".join)
EXPRESSIONS = st.recursive(
    COMPARISONS,
    lambda inner: inner.map(lambda one: f"!({one})")
    | st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda three: f"({three[0]}) {three[1]} ({three[2]})"),
    max_leaves=4,
)


@given(EXPRESSIONS, RECORDS)
def test_a_condition_holds_where_jmespath_says_so(expression: str, record: str) -> None:
    raw = msgspec.Raw(record.encode())
    try:
        found = jmespath.search(expression, json.loads(record))
        wanted: bool | None = (found == 0 and not isinstance(found, bool)) or bool(found)
    except (JMESPathError, TypeError):
        wanted = None
    try:
        holds: bool | None = Condition(JmesPath(expression)).holds(raw, object_in(raw))
    except DoesNotFit:
        holds = None
    assert holds == wanted, expression
