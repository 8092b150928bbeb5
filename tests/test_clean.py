"""RAW → CLEAN: each key once, the newest version of it, typed, in whatever order parts arrive."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from framework.errors import CheckFailed, SpecError, WarehouseError
from framework.window import parse_instant
from tests.warehouses.lake import AT, Lake, Read, day, source, table

Make = Callable[..., Lake]
CURSOR = {"cursor": "at", "start": "2024-01-01"}
EACH = {"for_each": {"values": ["p", "q"], "as": "of"}}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Lake] = []

    def lake(*streams: dict[str, Any], **more: Any) -> Lake:
        made.append(Lake(tmp_path / str(len(made)), source(*streams, **more)))
        return made[-1]

    yield lake
    for each in made:
        each.warehouse.close()


def cleaned(make: Make, stream: dict[str, Any], *entries: list[Any]) -> Lake:
    """A table made of these entries in one round."""
    lake = make(stream)
    for number, records in enumerate(entries):
        lake.add(Read(records), run=f"r{number}")
    lake.round()
    return lake


# Types


def value_of(make: Make, kind: str, *texts: str, **stream: Any) -> list[Any]:
    """What the JSON values become in a column `v` of that type, and which do not fit."""
    lines = [f'{{"id":{number:03d}1,"v":{text}}}'.replace('"id":0', '"id":10') for number, text in enumerate(texts)]
    lake = cleaned(make, {"clean": table(columns={"v": kind})} | stream, lines)
    found = dict(lake.rows("select id, v from T"))
    lost = {line.split(",")[0][6:] for line in lines} - set(found)
    assert not lost
    return [found[line.split(",")[0][6:]] for line in lines]


BIG = 99999999999999999999999999999999999999
NESTED = [
    '{"a":1.10,"b":[0.1000,-2.50e-7,1E400,12345678901234567890.10]}', f'[{BIG}00,0.12345678901234567890123,1.0]',
    '{"t":"a: 1.50, [2.50] \\"3.50\\" \\\\","1.50":{"x":[1.50]}}', '[[1.10],{"é":"1.10"},-1.10]',
    '{"a":"\ue0001.10","b":"1.10","c":1}', '["","",1.10,"",1.50]',
]  # fmt: skip
"""What holds numbers whose text is to stay."""
TYPES: dict[str, list[tuple[str, Any]]] = {
    "integer": [
        ("1", 1), ("-0", 0), ('"007"', 7), ('"+5"', 5), ("12345678901234567890", 12345678901234567890),
        (f"{BIG}", BIG), (f"-{BIG}", -BIG), (f'"{BIG}"', BIG), ("1.0", 1), ("1e3", 1000), ("1E+3", 1000),
        ("12345678901234567890.0", 12345678901234567890), ("1e25", 10**25), ("9007199254740993.0", 9007199254740993),
        ("1.5", None), ("15e-1", None), ('"x"', None), ('""', None), ("true", None), ('"0x1F"', None),
        ('"1_000"', None), ("1e400", None), (f"{BIG}99", None), ("[1]", None), ("null", None),
    ],
    "decimal(18,2)": [
        ("1.10", Decimal("1.10")), ("0.1", Decimal("0.10")), ("-0.005", Decimal("-0.01")), ("1e2", Decimal("100.00")),
        ("1234567890123456.78", Decimal("1234567890123456.78")), ('"19.99"', Decimal("19.99")),
        ("2.67499999999999999", Decimal("2.67")), ("9999999999999999.99", Decimal("9999999999999999.99")),
        ("10000000000000000", None), ('"1,5"', None), ("true", None), ("{}", None),
    ],
    "decimal(38,19)": [
        ("0.1234567890123456789", Decimal("0.1234567890123456789")),
        ("1234567890123456789.1234567890123456789", Decimal("1234567890123456789.1234567890123456789")),
        ("1000000000000000000.01", Decimal("1000000000000000000.01")), ("0.1000000000000000001",
        Decimal("0.1000000000000000001")), ("0.3000000000000000000", Decimal("0.3")), ("1e-19", Decimal("1e-19")),
        ("12345678901234567.5E-3", Decimal("12345678901234.5675")),
    ],
    "decimal(38,0)": [("12345678901234567891", Decimal(12345678901234567891)), (f"{BIG}", Decimal(BIG))],
    "float": [("1.10", 1.1), ("1", 1.0), ('"2.5"', 2.5), ("1e-7", 1e-7), ('"x"', None), ("true", None)],
    "boolean": [("true", True), ("false", False), ('"true"', True), ("1", True), ("0", False), ('"maybe"', None),
        ("2", None)],
    "text": [
        ('"007"', "007"), ("1.10", "1.10"), ("1E5", "1E5"), ("0.0000001", "0.0000001"), ("1.00e-7", "1.00e-7"),
        ("12345678901234567890.10", "12345678901234567890.10"), (f"{BIG}00", f"{BIG}00"), ("-0.0", "-0.0"),
        ('"1.10"', "1.10"), ('"é 😀 \\u00e9"', "é 😀 é"), ('"it\'s; drop table T --"', "it's; drop table T --"),
        ('"a\\nb\\"c\\\\d"', 'a\nb"c\\d'), ('""', ""), ("true", "true"), ('{"a":[1,2]}', '{"a":[1,2]}'), ("null", None),
        ('"\\u0000x"', "\0x"), *((text, text) for text in NESTED),
    ],
    "json": [
        ('{"a":[1,"x",null]}', '{"a":[1,"x",null]}'), ('"x"', '"x"'), ("[]", "[]"), ("true", "true"), ("1.10", "1.10"),
        ("1E+2", "1E+2"), ("-0.00", "-0.00"), *((text, text) for text in NESTED),
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
def test_a_value_is_typed_to_the_last_digit_or_not_at_all(make: Make, kind: str) -> None:
    found = value_of(make, kind, *(text for text, _ in TYPES[kind]))
    assert [(text, value) for (text, _), value in zip(TYPES[kind], found, strict=True)] == TYPES[kind]


INSTANTS = [
    "2024-01-31", "2024-01-31T12:00:00Z", "2024-01-31T12:00:00+02:00", "2024-01-31T12:00:00-05:30",
    "2024-01-31T12:00:00+0200", "2024-01-31T12:00:00-05", "2024-01-31T12:00+02:00", "2024-01-31T12:00:00.5+01:00",
    "2024-01-31T12:00:00.123456789Z", "2024-01-31 12:00:00", "2024-01-31T12:00:00", "20240131T120000Z", "20240131",
    "9999-12-31T23:59:59.999999Z", "0001-01-02T00:00:00Z", "1969-12-31T23:59:59Z",
]  # fmt: skip


def test_an_instant_is_utc_whatever_offset_it_was_written_with(make: Make) -> None:
    texts = [f'"{text}"' for text in INSTANTS]
    wanted = [parse_instant(text).replace(tzinfo=None) for text in INSTANTS]
    assert value_of(make, "timestamp", *texts) == wanted
    assert value_of(make, "date", *texts) == [moment.date() for moment in wanted]
    assert value_of(make, "timestamp", '"2024-02-30"', '"soon"', "1700000000", "true") == [None] * 4


FORMS = [
    ("epoch", ["1700000000", "1700000000.123456", '"1700000000"', "-1", "1.7e9"]),
    ("epoch_ms", ["1700000000000", "1700000000000.5", '"1700000000001"']),
    ("epoch_us", ["1700000000000001"]),
    ("%d/%m/%Y %H:%M", ['"31/01/2024 12:30"']),
    ("%Y-%m-%dT%H:%M:%S%z", ['"2024-01-31T12:00:00+0200"', '"2024-01-31T12:00:00Z"', '"2024-01-31T12:00:00-05:00"']),
    ("date", ['"2024-01-31"']),
]


@pytest.mark.parametrize(("form", "texts"), FORMS)
def test_the_cursor_is_read_in_its_form(make: Make, form: str, texts: list[str]) -> None:
    lines = [f'{{"id":{number},"at":{text}}}' for number, text in enumerate(texts)]
    stream = {"incremental": CURSOR | {"format": form}, "clean": table(columns={"id": "integer", "at": "timestamp"})}
    lake = cleaned(make, stream, lines)
    wanted = [parse_instant(text.strip('"'), form).replace(tzinfo=None) for text in texts]
    assert lake.rows('select "at", _cursor from T order by id') == [(moment, moment) for moment in wanted]
    assert lake.warehouse.execute("select count(*) from _INGEST_QUARANTINE") == [(0,)]


NO_INSTANTS = ["9" * 32, "-" + "9" * 30, "1e400", '"soon"', "true", '"2024-02-30"']


@pytest.mark.parametrize("form", ["epoch", "epoch_ms", "epoch_us", "iso8601", "%Y"])
def test_a_cursor_that_is_no_instant_counts_as_the_oldest_and_is_said(make: Make, form: str) -> None:
    lake = make({"incremental": CURSOR | {"format": form}, "clean": table(columns={"v": "text"})})
    good = "1" if form.startswith("epoch") else '"2024"' if form == "%Y" else '"2024-01-01"'
    for v, values in (("good", [good] * len(NO_INSTANTS)), ("bad", NO_INSTANTS)):
        lake.add(Read([f'{{"id":{id},"at":{at},"v":"{v}"}}' for id, at in enumerate(values)]), run=v)
    found = lake.round()
    assert {v for (v,) in lake.contents("v")} == {"good"}
    assert found.warnings == [f"T: 6 records whose 'at' is no instant in the form {form}; they count as the oldest"]


def test_digits_are_those_of_the_field_itself(make: Make) -> None:
    lines = [
        '{"id":1,"other":{"n":12345678901234567891,"t":1.50},"n":12345678901234567890,"t":"1.5"}',
        '{"id":2,"other":{"n":"0.12345678901234567899"},"n":0.12345678901234567890,"t":2.50}',
    ]
    lake = cleaned(make, {"clean": table(columns={"n": "decimal(38,20)", "t": "text"})}, lines[1:])
    assert lake.row("n, t") == (Decimal("0.12345678901234567890"), "2.50")
    lake = cleaned(make, {"clean": table(columns={"n": "decimal(38,0)", "t": "text"})}, lines[:1])
    assert lake.row("n, t") == (Decimal(12345678901234567890), "1.5")


ODD = ["a-b", "a/b", "$x", "a#1", "é", "a%b", "a;b", "a(b)", "0", "a\\b", "1:2", "<x>", "select", "a,b", "a?b"]


def test_fields_of_odd_names(make: Make) -> None:
    columns = {f"c{number}": {"from": name, "type": "decimal(38,20)"} for number, name in enumerate(ODD)}
    nested = {f"n{number}": {"from": f"in.{name}", "type": "json"} for number, name in enumerate(ODD)}
    values = {name: number for number, name in enumerate(ODD)}
    stream = {"primary_key": ["é-ID"], "clean": {"table": "T", "columns": columns | nested}}
    lake = cleaned(make, stream, [values | {"é-ID": "x'y", "in": values, "a": "wrong"}])
    assert lake.row("* exclude (_cursor, _log, _part, _row)") == (
        "x'y", *range(len(ODD)), *(str(number) for number in range(len(ODD)))
    )  # fmt: skip
    assert lake.rows("select column_name from duckdb_columns() where table_name = 'T' limit 1") == [("é_id",)]


NAMES = ["x", "payload", "v", "c", "t", "f", "version", "log", "rows", "source", "stream", "kind", "started",
         "partition", "run_id", "turn", "row", "order", "rn", "complete"]  # fmt: skip


@pytest.mark.parametrize("mode", ["merge", "history", "replace", "replace partition", "append"])
def test_a_column_may_have_any_name(make: Make, mode: str) -> None:
    columns = dict.fromkeys(NAMES, "integer")
    mode, _, scope = mode.partition(" ")
    delete = {"delete_when": "payload == `99`"} if mode in ("merge", "history") else {}
    clean = table(mode, columns, scope=scope or "stream", **delete)
    lake = make({"primary_key": NAMES[:12], "clean": clean} | (EACH if scope else {}))
    values = {name: number for number, name in enumerate(NAMES)}
    lake.add(Read([values]))
    lake.close()
    lake.round()
    assert lake.row(", ".join(f'"{name}"' for name in NAMES)) == tuple(range(len(NAMES)))


# Merge


def test_a_table_without_columns_holds_the_key_and_the_record(make: Make) -> None:
    lake = cleaned(
        make, {"primary_key": ["id", "in.no"]} | {"clean": table()}, ['{"id":"007","in":{"no":1.10},"x":1.0}']
    )
    assert lake.row("* exclude (_cursor, _log, _part, _row)") == (
        "007",
        "1.10",
        '{"id":"007","in":{"no":1.10},"x":1.0}',
    )


def test_the_newest_is_that_of_the_greatest_cursor_then_of_log_part_and_row(make: Make) -> None:
    stream = {"incremental": CURSOR, "clean": table(columns={"v": "text"})}
    lake = make(stream)
    lake.add(
        Read([
            {"id": "cursor", "at": day(2), "v": "newest"},
            {"id": "row", "at": day(1), "v": "old"}, {"id": "row", "at": day(1), "v": "newest"},
            {"id": "part", "at": day(1), "v": "old"}, {"id": "part", "at": day(1), "v": "newest"},
            {"id": "log", "at": day(1), "v": "old"}, {"id": "none", "v": "old"},
            {"id": "null", "v": "newest", "at": day(0)},
            {"id": "offset", "at": "2026-01-02T01:30:00+02:00", "v": "old"},
            {"id": "offset", "at": "2026-01-02T00:00:00Z", "v": "newest"},
            {"id": "precise", "at": "2026-01-02T00:00:00.1Z", "v": "newest"},
            {"id": "precise", "at": "2026-01-02T00:00:00Z", "v": "old"},
        ]),
        split=4,
    )  # fmt: skip
    lake.add(
        Read([
            {"id": "cursor", "at": day(1), "v": "old"}, {"id": "log", "at": day(1), "v": "newest"},
            {"id": "none", "v": "newest"}, {"id": "null", "at": None, "v": "old"},
            {"id": "offset", "at": "2026-01-01T23:59:59+00:00", "v": "old"},
        ]),
        run="b",
    )  # fmt: skip
    for _ in range(2):
        lake.round()
        assert {v for _, v in lake.contents("id, v")} == {"newest"}
        assert len(lake.contents()) == 8
        lake.anew()


KEYS = ['"1.10"', '"1.1"', "1", '"01"', '"a"', '"A"', '"a "', "1.5", "1.50", "12345678901234567890123", '"é"',
        '"e\\u0301"', "-1", '""', "true", "0.1000000000000000055", "0.1"]  # fmt: skip


def test_a_key_is_the_text_that_the_api_sent(make: Make) -> None:
    lines = [f'{{"id":{key},"no":{no}}}' for key in KEYS for no in (1, 2)]
    lake = cleaned(make, {"primary_key": ["id", "no"], "clean": table()}, lines, lines)
    assert len(lake.contents()) == len(lines)


@pytest.mark.parametrize(
    ("kind", "same", "other"),
    [
        ("integer", ("12345678901234567890", '"12345678901234567890"'), "12345678901234567891"),
        ("timestamp", ('"2024-01-01T00:00:00Z"', '"2024-01-01T01:00:00+01:00"'), '"2024-01-01T00:00:01Z"'),
        ("boolean", ("true", '"true"'), "false"),
        ("date", ('"2024-01-01"', '"2024-01-01T00:00:00Z"'), '"2024-01-02"'),
        ("decimal(18,2)", ("1.001", "1.001"), "1.002"),
        ("float", ("9007199254740993", "9007199254740993"), "9007199254740992"),
        ("json", ("[1]", "[1]"), "[2]"),
    ],
)
def test_a_typed_key_tells_apart_what_differs(make: Make, kind: str, same: tuple[str, str], other: str) -> None:
    lines = [f'{{"id":{text}}}' for text in (*same, other)]
    assert len(cleaned(make, {"clean": table(columns={"id": kind})}, lines).contents()) == 2


def test_a_date_that_would_make_one_of_two_keys_is_kept_out_and_said(make: Make) -> None:
    lake = make({"primary_key": ["at"], "clean": table(columns={"at": "date"})})
    lake.add(Read([{"at": "2026-01-01T01:00:00Z"}, {"at": "2026-01-01T02:00:00Z"}, {"at": "2026-01-01"}]))
    found = lake.round()
    assert found.rows == 1
    assert found.warnings == [
        "T: 2 records whose 'at' does not fit its type, or is missing; it is part of the key, so they stay in RAW only"
    ]


def test_fields_of_a_key_whose_names_come_to_the_same(make: Make) -> None:
    stream = {"primary_key": ["a.b", "a-b", "a_b"], "clean": table(columns={"a_b": "json"})}
    lake = cleaned(make, stream, [{"a": {"b": 1}, "a-b": 2, "a_b": 3}])
    assert lake.row("a_b_key, a_b_key_key, a_b_key_key_key, a_b") == ("1", "2", "3", "3")


@pytest.mark.parametrize("mode", ["merge", "history", "replace"])
@pytest.mark.parametrize("rounds", [1, 2])
def test_a_record_without_its_key_stays_in_raw_and_is_counted_once(make: Make, mode: str, rounds: int) -> None:
    lake = make({"clean": table(mode, {"id": "integer"})})
    lake.add(Read([{"id": 1}, {}, {"id": None}, {"id": "x"}]))
    found = [lake.round()] if rounds == 2 else []
    lake.close()
    found += [lake.round(), lake.round()]
    assert lake.contents("id") == [(1,)]
    assert sum("3 records whose 'id' does not fit" in text for each in found for text in each.warnings) == 1
    query = 'select "table", stream, row, columns from _INGEST_QUARANTINE order by row'
    assert lake.rows(query) == [("T", "items", row, "id") for row in (2, 3, 4)]


LIVES = [
    ["a1", "b2", "a3"], ["a2 gone", "a1"], ["a1", "a2 gone", "a3"], ["a3", "a1", "a2 gone"],
    ["a1", "a2 gone", "a2"], ["a2", "a2 gone"], ["a1 gone", "a2 gone", "b1"], ["a4 gone", "a1", "a2 gone", "a3"],
]  # fmt: skip


def survivors(life: list[str]) -> set[str]:
    """Each key's newest version; of two at the same time the later one; none where that is a deletion."""
    newest: dict[str, str] = {}
    for text in life:
        if text[0] not in newest or newest[text[0]][1] <= text[1]:
            newest[text[0]] = text
    return {text for text in newest.values() if "gone" not in text}


