"""Ways to lose, double or change a record, or to move a position too far: none of them works."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from framework.errors import Conflict, FrameworkError, UploadLost
from framework.fetch import Client
from framework.limiter import Limiter
from framework.log import Log
from framework.manifest import Closed, Committed, Failure, Part, Position, Reset, Slice, SliceResult, Voided, fold
from framework.project import find
from framework.stages.local import LocalFolder
from framework.window import Window
from framework.workspace import Options, Workspace
from tests.api import Answer, Seen, framework, project, raw, rows, serving, spec

pytestmark = pytest.mark.slow

AT = datetime(2026, 1, 1, tzinfo=UTC)


def uploaded(stage: LocalFolder, key: str) -> Part:
    """A part that is prepared and not visible."""
    upload = stage.prepare(key)
    upload.write(b"x")
    return Part(key, 1, 1, "", 1, upload.finish())


def entry(run: str, day: int, *parts: Part, base: int = 0, **more: Any) -> Committed:
    """One day read."""
    window = Window(AT.replace(day=day), AT.replace(day=day + 1))
    result = SliceResult(Slice(window=window), "done", covered=window)
    return Committed(run, AT, base, AT, "f", list(parts), [result], **more)


def child(run: str, through: int, *keys: str, base: int = 0, status: Any = "done") -> Committed:
    """Some parents followed."""
    results = [SliceResult(Slice({"x": key}), status) for key in keys]
    return Committed(run, AT, base, AT, "f", [], results, through=through)


class Interrupted(LocalFolder):
    """A stage where something happens just before a listing."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.before_list: dict[int, Callable[[], object]] = {}
        self.lists = 0

    def list(self, prefix: str, after: str = "") -> Iterator[Any]:
        if not prefix.endswith("/at/"):
            self.lists += 1
            self.before_list.pop(self.lists, lambda: None)()
        return super().list(prefix, after)


# The log


def test_an_entry_logged_while_another_run_recovers_is_published_later(tmp_path: Path) -> None:
    """A checkpoint holds nothing that was not published: else nobody would ever publish it."""
    stage = Interrupted(tmp_path)
    log = Log(stage, "project", "shop", "orders")
    log.append(entry("a", 1), 0)
    part = uploaded(stage, "project/source=shop/part-1")
    stage.before_list[2] = lambda: log.append(entry("b", 2, part), 1)  # and b dies before it publishes
    first = log.recover()
    assert first.entry == 1 or (tmp_path / part.key).is_file()
    assert log.recover().entry == 2
    assert (tmp_path / part.key).is_file()


def test_only_what_is_visible_is_given_to_readers(tmp_path: Path) -> None:
    """Another run logs an entry between two steps of this one, and has not published it yet."""
    stage = LocalFolder(tmp_path)
    log = Log(stage, "project", "shop", "orders")
    log.append(entry("a", 1), 0)
    log.recover()
    part = uploaded(stage, "project/source=shop/part-1")
    log.append(entry("b", 2, part), 1)
    for _, found in log.published():
        assert isinstance(found, Committed)
        assert all((tmp_path / part.key).is_file() for part in found.parts)


def test_a_voided_entry_is_in_nobodys_way(tmp_path: Path) -> None:
    """The same run tries its slice again, another run takes it over."""
    stage = LocalFolder(tmp_path)
    log = Log(stage, "project", "shop", "orders")
    lost = Part("project/source=shop/part-1", 1, 1, "", 1, "gone")
    number = log.append(entry("a", 1, lost), 0)
    with pytest.raises(UploadLost):
        log.publish(number, entry("a", 1, lost))
    assert log.append(entry("a", 1), 0) == 3
    assert log.append(entry("b", 2), 0) == 4


def test_a_run_that_ends_after_a_reset_does_not_move_the_new_position(tmp_path: Path) -> None:
    """A run over a child stream has committed all, and another run gives the position up before it closes."""
    log = Log(LocalFolder(tmp_path), "project", "shop", "orders")
    log.append(child("old", 7, "a", "b"), 0)
    log.append(Reset("new", AT, "f", "--full-refresh"), 1)
    with pytest.raises(Conflict):
        log.append(Closed("old", AT, 0, 2, 2, 0, through=7), 1)
    assert log.recover().parents == 0


def test_a_file_of_an_editor_in_the_log_is_no_entry(tmp_path: Path) -> None:
    log = Log(LocalFolder(tmp_path), "project", "shop", "orders")
    log.append(entry("a", 1), 0)
    folder = tmp_path / "project" / "_log" / "shop" / "orders"
    for name in ("00000001.json~", "00000001.json.bak", "0-notes.txt"):
        (folder / name).write_text("{}")
    assert log.recover().entry == 1


def test_an_entry_of_another_version_is_said_with_its_place(tmp_path: Path) -> None:
    log = Log(LocalFolder(tmp_path), "project", "shop", "orders")
    log.append(entry("a", 1), 0)
    log.recover()
    folder = tmp_path / "project" / "_log" / "shop" / "orders"
    for name, read in (("00000001.json", lambda: list(log.entries())), ("at/00000001.json", log.recover)):
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | {"invented_later": 1}))
        with pytest.raises(FrameworkError, match=rf"{name}.*invented_later.*newer"):
            read()


# The position


def test_a_skipped_parent_is_due_again() -> None:
    """As a skipped window is: what was skipped may be there tomorrow."""
    closed = Closed("a", AT, 0, 3, 2, 1, through=7)
    position = fold([(1, child("a", 7, "x", "y")), (2, child("a", 7, "z", status="skipped")), (3, closed)])
    assert [item.partition for item in position.pending.values()] == [{"x": "z"}]
    assert position.parents == 7
    position = fold([(4, child("b", 7, "z"))], position)
    assert position.pending == {}
    assert position.followed == {'{"x":"z"}': 7}


def test_a_parent_that_is_skipped_each_time_is_gone_until_it_changes() -> None:
    """An order that answers 404 for ever is not asked for in every run of all years."""
    position = Position()
    due = []
    for run in range(1, 4):
        closed = Closed("a", AT, 0, 1, 0, 1, through=7)
        entries = [(2 * run, child("a", 7, "z", status="skipped")), (2 * run + 1, closed)]
        position = fold(entries, position)
        due.append(len(position.pending))
    assert due == [1, 1, 0]
    assert position.skips == {}


def test_a_failure_that_is_older_than_a_success_is_not_due() -> None:
    """Two attempts of one run close one after the other, in any order."""
    late = Closed("a", AT, 0, 1, 0, 0, failed=[Failure(Slice({"x": "z"}), "no")], through=7)
    position = fold([(1, child("a", 7, "z")), (2, late)])
    assert position.pending == {}


