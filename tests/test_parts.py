"""Parts: gzip JSON Lines, rotated by size, shared by small slices."""

import gzip
import hashlib
import json
import random
from pathlib import Path

from framework.lines import Lines
from framework.parts import Held, PartFile, PartWriter, SliceWriter
from framework.stages.local import LocalFolder

FOLDER = "p/source=s/dt=2026-01-01/hour=00"


def lines(count: int, size: int = 20) -> list[bytes]:
    """Different ones."""
    chance = random.Random(count)
    return [json.dumps({"n": number, "x": chance.randbytes(size // 2).hex()}).encode() for number in range(count)]


def held(count: int) -> Held:
    """So many lines, waiting for their part."""
    waiting = Held()
    waiting.add(Lines(lines(count)))
    return waiting


def test_a_part_holds_its_lines_and_says_what_it_is(tmp_path: Path) -> None:
    stage = LocalFolder(tmp_path)
    file = PartFile("a.jsonl.gz", stage.prepare("a.jsonl.gz"))
    first, second = file.append(held(3)), file.append(held(2))
    part = file.finish()
    assert (first.first, first.rows, second.first, second.rows) == (1, 3, 4, 2)
    stage.publish(part.key, part.upload, part.bytes)
    data = (tmp_path / part.key).read_bytes()
    assert gzip.decompress(data).splitlines() == lines(3) + lines(2)
    assert (part.rows, part.bytes, part.sha256) == (5, len(data), hashlib.sha256(data).hexdigest())
    assert part.longest == max(map(len, lines(3)))


def test_small_slices_share_a_part_and_each_knows_its_rows(tmp_path: Path) -> None:
    writer = PartWriter(FOLDER, "part-x-r-b", LocalFolder(tmp_path).prepare, 1 << 20)
    shared = writer.open()
    places = []
    for count in (3, 0, 5):
        one = SliceWriter(writer)
        one.write(Lines(lines(count)))
        parts, ranges = one.finish(lambda: shared)
        assert parts == []
        places += [(place.first, place.rows) for place in ranges]
    assert places == [(1, 3), (4, 5)]
    assert shared.finish().key == f"{FOLDER}/part-x-r-b-0000.jsonl.gz"


def test_a_large_slice_fills_parts_of_its_own_up_to_their_size(tmp_path: Path) -> None:
    stage = LocalFolder(tmp_path)
    writer = PartWriter(FOLDER, "part-x-r-b", stage.prepare, 1 << 20)
    one = SliceWriter(writer)
    every = lines(12_000, 1000)
    for start in range(0, len(every), 500):
        one.write(Lines(every[start : start + 500]))
    rest = writer.open()  # what was left after the last rotation
    parts, ranges = one.finish(lambda: rest)
    parts.append(rest.finish())
    assert len(parts) > 2
    assert sum(part.rows for part in parts) == sum(place.rows for place in ranges) == one.rows == 12_000
    for part in parts:
        stage.publish(part.key, part.upload, part.bytes)
    written = [line for part in parts for line in gzip.decompress((tmp_path / part.key).read_bytes()).splitlines()]
    assert written == every


def test_a_slice_that_fails_leaves_nothing(tmp_path: Path) -> None:
    stage = LocalFolder(tmp_path)
    one = SliceWriter(PartWriter(FOLDER, "part-x-r-b", stage.prepare, 1 << 30))
    one.write(Lines(lines(6_000, 1000)))
    assert len(list((tmp_path / "_uploads" / "p" / "source=s").iterdir())) == 1
    one.abort()
    assert list((tmp_path / "_uploads" / "p" / "source=s").iterdir()) == []
    assert list(stage.list("p/")) == []


def test_the_same_lines_give_the_same_bytes(tmp_path: Path) -> None:
    stage = LocalFolder(tmp_path)
    made = []
    for _ in range(2):
        file = PartFile("a", stage.prepare("a"))
        file.append(held(100))
        made.append(file.finish().sha256)
    assert made[0] == made[1]
