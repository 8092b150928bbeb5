"""Keys and cursors, read from a page's lines."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.keys import Keys
from framework.lines import Lines


@pytest.mark.parametrize(
    ("records", "key", "wanted"),
    [
        (['{"a": 1, "b": 2}', '{"a": 1}'], ["a", "b"], (2, "b")),
        (['{"a": 1}', '{"a": null}'], ["a"], (2, "a")),
        (['{"a": 1}', '{"a":"x"}', '{"a":true}', '{"a":-1}'], ["a"], None),
        (['{"b":{"a":1}}', '{"a":1}'], ["a"], (1, "a")),
        (['{"x":0,"a":1}', '{"a":1}'], ["a"], None),
        (['{"o":{"id":1}}', '{"o":{}}'], ["o.id"], (2, "o.id")),
        (['{"o":{"id":1}}', '{"o":null}'], ["o.id"], (2, "o.id")),
        ([], ["a"], None),
        (["{}"], [], None),
    ],
)
def test_the_first_record_without_its_key_is_named(
    records: list[str], key: list[str], wanted: tuple[int, str] | None
) -> None:
    assert Keys(key, None).missing(Lines([record.encode() for record in records])) == wanted


@pytest.mark.parametrize(
    ("records", "wanted"),
    [
        (['{"id":1}', '{"id":"a","x":null}', '{"id": false}'], True),
        (['{"id":1}', '{"id":null}'], False),
        (['{"id":{}}'], False),
        (['{"id":[1]}'], False),
        (['{"x":1,"id":1}'], False),
        (['{"id":1}', "[1]"], False),
        ([], False),
    ],
)
def test_lines_that_begin_with_their_key(records: list[str], wanted: bool) -> None:
    assert Keys(["id"], None).lead(Lines([record.encode() for record in records])) is wanted


values = st.none() | st.integers() | st.text() | st.booleans() | st.lists(st.integers()) | st.just({"id": 1})
records = st.lists(st.dictionaries(st.sampled_from(["id", "b", "at"]), values))


@given(records, st.sampled_from([(",", ":"), (", ", ": ")]))
def test_what_is_seen_at_once_is_what_each_record_says(found: list[dict[str, object]], signs: tuple[str, str]) -> None:
    lines = Lines([json.dumps(record, separators=signs).encode() for record in found])
    keys = Keys(["id"], "at")
    bad = [nr for nr, record in enumerate(found, 1) if record.get("id") is None]
    odd = [nr for nr, record in enumerate(found, 1) if not isinstance(record.get("id"), str | int)]
    if keys.lead(lines):
        assert not odd
    assert keys.missing(lines) == ((bad[0], "id") if bad else None)
    assert keys.cursors(lines) == [record["at"] for record in found if record.get("at") is not None]
