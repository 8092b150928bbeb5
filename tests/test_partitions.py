"""What a stream is repeated for, and how its parents' records become partitions."""

from typing import Any

import pytest

from framework.errors import DataProblem, SpecError
from framework.manifest import Position
from framework.partitions import ForEachRecord, ForEachValue
from framework.plan import Parent, Request, slices
from framework.spec import Stream
from tests.test_plan import NOW


def of_records(lines: list[bytes], fields: dict[str, list[str]], key: list[str], **spec: Any) -> list[Any]:
    """Identity and extra of each partition."""
    return list(ForEachRecord.model_validate({"stream": "p", "as": "p"} | spec).partitions(lines, fields, key))


def test_a_record_is_known_by_its_key_and_tells_what_templates_use() -> None:
    lines = [b'{"id":1,"a":{"b":2,"c":3}}', b'{"id":2}']
    assert of_records(lines, {"p": ["a.b", "x"]}, ["id"]) == [
        ({"p": {"id": 1}}, {"p": {"a": {"b": 2}}}),
        ({"p": {"id": 2}}, {"p": {}}),
    ]
    with pytest.raises(DataProblem, match="a record of the parent 'p' or 'q' has no 'id'"):
        of_records([b'{"id":null}'], {}, ["id"], stream=["p", "q"])


def test_each_value_of_a_field_takes_the_place_of_the_record() -> None:
    lines = [b'{"id":1,"x":[1,null,2]}', b'{"id":2,"x":3}', b'{"id":3,"x":null}', b'{"id":4}']
    assert [partition["p"] for partition, _ in of_records(lines, {}, [], each="x")] == [1, 2, 3]
    objects = [b'{"id":1,"x":[{"a":1,"b":{"c":2}},{"d":3}]}']
    assert [p["p"] for p, _ in of_records(objects, {"p": ["b.c"]}, [], each="x")] == [{"b": {"c": 2}}, {}]
    assert [p["p"] for p, _ in of_records(objects, {"p": ["", "a"]}, [], each="x")][1] == {"d": 3}
    assert of_records([b'{"id":1,"n":"o","x":[7]}'], {"o": ["n"]}, ["id"], each="x", parent_as="o") == [
        ({"o": {"id": 1}, "p": 7}, {"o": {"n": "o"}})
    ]


def planned(for_each: Any, parents: dict[str, list[Parent]] | None = None) -> list[dict[str, Any]]:
    """The partitions of a stream without windows."""
    raw = {"name": "y", "request": {"path": "/y"}, "for_each": for_each}
    found = slices(Stream.model_validate(raw), {"config": {"ids": []}}, Position(), NOW, Request(), parents or {})
    return [item.partition for item in found]


def test_levels_multiply() -> None:
    both = [{"values": [1, 2], "as": "a"}, {"values": ["x", "y"], "as": "b"}]
    assert planned(both) == [{"a": a, "b": b} for a in (1, 2) for b in ("x", "y")]
    assert planned([both[0], {"values": "{{ config.ids }}", "as": "b"}]) == []


def test_values_in_batches() -> None:
    assert planned({"values": [1, 2, 3], "as": "ids", "batch": 2}) == [{"ids": [1, 2]}, {"ids": [3]}]
    parents = [Parent({"p": {"id": n}}, {"p": {"name": f"n{n}"}}, 1) for n in (1, 2)]
    assert planned({"stream": "p", "as": "p", "batch": 9}, {"p": parents}) == [
        {"p": [{"id": 1, "name": "n1"}, {"id": 2, "name": "n2"}]}
    ]


def test_an_empty_list_falls_back_on_the_parent() -> None:
    spec = {"values": "{{ config.ids }}", "or": {"stream": "p", "each": "id"}, "as": "x"}
    assert planned(spec, {"x": [Parent({"x": 8}, {}, 1)]}) == [{"x": 8}]
    assert planned(spec | {"values": [1]}, {"x": [Parent({"x": 8}, {}, 1)]}) == [{"x": 1}]
    with pytest.raises(SpecError, match="which is no list"):
        list(ForEachValue.model_validate(spec).partitions({"config": {"ids": "text"}}))


def test_which_streams_are_parents() -> None:
    levels = [{"stream": ["a", "b"], "as": "x"}, {"values": [], "or": {"stream": "c", "each": "id"}, "as": "y"}]
    stream = Stream.model_validate({"name": "z", "request": {"path": "/"}, "for_each": levels})
    assert stream.parents == ["a", "b", "c"]
    assert stream.parent == "a"
