"""The position is a fold over the log: forward only, over what was read whole."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from framework.manifest import (
    BadLine,
    Closed,
    Committed,
    Failure,
    Numbered,
    Part,
    Position,
    Range,
    Reissued,
    Reset,
    Slice,
    SliceResult,
    Voided,
    entry_from_json,
    entry_to_json,
    fold,
    settled,
)
from framework.window import Window

START = datetime(2026, 1, 1, tzinfo=UTC)


def days(first: int, last: int) -> Window:
    """A window of January."""
    return Window(START + timedelta(days=first), START + timedelta(days=last))


def committed(*results: SliceResult, **more: Any) -> Committed:
    """An entry with these slices."""
    values: dict[str, Any] = {"run": "r", "at": START, "base": 0, "started": START, "fingerprint": "f", "parts": []}
    return Committed(**values | {"slices": list(results)} | more)


def done(window: Window | None = None, **more: Any) -> SliceResult:
    """A finished slice that covers its window."""
    return SliceResult(Slice(window=window), "done", covered=window, **more)


def numbered(*entries: Any) -> list[Numbered]:
    """1, 2, 3 …"""
    return list(enumerate(entries, 1))


def reached(position: Position) -> int:
    """In days."""
    return (position.reached({}, START) - START).days


def test_contiguous_work_moves_the_position_in_any_order() -> None:
    late_first = fold(numbered(committed(done(days(7, 14))), committed(done(days(0, 7)))))
    assert reached(late_first) == 14


def test_a_gap_holds_the_position_back() -> None:
    assert reached(fold(numbered(committed(done(days(0, 3)), done(days(5, 9)))))) == 3


def test_skipped_limited_and_backfilled_slices_move_nothing() -> None:
    skipped = SliceResult(Slice(window=days(0, 3)), "skipped")
    limited = SliceResult(Slice(window=days(0, 3)), "limited", covered=days(0, 3))
    for entry in (committed(skipped), committed(limited), committed(done(days(0, 3)), backfill=True)):
        assert reached(fold(numbered(entry))) == 0


def test_a_voided_entry_never_counted() -> None:
    entries = numbered(committed(done(days(0, 3))), committed(done(days(3, 5))), Voided("r", START, 1, "lost"))
    assert reached(fold(entries)) == 0
    assert fold(entries).entry == 3


def test_a_reset_forgets_all_before_it() -> None:
    entries = numbered(
        committed(done(days(0, 9))), Reset("r", START, "g", "--full-refresh"), committed(done(days(0, 2)))
    )
    assert reached(fold(entries)) == 2


def child(number: int, **more: Any) -> SliceResult:
    """A followed parent."""
    return SliceResult(Slice({"order": {"id": number}}), "done", **more)


def close(through: int, *failed: int, unfinished: int = 0) -> Closed:
    """The end of a child's run."""
    failures = [Failure(Slice({"order": {"id": number}}), "no") for number in failed]
    return Closed("r", START, 0, 3, 3, 0, failures, unfinished, through)


def test_a_child_is_through_once_its_run_closed() -> None:
    open_run = fold(numbered(committed(child(1), child(2), through=5)))
    assert (open_run.parents, len(open_run.followed)) == (0, 2)
    closed = fold(numbered(committed(child(1), child(2), through=5), close(5)))
    assert (closed.parents, closed.followed, closed.pending) == (5, {}, {})


def test_a_childs_failures_are_due_again_until_they_get_through() -> None:
    entries = [committed(child(1), through=5), close(5, 2)]
    assert list(fold(numbered(*entries)).pending) == ['{"order":{"id":2}}']
    entries += [committed(child(2), through=6), close(6)]
    assert fold(numbered(*entries)).pending == {}


def test_an_unfinished_close_keeps_the_parents_position() -> None:
    position = fold(numbered(committed(child(1), through=5), close(5, unfinished=1)))
    assert (position.parents, len(position.followed)) == (0, 1)


def test_folding_in_pieces_is_folding_at_once() -> None:
    entries = numbered(
        committed(done(days(0, 3))), committed(done(days(3, 5))), committed(child(1), through=4), close(4, 2, 3)
    )
    for cut in range(len(entries)):
        assert fold(entries[cut:], fold(entries[:cut])) == fold(entries)


def test_entries_and_positions_are_read_back_as_they_are_written() -> None:
    entry = committed(done(days(0, 3)), child(2), through=3)
    for one in (entry, close(3, 9), Voided("r", START, 1, "x"), Reset("r", START, "f", "x")):
        assert entry_from_json(entry_to_json(one)) == one
    position = fold(numbered(entry, close(3, 9)))
    assert Position.from_json(position.to_json()) == position


def test_a_partitions_identity_keeps_exact_numbers() -> None:
    text = b'{"kind":"slices","run":"r","at":"2026-01-01T00:00:00Z","base":0,"started":"2026-01-01T00:00:00Z",' + (
        b'"fingerprint":"","parts":[],"slices":[{"slice":{"partition":{"o":{"id":1.10,"n":12345678901234567890}}},'
        b'"status":"done"}]}'
    )
    entry = entry_from_json(text)
    assert isinstance(entry, Committed)
    assert entry.slices[0].slice.partition_key == '{"o":{"id":1.10,"n":12345678901234567890}}'


def test_a_reissued_part_counts_in_the_place_of_the_old_one() -> None:
    """Rows of the slices move up past the lines that are left out, also where it is reissued twice."""

    def part(key: str, rows: int) -> Part:
        return Part(key, rows, 1, "", 1, "")

    slices = [
        SliceResult(Slice({"p": 1}), "done", 4, [Range("a", 8, 2), Range("b", 1, 2)]),
        SliceResult(Slice({"p": 2}), "done", 1, [Range("b", 3, 1)]),
        SliceResult(Slice({"p": 3}), "done", 3, [Range("b", 4, 3)]),
    ]
    read = committed(*slices, parts=[part("a", 9), part("b", 6)])
    first = Reissued("r", START, 1, "b", part("b2", 4), [BadLine(3, "x"), BadLine(5, "x")])
    second = Reissued("r", START, 1, "b2", part("b3", 3), [BadLine(1, "x")])
    entries: list[Numbered] = [(1, read), (2, first), (4, second)]
    assert [entry_from_json(entry_to_json(entry)) for _, entry in entries] == [entry for _, entry in entries]
    (_, once), *_ = settled(entries[:2])
    assert isinstance(once, Committed)
    assert [each.key for each in once.parts] == ["a", "b2"]
    assert [(each.rows, each.ranges) for each in once.slices] == [
        (4, [Range("a", 8, 2), Range("b2", 1, 2)]), (0, []), (2, [Range("b2", 3, 2)]),
    ]  # fmt: skip
    (_, twice), *_ = settled(entries)
    assert isinstance(twice, Committed)
    assert [(each.rows, each.ranges) for each in twice.slices] == [
        (3, [Range("a", 8, 2), Range("b3", 1, 1)]), (0, []), (2, [Range("b3", 2, 2)]),
    ]  # fmt: skip
    assert settled(entries[1:]) == entries[1:], "of an entry that was loaded before nothing is known here"
    assert fold(entries) == replace(fold(entries[:1]), entry=4), "no position moves"