# Runs, one after the other and at the same time


WINDOWED: dict[str, Any] = {
    "request": {"path": "/items", "params": {"since": "{{ window.start }}", "until": "{{ window.end }}"}},
    "incremental": {"cursor": "at", "start": "2026-01-01", "window": "100d"},
}
TO_NOW: dict[str, Any] = {
    "request": {"path": "/items", "params": {"since": "{{ window.start }}"}},
    "incremental": {"cursor": "at", "start": "2026-01-01"},
}
CHILD: dict[str, Any] = {
    "name": "details",
    "for_each": {"stream": "items", "as": "item"},
    "request": {"path": "/items/{{ item.id }}"},
    "records": "@",
    "primary_key": ["of"],
}
PER_VALUE: dict[str, Any] = {
    "for_each": {"values": ["a", "b", "c", "d"], "as": "x"},
    "request": {"path": "/items/{{ x }}"},
    "records": "@",
}
ONE_BY_ONE = {"rate_limit": {"concurrency": 1}}


def opened(folder: Path) -> Workspace:
    """The project's only source."""
    return Workspace(find(folder).deployment("api", None))


def planned(space: Workspace, stream: str, **options: Any) -> Any:
    """A plan for a run of its own."""
    return space.plan(space.source.stream(stream), "r" * 25 + stream[0], space.now(), Options(**options))


def extracted(space: Workspace, plan: Any) -> Any:
    """The plan carried out."""
    client: Client = space.client(plan.run, plan.started)
    try:
        return space.extract(plan, client)
    finally:
        client.close()


def closings(space: Workspace, stream: str) -> list[Closed]:
    """Of the stream's log."""
    return [found for _, found in space.log(stream).entries() if isinstance(found, Closed)]


def parents_and_children(seen: Seen) -> Any:
    """Two items, and something about each."""
    if seen.path == "/items":
        return {"items": [{"id": 1}, {"id": 2}]}
    return {"of": seen.path.rpartition("/")[2]}


@pytest.mark.parametrize("limit", [None, 1])
def test_a_plan_carried_out_again_is_as_complete_as_it_was(limit: int | None, tmp_path: Path) -> None:
    """What was skipped or cut short stays so: `replace` would take the rest for gone."""

    def answer(seen: Seen) -> Any:
        return Answer(b"", 404) if limit is None and seen.path == "/items/b" else [{"id": 1}, {"id": 2}]

    with serving(answer) as api:
        skip = {"responses": [{"when": {"status": 404}, "then": "skip"}]}
        project(tmp_path, spec(api.address, PER_VALUE | skip, http=ONE_BY_ONE))
        space = opened(tmp_path)
        plan = planned(space, "items", limit=limit)
        first = extracted(space, plan)
        again = extracted(space, plan)
    assert not any(closed.complete for closed in closings(space, "items"))
    if limit is None:
        assert (first.done, first.skipped) == (again.done, again.skipped) == (3, 1)
    else:
        assert again.done == 0


def test_slices_that_another_attempt_has_logged_take_no_others_with_them(tmp_path: Path) -> None:
    """Two attempts of one run, as when a worker is taken for dead: one logs a slice while the other holds a batch."""
    space: Workspace

    def answer(seen: Seen) -> Any:
        if seen.path == "/items/c" and len(api.seen) == 3:  # the batch of this attempt holds a and b by now
            other = Committed(plan.run, AT, plan.base, AT, plan.fingerprint, [], [SliceResult(plan.slices[0], "done")])
            space.log("items").append(other, plan.base)
        return [{"id": seen.path[-1]}]

    with serving(answer) as api:
        project(tmp_path, spec(api.address, PER_VALUE, http=ONE_BY_ONE))
        space = opened(tmp_path)
        plan = planned(space, "items")
        outcome = extracted(space, plan)
        assert (outcome.done, outcome.unfinished) == (4, 0)
        assert [closed.complete for closed in closings(space, "items")] == [True]
        assert framework(tmp_path, "load", "api") == 0
    assert sorted(json.loads(text)["id"] for text in raw(tmp_path)) == ["b", "c", "d"]


def test_a_plan_whose_upload_was_lost_can_be_carried_out_again(tmp_path: Path) -> None:
    with serving(lambda seen: [{"id": 1}]) as api:
        project(tmp_path, spec(api.address, PER_VALUE))
        space = opened(tmp_path)
        plan = planned(space, "items")
        publish = space.stage.publish
        space.stage.publish = lambda key, handle, bytes: publish(key, "gone", bytes)  # type: ignore[method-assign]
        with pytest.raises(UploadLost):
            extracted(space, plan)
        space.stage.publish = publish  # type: ignore[method-assign]
        assert extracted(space, plan).done == 4
        assert framework(tmp_path, "load", "api") == 0
    assert len(raw(tmp_path)) == 4


def test_a_limit_moves_no_position(tmp_path: Path) -> None:
    def answer(seen: Seen) -> Any:
        return parents_and_children(seen) if "since" not in seen.params else {"items": [{"id": 1}]}

    with serving(answer) as api:
        project(tmp_path, spec(api.address, WINDOWED, CHILD))
        assert framework(tmp_path, "run", "api", "--limit", "2") == 0
        space = opened(tmp_path)
        assert space.position("items").covered == {}
        position = space.position("details")
        assert (position.parents, position.followed) == (0, {})


def test_a_child_that_was_cut_short_is_read_whole_by_the_next_run(tmp_path: Path) -> None:
    """Not the rest alone: `replace` would drop what the first run has read."""
    with serving(parents_and_children) as api:
        clean = {"table": "CLN_DETAIL", "mode": "replace"}
        project(tmp_path, spec(api.address, {}, CHILD | {"clean": clean}))
        assert framework(tmp_path, "run", "api") == 0
        space = opened(tmp_path)
        plan = planned(space, "details")
        item = next(item for item in plan.slices if item.partition == {"item": {"id": 1}})
        killed = Committed(plan.run, AT, plan.base, AT, plan.fingerprint, [], [SliceResult(item, "done")],
                           through=plan.through)  # fmt: skip
        space.log("details").append(killed, plan.base)
        assert framework(tmp_path, "run", "api", "--stream", "details") == 0
    assert len(rows(tmp_path, "select 1 from CLN_DETAIL")) == 2


def test_a_parent_that_is_gone_fails_its_child_no_longer(tmp_path: Path) -> None:
    """A child that follows all parents every time follows those that are there."""
    items = [{"id": 1}, {"id": 2}]

    def answer(seen: Seen) -> Any:
        if seen.path == "/items":
            return {"items": items}
        return Answer(b"", 404) if seen.path == "/items/2" else {"of": 1}

    with serving(answer) as api:
        project(tmp_path, spec(api.address, {}, CHILD))
        assert framework(tmp_path, "run", "api") == 1
        items.pop()
        assert framework(tmp_path, "run", "api") == 0


