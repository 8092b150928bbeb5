"""Log → RAW: each part exactly once, row by row as it was written."""

import gzip
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from framework.errors import StageError, WarehouseError
from framework.load import Loaded
from framework.manifest import Committed, Range, Slice, SliceResult, Window
from framework.stages.local import LocalFolder
from framework.warehouses.duckdb import DuckDB
from tests.warehouses.lake import AT, Lake, Read, source


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    made = Lake(tmp_path, source({}, {"name": "others"}))
    yield made
    made.warehouse.close()


def records(*numbers: int) -> list[dict[str, int]]:
    return [{"id": number} for number in numbers]


def test_an_empty_log_loads_nothing(lake: Lake) -> None:
    assert lake.load() == Loaded(0, 0)
    assert lake.raw() == []


def test_a_part_is_loaded_once_however_often_load_runs(lake: Lake) -> None:
    lake.add(Read(records(1, 2)))
    lake.add(Read(records(3)), run="b")
    assert lake.load() == Loaded(2, 3)
    assert lake.load() == Loaded(0, 0)
    lake.add(Read(records(4)), run="c")
    assert lake.load() == Loaded(1, 1)
    assert lake.raw() == ['{"id": 1}', '{"id": 2}', '{"id": 3}', '{"id": 4}']


def test_streams_of_a_source_share_a_table_and_not_a_ledger(lake: Lake) -> None:
    lake.add(Read(records(1)))
    lake.add(Read(records(7)), stream="others")
    assert (lake.load("others"), lake.load("others")) == (Loaded(1, 1), Loaded(0, 0))
    assert (lake.raw(), lake.raw("others")) == ([], ['{"id": 7}'])
    assert lake.load() == Loaded(1, 1)
    assert lake.raw() == ['{"id": 1}']


@pytest.mark.parametrize("late", [False, True])
def test_a_voided_entry_is_never_loaded(lake: Lake, late: bool) -> None:
    first = lake.add(Read(records(1)))
    if late:
        lake.add(Read(records(2)), run="b")
    lake.void(first)
    lake.load()
    lake.add(Read(records(1)), run="c")
    lake.load()
    assert lake.raw() == (['{"id": 2}', '{"id": 1}'] if late else ['{"id": 1}'])


def test_an_entry_without_records_and_a_close_are_kept_in_the_ledger(lake: Lake) -> None:
    lake.add(Read())
    lake.close()
    assert lake.load() == Loaded(0, 0)
    assert lake.rows("select log, kind, complete from _INGEST_ENTRIES order by log") == [
        (1, "slices", None),
        (2, "close", True),
    ]
    assert lake.rows("select rows, part from _INGEST_SLICES") == [(0, None)]


def test_the_ledger_is_in_utc(lake: Lake) -> None:
    there = AT.astimezone(ZoneInfo("Asia/Tokyo"))
    lake.add(Read(records(1), window=Window(there, there + timedelta(days=1))), started=there)
    lake.load(now=there)
    naive = AT.replace(tzinfo=None)
    assert lake.rows("select started, loaded_at from _INGEST_ENTRIES") == [(naive, naive)]
    assert lake.rows("select window_start, window_end from _INGEST_SLICES") == [(naive, naive + timedelta(days=1))]


LINES = [
    '{"id":12345678901234567890123456789012345678}',
    '{"n":1.10,"e":1E400,"z":-0,"f":0.10000000000000000000001}',
    '{"t":"007","u":"é\u2028😀","e":"\\u00e9\\ud83d\\ude00","nul":"\\u0000","q":"\'\\"\\\\\\n"}',
    '{ "spaces" : [ 1 , 2 ] ,\t"dup":1,"dup":2}',
    "{}",
    '{"a.b":1,"a b":2,"":3,"$":4,"a\\"b":5}',
    '{"deep":' + "[" * 500 + "]" * 500 + "}",
]


def test_a_line_is_in_raw_as_it_was_written(lake: Lake) -> None:
    lake.add(Read(LINES))
    lake.load()
    assert lake.raw() == LINES


def test_rows_are_numbered_as_they_stand_in_their_part_over_many_parts(lake: Lake) -> None:
    fill = "x" * 3000
    for run in "abc":
        lake.add(Read([{"id": f"{run}{number}", "fill": fill} for number in range(1200)]), run=run, split=17)
    lake.load()
    wanted = [f"{run}{number}" for run in "abc" for number in range(1200)]
    assert [json.loads(text)["id"] for text in lake.raw()] == wanted
    assert lake.rows("select max(c), count(*) from (select count(*) c from RAW_API_JSON group by _part)") == [(17, 213)]
    within = (
        "select count(*) from RAW_API_JSON r join _INGEST_PARTS p on p.part = r._part where _row between 1 and rows"
    )
    assert lake.rows(within) == [(3600,)]


def test_a_part_of_many_blocks_keeps_its_order(lake: Lake) -> None:
    lake.add(Read([{"id": number, "fill": os.urandom(900).hex()} for number in range(8_000)]))
    lake.load()
    found = lake.rows("select count(*) from RAW_API_JSON where (payload->>'id')::int <> _row - 1")
    assert (found, len(lake.raw())) == ([(0,)], 8_000)


