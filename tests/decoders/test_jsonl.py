"""JSON Lines: a record a line."""

import pytest

from framework.decoders.base import Undecodable
from framework.decoders.jsonl import JsonlDecoder
from framework.errors import DataProblem


def cut(body: bytes) -> list[bytes]:
    """The records' bytes."""
    return [bytes(record) for record in JsonlDecoder().read(body).records or []]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{"a": 1.10}\n{"b":12345678901234567890}\n', [b'{"a": 1.10}', b'{"b":12345678901234567890}']),
        (b'{"a":1}\r\n\r\n  \n{"b":1E400}', [b'{"a":1}', b'{"b":1E400}']),
        (b'\xef\xbb\xbf{"a":"\xc3\xbc\\u00fc"}\n', [b'{"a":"\xc3\xbc\\u00fc"}']),
        (b'{"a":1}{"b":2}', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":"\\ud800"}\n', [b'{"a":"\\ufffd"}']),
        (b"", []),
        (b"\n\n", []),
        (b"7\n[1]\n", [b"7", b"[1]"]),
    ],
)
def test_records(body: bytes, wanted: list[bytes]) -> None:
    assert cut(body) == wanted


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":1}\n{"b":', "line 2 is cut short"),
        (b'{"a":1}\nnope\n{"b":1}', "line 2 is no JSON"),
        (b'{"a":1}\n{"secret', "line 2 is cut short"),
        (b"<html><title>Sign in</title>", "HTML page titled 'Sign in', not JSON Lines"),
        (b'{"a":"\xff"}', "not UTF-8"),
    ],
)
def test_what_is_no_json_lines(body: bytes, reason: str) -> None:
    with pytest.raises(Undecodable) as caught:
        cut(body)
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_line_that_is_nested_too_deeply() -> None:
    with pytest.raises(DataProblem, match="nested too deeply"):
        cut(b"[" * 100_000 + b"]" * 100_000)


def test_there_is_no_path_to_break_off() -> None:
    assert JsonlDecoder().names_at_path(b"") == "the body is a list of lines"