def test_a_parent_without_a_field_holds_back_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(seen: Seen) -> Any:
        if seen.path == "/items":
            return {"items": [{"id": 1, "kind": "a"}, {"id": 2}]}
        return {"of": seen.path}

    child = CHILD | {"request": {"path": "/items/{{ item.id }}/{{ item.kind }}"}}
    with serving(answer) as api:
        project(tmp_path, spec(api.address, {}, child))
        assert framework(tmp_path, "run", "api") == 1
        assert "/items/1/a" in api.paths()
    said = capsys.readouterr().out
    assert '[item={"id":2}]' in said
    assert "'kind'" in said
    assert len(raw(tmp_path, "details")) == 1


def test_a_child_follows_its_parents_while_another_run_logs_more(tmp_path: Path) -> None:
    """The other run has logged an entry and not published it: its parents are followed next time."""
    with serving(parents_and_children) as api:
        project(tmp_path, spec(api.address, {}, CHILD | {"for_each": CHILD["for_each"] | {"only_changed": True}}))
        assert framework(tmp_path, "run", "api", "--stream", "items") == 0
        space = opened(tmp_path)
        stage, log = space.stage, space.log("items")
        assert isinstance(stage, LocalFolder)
        part = uploaded(stage, "ingest/source=api/part-late")
        late = Committed("late", AT, 0, AT, "f", [part], [SliceResult(Slice(), "done", 1)])
        recover = Log.recover

        def recovered(self: Log, *notice: Any) -> Position:
            position = recover(self, *notice)
            if self.name == "api.items" and late is not None:
                log.append(late, position.entry)
            return position

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Log, "recover", recovered)
            plan = planned(space, "details")
        assert len(plan.slices) == 2
        assert plan.through == 2


def test_loading_goes_on_while_another_run_logs_more(tmp_path: Path) -> None:
    with serving(lambda seen: {"items": [{"id": 1}]}) as api:
        project(tmp_path, spec(api.address, {}))
        assert framework(tmp_path, "run", "api") == 0
        space = opened(tmp_path)
        assert isinstance(space.stage, LocalFolder)
        part = uploaded(space.stage, "ingest/source=api/part-late")
        late = Committed("late", AT, 0, AT, "f", [part], [SliceResult(Slice(), "done", 1)])
        position = Workspace.position

        def then_logged(self: Workspace, stream: str) -> Position:
            found = position(self, stream)
            self.log(stream).append(late, found.entry)
            return found

        recover = Log.recover

        def recovered(self: Log, *notice: Any) -> Position:
            found = recover(self, *notice)
            self.append(late, found.entry)
            return found

        with pytest.MonkeyPatch.context() as patch, space.warehouse() as warehouse:
            patch.setattr(Log, "recover", recovered)
            assert space.load(warehouse, space.source.stream("items")).parts == 0
    assert len(raw(tmp_path)) == 1


def test_an_old_run_that_ends_late_does_not_undo_a_full_refresh(tmp_path: Path) -> None:
    with serving(parents_and_children) as api:
        project(tmp_path, spec(api.address, {}, CHILD, http=ONE_BY_ONE))
        assert framework(tmp_path, "run", "api", "--stream", "items") == 0
        space = opened(tmp_path)
        plan = planned(space, "details")
        reset = Reset("new", AT, plan.fingerprint, "--full-refresh")
        append = Log.append

        def appended(self: Log, found: Any, after: int) -> int:
            if isinstance(found, Closed):
                append(self, reset, after)
            return append(self, found, after)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Log, "append", appended)
            with pytest.raises(Conflict):
                extracted(space, plan)
        position = space.position("details")
        assert (position.parents, position.followed) == (0, {})
        assert len(planned(space, "details").slices) == 2


def test_a_kept_plan_of_another_version_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(parents_and_children) as api:
        project(tmp_path, spec(api.address, {}))
        assert framework(tmp_path, "plan", "api", "--run", "r1") == 0
        path = next((tmp_path / ".data").rglob("_plan/**/r1.json"))
        path.write_text(json.dumps(json.loads(path.read_text()) | {"invented_later": 1}))
        assert framework(tmp_path, "extract", "api", "--run", "r1") == 1
    said = capsys.readouterr().err
    assert "r1.json" in said
    assert "invented_later" in said


def test_no_thread_and_no_connection_outlives_a_run(tmp_path: Path) -> None:
    def answer(seen: Seen) -> Any:
        return Answer(b"", 503) if seen.path == "/items/c" else [{"id": seen.path}]

    before = {thread.name for thread in threading.enumerate()}
    with serving(answer) as api:
        project(tmp_path, spec(api.address, PER_VALUE))
        assert framework(tmp_path, "run", "api") == 1
        left = {thread.name for thread in threading.enumerate()} - before
    assert not [name for name in left if name.startswith("slices")]


def test_what_ends_a_run_ends_it_soon(tmp_path: Path) -> None:
    """One worker can't write; another one would read pages for hours."""
    slow = threading.Event()

    def answer(seen: Seen) -> Any:
        if seen.path == "/items/a":
            return {"items": [{"id": len(api.seen)}], "next": len(api.seen)}
        slow.wait(0.1)
        return {"items": [{"id": seen.path}]}

    stream = PER_VALUE | {"records": "items", "pagination": {"type": "cursor", "next": "next", "param": "cursor"}}
    with serving(answer) as api:
        project(tmp_path, spec(api.address, stream, http={"rate_limit": {"concurrency": 2}}))
        space = opened(tmp_path)
        plan = planned(space, "items")

        def full(key: str) -> Any:
            raise OSError("the disk is gone")

        space.stage.prepare = full  # type: ignore[method-assign]
        with pytest.raises(OSError, match="the disk is gone"):
            extracted(space, plan)
    assert len(api.seen) < 2000


# What is asked for

IDS = {
    "a b": "a%20b",
    "a?b#c": "a%3Fb%23c",
    "50%": "50%25",
    "a%2Fb": "a%252Fb",
    "Zoë": "Zo%C3%AB",
    "owner/name": "owner/name",
    "2026-01-01T00:00:00Z": "2026-01-01T00:00:00Z",
}