def test_a_line_longer_than_duckdb_takes_by_itself(lake: Lake) -> None:
    lake.add(Read([{"id": 1}, {"id": 2, "fill": "x" * (20 << 20)}, {"id": 3}]))
    lake.load()
    assert lake.rows("select _row, length(payload::varchar) > 20000000 from RAW_API_JSON order by 1") == [
        (1, False),
        (2, True),
        (3, False),
    ]


def test_more_entries_than_one_transaction_holds(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framework.load.BATCH_ENTRIES", 3)
    begun: list[str] = []
    execute = lake.warehouse.execute
    monkeypatch.setattr(lake.warehouse, "execute", lambda *a: (begun.append(a[0]), execute(*a))[1])
    for number in range(8):
        lake.add(Read(records(number)), run=f"r{number}")
    assert lake.load() == Loaded(8, 8)
    assert begun.count("begin") == 3
    assert len(lake.raw()) == 8


def test_a_batch_is_cut_by_bytes(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framework.load.BATCH_BYTES", 1)
    lake.add(Read(records(1)))
    lake.add(Read(records(2)), run="b")
    assert lake.load() == Loaded(2, 2)
    assert len(lake.raw()) == 2


FOLDERS = ["a'b [ab]", "a*b", "{a,b} ü %20 source=x"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "aXb" / "stage").mkdir(parents=True)
    lake = Lake(tmp_path / name, source({}))
    other = Lake(tmp_path / "aXb", source({}))
    try:
        for each in (other, lake):
            each.add(Read(records(1, 2)))
        assert lake.load() == Loaded(1, 2)
        assert lake.rows("select _row, payload::varchar from RAW_API_JSON") == [(1, '{"id": 1}'), (2, '{"id": 2}')]
    finally:
        lake.warehouse.close()
        other.warehouse.close()


def _longer(data: bytes) -> bytes:
    return data + gzip.compress(b'{"id":9}\n')


def _same_size(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_longer, r"holds \d+ bytes and its manifest says \d+"),
        (lambda data: data[:-4], "holds"),
        (_same_size, "has another checksum"),
    ],
)
def test_a_part_that_was_changed_is_refused_with_all_of_its_batch(
    lake: Lake, change: Callable[[bytes], bytes], says: str
) -> None:
    lake.add(Read(records(1)))
    lake.add(Read(records(2)), run="b")
    key = next(found.key for found in lake.stage.list("p/source=") if "-b-" in found.key)
    path = lake.stage.root / key
    whole = path.read_bytes()
    path.write_bytes(change(whole))
    with pytest.raises(WarehouseError, match=f"the part {key} {says}.*Nothing of its batch was loaded"):
        lake.load()
    assert lake.raw() == []
    assert lake.rows("select * from _INGEST_ENTRIES") == []
    path.write_bytes(whole)
    assert lake.load() == Loaded(2, 2)


def test_a_part_that_lacks_rows_of_its_manifest_is_refused(lake: Lake) -> None:
    part = lake.part([{"id": 1}, {"id": 2}])
    result = SliceResult(Slice(), "done", 3, [Range(part.key, 1, 3)])
    lake.log().append(Committed("a", AT, 0, AT, "f", [replace(part, rows=3)], [result]), 0)
    with pytest.raises(WarehouseError, match="holds 2 rows and its manifest says 3"):
        lake.load()
    assert lake.raw() == []


def test_a_part_that_is_gone_is_named(lake: Lake) -> None:
    lake.add(Read(records(1)))
    (key,) = (found.key for found in lake.stage.list("p/source="))
    (lake.stage.root / key).unlink()
    with pytest.raises(StageError, match="is in the log and not in the stage"):
        lake.load()
    assert lake.raw() == []


@pytest.mark.parametrize("more", [0, 1])
def test_a_stage_that_was_emptied_is_not_taken_for_what_was_loaded(lake: Lake, more: int) -> None:
    """Its log begins anew, with numbers that were loaded from the old one."""
    lake.add(Read(records(1)))
    lake.add(Read(records(2)), run="b")
    assert lake.load() == Loaded(2, 2)
    root = lake.stage.root
    shutil.rmtree(root)
    lake.stage = LocalFolder(root)
    with pytest.raises(WarehouseError, match="entry 2, written by run b, and here that entry is not there"):
        lake.load()
    for number in range(1 + more):
        lake.add(Read(records(7)), run=f"c{number}")
    with pytest.raises(WarehouseError, match=r"the stage was emptied, or it is another one.*Put the stage back"):
        lake.load()
    assert lake.raw() == ['{"id": 1}', '{"id": 2}']


@pytest.mark.parametrize("moment", ["load", "insert", "execute"])
def test_what_dies_between_rows_and_ledger_leaves_neither(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    lake.add(Read(records(1, 2)))
    method = getattr(DuckDB, moment)

    class Died(BaseException):
        pass

    def dies(self: DuckDB, *arguments: object) -> object:
        if moment == "execute" and arguments[0] != "commit":
            return method(self, *arguments)
        if moment != "execute":
            method(self, *arguments)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(DuckDB, moment, dies)
        with pytest.raises(Died):
            lake.load()
    assert (lake.raw(), lake.rows("select * from _INGEST_PARTS")) == ([], [])
    assert lake.load() == Loaded(1, 2)
    assert len(lake.raw()) == 2
