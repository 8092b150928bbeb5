"""JSON bodies: records cut out as they are written, and values beside them."""

from typing import Any

import msgspec
import pytest

from framework.decoders.base import Undecodable
from framework.decoders.json import JsonDecoder
from framework.model import JmesPath


def cut(body: bytes, path: str = "data", *asked: str) -> tuple[list[bytes] | None, dict[str, Any]]:
    """The records' bytes, and what is asked."""
    found = JsonDecoder(JmesPath(path), [JmesPath(text) for text in asked]).read(body)
    return found.records and list(map(bytes, found.records)), {str(k): v for k, v in found.values.items()}


ODD = b'{"a":1.10, "b": 12345678901234567890,"c":"\\u00fc"}'


@pytest.mark.parametrize(
    ("body", "path", "wanted"),
    [
        (b'{"data": [' + ODD + b", {}]}", "data", [ODD, b"{}"]),
        (b'{"a": {"b": [' + ODD + b"]}}", "a.b", [ODD]),
        (b"[" + ODD + b"]", "@", [ODD]),
        (b'{"data": ' + ODD + b"}", "data", [ODD]),
        (ODD, "@", [ODD]),
        (b'{"data": []}', "data", []),
        (b'{"data": null}', "data", []),
        (b"\xef\xbb\xbf" + b'{"data": [{}]}', "data", [b"{}"]),
        (b'{"meta": {"data": 1}, "data": [{}]}', "data", [b"{}"]),
        (b'{"data": [{"v": {"x": 1}}, {"v": {"x": 2}}]}', "data[].v", [b'{"x":1}', b'{"x":2}']),
        (b'{"data": [{"k": 1, "n": 1.10}, {"k": 2}]}', "data[?k == `1`]", [b'{"k":1,"n":1.10}']),
        (b'{"a": [{"l": [{"x": 1}]}, {"l": [{"x": 2}]}]}', "a[].l[]", [b'{"x":1}', b'{"x":2}']),
    ],
)
def test_records(body: bytes, path: str, wanted: list[bytes]) -> None:
    assert (cut(body, path)[0] or []) == wanted


@pytest.mark.parametrize(
    ("body", "path"), [(b'{"other": []}', "data"), (b'{"data": 3}', "data"), (b'{"a": {}}', "a.b"), (b'"x"', "@")]
)
def test_no_records_at_the_path(body: bytes, path: str) -> None:
    assert cut(body, path)[0] is None


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("meta.next", "n"),
        ("meta.total", 3),
        ("length(data)", 2),
        ("data[-1].id", 2),
        ("meta.none.at.all", None),
        ("meta.links[?rel == 'next'].href | [0]", "u"),
    ],
)
def test_values_beside_the_records(asked: str, wanted: object) -> None:
    links = b'"links": [{"rel": "next", "href": "u"}]'
    body = b'{"meta": {"next": "n", "total": 3, ' + links + b'}, "data": [{"id": 1}, {"id": 2}]}'
    records, values = cut(body, "data", asked)
    assert records == [b'{"id": 1}', b'{"id": 2}']
    assert values == {asked: wanted}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the body is empty"),
        (b"  \n", "the body is empty"),
        (b"<!DOCTYPE html><html><head><title>Sign in</title>", "HTML page titled 'Sign in'"),
        (b"<html>", "HTML page"),
        (b'{"data": [{"id": 1}', "ends in the middle of the JSON, after 19 bytes"),
        (b"not found", "the body is not JSON"),
        (b'{"data": ["\xff"]}', "not UTF-8 (byte 11 of 15)"),
        (b'{"data": []} trailing', "not JSON"),
    ],
)
def test_what_is_no_json(body: bytes, reason: str) -> None:
    with pytest.raises(Undecodable) as caught:
        cut(body)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("body", "path", "text"),
    [
        (b'{"items": [], "n": 1}', "data", "the body has 'items', 'n'"),
        (b'{"a": {"c": 1}}', "a.b", "a has 'c'"),
        (b"[1]", "data", "the body is a list"),
        (b"{}", "data", "the body has no keys"),
    ],
)
def test_the_error_names_what_is_there(body: bytes, path: str, text: str) -> None:
    assert JsonDecoder(JmesPath(path)).names_at_path(body) == text


def test_records_are_slices_of_the_page_not_copies() -> None:
    body = b'{"data": [{"id": 1}]}'
    records = JsonDecoder(JmesPath("data")).read(body).records
    assert records is not None
    assert isinstance(records[0], msgspec.Raw)


def test_what_is_missing_is_said_of_a_body_with_half_a_pair_too() -> None:
    decoder = JsonDecoder(JmesPath("data"))
    body = b'{"x": "\\ud800"}'
    assert decoder.read(body).records is None
    assert decoder.names_at_path(body) == "the body has 'x'"
