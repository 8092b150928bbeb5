"""CSV: rows as objects of texts."""

import json
from typing import Any

import pytest

from framework.decoders.base import Asked, Undecodable
from framework.decoders.columns import field_names
from framework.decoders.csv import CsvFormat
from framework.errors import DataProblem
from framework.model import JmesPath


def read(body: bytes, **options: Any) -> list[Any]:
    """The records."""
    decoder = CsvFormat(type="csv", **options).open(Asked(JmesPath("@")))
    return [json.loads(bytes(record)) for record in decoder.read(body).records or []]


@pytest.mark.parametrize(
    ("body", "options", "wanted"),
    [
        (b"id,price\n007,1.10\n12345678901234567890,\n", {}, [("007", "1.10"), ("12345678901234567890", "")]),
        (b"id,price\r\n1,2\r\n\r\n3,4", {}, [("1", "2"), ("3", "4")]),
        (b'\xef\xbb\xbfid,price\n1,"a,""b""\nc"\n', {}, [("1", 'a,"b"\nc')]),
        (b"id;price\n1;2\n", {"delimiter": ";"}, [("1", "2")]),
        (b"id\tprice\n1\t'2\n'\n", {"delimiter": "\t", "quote": "'"}, [("1", "2\n")]),
        (b'id,price\n"1,2\n', {"quote": None}, [('"1', "2")]),
        (b"id,price\n1,a\\,b\n", {"escape": "\\"}, [("1", "a,b")]),
        (b"1,2\n", {"names": ["id", "price"]}, [("1", "2")]),
        (b"Report of today\n\nOrder ID,Price\n1,2\n", {"names": ["id", "price"], "skip_rows": 3}, [("1", "2")]),
        (b'Report, with " in it\nid,price\n1,2\n', {"skip_rows": 1}, [("1", "2")]),
        (b"", {"names": ["id", "price"]}, []),
        (b"id,price\n", {}, []),
        ("id,price\nü,€\n".encode("cp1252"), {"encoding": "cp1252"}, [("ü", "€")]),
        ("id,price\nü,1\n".encode("latin-1"), {"encoding": "latin-1"}, [("ü", "1")]),
        ("id,price\nü,1\n".encode("utf-16"), {"encoding": "utf-16"}, [("ü", "1")]),
        (b"id,price\n1," + b"x" * 200_000, {}, [("1", "x" * 200_000)]),
    ],
)
def test_rows(body: bytes, options: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    assert read(body, **options) == [{"id": one, "price": two} for one, two in wanted]


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (["id", "", "id", ""], ["id", "column_2", "id_2", "column_4"]),
        (["id", "id", "id_2"], ["id", "id_3", "id_2"]),
        (["", "column_1"], ["column_1_2", "column_1"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
    ],
)
def test_every_column_has_a_name_of_its_own(header: list[str], wanted: list[str]) -> None:
    assert field_names(header) == wanted


@pytest.mark.parametrize(
    ("body", "options", "kind", "reason"),
    [
        (b"id,price\n1,2,secret\n3,4\n", {}, DataProblem, "line 2 holds 3 values, and there are 2 columns"),
        (b"id,price\n1\n3,4\n", {}, DataProblem, "line 2 holds 1 values"),
        (
            b"id,price\n1,2\nsecret",
            {},
            Undecodable,
            "line 3 holds 1 values, and there are 2 columns: the body may be cut",
        ),
        (b'id,price\n1,"secret', {}, Undecodable, "not CSV: unexpected end of data"),
        (b"", {}, Undecodable, "the body is empty, not CSV"),
        (b"\n\n", {"skip_rows": 1}, Undecodable, "the body is empty, not CSV"),
        (b"a\n", {"skip_rows": 1}, Undecodable, "no header row"),
        (b"<!DOCTYPE html><title>Sign in</title>", {}, Undecodable, "HTML page titled 'Sign in', not CSV"),
        (b'{"error": "secret"}', {}, Undecodable, "the body is JSON, not CSV"),
        (b"id\n\xff", {}, Undecodable, "not UTF-8"),
        (b"id\n\x81", {"encoding": "cp1252"}, Undecodable, "not cp1252 (byte 3 of 4)"),
    ],
)
def test_what_is_no_csv(body: bytes, options: dict[str, Any], kind: type[Exception], reason: str) -> None:
    with pytest.raises(kind) as caught:
        read(body, **options)
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_brace_is_no_json() -> None:
    assert read(b"{id},b\n1,2\n") == [{"{id}": "1", "b": "2"}]


def test_signs_differ() -> None:
    assert CsvFormat(type="csv", delimiter='"').problem()
    assert CsvFormat(type="csv", escape="\n").problem()
    assert CsvFormat(type="csv", delimiter=";", quote=None).problem() is None
