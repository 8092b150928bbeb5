"""A DuckDB file as the warehouse: opened, shared, refused, and closed without a trace."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from framework.errors import WarehouseError
from framework.warehouses.base import Opening
from framework.warehouses.duckdb import DuckDB, DuckDBWarehouse

HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
connection.close()
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDB]:
    opened = DuckDB(tmp_path / "w.duckdb", "200MB")
    yield opened
    opened.close()


@pytest.mark.parametrize("limit", ["1GB", "400MB", "1.5GiB", "8 GB", "512KiB"])
def test_a_memory_limit(limit: str) -> None:
    assert DuckDBWarehouse(type="duckdb", path="x", memory_limit=limit).memory_limit == limit


@pytest.mark.parametrize(
    "limit", ["", "1", "lots", "80%", "-1GB", "1GB'; drop table x; --", "1GB\n", "1gb", "GB", "1 PB"]
)
def test_what_is_no_memory_limit(limit: str) -> None:
    with pytest.raises(ValidationError, match="memory_limit"):
        DuckDBWarehouse(type="duckdb", path="x", memory_limit=limit)


def test_it_is_opened_as_it_is_set(tmp_path: Path) -> None:
    opened = DuckDBWarehouse(type="duckdb", path="deep/er/it's.duckdb", memory_limit="300MB").open(Opening(tmp_path))
    settings = "select current_setting('TimeZone'), current_setting('memory_limit'), current_setting('temp_directory')"
    ((zone, limit, temporary),) = opened.execute(settings)
    opened.close()
    assert (zone, limit) == ("UTC", "286.1 MiB")
    assert temporary == f"{tmp_path}/deep/er/it's.duckdb.tmp"
    assert [path.name for path in (tmp_path / "deep" / "er").iterdir()] == ["it's.duckdb"]


def test_an_odd_limit_is_refused_and_the_file_let_go(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"DuckDB refused a statement: .*memory"):
        DuckDB(tmp_path / "w.duckdb", "1' or '2")
    DuckDB(tmp_path / "w.duckdb", "200MB").close()


@pytest.mark.parametrize("content", [b"no database" * 1000, b"short"])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.duckdb").write_bytes(content)
    with pytest.raises(WarehouseError, match=r"can't open the DuckDB file .*w\.duckdb: .*"):
        DuckDB(tmp_path / "w.duckdb", "200MB")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(WarehouseError, match="can't make the folder"):
        DuckDB(tmp_path / "file" / "deeper" / "w.duckdb", "200MB")


def test_a_path_that_duckdb_would_cut(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"takes a \? in a path"):
        DuckDB(tmp_path / "a?b" / "w.duckdb", "200MB")


def test_a_file_that_another_process_holds_is_waited_for_and_said(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(WarehouseError, match=r"still in use by .* after a wait of 0\.05 s: close") as said:
            DuckDB(path, "200MB", lock_seconds=0.05)
        assert str(holder.pid) in str(said.value)
        assert "\n" not in str(said.value)
    finally:
        holder.communicate()
    DuckDB(path, "200MB", lock_seconds=0).close()


def test_a_refused_statement_says_what_and_where_in_a_line(warehouse: DuckDB) -> None:
    long = ", ".join(f"{number} as c{number}" for number in range(1000))
    with pytest.raises(WarehouseError) as failed:
        warehouse.execute(f"\nselect nothing\nfrom (select {long})")
    text = str(failed.value)
    assert text.startswith('DuckDB refused a statement: Binder Error: Referenced column "nothing" not found')
    assert "LINE 1: select nothing" in text
    assert text.endswith("(in: select nothing)")
    assert len(text) < 500


def test_a_new_file_is_one_that_older_duckdbs_read(tmp_path: Path) -> None:
    opened = DuckDB(tmp_path / "w.duckdb", "200MB")
    query = "select tags['storage_version'] from duckdb_databases() where database_name = 'warehouse'"
    assert opened.execute(query) == [("v1.4.0+",)]
    opened.close()


def test_a_file_that_someone_made_with_a_newer_duckdb_is_taken_as_it_is(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb"), config={"storage_compatibility_version": "latest"}) as made:
        made.execute("create table t as select 1 as x")
    opened = DuckDB(tmp_path / "w.duckdb", "200MB")
    assert opened.execute("from t") == [(1,)]
    opened.close()


def test_a_transaction_counts_whole_or_not(warehouse: DuckDB) -> None:
    warehouse.execute("create table t (x int)")
    with warehouse.transaction():
        warehouse.execute("insert into t values (1)")
    for statement, error in (("from no_table", WarehouseError), (None, KeyboardInterrupt)):
        with pytest.raises(error), warehouse.transaction():  # noqa: PT012 - what is raised inside is the case
            warehouse.execute("insert into t values (2)")
            if statement is None:
                raise KeyboardInterrupt
            warehouse.execute(statement)
    assert warehouse.execute("from t") == [(1,)]


def test_the_error_is_that_of_the_statement_where_the_transaction_is_gone_too(warehouse: DuckDB) -> None:
    with pytest.raises(ZeroDivisionError), warehouse.transaction():  # noqa: PT012 - what is raised inside is the case
        warehouse.execute("rollback")
        raise ZeroDivisionError
    with pytest.raises(WarehouseError, match="commit"), warehouse.transaction():
        warehouse.execute("rollback")


VALUES: list[Any] = [None, "it's", 'a"b', "\n", "é😀", "'; drop table t; --"]


def test_rows_go_in_as_they_are(warehouse: DuckDB) -> None:
    warehouse.execute("create table t (a varchar, b bigint, c boolean)")
    rows = [(value, 2**62 + number, None) for number, value in enumerate(VALUES)]
    warehouse.insert("t", ("a", "b", "c"), rows)
    warehouse.insert("t", ("a", "b", "c"), [])
    assert warehouse.execute("from t order by b") == rows


FAILURES = {
    "a file that is no database": ("load", lambda folder: (folder / ".data/warehouse.duckdb").write_bytes(b"x" * 9999)),
    "a mart that fails": ("clean", lambda folder: None),
    "a check that fails": ("check", lambda folder: None),
    "a log entry of another version": (
        "load",
        lambda folder: (
            (folder / ".data/stage/ingest/_log/api/items").mkdir(parents=True),
            (folder / ".data/stage/ingest/_log/api/items/00000001.json").write_text("{}"),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_no_command_that_fails_leaks_the_connection(tmp_path: Path, failure: str) -> None:
    verb, prepare = FAILURES[failure]
    spec = {
        "version": 1,
        "name": "api",
        "http": {"base_url": "https://x"},
        "streams": [
            {
                "name": "items", "request": {"path": "/"}, "primary_key": ["id"], "clean": {"table": "T"},
                "checks": {"freshness": {"max": "1h"}},
            }
        ],
        "analytics": [{"table": "A", "sql": "select no_such_column from {{ ref('T') }}"}],
    }  # fmt: skip
    (tmp_path / "sources").mkdir()
    (tmp_path / ".data").mkdir()
    (tmp_path / "sources" / "api.yaml").write_text(json.dumps(spec))
    (tmp_path / "framework.yaml").write_text("version: 1")
    prepare(tmp_path)
    command = [sys.executable, "-m", "framework.cli", verb, "--project", str(tmp_path), "api"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": "."})
    assert ended.returncode == 1, ended.stderr
    assert "nanobind" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_full_disk_is_said_in_plain_words(warehouse: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def execute(self, *_: object) -> None:
            raise duckdb.TransactionException('Failed to commit: Could not write file "w": No space left on device')

    with monkeypatch.context() as patched:
        patched.setattr(warehouse, "_connection", Full())
        with pytest.raises(WarehouseError, match=r"the disk of .*w.duckdb is full: free some space and run again"):
            warehouse.execute("commit")


def test_ctrl_c_during_a_query_is_ctrl_c(warehouse: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:
    """When DuckDB looks for signals depends on which of its threads has the work: what it then raises does not."""

    class Interrupted:
        def execute(self, *_: object) -> None:
            raise RuntimeError("Query interrupted")

    with monkeypatch.context() as patched:
        patched.setattr(warehouse, "_connection", Interrupted())
        with pytest.raises(KeyboardInterrupt):
            warehouse.execute("select 1")
