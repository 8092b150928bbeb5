"""A case, run: what was expected and did not come."""

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from framework import sql
from framework.conformance import certificates
from framework.conformance.case import NOON, Case, Expected, Run
from framework.conformance.server import Script, serving
from framework.errors import FrameworkError
from framework.extract import shown
from framework.load import raw_table
from framework.project import find
from framework.run import Report, run
from framework.warehouses.base import Warehouse
from framework.window import parse_instant
from framework.workspace import Options, Workspace

_HOST = re.compile(r"https?://([a-z0-9.-]+\.example)")


def check(case: Case) -> list[str]:
    """Runs a case in a folder of its own. Returns what is not as it says, a line each; nothing where all is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [f"run {number}: {text}" for number, item in enumerate(case.every_run(), 1)
                for text in _Attempt(case, folder, number).differences(item)]  # fmt: skip


class _Attempt:
    def __init__(self, case: Case, folder: Path, number: int) -> None:
        self._case, self._folder, self._number = case, folder, number
        changes: dict[str, Any] = {}
        for item in case.every_run()[:number]:
            changes |= item.change
        self._source = case.source(changes)
        self._certificates = certificates.made() if case.tls else None

    def differences(self, item: Run) -> list[str]:
        now = item.now or self._case.now or NOON
        script = Script(item.server, item.order == "strict", now)
        text = json.dumps(self._case.model_dump(mode="json"))
        hosts = sorted({"api.example", *_HOST.findall(text), *(line.request.host for line in item.server)})
        with serving(hosts, script, self._certificates.context() if self._certificates else None) as places:
            self._write(places)
            report, error, workspace = self._run(now, item.options)
        found = [f"unexpected request: {surprise}" for surprise in script.surprises]
        return [
            *found,
            *script.missing(),
            *_compared(item.expect, report, error),
            *self._looked(item.expect, workspace, report),
        ]

    def _write(self, places: dict[str, str]) -> None:
        (self._folder / "sources").mkdir(exist_ok=True)
        (self._folder / "sources" / "case.yaml").write_text(json.dumps(self._source), encoding="utf-8")
        for name, text in self._case.files.items():
            (self._folder / "sources" / name).write_text(text, encoding="utf-8")
        local = {"hosts": places, "sources": {"case": {"config": self._case.config}}}
        (self._folder / "framework.yaml").write_text(json.dumps({"environments": {"local": local}}), encoding="utf-8")
        lines = [
            f"CASE_{name.upper()}={json.dumps(value, ensure_ascii=False)}\n" for name, value in self._secrets().items()
        ]
        (self._folder / ".env").write_text("".join(lines), encoding="utf-8")

    def _secrets(self) -> dict[str, str]:
        made = self._certificates
        shown = {"authority": made.authority, **asdict(made.client)} if made else {}
        return self._case.secrets | shown

    def _run(self, now: datetime, given: dict[str, Any]) -> tuple[Report | None, str, Workspace | None]:
        options = dict(given)
        for name in ("since", "until"):
            if name in options:
                options[name] = parse_instant(options[name])
        workspace = None
        try:
            workspace = Workspace(find(self._folder).deployment("case"), clock=lambda: now)
            return run(workspace, Options(**options | {"streams": tuple(options.get("streams", ()))})), "", workspace
        except FrameworkError as error:
            return None, str(error), workspace

    def _looked(self, expect: Expected, workspace: Workspace | None, report: Report | None) -> Iterator[str]:
        """What stands in stage and warehouse."""
        if workspace is None:
            return
        for stream, wanted in expect.position.items():
            position = shown(workspace.position(stream))
            if position != wanted:
                yield f"{stream}: the position is {position!r}, expected {wanted!r}"
        with workspace.warehouse() as warehouse:
            if expect.lines is not None and report:
                yield from _lines(expect, self._raw(warehouse, report.run))
            for table, rows in expect.tables.items():
                yield from _table(table, rows, warehouse)
        yield from self._never(expect)

    def _raw(self, warehouse: Warehouse, run_id: str) -> dict[str, list[str]]:
        """The lines that a run added, by stream."""
        query = f"""select _stream, payload::varchar from {sql.quote_name(raw_table("case"))}
                    where _run_id = ? order by _log, _part, _row"""
        found: dict[str, list[str]] = {}
        for stream, line in warehouse.execute(query, (run_id,)):
            found.setdefault(stream, []).append(line)
        return found

    def _never(self, expect: Expected) -> Iterator[str]:
        for path in [path for path in self._folder.rglob("*") if path.is_file() and path.name != ".env"]:
            if path.parent.name != "sources" and path.name != "framework.yaml":
                content = path.read_bytes()
                yield from (f"{text!r} stands in {path.name}" for text in expect.never if text.encode() in content)


def _compared(expect: Expected, report: Report | None, error: str) -> Iterator[str]:
    status = report.status if report else "refused"
    if status != expect.status:
        told = report.problems() if report else [error]
        warnings = [text for part in report.streams.values() for text in part.warnings] if report else []
        yield f"the run's status is {status}, expected {expect.status}: {'; '.join([*told, *warnings])}"
    if expect.error is not None and expect.error not in error:
        yield f"the error is {error!r}, expected {expect.error!r} in it"
    yield from (f"{text!r} stands in the error" for text in expect.never if text in error)
    if report is None:
        return
    yield from (f"{text!r} stands in the report" for text in expect.never if text in report.to_json())
    if expect.requests is not None and report.requests != expect.requests:
        yield f"{report.requests} requests were sent, expected {expect.requests}"
    for name, numbers in expect.report.items():
        for key, wanted in numbers.items():
            found = getattr(report.of(name), key, None)
            if found != wanted:
                yield f"{name}: {key} is {found}, expected {wanted}"
    for kind in ("errors", "warnings"):
        for name, texts in getattr(expect, kind).items():
            said = getattr(report.of(name), kind)
            yield from (
                f"{name}: no {kind} with {text!r}: {said}" for text in texts if not any(text in s for s in said)
            )


def _lines(expect: Expected, found: dict[str, list[str]]) -> Iterator[str]:
    for name in sorted({*found, *(expect.lines or {})}):
        wanted, have = (expect.lines or {}).get(name, []), found.get(name, [])
        if expect.any_order:
            wanted, have = sorted(wanted), sorted(have)
        if wanted != have:
            yield f"{name}: the lines are {have}, expected {wanted}"


def _table(table: str, wanted: list[dict[str, Any]], warehouse: Warehouse) -> Iterator[str]:
    names = list(wanted[0]) if wanted else []
    columns = ", ".join(f"{sql.quote_name(name)}::varchar" for name in names) or "1"
    rows = warehouse.execute(f"select {columns} from {sql.quote_name(table)}")
    found = sorted([dict(zip(names, row, strict=False)) for row in rows], key=str)
    texts = sorted([{name: _text(row[name]) for name in names} for row in wanted], key=str)
    if found != texts:
        yield f"{table}: the rows are {found}, expected {texts}"


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(getattr(value, "text", json.dumps(value)))