def test_values_in_a_path_are_quoted(tmp_path: Path) -> None:
    """A slash stays, since `owner/name` is a path to many an API; `urlencode` quotes it too, and nothing twice."""
    streams = [
        {"name": "items", "request": {"path": "/items"}},
        CHILD,
        CHILD | {"name": "more", "request": {"path": "/more/{{ item.id | urlencode }}"}},
        CHILD | {"name": "urls", "request": {"path": "{{ item.url }}/lines"}},
    ]

    def answer(seen: Seen) -> Any:
        if seen.path == "/items":
            return {"items": [{"id": name, "url": f"{api.address}/urls/x%20y"} for name in IDS]}
        return {"of": seen.path}

    with serving(answer) as api:
        project(tmp_path, spec(api.address, *streams))
        assert framework(tmp_path, "run", "api") == 0
    assert {path for path in api.paths() if path.startswith("/items/")} == {f"/items/{text}" for text in IDS.values()}
    assert "/more/owner%2Fname" in api.paths()
    assert "/more/a%252Fb" in api.paths()
    assert "/urls/x%20y/lines" in api.paths()
    assert all(seen.params == {} for seen in api.seen)


@pytest.mark.parametrize("name", ["", ".", "..", "a/../../admin", "\u0000"])
def test_a_value_that_leads_to_another_path_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda seen: {"items": [{"id": name}, {"id": "good"}], "of": 1}) as api:
        project(tmp_path, spec(api.address, {}, CHILD))
        assert framework(tmp_path, "run", "api") == (0 if name == "\u0000" else 1)
    wanted = ["/items", "/items/%00", "/items/good"] if name == "\u0000" else ["/items", "/items/good"]
    assert sorted(api.paths()) == wanted
    if name != "\u0000":
        assert "can't be rendered: the value is" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize("value", [[["a"], "b"], [{"a": 1}], {"a": 1}, ["a", None]])
