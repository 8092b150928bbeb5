"""Records → lines: the bytes of the API, but for what the spec changes."""

import hashlib
import hmac
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.edits import Edits
from framework.errors import DataProblem
from framework.lines import Lines
from framework.model import JmesPath
from framework.records import check_objects, field_text, lines

ODD = b'{"a": 1.10, "big": 12345678901234567890, "e": 1E5, "s": "007", "n": null, "u": "\xc3\xbc", "esc": "\\u00fc\\n"}'
KEY = b"key"


def one(record: bytes, edits: Edits) -> list[bytes]:
    """The lines of one record."""
    return list(lines([msgspec.Raw(record)], edits, one_line=True))


def digest(text: str) -> str:
    """What a field becomes."""
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def test_without_edits_a_record_keeps_every_byte() -> None:
    assert one(ODD, Edits()) == [ODD]


def test_a_pretty_printed_record_becomes_one_line() -> None:
    assert list(lines([msgspec.Raw(b'{\r\n "a": "x\\ny"\n}')], Edits(), one_line=False)) == [b'{   "a": "x\\ny" }']


def test_fields_that_are_not_edited_keep_the_text_of_their_values() -> None:
    (line,) = one(ODD, Edits(drop=["n"], add={"more": 1}))
    for text in (b"1.10", b"12345678901234567890", b"1E5", b'"007"', b'"\xc3\xbc"', b'"\\u00fc\\n"', b'"more":1'):
        assert text in line
    assert b'"n"' not in line


@pytest.mark.parametrize(
    ("record", "edits", "wanted"),
    [
        ({"a": {"b": 1, "c": 2}}, Edits(drop=["a.b"]), [{"a": {"c": 2}}]),
        ({"a": [{"b": 1}, {"b": 2, "c": 3}]}, Edits(drop=["a.b"]), [{"a": [{}, {"c": 3}]}]),
        ({"a": 1}, Edits(drop=["b", "a.c"]), [{"a": 1}]),
        ({"a": "x"}, Edits(hash=["a"], hash_key=KEY), [{"a": digest("x")}]),
        ({"a": 7}, Edits(hash=["a"], hash_key=KEY), [{"a": digest("7")}]),
        ({"a": None}, Edits(hash=["a"], hash_key=KEY), [{"a": None}]),
        ({"a": [{"m": "x"}]}, Edits(hash=["a.m"], hash_key=KEY), [{"a": [{"m": digest("x")}]}]),
        ({"a": 1}, Edits(add={"a": 2, "b": None}), [{"a": 2, "b": None}]),
        ({"id": 1, "l": [{"x": 1}, {"x": 2}]}, Edits(explode="l"), [{"x": 1}, {"x": 2}]),
        ({"id": 1, "l": [{"x": 1}]}, Edits(explode="l", carry=["id"]), [{"x": 1, "id": 1}]),
        ({"o": {"id": 1}, "l": [{"x": 1}]}, Edits(explode="l", carry=["o.id"]), [{"x": 1, "id": 1}]),
        ({"l": [1, 2]}, Edits(explode="l"), [{"l": 1}, {"l": 2}]),
        ({"d": {"l": [{"x": 1}]}}, Edits(explode="d.l"), [{"x": 1}]),
        ({"l": None}, Edits(explode="l"), []),
        ({"l": []}, Edits(explode="l"), []),
        ({"m": 1}, Edits(explode="l"), []),
        ({"l": [{"x": 1, "p": 2}]}, Edits(explode="l", drop=["p"]), [{"x": 1}]),
        ({"a": {"b": 1, "c": 2, "d": 3}}, Edits(drop=["a.b", "a.c"]), [{"a": {"d": 3}}]),
        ({"a": {"b": {"c": 1}}}, Edits(flatten=1), [{"a_b": {"c": 1}}]),
        ({"a": {"m": 1, "k": 2}}, Edits(flatten=1, drop=["a.m"]), [{"a_k": 2}]),
        ({"a": {"m": 1, "k": 2}}, Edits(flatten=1, drop=["a_m"]), [{"a_k": 2}]),
        ({"a": {"l": [{"m": 1}]}}, Edits(flatten=2, drop=["a.l.m"]), [{"a_l": [{}]}]),
        ({"a": {"m": "x"}}, Edits(flatten=1, hash=["a.m"], hash_key=KEY), [{"a_m": digest("x")}]),
        (
            {"id": 1, "l": [{"Nr": {"v": 1}, "p": 2}]},
            Edits(
                explode="l", carry=["id"], rename={"Nr": "nr", "id": "order_id"}, flatten=1, drop=["p"], add={"k": 3}
            ),
            [{"nr_v": 1, "order_id": 1, "k": 3}],
        ),
        ({"l": [1, 2, 3]}, Edits(filter=JmesPath("length(l) > `2`"), explode="l"), [{"l": 1}, {"l": 2}, {"l": 3}]),
        ({"l": [1, 2, 3]}, Edits(filter=JmesPath("length(l) > `3`"), explode="l"), []),
    ],
)
def test_edits(record: object, edits: Edits, wanted: list[object]) -> None:
    assert [json.loads(line) for line in one(json.dumps(record).encode(), edits)] == wanted


