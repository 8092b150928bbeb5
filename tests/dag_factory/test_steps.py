"""The steps, one by one as tasks take them, each tried again: a real HTTP server, no Airflow."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dag_factory import steps
from dag_factory.steps import take
from framework.errors import CheckFailed, Conflict, SettingsError
from framework.manifest import Closed
from framework.workspace import Workspace
from tests.dag_factory.tiny import ORDERS, Api, listening, project, serving

STREAMS = ("orders", "events", "lines")


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as served:
        yield served


@pytest.fixture
def workspace(tmp_path: Path, api: Api) -> Workspace:
    """With a batch for every slice."""
    return steps.open_workspace(str(project(tmp_path, api.address, airflow={"batch": "1ms"})), "tiny", "local")


def begun(workspace: Workspace, *streams: str) -> dict[str, Any]:
    given: dict[str, Any] = take(workspace, "begin", None, {"streams": list(streams)})
    return given


def read(workspace: Workspace, stream: str, given: dict[str, Any]) -> int:
    """A stream's plan and all of its batches, each of which is tried though others failed."""
    rows, error = 0, None
    for batch in take(workspace, "plan", stream, given):
        try:
            rows += take(workspace, "extract", stream, {**given, "batch": batch})
        except steps.SlicesFailed as failed:
            error = failed
    if error:
        raise error
    return rows


def tables(workspace: Workspace, given: dict[str, Any], *streams: str) -> None:
    for stream in streams:
        take(workspace, "load", stream, given)
        if workspace.source.stream(stream).clean:
            take(workspace, "clean", stream, given)
        take(workspace, "check", stream, given)


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / ".data" / "warehouse.duckdb")) as connection:
        return connection.execute(query).fetchall()


def test_begin_mints_a_run(workspace: Workspace) -> None:
    first, second = begun(workspace), begun(workspace)
    assert first["run"] != second["run"]
    assert datetime.fromisoformat(first["started"]).tzinfo is not None
    assert first["streams"] == list(STREAMS)


def test_what_tasks_hand_over_is_json_and_names_only(workspace: Workspace) -> None:
    given = begun(workspace)
    read(workspace, "orders", given)
    batches = take(workspace, "plan", "lines", given)
    assert json.loads(json.dumps([given, batches])) == [given, batches]
    assert [(batch["number"], batch["of"]) for batch in batches] == [(number, 5) for number in range(1, 6)]
    assert batches[1]["name"] == "2 of 5 · order=2"


def test_a_plan_is_made_once_a_run(workspace: Workspace) -> None:
    given = begun(workspace)
    read(workspace, "orders", given)
    first = take(workspace, "plan", "lines", given)
    kept = workspace.kept_plan(given["run"], "lines")
    assert take(workspace, "plan", "lines", {**given, "full_refresh": True}) == first
    assert workspace.kept_plan(given["run"], "lines") == kept


def test_extract_without_a_plan(workspace: Workspace) -> None:
    batch = {"number": 1, "of": 1, "name": ""}
    with pytest.raises(SettingsError, match="no plan of run 'never'"):
        take(workspace, "extract", "orders", {"run": "never", "batch": batch})


def test_extract_again_reads_nothing_again(workspace: Workspace, api: Api) -> None:
    given = begun(workspace)
    assert read(workspace, "orders", given) == len(ORDERS)
    assert read(workspace, "orders", given) == 0
    assert api.asked == {"/orders": 1}
    assert take(workspace, "load", "orders", given)["rows"] == len(ORDERS)
    assert take(workspace, "load", "orders", given)["rows"] == 0