def test_a_parameter_that_is_no_text_is_refused(value: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`['a', 'b']` is Python, and no API reads it."""
    stream = {"request": {"path": "/items", "params": {"x": "{{ config.x }}"}}}
    kind = "array" if isinstance(value, list) else "object"
    with serving(lambda seen: {"items": []}) as api:
        project(tmp_path, spec(api.address, stream, config={"x": {"type": kind, "default": value}}))
        assert framework(tmp_path, "run", "api") == 1
        assert api.seen == []
    said = capsys.readouterr().out
    assert "params.x: the value is " in said


def test_parameters_keep_their_meaning(tmp_path: Path) -> None:
    params = {
        "yes": True, "no": "{{ config.no }}", "none": "{{ config.none }}", "big": "{{ item.big }}",
        "exact": "{{ item.exact }}", "text": "{{ item.text }}",
    }  # fmt: skip
    body = {
        "exact": "{{ item.exact }}",
        "big": "{{ item.big }}",
        "texts": ["{{ item.text }}"],
        "no": False,
        "not": None,
    }
    request = {"path": "/search", "method": "POST", "params": params, "json": body}
    text = "é&=+ 😀\u2028"

    def answer(seen: Seen) -> Any:
        if seen.path == "/items":
            return b'{"items": [{"id": 1.10, "big": 123456789012345678901234567890, "exact": 1.10, "text": %s}]}' % (
                json.dumps(text).encode()
            )
        return {"of": 1}

    config = {"no": {"type": "boolean", "default": False}, "none": {"type": ["string", "null"], "default": None}}
    with serving(answer) as api:
        project(tmp_path, spec(api.address, {}, CHILD | {"request": request}, config=config))
        assert framework(tmp_path, "run", "api") == 0
    sent = api.seen[1]
    big = "123456789012345678901234567890"
    assert sent.params == {"yes": "true", "no": "false", "big": big, "exact": "1.10", "text": text}
    assert sent.headers["content-type"] == "application/json"
    assert b'"exact":1.10,"big":' + big.encode() in sent.body.replace(b" ", b"")
    assert json.loads(sent.body)["texts"] == [text]
    assert json.loads(sent.body)["no"] is False


def test_identities_stay_apart_as_they_were_written(tmp_path: Path) -> None:
    """Two parents whose keys are equal as floats are two."""
    keys = ["1.10", "1.1", "123456789012345678901234567890", "123456789012345678901234567891", '"1.1"', '"Zo\\u00eb"']

    def answer(seen: Seen) -> Any:
        if seen.path == "/items":
            return b'{"items": [%s]}' % b", ".join(b'{"id": %s}' % key.encode() for key in keys)
        return {"of": 1}

    with serving(answer) as api:
        project(tmp_path, spec(api.address, {}, CHILD))
        assert framework(tmp_path, "run", "api") == 0
        assert framework(tmp_path, "run", "api") == 0
    assert sorted(api.paths()[1:7]) == sorted(
        ["/items/1.10", "/items/1.1", f"/items/{keys[2]}", f"/items/{keys[3]}", "/items/1.1", "/items/Zo%C3%AB"]
    )


@pytest.mark.parametrize("value", ["Zoë", "a\nX-Other: b", "😀"])
def test_a_header_that_http_can_not_carry_fails_its_slice(
    value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = {"path": "/items/x", "headers": {"X-Name": "{{ item.id }}"}}
    with serving(lambda seen: {"items": [{"id": "plain"}, {"id": value}], "of": 1}) as api:
        project(tmp_path, spec(api.address, {}, CHILD | {"request": request}, http={"retry": {"attempts": 3}}))
        assert framework(tmp_path, "run", "api") == 1
    assert api.paths() == ["/items", "/items/x"]
    assert "X-Name" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["http://[broken", "ftp://example.test/", "//", "http://a b/"])
@pytest.mark.parametrize("kind", ["next_url", "link_header", "redirect"])
def test_a_url_that_is_none_fails_its_slice(
    url: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(seen: Seen) -> Any:
        if kind == "redirect":
            return Answer(b"", 302, {"Location": url})
        return Answer({"items": [{"id": len(api.seen)}], "next": url}, headers={"Link": f'<{url}>; rel="next"'})

    pages = {"next_url": {"type": "next_url", "next": "next"}, "link_header": {"type": "link_header"}}
    with serving(answer) as api:
        project(tmp_path, spec(api.address, {"pagination": pages.get(kind)}))
        assert framework(tmp_path, "run", "api") == 1
    assert "✗ api.items" in capsys.readouterr().out
    assert raw(tmp_path) == []


@pytest.mark.parametrize("items", [[{"a": 1}, {"a": 1}], [None, "x"], [1, True, "1", 1]])
def test_a_list_of_anything_is_no_crash(items: list[Any], tmp_path: Path) -> None:
    stream = PER_VALUE | {"for_each": {"values": "{{ config.x }}", "as": "x"}}
    with serving(lambda seen: [{"id": 1}]) as api:
        project(tmp_path, spec(api.address, stream, config={"x": {"type": "array", "default": items}}))
        assert framework(tmp_path, "run", "api") == (0 if items[0] == 1 else 1)
    assert sorted(api.paths()) == (["/items/1", "/items/1", "/items/true"] if items[0] == 1 else api.paths())


# What comes back


def hostile(folder: Path, body: Any, stream: dict[str, Any] | None = None, **http: Any) -> int:
    """A run over one answer."""
    with serving(lambda seen: body) as api:
        project(folder, spec(api.address, stream or {}, http=http))
        return framework(folder, "run", "api")


DEEP = 100_000
BODIES: dict[str, tuple[bytes, list[str]]] = {
    "deep lists": (b'{"items":[{"id":1,"a":' + b"[" * DEEP + b"]" * DEEP + b"}]}", ["nested too deeply"]),
    "deep objects": (b'{"items":[{"id":1,"a":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}]}", ["nested too deeply"]),
    "a deep body": (b"[" * DEEP, ["nested too deeply"]),
    "NaN": (b'{"items": [{"id": 1, "a": NaN}]}', ["is not JSON", "byte 26"]),
    "-Infinity": (b'{"items": [{"id": 1, "a": -Infinity}]}', ["is not JSON"]),
    "a raw newline in a text": (b'{"items": [{"id": 1, "a": "x\ny"}]}', ["is not JSON"]),
    "two bodies": (b'{"items": [{"id": 1}]}\n{"items": [{"id": 2}]}', ["trailing characters"]),
}


@pytest.mark.parametrize("case", BODIES)
@pytest.mark.parametrize("edited", [False, True])
def test_a_body_that_can_not_be_read_is_said(
    case: str, edited: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body, wanted = BODIES[case]
    rule = {"responses": [{"when": {"body": "error"}, "then": "fail"}]}
    stream = rule | ({"records": {"path": "items[?id]", "drop": ["b"]}} if edited else {})
    assert hostile(tmp_path, body, stream) == 1
    said = capsys.readouterr().out
    about = [line for line in said.splitlines() if "✗ api.items" in line]
    assert len(about) == 1
    for text in wanted:
        assert text in about[0]
    assert raw(tmp_path) == []


def test_half_a_surrogate_pair_is_replaced_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A text cut in the middle of an emoji: JSON can write it, no database can hold it."""
    first = b'{"id": 1, "a": "x\\ud83d", "b": "\\\\ud83d"}'
    second = b'{"id": 2, "a": "\\uD83D\\uDE00 \\ude00", "z": 1.10}'
    body = b'{"items": [%s, %s]}' % (first, second)
    assert hostile(tmp_path, body) == 0
    assert raw(tmp_path) == [
        '{"id": 1, "a": "x\\ufffd", "b": "\\\\ud83d"}',
        '{"id": 2, "a": "\\uD83D\\uDE00 \\ufffd", "z": 1.10}',
    ]
    said = capsys.readouterr().out
    assert "2 halves of surrogate pairs" in " ".join(said.split())


def test_pretty_printed_records_keep_every_value(tmp_path: Path) -> None:
    records = [
        {"id": 1, "a": "line\nline\r\nline", "b": "\u2028\u2029\x85\x0b", "c": "  two  spaces  ", "d": "\\n"},
        {"id": 2, "a": {"b": [1, {"c": "x\ty"}]}},
    ]
    for ensure_ascii in (True, False):
        folder = tmp_path / str(ensure_ascii)
        body = json.dumps({"items": records}, indent=2, ensure_ascii=ensure_ascii).replace("\n", "\r\n").encode()
        assert hostile(folder, body) == 0
        assert [json.loads(text) for text in raw(folder)] == records


def test_the_last_of_two_equal_names_counts_and_both_are_kept_from_the_stage(tmp_path: Path) -> None:
    body = b'{"items": [{"id": 1, "mail": "a", "id": 2, "\\u006dail": "b", "x": {"mail": "c", "mail": "d"}}]}'
    assert hostile(tmp_path / "a", body) == 0
    assert raw(tmp_path / "a") == [body[11:-2].decode()]
    stream = {"records": {"path": "items", "drop": ["mail", "x.mail"]}}
    assert hostile(tmp_path / "b", body, stream) == 0
    assert raw(tmp_path / "b") == ['{"id":2,"x":{}}']


@pytest.mark.parametrize("place", ["records", "next", "total"])
def test_a_path_that_does_not_fit_the_body_fails_its_slice(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JMESPath's functions refuse what they don't take."""
    bad = "length(id)"
    stream: dict[str, Any] = {
        "records": {"records": "items[?length(id) > `3`]"},
        "next": {"pagination": {"type": "cursor", "next": bad, "param": "x"}},
        "total": {"pagination": {"type": "page_number", "param": "page", "total_records": bad}},
    }[place]
    assert hostile(tmp_path, {"items": [{"id": 1}], "id": 1}, stream) == 1
    said = capsys.readouterr().out
    assert "length()" in said
    assert "✗ api.items" in said


def test_a_rule_whose_path_does_not_fit_the_body_does_not_hold(tmp_path: Path) -> None:
    """`length(errors)` on a body without errors."""
    rules = [{"when": {"body": "length(errors)"}, "then": "fail"}]
    assert hostile(tmp_path, {"items": [{"id": 1}]}, {"responses": rules}) == 0


@pytest.mark.parametrize("token", [{"a": 1}, [1], True])
def test_a_cursor_that_is_no_plain_value_is_said(
    token: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = {"pagination": {"type": "cursor", "next": "next", "param": "cursor"}}
    assert hostile(tmp_path, {"items": [{"id": 1}], "next": token}, stream) == 1
    assert "'next'" in capsys.readouterr().out


def test_a_huge_page_is_read(tmp_path: Path) -> None:
    record = b'{"id": 1, "text": "' + b"x" * 1_000_000 + b'"}'
    body = b'{"items": [' + b",".join([record] * 30) + b"]}"
    assert hostile(tmp_path, body, {"primary_key": ["id"]}) == 0
    assert rows(tmp_path, "select count(*), sum(length(payload::varchar)) from RAW_API_JSON") == [
        (30, 30 * len(record))
    ]


# The API's clock, and the cursor

DATES = {
    "Thu, 01 Jan 1970 00:00:00 GMT": False,
    "Mon, 01 Jan 0001 00:00:00 GMT": False,
    "Mon, 01 Jan 1000 00:00:00 GMT": False,
    "Fri, 31 Dec 9999 23:59:59 -1400": True,
    "Fri, 31 Dec 9999 23:59:59 GMT": True,
    "yesterday": True,
    "Mon, 32 Jan 2026 00:00:00 GMT": True,
}


@pytest.mark.parametrize("date", DATES)
def test_a_date_header_that_is_far_off_is_no_crash(
    date: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The position never passes the API's own clock: one that stands still is said, since it holds the position."""
    monkeypatch.setattr("tests.api._Handler.date_time_string", lambda self: date)
    incremental = WINDOWED["incremental"] | {"delay": "1h", "window": None}
    with serving(lambda seen: {"items": [{"id": 1}]}) as api:
        project(tmp_path, spec(api.address, WINDOWED | {"incremental": incremental}))
        assert framework(tmp_path, "run", "api") == 0
    moved = bool(opened(tmp_path).position("items").covered)
    assert moved is DATES[date]
    assert ("clock" in capsys.readouterr().out) is not moved


def test_a_date_without_a_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    from framework.fetch import date_of
    from framework.request import Request, Response

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        for text in ("Thu, 01 Jan 2026 00:00:00 -0000", "Thu, 01 Jan 2026 00:00:00"):
            assert date_of(Response(Request("GET", "http://a"), 200, {"date": text}, b"")) == AT
    finally:
        monkeypatch.undo()
        time.tzset()


CURSORS: dict[str, tuple[str, list[list[Any]], str | None]] = {
    "unsorted over pages": ("iso8601", [["2026-01-03T00:00:00Z"], ["2026-01-02T00:00:00Z"]], "2026-01-03"),
    "equal": ("iso8601", [["2026-01-02T00:00:00Z"] * 2, ["2026-01-02T00:00:00Z"]], "2026-01-02"),
    "offsets": ("iso8601", [["2026-01-03T00:30:00+01:00"], ["2026-01-02T23:00:00-00:00"]], "2026-01-02T23:30"),
    "offsets without colons": ("iso8601", [["2026-01-03T00:30:00+0100"]], "2026-01-02T23:30"),
    "mixed widths": ("iso8601", [["2026-01-02T00:00:00Z", "2026-01-02T00:00:00.5Z"]], "2026-01-02T00:00:00.500000"),
    "seven digits": ("iso8601", [["2026-01-02T00:00:00.9999999Z"]], "2026-01-02T00:00:00.999999"),
    "small letters": ("iso8601", [["2026-01-02t00:00:00z"]], "2026-01-02"),
    "epoch": ("epoch", [[1767312000, 1767225600]], "2026-01-02"),
    "epoch text": ("epoch", [["1767312000"], ["999999999"]], "2026-01-02"),
    "epoch_ms": ("epoch_ms", [[1767312000500]], "2026-01-02T00:00:00.500000"),
    "a pattern with a Z that sorts by day": (
        "%d.%m.%Y %H:%MZ", [["31.01.2026 00:00Z", "01.02.2026 00:00Z"]], "2026-02-01",
    ),
    "missing in some": ("iso8601", [["2026-01-02T00:00:00Z", None]], "2026-01-02"),
    "the future": ("iso8601", [["2999-01-01T00:00:00Z"]], "now"),
    "missing in all": ("iso8601", [[None, None]], None),
    "before the start": ("iso8601", [["2020-01-01T00:00:00Z"]], None),
}  # fmt: skip


EDITED = ["unsorted over pages", "missing in some", "epoch"]


@pytest.mark.parametrize(
    ("case", "edits"),
    [(case, "none") for case in CURSORS] + [(case, edits) for case in EDITED for edits in ("added", "exploded")],
)
def test_the_position_is_the_greatest_cursor_of_all_pages(case: str, edits: str, tmp_path: Path) -> None:
    form, pages, wanted = CURSORS[case]
    number = iter(range(100))

    def answer(seen: Seen) -> Any:
        page = int(seen.params.get("cursor", 0))
        items = [{"id": next(number)} | ({"at": at} if at is not None else {}) for at in pages[page]]
        if edits == "exploded":
            items = [{"list": [item]} for item in items]
        return {"items": items, "next": page + 1 if page + 1 < len(pages) else None}

    more: dict[str, Any] = {
        "none": {},
        "added": {"records": {"path": "items", "add": {"x": 1}}},
        "exploded": {"records": {"path": "items", "explode": "list"}},
    }[edits]
    stream = TO_NOW | {"pagination": {"type": "cursor", "next": "next", "param": "cursor"}} | more
    stream |= {"incremental": TO_NOW["incremental"] | {"format": form}}
    started = datetime.now(UTC).replace(microsecond=0)
    with serving(answer) as api:
        project(tmp_path, spec(api.address, stream))
        assert framework(tmp_path, "run", "api") == 0
    found = opened(tmp_path).position("items").covered.get("{}", ())
    if wanted is None:
        assert found == ()
    elif wanted == "now":
        assert started - timedelta(seconds=1) <= found[0].end <= datetime.now(UTC)
    else:
        assert found[0].end == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


@pytest.mark.parametrize(("form", "value"), [
    ("iso8601", "yesterday"), ("iso8601", ""), ("iso8601", 1767312000), ("iso8601", "0001-01-01T00:00:00+14:00"),
    ("epoch", 1767312000000000), ("epoch", "inf"), ("epoch", True), ("iso8601", {"a": 1}), ("%Y", "x"),
])  # fmt: skip
def test_a_cursor_that_is_no_instant_is_said(
    form: str, value: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alone it fails the slice, since nothing would ever move; among others it is a warning."""
    stream = TO_NOW | {"incremental": TO_NOW["incremental"] | {"format": form}}
    good = {"iso8601": "2026-01-02T00:00:00Z", "epoch": 1767312000, "%Y": "2026"}[form]
    for at, code in (([value], 1), ([good, value], 0)):
        folder = tmp_path / str(code)
        assert hostile(folder, {"items": [{"id": 1, "at": item} for item in at]}, stream) == code
        said = " ".join(capsys.readouterr().out.split())
        assert "'at'" in said
        assert f"no instant in the form {form}" in said


def test_no_cursor_at_all_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hostile(tmp_path, {"items": [{"id": 1}]}, TO_NOW) == 0
    assert "no record has the cursor 'at'" in " ".join(capsys.readouterr().out.split())


BOUNDS = ["[start,end)", "[start,end]", "(start,end]", "(start,end)"]
STEPS = {
    "iso8601": timedelta(seconds=1),
    "date": timedelta(days=1),
    "epoch": timedelta(seconds=1),
    "%Y-%m-%d %H:%M": timedelta(minutes=1),
    "%Y-%m-%dT%H": timedelta(hours=1),
}


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("form", STEPS)
@pytest.mark.parametrize("precision", ["1ms", "1s"])
def test_windows_leave_no_gap_whatever_the_api_includes(bounds: str, form: str, precision: str) -> None:
    """An API whose clock has the precision, and which reads its bounds in the form's own steps."""
    from framework.plan import Request, slices
    from framework.plan import covered as covers
    from framework.spec import Stream
    from framework.window import format_instant, parse_instant, sent_bounds, step

    incremental = {"cursor": "at", "start": "2026-01-01T10:17:31Z", "bounds": bounds, "precision": precision}
    stream = Stream.model_validate({"name": "x", **WINDOWED, "incremental": incremental | {"format": form}})
    assert stream.incremental
    clock = step(form, stream.incremental.precision)
    times = [AT + timedelta(hours=5, minutes=13) * n for n in range(2, 20)]
    times += [AT.replace(day=day) for day in (2, 3, 4)]
    position, got = Position(), set()
    for now in (
        AT.replace(day=2, hour=13, minute=5, second=3),
        AT.replace(day=3),
        AT.replace(day=4, hour=23, minute=59),
    ):
        for item in slices(stream, {}, position, now, Request()):
            assert item.window
            sent = sent_bounds(item.window, stream.incremental.bounds, clock)
            ends = [parse_instant(format_instant(end, form, clock), form) for end in (sent.start, sent.end)]
            for at in times:
                seen_as = parse_instant(format_instant(at, form, clock), form)  # APIs compare what was sent by its step
                after = seen_as >= ends[0] if bounds[0] == "[" else seen_as > ends[0]
                before = seen_as <= ends[1] if bounds[-1] == "]" else seen_as < ends[1]
                if after and before and at < now:
                    got.add(at)
            done = covers(stream, item, None, None)
            assert done
            position = fold(
                [(1, Committed("a", AT, 0, AT, "f", [], [SliceResult(item, "done", covered=done)]))], position
            )
    end = position.covered["{}"][-1].end
    missed = [at for at in times if AT.replace(hour=10, minute=17, second=31) <= at < end and at not in got]
    assert missed == []


# The stage


def test_uploads_that_vanish_while_they_are_swept_are_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run publishes its own."""
    stage = LocalFolder(tmp_path)
    part = uploaded(stage, "project/part-1")
    stat = Path.stat

    def published_first(self: Path, **named: Any) -> Any:
        if self.name == part.upload.rpartition("/")[2]:
            monkeypatch.setattr(Path, "stat", stat)
            stage.publish(part.key, part.upload, 1)
        return stat(self, **named)

    monkeypatch.setattr(Path, "stat", published_first)
    for found in stage.leftovers(datetime.now(UTC) + timedelta(days=1)):
        stage.discard(found)
    assert (tmp_path / part.key).is_file()


@pytest.mark.parametrize("call", ["open", "fsync", "link", "unlink", "scandir"])
def test_a_stage_that_can_not_be_written_or_read_is_said(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a read-only file system or a lost mount has it."""
    with serving(lambda seen: {"items": [{"id": 1}]}) as api:
        project(tmp_path, spec(api.address, {}))
        assert framework(tmp_path, "run", "api") == 0
        uploaded(LocalFolder(tmp_path / ".data" / "stage"), "ingest/source=api/x")
        real = getattr(os, call)

        def refused(path: Any, *rest: Any, **named: Any) -> Any:
            if call == "fsync" or ".data/stage" in str(path):
                raise OSError(30, "Read-only file system", str(path))
            return real(path, *rest, **named)

        monkeypatch.setattr("framework.run.UPLOADS_KEPT", timedelta(days=-1))
        with monkeypatch.context() as patch:
            patch.setattr(os, call, refused)
            assert framework(tmp_path, "run", "api") == 1
    said = capsys.readouterr().err
    assert "Read-only file system" in said
    assert ".data/stage" in said


# Secrets that a file left a line break in


def test_a_secret_with_a_line_break_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_TOKEN", "not-to-be\nseen")
    auth = {"type": "bearer", "token": "{{ secrets.token }}"}
    with serving(lambda seen: {"items": []}) as api:
        project(tmp_path, spec(api.address, {}, http={"auth": auth}, secrets=["token"]))
        assert framework(tmp_path, "run", "api") == 1
        assert api.seen == []
    said = capsys.readouterr()
    assert "line break" in " ".join((said.out + said.err).split())
    assert "not-to-be" not in said.out + said.err


# Runs at the same time, for real


def test_of_two_runs_of_a_child_one_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    """Both have planned the same parents; one full refresh comes in between."""
    for refresh in (False, True):
        folder = tmp_path / str(refresh)
        with serving(parents_and_children) as api:
            child = CHILD | {"for_each": CHILD["for_each"] | {"only_changed": True}}
            project(folder, spec(api.address, {}, child))
            assert framework(folder, "run", "api", "--stream", "items") == 0
            space = opened(folder)
            first = space.plan(space.source.stream("details"), "a" * 26, space.now(), Options())
            second = space.plan(space.source.stream("details"), "b" * 26, space.now(), Options(full_refresh=refresh))
            if refresh:
                with pytest.raises(Conflict, match="reset"):
                    extracted(space, first)
                extracted(space, second)
            else:
                extracted(space, first)
                with pytest.raises(Conflict, match="worked on the same data"):
                    extracted(space, second)
            assert space.position("details").parents == first.through
            assert framework(folder, "load", "api") == 0
        assert sorted(raw(folder, "details")) == ['{"of": "1"}', '{"of": "2"}']


def test_ctrl_c_in_the_middle_of_a_commit_is_made_whole_by_the_next_run(tmp_path: Path) -> None:
    """Between the log entry and the publication, on the main thread; and again while it tidies up."""
    for moment in ("append", "publish"):
        folder = tmp_path / moment
        with serving(lambda seen: [{"id": seen.path[-1]}]) as api:
            project(folder, spec(api.address, PER_VALUE))
            real = getattr(Log, moment)

            def interrupted(self: Log, *values: Any, real: Any = real) -> Any:
                real(self, *values)
                raise KeyboardInterrupt

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Log, moment, interrupted)
                assert framework(folder, "run", "api") == 130
            assert framework(folder, "run", "api") == 0
        ids = [json.loads(text)["id"] for text in raw(folder)]
        assert {number: ids.count(number) for number in "abcd"} == dict.fromkeys("abcd", 2)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("slices")]


def test_runs_that_start_all_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    """Many threads, each a run of its own over other days; each also recovers what the others do."""
    days = [AT + timedelta(days=number) for number in range(8)]

    def answer(seen: Seen) -> Any:
        return {"items": [{"id": seen.params["since"], "at": seen.params["since"]}]}

    with serving(answer) as api:
        project(tmp_path, spec(api.address, WINDOWED))
        errors: list[BaseException] = []

        def run_one(day: datetime) -> None:
            try:
                space = opened(tmp_path)
                options = Options(since=day, until=day + timedelta(days=1))
                run = f"{day:%d}".rjust(26, "0")
                extracted(space, space.plan(space.source.stream("items"), run, space.now(), options))
            except BaseException as error:  # noqa: BLE001 - shown below
                errors.append(error)

        threads = [threading.Thread(target=run_one, args=(day,)) for day in days]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert framework(tmp_path, "load", "api") == 0
    assert sorted(json.loads(text)["id"] for text in raw(tmp_path)) == [f"{day:%FT%TZ}" for day in days]


@pytest.mark.parametrize("words", [["--since", "2026-03-01", "--until", "2026-02-01"], ["--since", "2999-01-01"]])
def test_a_range_that_holds_nothing_is_said(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda seen: {"items": []}) as api:
        project(tmp_path, spec(api.address, WINDOWED))
        assert framework(tmp_path, "run", "api", *words) == 1
    assert "since" in capsys.readouterr().err


def test_spans_beyond_the_calendar_are_no_crash(tmp_path: Path) -> None:
    with serving(lambda seen: {"items": [{"id": 1}]}) as api:
        changes = [
            {"lookback": "9999999d"},
            {"delay": "9999999d"},
            {"start": "0001-01-01", "bounds": "(start,end)", "window": None},
        ]
        for number, change in enumerate(changes):
            folder = tmp_path / str(number)
            project(folder, spec(api.address, WINDOWED | {"incremental": WINDOWED["incremental"] | change}))
            assert framework(folder, "run", "api") == 0
            assert framework(folder, "run", "api") == 0
    assert [seen.params["since"] for seen in api.seen if seen.params["since"] < "1"] == ["0001-01-01T00:00:00Z"]


# What lists, clocks and people do


class Listing(LocalFolder):
    """A folder that is read while entries are added: one that came before another is not seen."""

    hidden = ""

    def list(self, prefix: str, after: str = "") -> Iterator[Any]:
        return (found for found in super().list(prefix, after) if not self.hidden or self.hidden not in found.key)


def test_an_entry_that_a_listing_missed_is_found(tmp_path: Path) -> None:
    stage = Listing(tmp_path)
    log = Log(stage, "project", "shop", "orders")
    for day in (1, 2, 3):
        log.append(entry("a", day), day - 1)
    stage.hidden = "/00000002.json"
    assert [number for number, _ in log.entries()] == [1, 2, 3]
    assert log.recover().reached({}, AT) == AT.replace(day=4)


def test_a_copy_of_a_checkpoint_is_none(tmp_path: Path) -> None:
    log = Log(LocalFolder(tmp_path), "project", "shop", "orders")
    log.append(entry("a", 1), 0)
    log.recover()
    folder = tmp_path / "project" / "_log" / "shop" / "orders" / "at"
    (folder / "00000001.json~").write_text('{"entry": 9}')
    assert log.recover().entry == 1


@pytest.mark.parametrize("source", ["api", "other"])
def test_what_was_logged_long_ago_is_not_swept_but_published(source: str, tmp_path: Path) -> None:
    """A run died between its log entry and the publication, and nobody ran that source for weeks; others ran."""
    old = time.time() - timedelta(days=30).total_seconds()
    with serving(lambda seen: {"items": [{"id": 1}]}) as api:
        project(tmp_path, spec(api.address, {}))
        project(tmp_path, spec(api.address, {}) | {"name": "other"})
        space = opened(tmp_path)
        plan = planned(space, "items")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Log, "publish", lambda self, number, found: None)
            extracted(space, plan)
        uploaded(LocalFolder(tmp_path / ".data" / "stage"), f"ingest/source={source}/never-logged")
        for path in (tmp_path / ".data" / "stage" / "_uploads").rglob("*"):
            os.utime(path, (old, old))
        assert framework(tmp_path, "run", source) == 0
        left = [path for path in (tmp_path / ".data" / "stage" / "_uploads").rglob("*") if path.is_file()]
        assert len(left) == (0 if source == "api" else 1)
        assert framework(tmp_path, "run", "api") == 0
        assert not any(found.entry for _, found in space.log("items").entries() if isinstance(found, Voided))
    assert len(raw(tmp_path)) == (3 if source == "api" else 2)