def test_a_deleted_key_stays_deleted_until_a_newer_version(make: Make) -> None:
    stream = {"primary_key": ["life", "id"], "incremental": CURSOR}
    lake = make(stream | {"clean": table(columns={"v": "text"}, delete_when="state == 'gone'")})
    for step in range(4):
        records = [
            {"life": number, "id": text[0], "at": day(int(text[1])), "v": text[:2], "state": text[3:] or "there"}
            for number, life in enumerate(LIVES)
            for text in life[step : step + 1]
        ]
        lake.add(Read(records), run=f"r{step}")
        lake.round()
        for _ in range(2):
            for number, life in enumerate(LIVES):
                found = {v for (v,) in lake.rows(f"select v from T where life = '{number}'")}
                assert found == survivors(life[: step + 1]), life
            lake.anew()


# In whatever order


def versions(chance: random.Random, keys: int, count: int) -> list[dict[str, Any]]:
    """Records with different cursors, some of them deletions, written with many offsets."""
    offsets = {"Z": 0, "+00:00": 0, "+02:00": 120, "-05:30": -330}
    found = []
    for number in chance.sample(range(1000), count):
        offset = chance.choice(list(offsets))
        local = (AT + timedelta(minutes=number + offsets[offset])).strftime("%Y-%m-%dT%H:%M:%S") + offset
        facts = {"at": local, "n": number, "v": chance.choice("xyz"), "gone": chance.random() < 0.2}
        found.append({"id": chance.randrange(keys)} | facts)
    return found


