"""The steps, one by one as tasks take them, each tried again: a real HTTP server, no Airflow."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from dag_factory import steps
from framework.errors import CheckFailed, Conflict, SettingsError
from framework.run import Options, Workspace
from tests.dag_factory.tiny import ORDERS, Api, project, serving


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as served:
        yield served


@pytest.fixture
def workspace(tmp_path: Path, api: Api) -> Workspace:
    return steps.open_workspace(str(project(tmp_path, api.address)), "tiny", "local")


def planned(workspace: Workspace, *streams: str) -> str:
    """A run for which these streams are planned and, but for the last one, extracted."""
    begun = steps.begin(workspace)
    run, started = begun["run"], datetime.fromisoformat(begun["started"])
    for number, stream in enumerate(streams, 1):
        steps.plan(workspace, stream, run, started, Options())
        if number < len(streams):
            steps.extract(workspace, stream, run)
    return run


def test_begin_mints_a_run(workspace: Workspace) -> None:
    first, second = steps.begin(workspace), steps.begin(workspace)
    assert first["run"] != second["run"]
    assert datetime.fromisoformat(first["started"]).tzinfo is not None


def test_a_plan_is_made_once_a_run(workspace: Workspace) -> None:
    run = planned(workspace, "orders", "lines")
    kept = workspace.kept_plan(run, "lines")
    later = datetime(2050, 1, 1, tzinfo=UTC)
    assert steps.plan(workspace, "lines", run, later, Options(full_refresh=True)) == len(ORDERS)
    assert workspace.kept_plan(run, "lines") == kept


def test_extract_without_a_plan(workspace: Workspace) -> None:
    with pytest.raises(SettingsError, match="no plan of run 'never'"):
        steps.extract(workspace, "orders", "never")


def test_extract_again_reads_nothing_again(workspace: Workspace, api: Api) -> None:
    run = planned(workspace, "orders")
    assert steps.extract(workspace, "orders", run) == len(ORDERS)
    assert steps.extract(workspace, "orders", run) == 0
    assert api.asked == {"/orders": 1}
    assert steps.load(workspace, "orders") == len(ORDERS)
    assert steps.load(workspace, "orders") == 0


def test_extract_again_reads_only_what_failed(workspace: Workspace, api: Api) -> None:
    run = planned(workspace, "orders", "lines")
    api.broken = {"/orders/2/lines"}
    with pytest.raises(steps.SlicesFailed, match=r"lines: 1 of 5 slices failed(.|\n)*400"):
        steps.extract(workspace, "lines", run)
    assert steps.load(workspace, "lines") == 2 * (len(ORDERS) - 1)

    api.broken = set()
    assert steps.extract(workspace, "lines", run) == 2
    asked = {path: count for path, count in api.asked.items() if path.endswith("/lines")}
    assert asked == {f"/orders/{order['id']}/lines": 2 if order["id"] == 2 else 1 for order in ORDERS}
    assert steps.load(workspace, "lines") == 2
    assert steps.clean(workspace, "lines") == 2 * len(ORDERS)


def test_a_plan_that_a_later_run_has_overtaken(workspace: Workspace, api: Api) -> None:
    api.broken = {"/orders/2/lines"}
    late = planned(workspace, "orders", "lines")
    with pytest.raises(steps.SlicesFailed):
        steps.extract(workspace, "lines", late)
    api.broken = set()
    steps.extract(workspace, "lines", planned(workspace, "orders", "lines"))
    with pytest.raises(Conflict, match="worked on the same data"):
        steps.extract(workspace, "lines", late)
    assert steps.load(workspace, "lines") == 2 * (len(ORDERS) - 1) + 2 * len(ORDERS)


def test_another_process_goes_on_from_the_stage_alone(workspace: Workspace, api: Api, tmp_path: Path) -> None:
    run = planned(workspace, "orders")
    other = steps.open_workspace(str(tmp_path), "tiny", "local")
    assert steps.extract(other, "orders", run) == len(ORDERS)


def test_all_steps(workspace: Workspace, tmp_path: Path) -> None:
    run = planned(workspace, "orders", "events", "lines")
    steps.extract(workspace, "lines", run)
    for stream in ("orders", "events", "lines"):
        steps.load(workspace, stream)
    assert [steps.clean(workspace, stream) for stream in ("orders", "events", "lines")] == [5, 0, 10]
    assert steps.marts(workspace) == 1
    assert steps.check(workspace) == 5
    with duckdb.connect(str(tmp_path / ".data" / "warehouse.duckdb")) as connection:
        assert str(connection.execute("select total from ANL_TOTAL").fetchall()[0][0]) == "17.50"


def test_check_names_every_failure(workspace: Workspace) -> None:
    """Nothing was cleaned, so the first stream's table is not there: its failure does not hide the others."""
    with pytest.raises(CheckFailed, match=r"2 checks failed\.\norders: there is a table .*\nlines: there is a table"):
        steps.check(workspace)