def test_a_parents_log_that_was_deleted_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its numbers begin anew, and the child would not look at them until they are where it has been."""
    child = CHILD | {"for_each": CHILD["for_each"] | {"only_changed": True}}
    with serving(parents_and_children) as api:
        project(tmp_path, spec(api.address, {}, child))
        for _ in range(2):
            assert framework(tmp_path, "run", "api") == 0
        shutil.rmtree(tmp_path / ".data" / "stage" / "ingest" / "_log" / "api" / "items")
        assert framework(tmp_path, "run", "api") == 1
        assert "--full-refresh" in capsys.readouterr().err
        assert framework(tmp_path, "run", "api", "--full-refresh") == 1, "the file has loaded the log that is gone"
        assert "another warehouse" in capsys.readouterr().err
        (tmp_path / ".data" / "warehouse.duckdb").unlink()
        assert framework(tmp_path, "run", "api", "--full-refresh") == 0
        assert len(raw(tmp_path)) == 6, "what the two refused runs published, too"


def test_a_parents_part_that_is_damaged_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for damage in (lambda data: data[:-9], lambda data: b"no gzip", lambda data: data[:12] + b"\xff" + data[13:]):
        with serving(parents_and_children) as api:
            folder = tmp_path / str(api.server_address[1])
            project(folder, spec(api.address, {}, CHILD))
            assert framework(folder, "run", "api", "--stream", "items") == 0
            (part,) = folder.rglob("*.gz")
            part.write_bytes(damage(part.read_bytes()))
            assert framework(folder, "plan", "api", "--stream", "details") == 1
        said = capsys.readouterr().err
        assert part.name in said
        assert "damaged" in said


def test_a_pause_holds_for_those_who_wait_their_turn() -> None:
    limiter = Limiter(1, 0.05, 2)
    went: list[float] = []

    def ask() -> None:
        with limiter.request():
            went.append(time.monotonic())

    ask()
    waiting = threading.Thread(target=ask)
    waiting.start()
    time.sleep(0.01)
    paused = time.monotonic()
    limiter.pause(0.2)
    waiting.join()
    assert went[1] - paused >= 0.2


def test_a_secret_in_a_url_is_hidden_however_it_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_KEY", "hidden:to/be (un)seen")
    request = {"path": "/{{ secrets.key }}/items", "params": {"key": "{{ secrets.key }}"}}
    with serving(lambda seen: Answer(b"", 400)) as api:
        project(tmp_path, spec(api.address, {"request": request}, secrets=["key"]))
        assert framework(tmp_path, "run", "api") == 1
    said = capsys.readouterr()
    assert "/***/items?key=***" in said.out
    assert "hidden" not in said.out + said.err