def test_extract_again_reads_only_what_failed(workspace: Workspace, api: Api) -> None:
    given = begun(workspace)
    read(workspace, "orders", given)
    api.broken = {"/orders/2/lines"}
    with pytest.raises(steps.SlicesFailed, match=r"lines: 1 of 1 slices failed(.|\n)*400"):
        read(workspace, "lines", given)
    assert take(workspace, "load", "lines", given)["rows"] == 2 * (len(ORDERS) - 1)
    assert closed(workspace, "lines")[-1].done == len(ORDERS) - 1

    api.broken = set()
    assert read(workspace, "lines", given) == 2
    asked = {path: count for path, count in api.asked.items() if path.endswith("/lines")}
    assert asked == {f"/orders/{order['id']}/lines": 2 if order["id"] == 2 else 1 for order in ORDERS}
    assert take(workspace, "load", "lines", given)["rows"] == 2
    assert take(workspace, "clean", "lines", given)["rows"] == 2 * len(ORDERS)
    assert closed(workspace, "lines")[-1].complete
    assert not workspace.position("lines").pending


def closed(workspace: Workspace, stream: str) -> list[Closed]:
    return [entry for _, entry in workspace.log(stream).entries() if isinstance(entry, Closed)]


def test_the_end_is_logged_once_however_many_ask(workspace: Workspace) -> None:
    given = begun(workspace)
    read(workspace, "orders", given)
    take(workspace, "plan", "lines", given)  # the child needs the parent's end
    take(workspace, "load", "orders", given)
    take(workspace, "load", "orders", given)
    (entry,) = closed(workspace, "orders")
    assert (entry.planned, entry.done, entry.complete) == (1, 1, True)
    assert entry.seconds > 0, "what the next run's batches are cut by"


def test_a_batch_whose_worker_died_is_unfinished(workspace: Workspace) -> None:
    given = begun(workspace)
    read(workspace, "orders", given)
    first, *_ = take(workspace, "plan", "lines", given)
    take(workspace, "extract", "lines", {**given, "batch": first})
    take(workspace, "load", "lines", given)
    entry = closed(workspace, "lines")[-1]
    assert (entry.done, entry.unfinished, entry.failed) == (1, 4, [])
    again = begun(workspace)
    read(workspace, "orders", again)
    assert len(take(workspace, "plan", "lines", again)) == 5, "they are due again"


def test_a_plan_that_a_later_run_has_overtaken(workspace: Workspace, api: Api) -> None:
    api.broken = {"/orders/2/lines"}
    late, later = begun(workspace), begun(workspace)
    read(workspace, "orders", late)
    with pytest.raises(steps.SlicesFailed):
        read(workspace, "lines", late)
    api.broken = set()
    read(workspace, "orders", later)
    read(workspace, "lines", later)
    with pytest.raises(Conflict, match="worked on the same data"):
        read(workspace, "lines", late)
    assert take(workspace, "load", "lines", later)["rows"] == 2 * (len(ORDERS) - 1) + 2 * len(ORDERS)


def test_another_process_goes_on_from_the_stage_alone(workspace: Workspace, tmp_path: Path) -> None:
    given = begun(workspace)
    batches = take(workspace, "plan", "orders", given)
    other = steps.open_workspace(str(tmp_path), "tiny", "local")
    assert take(other, "extract", "orders", {**given, "batch": batches[0]}) == len(ORDERS)


def test_all_steps_and_their_report(workspace: Workspace, tmp_path: Path) -> None:
    given = begun(workspace)
    for stream in STREAMS:
        read(workspace, stream, given)
    tables(workspace, given, *STREAMS)
    assert take(workspace, "marts", None, given) == {"ANL_TOTAL": 1}
    assert take(workspace, "report", None, given) == "ok"
    assert take(workspace, "report", None, given) == "ok", "cleared and run again"
    found = rows(tmp_path, "select run_id, status, requests, records, report from _INGEST_RUNS")
    assert [row[:4] for row in found] == [(given["run"], "ok", 7, 17)]
    told = json.loads(found[0][4])
    lines = told["streams"]["lines"]
    assert (lines["planned"], lines["done"], lines["records"], lines["loaded"]) == (5, 5, 10, 10)
    assert (lines["table"], lines["rows"], told["marts"]) == ("CLN_LINE", 10, {"ANL_TOTAL": 1})
    assert len(told["checks"]) == 5
    assert str(rows(tmp_path, "select total from ANL_TOTAL")[0][0]) == "17.50"


