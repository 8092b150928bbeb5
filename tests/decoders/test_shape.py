"""Records that stand in a body as something else."""

from typing import Any

import pytest

from framework.decoders.base import Asked
from framework.decoders.json import JsonDecoder, JsonFormat
from framework.decoders.shape import Shape, ShapingDecoder
from framework.errors import DataProblem
from framework.model import JmesPath


def read(body: str, path: str, **shape: Any) -> list[str]:
    """The records as text."""
    made = Shape(**shape)
    asked = Asked(JmesPath(path), [made.header] if made.header else [])
    found = ShapingDecoder(JsonFormat(type="json").open(asked), made).read(body.encode())
    return [bytes(record).decode() for record in found.records or []]


@pytest.mark.parametrize(
    ("body", "path", "shape", "wanted"),
    [
        (
            '{"ids":[7,1.10,"007",null]}',
            "ids",
            {"wrap": "id"},
            ['{"id":7}', '{"id":1.10}', '{"id":"007"}', '{"id":null}'],
        ),
        ("[[1,2],{}]", "@", {"wrap": "v"}, ['{"v":[1,2]}', '{"v":{}}']),
        ("[]", "@", {"wrap": "v"}, []),
        (
            '{"u":{"a":{"x":1E400,"y":"\\u00fc"},"b":{}}}',
            "u",
            {"keyed_by": "id"},
            ['{"id":"a","x":1E400,"y":"\\u00fc"}', '{"id":"b"}'],
        ),
        ('{"a":{"x":12345678901234567890}}', "@", {"keyed_by": "id"}, ['{"id":"a","x":12345678901234567890}']),
        ('{"EUR":1.10,"USD":null}', "@", {"keyed_by": "c"}, ['{"c":"EUR","value":1.10}', '{"c":"USD","value":null}']),
        ('{"7":{"id":7}}', "@", {"keyed_by": "id"}, ['{"id":"7"}']),
        ('{"u":{}}', "u", {"keyed_by": "id"}, []),
        ('{"u":[]}', "u", {"keyed_by": "id"}, []),
        ('{"u":null}', "u", {"keyed_by": "id"}, []),
        (
            '{"cols":["id","p"],"rows":[[1,1.10],[2]]}',
            "rows",
            {"header": JmesPath("cols")},
            ['{"id":1,"p":1.10}', '{"id":2}'],
        ),
        (
            '{"cols":[{"n":"id"},{"n":"p"}],"rows":[["007",{"x":1E5}]]}',
            "rows",
            {"header": JmesPath("cols[].n")},
            ['{"id":"007","p":{"x":1E5}}'],
        ),
        ('{"rows":[]}', "rows", {"header": JmesPath("cols")}, []),
        ('{"v":[["id","id",null],[1,2,3]]}', "v", {"header_row": True}, ['{"id":1,"id_2":2,"column_3":3}']),
        ('[["id"]]', "@", {"header_row": True}, []),
        ('[{"a":1}]', "@", {}, ['{"a":1}']),
    ],
)
def test_records(body: str, path: str, shape: dict[str, Any], wanted: list[str]) -> None:
    assert read(body, path, **shape) == wanted


@pytest.mark.parametrize(
    ("body", "path", "shape", "reason"),
    [
        ('[{"id":"secret"}]', "@", {"keyed_by": "id"}, "`keyed_by` asks for one object"),
        ('{"rows":[[1]]}', "rows", {"header": JmesPath("cols")}, "the header of the rows is no list of names"),
        ('{"cols":"ab","rows":[[1]]}', "rows", {"header": JmesPath("cols")}, "no list of names"),
        ('{"cols":[1],"rows":[[1]]}', "rows", {"header": JmesPath("cols")}, "no list of names"),
        (
            '{"cols":["a"],"rows":[[1,"secret"]]}',
            "rows",
            {"header": JmesPath("cols")},
            "row 1 of the page holds 2 values",
        ),
        ('{"cols":["a"],"rows":[{"a":1}]}', "rows", {"header": JmesPath("cols")}, "row 1 of the page is no list"),
        ('[["a"],[1],[1,"secret"]]', "@", {"header_row": True}, "row 3 of the page holds 2 values, and the header 1"),
        ('[{"a":"secret"}]', "@", {"header_row": True}, "row 1 of the page is no list"),
        ("[[7]]", "@", {"header_row": True}, "no list of names"),
    ],
)
def test_what_does_not_fit(body: str, path: str, shape: dict[str, Any], reason: str) -> None:
    with pytest.raises(DataProblem) as caught:
        read(body, path, **shape)
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


def test_without_a_shape_nothing_changes() -> None:
    inner = JsonDecoder(JmesPath("data"))
    body = b'{"data": [{"id": 1}]}'
    assert ShapingDecoder(inner, Shape()).read(body) == inner.read(body)
    assert ShapingDecoder(inner, Shape(wrap="a")).names_at_path(b"{}") == "the body has no keys"