@pytest.mark.parametrize(
    ("condition", "record", "holds"),
    [
        ("a == 'x'", '{"a":"x"}', True),
        ("a == 'x'", '{"b":"x"}', False),
        ("a == `1.1`", '{"a":1.10}', True),
        ("a > `1`", '{"a":1.10}', True),
        ("a > `1`", '{"a":1E400}', True),
        ("a > `1`", '{"a":null}', False),
        ("to_number(a) > `1`", '{"a":"2"}', True),
        ("abs(a) > `1`", '{"a":-1.10}', True),
        ("a == `12345678901234567890`", '{"a":12345678901234567890}', True),
        ("a == `12345678901234567891`", '{"a":12345678901234567890}', False),
        ("a == 'ü'", '{"a":"\\u00fc"}', True),
        ("a.b[0].c == 'x' && !d", '{"a":{"b":[{"c":"x"}]},"d":false}', True),
        ("a", '{"a":0}', True),
        ("a", '{"a":1E-400}', True),
        ("a", '{"a":[]}', False),
        ("a", '{"a":""}', False),
        ("a", '{"a":false}', False),
        ("contains(tags, 'x')", '{"tags":["x"]}', True),
        ("@", "{}", False),
        ("@.a", '{"a":1}', True),
        ("length(@) > `1`", '{"a":1,"b":2}', True),
        ("type(@) == 'object'", '{"a":1}', True),
        ("a == 'x' || b > `5`", '{"a":"y","b":5.01}', True),
    ],
)
def test_filter(condition: str, record: str, holds: bool) -> None:
    assert one(record.encode(), Edits(filter=JmesPath(condition))) == ([record.encode()] if holds else [])


@pytest.mark.parametrize(
    ("condition", "record", "reason"),
    [
        ("abs(a) > `1`", b'{"a":"secret"}', "record 1 of the page: abs() takes number, not string"),
        ("starts_with(a, 'x')", b"{}", "starts_with() takes string, not null"),
        ("a < `1`", b'{"a":"secret"}', "it compares a text with a number: write to_number(…)"),
    ],
)
def test_a_filter_that_does_not_fit(condition: str, record: bytes, reason: str) -> None:
    with pytest.raises(DataProblem) as caught:
        one(record, Edits(filter=JmesPath(condition)))
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_filter_lets_no_plain_value_through() -> None:
    with pytest.raises(DataProblem, match="is a plain value, not an object"):
        check_objects(lines([msgspec.Raw(b"7")], Edits(filter=JmesPath("@ > `1`")), one_line=True))


EVERY_EDIT = Edits(
    filter=JmesPath("s == '007'"),
    rename={"s": "text"},
    flatten=3,
    drop=["n"],
    hash=["nothing"],
    hash_key=KEY,
    add={"more": 1},
)


def test_values_keep_their_text_through_every_edit() -> None:
    record = b'{"s":"007","n":1,"o":{"a":1.10,"b":{"c":12345678901234567890,"d":1E400}},"u":"\\u00fc\\/","l":[ 1.0 ]}'
    wanted = (
        b'{"text":"007","o_a":1.10,"o_b_c":12345678901234567890,"o_b_d":1E400,"u":"\\u00fc\\/","l":[ 1.0 ],"more":1}'
    )
    assert one(record, EVERY_EDIT) == [wanted]


def test_what_is_no_object_is_refused() -> None:
    for record in (b"[1]", b"null", b'"x"', b"3"):
        with pytest.raises(DataProblem, match="check `records`"):
            check_objects(Lines([b"{}", record]))
    with pytest.raises(DataProblem, match="no object"):
        one(b"3", Edits(drop=["a"]))
    with pytest.raises(DataProblem, match="no list"):
        one(b'{"l": 3}', Edits(explode="l"))
    with pytest.raises(DataProblem, match="no list"):
        one(b'{"l": [{"m": []}]}', Edits(explode="l.m"))


@pytest.mark.parametrize(
    ("record", "path", "wanted"),
    [
        (b'{"a": 1.10}', "a", b"1.10"),
        (b'{"a": {"b": "x"}}', "a.b", b'"x"'),
        (b'{"a": null}', "a", None),
        (b'{"a": 1}', "b", None),
        (b'{"a": 1}', "a.b", None),
    ],
)
def test_field_text(record: bytes, path: str, wanted: bytes | None) -> None:
    assert field_text(record, path) == wanted


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(min_size=1), json_values))
def test_adding_a_field_changes_no_other(record: dict[str, object]) -> None:
    record.pop("added", None)
    text = json.dumps(record, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
    try:
        text.decode()
    except UnicodeDecodeError:
        return
    (line,) = lines([msgspec.Raw(text)], Edits(add={"added": True}), one_line=False)
    assert json.loads(line) == record | {"added": True}