def merged(records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    newest = {record["id"]: record for record in sorted(records, key=lambda record: record["n"])}
    return sorted((each["id"], each["n"], each["v"]) for each in newest.values() if not each["gone"])


def historic(records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """(id, value, from, to, is current): equal versions in a row are one, a deletion ends the last one."""
    rows = []
    for key in {record["id"] for record in records}:
        mine = sorted((record for record in records if record["id"] == key), key=lambda record: record["n"])
        spans: list[tuple[Any, int]] = []
        for record in mine:
            value = None if record["gone"] else record["v"]
            if not spans or spans[-1][0] != value:
                spans.append((value, record["n"]))
        ends = [start for _, start in spans[1:]] + [None]
        rows += [(key, v, start, end, end is None) for (v, start), end in zip(spans, ends, strict=True) if v]
    return sorted(rows, key=repr)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mode", ["merge", "history"])
def test_any_order_of_entries_in_any_rounds_gives_the_same_table(make: Make, mode: str, seed: int) -> None:
    chance = random.Random(seed)
    records = versions(chance, keys=5, count=40)
    columns = {"id": "integer", "v": "text"} | ({"n": "integer"} if mode == "merge" else {})
    lake = make({"incremental": CURSOR, "clean": table(mode, columns, delete_when="gone == `true`")})
    chance.shuffle(records)
    while records:
        count = chance.randint(1, 9)
        lake.add(Read(records[:count]), run=f"r{len(records)}", split=chance.choice([0, 3]))
        records = records[count:]
        if chance.random() < 0.6:
            lake.round()
    lake.round()
    everything = versions(random.Random(seed), keys=5, count=40)
    minute = "date_diff('minute', timestamp '2026-01-01', {})"
    query = (
        "id, n, v"
        if mode == "merge"
        else f"id, v, {minute.format('valid_from')}, {minute.format('valid_to')}, is_current"
    )
    wanted = merged(everything) if mode == "merge" else historic(everything)
    assert lake.contents(query) == sorted(wanted, key=repr)
    before = lake.contents("*")
    lake.anew()
    assert lake.contents("*") == before


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("mode", ["merge", "history", "append"])
def test_equal_and_missing_cursors_give_in_rounds_what_they_give_at_once(make: Make, mode: str, seed: int) -> None:
    chance = random.Random(seed)
    policy = {"contract": {"type_changes": chance.choice(["quarantine", "warn"])}}
    delete = {} if mode == "append" else {"delete_when": "gone"}
    lake = make({"incremental": CURSOR, "clean": table(mode, {"id": "integer", "v": "integer"}, **delete)} | policy)
    for number in range(8):
        batch = [
            {
                "id": chance.choice([1, 2, 3, None]),
                "v": chance.choice([1, 2, "bad", None]),
                "gone": chance.random() < 0.2,
            }
            | chance.choice([{}, {"at": None}, {"at": day(1)}, {"at": day(2)}, {"at": "soon"}])
            for _ in range(5)
        ]
        lake.add(Read(batch), run=f"r{number}", split=chance.choice([0, 2]))
        if chance.random() < 0.6:
            lake.round()
            lake.round()
    lake.round()
    before, noted = lake.contents("*"), sorted(lake.rows("select part, row, columns from _INGEST_QUARANTINE"))
    lake.anew()
    assert lake.contents("*") == before
    assert sorted(lake.rows("select part, row, columns from _INGEST_QUARANTINE")) == noted
    if mode == "append":
        assert len(before) + len(noted) == 40


# Append


def test_append_holds_each_record_once_over_many_rounds(make: Make) -> None:
    lake = make({"primary_key": None, "clean": table("append", {"v": "integer"})})
    for number in range(3):
        lake.add(Read([{"v": number}, {"v": number}]), run=f"r{number}")
        for _ in range(2):
            lake.round()
    assert [v for (v,) in lake.contents("v")] == [0, 0, 1, 1, 2, 2]


def test_a_table_that_is_written_in_other_letters_is_the_same(make: Make) -> None:
    lake = make({"clean": table("append", {"v": "integer"})})
    lake.add(Read([{"id": 1, "v": 1}]))
    lake.round()
    lake.respec({"clean": table("append", {"v": "integer"}, table="t")})
    lake.add(Read([{"id": 2, "v": 2}]), run="b")
    assert lake.round().rows == 2


# Contract


def test_what_does_not_fit_is_counted_and_the_column_null(make: Make) -> None:
    for policy, warned in (
        ("warn", ["T: 2 records whose 'v' does not fit its type; the column is null there"]),
        ("allow", []),
    ):
        lake = make({"contract": {"type_changes": policy}, "clean": table(columns={"id": "integer", "v": "integer"})})
        lake.add(Read([{"id": 1, "v": 1}, {"id": 2, "v": "x"}, {"id": 3, "v": "y"}, {"id": 4, "v": None}, {"id": 5}]))
        assert lake.round().warnings == warned
        assert lake.contents("id, v") == [(1, 1), (2, None), (3, None), (4, None), (5, None)]
        assert lake.round().warnings == []


@pytest.mark.parametrize("mode", ["merge", "append", "replace", "history"])
def test_quarantine_keeps_the_record_out_and_notes_where_it_is(make: Make, mode: str) -> None:
    contract = {"contract": {"type_changes": "quarantine"}}
    lake = make({"clean": table(mode, {"id": "integer", "v": "integer", "w": "date"})} | contract)
    lake.add(Read([{"id": 1, "v": 1}, {"id": 2, "v": "x", "w": "y"}]))
    lake.close()
    found = lake.round()
    assert lake.contents("id") == [(1,)]
    assert [text.split(";")[0] for text in found.warnings] == [
        "T: 1 records whose 'v' does not fit its type",
        "T: 1 records whose 'w' does not fit its type",
    ]
    assert lake.rows("select row, columns from _INGEST_QUARANTINE") == [(2, "v, w")]
    lake.respec({"clean": table(mode, {"id": "integer", "v": "text", "w": "text"})} | contract)
    lake.round()
    assert lake.contents("id, v") == [(1, "1"), (2, "x")]
    assert lake.rows("select * from _INGEST_QUARANTINE") == []


@pytest.mark.parametrize("mode", ["merge", "history"])
def test_a_quarantined_version_does_not_hide_or_end_the_one_before(make: Make, mode: str) -> None:
    stream = {"incremental": CURSOR, "clean": table(mode, {"v": "integer"}), "contract": {"type_changes": "quarantine"}}
    lake = make(stream)
    for number, v in enumerate(["worse", 1, "bad", 3]):
        lake.add(Read([{"id": 1, "at": day(number), "v": v}]), run=f"r{number}")
        lake.round()
    assert [v for (v,) in lake.contents("v")] == ([3] if mode == "merge" else [1, 3])
    before = lake.contents()
    lake.anew()
    assert lake.contents() == before


@pytest.mark.parametrize("field", ["v", "id"])
def test_fail_leaves_everything_as_it_was(make: Make, field: str) -> None:
    stream = {"contract": {"type_changes": "fail"}, "clean": table(columns={"id": "integer", "v": "integer"})}
    lake = make(stream)
    lake.add(Read([{"id": 1, "v": 1}]))
    lake.round()
    lake.add(Read([{"id": 1, "v": 2}, {"id": 3, "v": 3} | {field: "x"}]), run="b")
    for _ in range(2):
        with pytest.raises(CheckFailed, match=f"T: 1 records whose '{field}' does not fit its type; the contract says"):
            lake.round()
        assert lake.contents("id, v") == [(1, 1)]
        assert lake.rows("select log from _INGEST_CLEANED") == [(1,)]
        assert lake.rows("select * from _INGEST_QUARANTINE") == []
    assert len(lake.raw()) == 3
    lake.respec(stream | {"contract": {"type_changes": "warn"}})
    lake.round()
    assert lake.contents("id, v")[0] == (1, 2)


def test_new_fields(make: Make) -> None:
    for policy in ("allow", "warn", "fail"):
        stream = {"contract": {"new_fields": policy}, "clean": table(columns={"v": "text"})}
        lake = make(stream)
        lake.add(Read([{"id": 1, "v": 1}, {"id": 2, "w": 1}]))
        assert lake.round().warnings == []
        lake.add(Read([{"id": 1, "v": 2}, {"id": 3, "z": 1, "a'\"b": 2}]), run="b")
        if policy == "fail":
            with pytest.raises(CheckFailed, match="items: new fields a'\"b, z; the contract says fail"):
                lake.round()
            assert lake.contents("id, v") == [("1", "1"), ("2", None)]
            continue
        assert lake.round().warnings == (["items: new fields a'\"b, z"] if policy == "warn" else [])
        assert lake.round().warnings == []
        assert lake.contents("id, v") == [("1", "2"), ("2", None), ("3", None)]


# Replace


def rows(partition: str, *keys: int, status: str = "done", v: str = "") -> Read:
    """A partition that holds these keys."""
    return Read([{"id": key, "v": v or partition} for key in keys], {"of": partition}, status=status)


def replacing(make: Make, scope: str, **more: Any) -> Lake:
    each = EACH if scope == "partition" else {}
    return make({"clean": table("replace", {"id": "integer", "v": "text"}, scope=scope, **more)} | each)


def test_a_partition_replaces_its_own_rows_alone(make: Make) -> None:
    lake = replacing(make, "partition")
    lake.add(rows("p", 1, 2), rows("q", 3, 4))
    lake.round()
    lake.add(rows("p", 2, 5, v="new"), run="b")
    assert lake.round().warnings == []
    assert lake.contents("id, v") == [(2, "new"), (3, "q"), (4, "q"), (5, "new")]


@pytest.mark.parametrize("status", ["skipped", "limited"])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_slice_that_was_not_read_whole_keeps_the_old_rows(make: Make, status: str, at_once: bool) -> None:
    lake = replacing(make, "partition")
    lake.add(rows("p", 1, 2))
    if not at_once:
        lake.round()
    lake.add(rows("p", 1, status=status), rows("q", 3), run="b")
    lake.round()
    assert lake.contents("id") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("scope", ["partition", "stream"])
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("allow_empty", [False, True])
def test_nothing_replaces_something_only_where_it_may(make: Make, scope: str, at_once: bool, allow_empty: bool) -> None:
    lake = replacing(make, scope, allow_empty=allow_empty)
    lake.add(rows("p", 1, 2))
    lake.close("a")
    if not at_once:
        lake.round()
    lake.add(rows("p"), run="b")
    lake.close("b")
    found = lake.round()
    kept = 'T: nothing came for {"of":"p"}; old rows are kept (allow_empty is false)'
    assert found.warnings == ([] if allow_empty else [kept])
    assert lake.contents("id") == ([] if allow_empty else [(1,), (2,)])
    before = lake.contents()
    lake.anew()
    assert lake.contents() == before


def test_a_key_that_moved_is_where_it_was_read_last(make: Make) -> None:
    for order in ("pq", "qp"):
        lake = replacing(make, "partition")
        lake.add(rows("p", 1, 2), rows("q", 3))
        lake.round()
        moved = {"p": rows("p", 2), "q": rows("q", 1, 3)}
        for name in order:
            lake.add(moved[name], run="b" + name)
            lake.round()
        assert lake.contents("id, v") == [(1, "q"), (2, "p"), (3, "q")]


def test_a_key_of_two_partitions_returns_to_the_one_that_still_holds_it(make: Make) -> None:
    lake = replacing(make, "partition")
    lake.add(rows("p", 1), run="a")
    lake.round()
    lake.add(rows("q", 1, 2), run="b")
    lake.round()
    assert lake.contents("id, v") == [(1, "q"), (2, "q")]
    lake.add(rows("q", 2), run="c")
    lake.round()
    assert lake.contents("id, v") == [(1, "p"), (2, "q")]


@pytest.mark.parametrize("seed", range(4))
def test_partitions_replaced_in_any_rounds_give_what_they_give_at_once(make: Make, seed: int) -> None:
    chance = random.Random(seed)
    lake = replacing(make, "partition", allow_empty=chance.random() < 0.5)
    held: dict[str, list[int]] = {}
    for number in range(12):
        reads = []
        for name in chance.sample("pqrs", chance.randint(1, 3)):
            keys = chance.sample(range(6), chance.choice([0, 1, 3]))
            status = chance.choice(["done", "done", "done", "skipped", "limited"])
            reads.append(rows(name, *keys, status=status, v=f"{name}{number}"))
            if status == "done" and (keys or lake.stream().clean.allow_empty):  # type: ignore[union-attr]
                held[name] = keys
        lake.add(*reads, run=f"r{number}", split=chance.choice([0, 2]))
        if chance.random() < 0.5:
            lake.round()
    lake.round()
    before = lake.contents("*")
    assert {id for (id,) in lake.contents("id")} == {key for keys in held.values() for key in keys}
    assert len(before) == len({row[0] for row in before})
    lake.anew()
    assert lake.contents("*") == before


def test_all_rows_give_way_to_the_newest_run_that_read_everything(make: Make) -> None:
    lake = replacing(make, "stream")
    lake.add(rows("p", 1))
    lake.add(rows("q", 2))
    assert lake.round().warnings == ["T: no run read all of it since; old rows are kept"]
    assert lake.contents() == []
    lake.close("a", planned=2, done=2)
    assert lake.round().warnings == []
    assert lake.contents("id") == [(1,), (2,)]
    lake.add(rows("p", 3), run="b")
    lake.close("b", planned=2, done=1)
    assert lake.round().warnings == ["T: no run read all of it since; old rows are kept"]
    assert lake.contents("id") == [(1,), (2,)]
    lake.add(rows("p", 4), rows("q"), run="c")
    lake.close("c", planned=2, done=2)
    lake.add(rows("p", 5), run="d")
    lake.close("d", planned=2, done=1)
    lake.close("e", planned=0, done=0)
    assert lake.round().warnings == []
    assert lake.contents("id") == [(4,)]
    lake.anew()
    assert lake.contents("id") == [(4,)]


def test_a_backfill_of_a_child_read_its_own_parents_only(make: Make) -> None:
    lake = replacing(make, "stream")
    lake.add(rows("p", 1))
    lake.close("a", through=3)
    lake.round()
    lake.add(rows("q", 2), run="b")
    lake.close("b", through=4, backfill=True)
    lake.round()
    assert lake.contents("id") == [(1,)]


def test_replacing_all_by_what_belongs_to_changed_parents_is_refused(make: Make) -> None:
    child = {
        "name": "kids",
        "for_each": {"stream": "items", "as": "item", "only_changed": True},
        "clean": table("replace"),
    }
    lake = make({"clean": None}, child)
    with pytest.raises(SpecError, match="scope: partition"):
        lake.clean("kids")


def test_a_key_that_stands_twice_in_a_read_is_there_once(make: Make) -> None:
    for scope in ("stream", "partition"):
        lake = replacing(make, scope)
        lake.add(Read([{"id": 1, "v": "old"}, {"id": 1, "v": "new"}], {"of": "p"}))
        lake.close()
        lake.round()
        assert lake.contents("id, v") == [(1, "new")]


# History


def spans(lake: Lake) -> list[tuple[Any, ...]]:
    """(v, day from, day to, is current)"""
    days = "date_diff('day', timestamp '2026-01-01', {})"
    return lake.rows(
        f"select v, {days.format('valid_from')}, {days.format('valid_to')}, is_current from T order by valid_from"
    )


@pytest.mark.parametrize("form", ["iso8601", "epoch", "epoch_ms"])
def test_versions_follow_each_other_by_cursor_whenever_they_arrive(make: Make, form: str) -> None:
    lake = make({"incremental": CURSOR | {"format": form}, "clean": table("history", {"v": "text"})})

    def at(number: int) -> Any:
        seconds = int(AT.timestamp()) + number * 86400
        return {"iso8601": day(number), "epoch": seconds, "epoch_ms": seconds * 1000}[form]

    for run, (number, v) in enumerate([(1, "a"), (5, "c"), (9, "c"), (3, "b"), (4, "b"), (7, "a")]):
        lake.add(Read([{"id": 1, "at": at(number), "v": v}]), run=f"r{run}", started=AT)
        lake.round()
    wanted = [("a", 1, 3, False), ("b", 3, 5, False), ("c", 5, 7, False), ("a", 7, 9, False), ("c", 9, None, True)]
    assert spans(lake) == wanted


def test_a_deletion_ends_the_last_version_and_a_return_begins_a_new_one(make: Make) -> None:
    stream = {"incremental": CURSOR, "clean": table("history", {"v": "text"}, delete_when="gone")}
    lake = make(stream)
    for number, gone in ((1, False), (3, True), (4, True), (6, False), (8, True), (2, False)):
        lake.add(Read([{"id": 1, "at": day(number), "v": "a", "gone": gone}]), run=f"r{number}")
        lake.round()
    assert spans(lake) == [("a", 1, 3, False), ("a", 6, 8, False)]


def test_without_a_cursor_a_version_begins_with_its_run(make: Make) -> None:
    lake = make({"clean": table("history", {"v": "text"})})
    for number, v in enumerate("aab"):
        lake.add(Read([{"id": 1, "v": "x"}, {"id": 1, "v": v}]), run=f"r{number}", started=AT.replace(day=1 + number))
        lake.round()
    assert spans(lake) == [("a", 0, 2, False), ("b", 2, None, True)]


def test_values_that_print_alike_are_different_versions(make: Make) -> None:
    lake = make({"incremental": CURSOR, "clean": table("history", {"v": "text", "w": "text"})})
    values: list[tuple[Any, Any]] = [(None, "a"), ("NULL", "a"), ("", "a"), ("'a, b", "c"), ("'a", "b, c"), ("x", None)]
    for number, (v, w) in enumerate(values):
        lake.add(Read([{"id": 1, "at": day(number), "v": v, "w": w}]), run=f"r{number}")
    lake.round()
    assert lake.rows("select v, w from T order by valid_from") == values


# The table and its definition

MODES = ["merge", "append", "replace", "history"]


@pytest.mark.parametrize("mode", MODES)
def test_a_changed_definition_makes_the_table_anew_from_raw(make: Make, mode: str) -> None:
    before = {"clean": table(mode, {"v": "text"})}
    after = {"clean": table(mode, {"w": "integer", "v": "integer"})}
    lake, fresh = make(before), make(after)
    for number in range(3):
        for each in (lake, fresh):
            each.add(Read([{"id": 1, "v": "007", "w": number}, {"id": number, "v": str(number)}]), run=f"r{number}")
            each.close(f"r{number}")
        lake.round()
    lake.respec(after)
    lake.clean()
    fresh.round()
    assert lake.contents("*") == fresh.contents("*")


def test_a_table_made_before_anything_came_follows_the_spec_too(make: Make) -> None:
    lake = make({"clean": table(columns={"v": "text"})})
    lake.round()
    lake.respec({"clean": table(columns={"w": "integer"})})
    lake.add(Read([{"id": 1, "w": 5}]))
    lake.round()
    assert lake.row("w") == (5,)


def test_a_description_is_a_comment_whatever_it_says(make: Make) -> None:
    column = {"v": {"from": "v", "description": "it's; drop table T; --\n{{ x }}"}}
    lake = cleaned(make, {"clean": {"table": "T", "columns": column}}, [{"id": 1, "v": 1}])
    assert lake.rows("select comment from duckdb_columns() where column_name = 'v' and table_name = 'T'") == [
        ("it's; drop table T; --\n{{ x }}",)
    ]


def test_a_table_that_is_not_ours_is_left_alone(make: Make) -> None:
    lake = make({"clean": table()})
    lake.warehouse.execute("create table t as select 1 as precious")
    lake.add(Read([{"id": 1}]))
    with pytest.raises(WarehouseError, match="there is a table T already, and cleaning did not make it"):
        lake.round()
    assert lake.rows("from T") == [(1,)]


def test_two_sources_do_not_take_turns_in_a_table(make: Make) -> None:
    lake = make({"clean": table(columns={"v": "text"})})
    lake.add(Read([{"id": 1, "v": 1}]))
    lake.round()
    lake.source = source({"clean": table(columns={"v": "text"})}, name="other")
    with pytest.raises(WarehouseError, match="the table T is that of the source 'api'"):
        lake.clean()
    assert lake.row("v") == ("1",)


def test_a_clean_that_dies_leaves_the_table_as_it_was(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = make({"clean": table(columns={"v": "text"}, delete_when="gone")})
    lake.add(Read([{"id": 1, "v": "old"}, {"id": 2, "v": "old"}]))
    lake.round()
    lake.add(Read([{"id": 1, "v": "new"}, {"id": 2, "gone": True}]), run="b")
    lake.load()
    execute = lake.warehouse.execute

    class Died(BaseException):
        pass

    for steps in range(1, 100):
        counted = iter(range(steps))

        def dies(*arguments: Any, counted: Iterator[int] = counted) -> Any:
            if next(counted, None) is None:
                raise Died
            return execute(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(lake.warehouse, "execute", dies)
            with suppress(Died):
                lake.clean()
                break
        assert lake.contents("id, v") == [("1", "old"), ("2", "old")]
    assert steps > 8
    assert lake.contents("id, v") == [("1", "new")]


def test_cleaning_an_empty_stream(make: Make) -> None:
    for mode in MODES:
        lake = make({"clean": table(mode, {"v": "integer"})})
        assert (lake.round().rows, lake.round().rows) == (0, 0)
        lake.add(Read())
        lake.close()
        assert lake.round().rows == 0
