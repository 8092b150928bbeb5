"""Archives and encodings."""

import gzip
import zipfile
from io import BytesIO
from typing import Any

import pytest

from framework.decoders.base import Asked, Undecodable
from framework.decoders.json import JsonFormat
from framework.decoders.jsonl import JsonlFormat
from framework.errors import DataProblem
from framework.model import JmesPath


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def read(body: bytes, **options: Any) -> list[bytes]:
    """The records' bytes."""
    found = JsonlFormat(type="jsonl", **options).open(Asked(JmesPath("@"))).read(body)
    return [bytes(record) for record in found.records or []]


ONE, TWO = b'{"a":1.10}', b'{"b":2}'
FILES = zipped({"x/": b"", "x/1.jsonl": ONE, "x/2.jsonl": TWO, "readme.txt": b"read me"})


@pytest.mark.parametrize(
    ("body", "options", "wanted"),
    [
        (gzip.compress(ONE), {"compression": "gzip"}, [ONE]),
        (gzip.compress(ONE) + gzip.compress(TWO), {"compression": "gzip"}, [ONE, TWO]),
        (FILES, {"compression": "zip", "members": "x/*.jsonl"}, [ONE, TWO]),
        (FILES, {"compression": "zip", "members": "*2.jsonl"}, [TWO]),
        (zipped({"a": ONE, "b": b"", "c": TWO}, zipfile.ZIP_STORED), {"compression": "zip"}, [ONE, TWO]),
        (gzip.compress(ONE.decode().encode("utf-16")), {"compression": "gzip", "encoding": "utf-16"}, [ONE]),
        (ONE, {"compression": "gzip"}, [ONE]),
        (zipped({"a.gz": gzip.compress(ONE), "b.gz": TWO}), {"compression": "zip"}, [ONE, TWO]),
        (b'{"a":"\xfc"}', {"encoding": "latin-1"}, ['{"a":"ü"}'.encode()]),
        (ONE, {"encoding": "utf-8"}, [ONE]),
    ],
)
def test_what_is_inside(body: bytes, options: dict[str, Any], wanted: list[bytes]) -> None:
    assert read(body, **options) == wanted


BROKEN = bytearray(zipped({"a": ONE * 50}, zipfile.ZIP_STORED))
BROKEN[60] ^= 255


@pytest.mark.parametrize(
    ("body", "options", "kind", "reason"),
    [
        (gzip.compress(ONE)[:-9], {"compression": "gzip"}, Undecodable, "the gzip body ends too early"),
        (gzip.compress(ONE)[:-4], {"compression": "gzip"}, Undecodable, "gzip"),
        (b"\x1f\x8b\x01" + ONE * 9, {"compression": "gzip"}, Undecodable, "can't be unpacked as gzip"),
        (b"", {"compression": "gzip"}, Undecodable, "empty"),
        (FILES[:-30], {"compression": "zip"}, Undecodable, "no zip archive, or ends too early"),
        (ONE, {"compression": "zip"}, Undecodable, "no zip archive"),
        (bytes(BROKEN), {"compression": "zip"}, Undecodable, "file 1 of the zip archive is damaged"),
        (FILES, {"compression": "zip", "members": "*.csv"}, DataProblem, "of 3 files in the zip archive none fits"),
        (FILES, {"compression": "zip"}, Undecodable, "file 3 of the zip archive: line 1 is no JSON"),
        (b'{"a":"\xff', {"encoding": "utf-16"}, Undecodable, "correct `format.encoding`"),
    ],
)
def test_what_is_damaged(body: bytes, options: dict[str, Any], kind: type[Exception], reason: str) -> None:
    with pytest.raises(kind) as caught:
        read(body, **options)
    assert reason in str(caught.value)


def test_json_keeps_its_values_and_its_line_breaks() -> None:
    decoder = JsonFormat(type="json", compression="gzip").open(Asked(JmesPath("d"), [JmesPath("next")]))
    body = gzip.compress(b'{"next": "x",\n "d": [{\n"a": 1}]}')
    found = decoder.read(body)
    assert found.values == {"next": "x"}
    assert not found.one_line
    assert decoder.names_at_path(gzip.compress(b'{"e": 1}')) == "the body has 'e'"


def test_a_path_must_lead_somewhere_in_every_file() -> None:
    decoder = JsonFormat(type="json", compression="zip").open(Asked(JmesPath("d")))
    assert decoder.read(zipped({"a": b'{"d": [{}]}', "b": b'{"e": []}'})).records is None
    assert decoder.names_at_path(zipped({"a": b'{"d": [{}]}', "b": b'{"e": []}'})) == "the body has 'e'"


BOMB = b" " * (3 << 20) + ONE
"""It packs to a thousandth."""


@pytest.mark.parametrize(
    ("body", "compression"),
    [
        (gzip.compress(BOMB), "gzip"),
        (gzip.compress(BOMB[: 1 << 20]) + gzip.compress(BOMB[1 << 20 :]), "gzip"),
        (zipped({"a": BOMB}), "zip"),
        (zipped({"a.gz": gzip.compress(BOMB)}), "zip"),
        (zipped({"a": b"{}" + BOMB[: 1 << 20], "b": BOMB[1 << 20 :]}), "zip"),
    ],
    ids=["gzip", "members", "zip", "gzip_in_zip", "files"],
)
def test_what_unpacks_to_too_much_is_refused(body: bytes, compression: Any) -> None:
    decoder = JsonFormat(type="json", compression=compression).open(Asked(JmesPath("@"), max_bytes=2 << 20))
    with pytest.raises(DataProblem, match=r"larger than 2 MB, unpacked.*`http\.max_body_mb`"):
        decoder.read(body)
