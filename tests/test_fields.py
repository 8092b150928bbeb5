"""A record's fields: renamed, flattened, dropped and hashed, each value in the text that it came with."""

import json

import msgspec
import pytest

from framework import exact_json
from framework.errors import DataProblem
from framework.fields import Fields, Hasher, at, drop, flatten, hash_at, is_null, path_of, rename


def opened(text: str | bytes) -> Fields:
    """A record as it is opened."""
    return msgspec.json.decode(text, type=dict[str, msgspec.Raw])


def text(fields: Fields) -> str:
    """What is written of it."""
    return exact_json.encode(fields).decode()


@pytest.mark.parametrize(
    ("record", "names", "wanted"),
    [
        ('{"Id":1,"b":2}', {"Id": "id"}, '{"id":1,"b":2}'),
        ('{"a":1,"b":2}', {"a": "b", "b": "a"}, '{"b":1,"a":2}'),
        ('{"a":1}', {"missing": "x", "a.b": "y", "c.d": "z"}, '{"a":1}'),
        ('{"c":{"nr":1.10,"x":1}}', {"c.nr": "c.id"}, '{"c":{"id":1.10,"x":1}}'),
        ('{"c":[{"nr":1},{"nr":2},3,null]}', {"c.nr": "c.id"}, '{"c":[{"id":1},{"id":2},3,null]}'),
        ('{"c":[{"d":{"nr":"\\u00fc"}}]}', {"c.d.nr": "c.d.id"}, '{"c":[{"d":{"id":"\\u00fc"}}]}'),
        ('{"c":{"id":7,"x":1}}', {"c.id": "customer_id"}, '{"c":{"x":1},"customer_id":7}'),
        ('{"id":7}', {"id": "c.id"}, '{"c":{"id":7}}'),
        ('{"id":7,"c":{"x":1}}', {"id": "c.id"}, '{"c":{"x":1,"id":7}}'),
        ('{"id":7,"c":null}', {"id": "c.id"}, '{"c":{"id":7}}'),
        ('{"a.b":1,"a":{"c":2}}', {"a.b": "ab"}, '{"ab":1,"a":{"c":2}}'),
        ('{"a":{"x":1},"b":{"x":2}}', {"a.x": "b.x", "b.x": "a.x"}, '{"a":{"x":2},"b":{"x":1}}'),
        ('{"a":null}', {"a": "b"}, '{"b":null}'),
        ('{"c":{"a":1,"b":2}}', {"c.a": "c.b", "c.b": "c.a"}, '{"c":{"b":1,"a":2}}'),
    ],
)
def test_rename(record: str, names: dict[str, str], wanted: str) -> None:
    assert text(rename(opened(record), names)) == wanted


@pytest.mark.parametrize(
    ("record", "names", "reason"),
    [
        ('{"a":1,"b":2}', {"a": "b"}, "there is a field 'b' already"),
        ('{"c":{"a":1,"b":2}}', {"c.a": "c.b"}, "there is a field 'b' already"),
        ('{"c":{"a":1},"b":2}', {"c.a": "b"}, "there is a field 'b' already"),
        ('{"a":1,"c":3}', {"a": "c.a"}, "there is a field 'c' already"),
        ('{"c":[{"a":1}]}', {"c.a": "b"}, "'c.a' goes through a list"),
    ],
)
def test_no_name_is_taken_from_another_field(record: str, names: dict[str, str], reason: str) -> None:
    with pytest.raises(DataProblem, match=reason):
        rename(opened(record), names)


@pytest.mark.parametrize(
    ("record", "depth", "wanted"),
    [
        ('{"a":{"b":{"c":1.10}}}', 1, '{"a_b":{"c":1.10}}'),
        ('{"a":{"b":{"c":1E400}}}', 2, '{"a_b_c":1E400}'),
        ('{"a":{"b":{"c":1}}}', 9, '{"a_b_c":1}'),
        ('{"a":[{"b":1}],"c":{"d":[{"e":2}]}}', 9, '{"a":[{"b":1}],"c_d":[{"e":2}]}'),
        ('{"a":{},"b":null,"c":{"d":null}}', 3, '{"a":{},"b":null,"c_d":null}'),
        ('{"a":{"":1}}', 1, '{"a":1}'),
    ],
)
def test_flatten(record: str, depth: int, wanted: str) -> None:
    assert text(flatten(opened(record), depth)) == wanted


def test_flattened_names_are_told_apart() -> None:
    with pytest.raises(DataProblem, match="'a_b' once they are flattened"):
        flatten(opened('{"a":{"b":1},"a_b":2}'), 1)


def test_several_fields_of_one_object() -> None:
    record = opened('{"a":{"b":1,"c":2,"d":"x"},"l":[{"p":1,"q":2}]}')
    for path in ("a.b", "a.c", "l.p", "l.q"):
        drop(record, path_of(path))
    hash_at(record, path_of("a.d"), Hasher(b"key"))
    hash_at(record, path_of("l"), Hasher(b"key"))
    found = json.loads(text(record))
    assert found["a"].keys() == {"d"}
    assert len(found["a"]["d"]) == len(found["l"]) == 64


def test_at() -> None:
    record = opened('{"a":{"b":{"c":1}},"n":null,"l":[1]}')
    assert bytes(at(record, path_of("a.b.c"))) == b"1"
    assert at(record, path_of("a.x.c")) is None
    assert at(record, path_of("l.c")) is None
    assert is_null(at(record, path_of("n")))
    assert is_null(None)
    assert not is_null(at(record, path_of("l")))
