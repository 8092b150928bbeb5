"""Content codings are undone to their very end, or not at all."""

import gzip
import zlib

import pytest

from framework.body import Incomplete, decoded
from framework.errors import DataProblem

TEXT = b'{"data": [' + b'{"x": "y"},' * 500 + b"{}]}"
PACKED = gzip.compress(TEXT)


@pytest.mark.parametrize(
    ("raw", "coding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (PACKED, "gzip"),
        (PACKED, "x-gzip"),
        (gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]), "gzip"),
        (PACKED + b"\0" * 512, "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (gzip.compress(PACKED), "gzip, gzip"),
    ],
)
def test_whole_bodies(raw: bytes, coding: str) -> None:
    assert decoded(raw, coding) == TEXT


@pytest.mark.parametrize("cut", [1, 5, 8, 9, 30, len(PACKED) - 11])
def test_every_cut_is_found(cut: int) -> None:
    with pytest.raises(Incomplete, match="too early"):
        decoded(PACKED[:-cut], "gzip")


def test_a_cut_second_member_is_found() -> None:
    with pytest.raises(Incomplete):
        decoded(PACKED + PACKED[:-3], "gzip")


def test_a_changed_byte_is_found() -> None:
    changed = bytearray(PACKED)
    changed[-6] ^= 1
    with pytest.raises(Incomplete):
        decoded(bytes(changed), "gzip")


def test_what_is_no_gzip_or_unknown_is_said() -> None:
    with pytest.raises(Incomplete, match="can't be unpacked"):
        decoded(b"{}" * 20, "gzip")
    with pytest.raises(Incomplete, match="'br', which was not asked for"):
        decoded(TEXT, "br")


def test_what_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(DataProblem, match="larger than 1 MB, unpacked: ask for less"):
        decoded(gzip.compress(b" " * (1 << 20) + b"{}"), "gzip", 1 << 20)
    assert decoded(gzip.compress(b" " * 20), "gzip", 20) == b" " * 20
