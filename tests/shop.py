"""The demo's shop for tests: projects that read it, and its truth to compare with."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml

from framework.demo.project import SETTINGS, Folder, Shop, serving
from framework.demo.world import World
from framework.extract import Listener
from framework.project import find
from framework.run import Report, run
from framework.workspace import Options, Workspace, ignore

BORN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
CHANGED = BORN + timedelta(hours=1)
SIZE = 60


def world(*changes: datetime, size: int = SIZE) -> World:
    """The shop's truth after these changes."""
    return World(7, BORN, changes, size)


@contextmanager
def played(folder: Path, *changes: datetime, size: int = SIZE, faults: bool = False) -> Iterator[str]:
    """The shop's API after these changes, in a process of its own. `folder` holds its credentials."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".env").exists():
        Folder(folder).prepare(BORN)
    flags = [*Shop(7, BORN, changes).flags(), "--size", str(size), *([] if faults else ["--no-faults"])]
    with serving(folder, flags) as address:
        yield address


def project(folder: Path, address: str, credentials: Path, start: str = "2024-01-01", **environment: Any) -> Path:
    """A project that reads that API; `environment` adds to its only environment."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(credentials / ".env", folder / ".env")
    (folder / "sources").mkdir(exist_ok=True)
    shutil.copyfile("sources/shop.yaml", folder / "sources" / "shop.yaml")
    settings = yaml.safe_load(SETTINGS.format(address=address))
    local = settings["environments"]["local"] | environment
    local["sources"]["shop"] = local["sources"].get("shop", {}) | {"config": {"start_date": start}}
    settings["environments"]["local"] = local
    (folder / "framework.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def read(folder: Path, listener: Listener = ignore, options: Options | None = None, source: str = "shop") -> Report:
    """One run, in this process."""
    return run(Workspace(find(folder).deployment(source), listener), options or Options())


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """A query's rows, read-only."""
    with duckdb.connect(str(folder / ".data" / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query).fetchall()


TABLES = {
    "CLN_ORDER": "select order_id, customer_id, total, updated_at from CLN_ORDER",
    "CLN_ORDER_LINE": "select * exclude (_cursor, _log, _part, _row) from CLN_ORDER_LINE",
    "CLN_STOCK": "select * exclude (_cursor, _log, _part, _row) from CLN_STOCK",
    "CLN_CUSTOMER": "select id, payload, is_current, valid_to is null, "
    "row_number() over (partition by id order by valid_from) from CLN_CUSTOMER",
    "ANL_DAILY_REVENUE": "select * from ANL_DAILY_REVENUE",
    "RAW": "select distinct _stream, payload::varchar from RAW_SHOP_JSON",
}
"""What must be the same however a run came to its end: all but what tells when and by which run."""


def contents(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table's rows, sorted, run metadata aside."""
    return {name: sorted(rows(folder, query), key=repr) for name, query in TABLES.items()}