def test_the_report_of_a_run_of_some_streams(workspace: Workspace, tmp_path: Path) -> None:
    given = begun(workspace, "orders")
    read(workspace, "orders", given)
    tables(workspace, given, "orders")
    take(workspace, "marts", None, given)
    assert take(workspace, "report", None, given) == "ok"
    (text,) = rows(tmp_path, "select report from _INGEST_RUNS")[0]
    assert list(json.loads(text)["streams"]) == ["orders"]


def test_a_failure_is_in_the_report_and_told_to_those_who_want_to_know(tmp_path: Path, api: Api) -> None:
    with listening() as (url, told):
        folder = project(tmp_path, api.address, airflow={"batch": "1ms"}, alerts=[{"type": "slack", "url": url}])
        workspace = steps.open_workspace(str(folder), "tiny", "local")
        given = begun(workspace)
        api.broken = {"/orders/2/lines"}
        for stream in ("orders", "events"):
            read(workspace, stream, given)
        with pytest.raises(steps.SlicesFailed):
            read(workspace, "lines", given)
        tables(workspace, given, "orders", "lines")
        take(workspace, "marts", None, given)
        with pytest.raises(
            steps.RunFailed, match=r"failed, 7 requests(.|\n)*events: load: left no(.|\n)*\[order="
        ) as caught:
            take(workspace, "report", None, given)
    assert "check: left no word" not in str(caught.value), "that follows from the load"
    assert len(told) == 1
    assert "tiny (local)" in told[0]
    assert "order=" in told[0]
    status, text = rows(tmp_path, "select status, report from _INGEST_RUNS")[0]
    lines = json.loads(text)["streams"]["lines"]
    assert (status, lines["failed"], lines["done"], lines["unfinished"]) == ("failed", 1, 4, 0)


def test_what_another_try_mends_is_in_the_report_no_more(workspace: Workspace, api: Api) -> None:
    given = begun(workspace)
    api.broken = {"/orders/2/lines"}
    for stream in ("orders", "events"):
        read(workspace, stream, given)
    with pytest.raises(steps.SlicesFailed):
        read(workspace, "lines", given)
    api.broken = set()
    read(workspace, "lines", given)
    tables(workspace, given, *STREAMS)
    take(workspace, "marts", None, given)
    assert take(workspace, "report", None, given) == "ok"


def test_the_report_is_tried_again_where_the_warehouse_is_away(workspace: Workspace, tmp_path: Path) -> None:
    given = begun(workspace, "orders")
    read(workspace, "orders", given)
    (tmp_path / ".data" / "warehouse.duckdb").write_text("no database at all")
    with pytest.raises(Exception, match="can't open the DuckDB file"):
        take(workspace, "report", None, given)
    with pytest.raises(steps.RunFailed, match="its report was not kept"):
        take(workspace, "report", None, {**given, "last_try": True})


def test_check_names_every_failure(workspace: Workspace) -> None:
    given = begun(workspace)
    read(workspace, "orders", given)
    with pytest.raises(CheckFailed, match=r"1 checks failed\.\norders: there is a table .*"):
        take(workspace, "check", "orders", given)


@pytest.mark.parametrize(("status", "final"), [(401, True), (403, True), (400, False)])
def test_trying_again_is_left_to_what_it_can_mend(workspace: Workspace, api: Api, status: int, final: bool) -> None:
    api.broken, api.status = {"/orders"}, status
    with pytest.raises(steps.SlicesFailed) as caught:
        read(workspace, "orders", begun(workspace))
    assert caught.value.final is final


def test_a_long_wait_is_told(workspace: Workspace, api: Api) -> None:
    api.broken, api.status, api.headers = {"/orders"}, 429, {"Retry-After": "7200"}
    with pytest.raises(steps.SlicesFailed, match="429") as caught:
        read(workspace, "orders", begun(workspace))
    assert (caught.value.final, caught.value.wait_seconds) == (False, 7200.0)
