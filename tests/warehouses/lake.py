"""A stage, its logs and a DuckDB file, filled by hand: what a run would leave behind, in any order a test likes."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from framework import load as loading
from framework import sql
from framework.check import Check, check
from framework.clean import Cleaned, clean, marts, model_of
from framework.load import Loaded, load, raw_table
from framework.log import Log
from framework.manifest import Closed, Committed, Part, Range, Slice, SliceResult, Voided
from framework.spec import Source, Stream
from framework.stages.base import Stage
from framework.stages.local import LocalFolder
from framework.warehouses.duckdb import DuckDB
from framework.window import Window

AT = datetime(2026, 1, 1, tzinfo=UTC)
Line = str | dict[str, Any]


@dataclass(frozen=True)
class Read:
    """A slice that was read, and the records that came; a text is a line as it is, a mapping is made one."""

    records: Sequence[Line] = ()
    partition: dict[str, Any] = field(default_factory=dict)
    window: Window | None = None
    status: Any = "done"


def source(*streams: dict[str, Any], name: str = "api", **more: Any) -> Source:
    """A source; a stream without a name is `items`, with the key `id`."""
    return Source.model_validate(written(*streams, name=name, **more))


def written(*streams: dict[str, Any], name: str = "api", **more: Any) -> dict[str, Any]:
    """The same as its file has it."""
    least = {"name": "items", "request": {"path": "/"}, "primary_key": ["id"]}
    filled = [{key: value for key, value in (least | stream).items() if value is not None} for stream in streams]
    spec = {"version": 1, "name": name, "http": {"base_url": "https://x"}, "streams": filled}
    return spec | more


def table(mode: str = "merge", columns: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """A `clean` for the table T; columns by name, with the type of the field of that name."""
    typed = {name: {"from": name, "type": kind} for name, kind in (columns or {}).items()}
    return {"table": "T", "mode": mode, "columns": typed} | more


class Lake:
    """All of it in one folder; closed by the fixture."""

    project, day = "p", "2026-01-01"

    def __init__(self, folder: Path, spec: Source) -> None:
        self.source = spec
        self.stage: Stage = LocalFolder(folder / "stage")
        self.path = folder / "warehouse.duckdb"
        self.warehouse = DuckDB(self.path, "400MB")
        loading.prepare(self.warehouse, spec.name)
        self.parts = 0

    def log(self, stream: str = "items") -> Log:
        """A stream's log."""
        return Log(self.stage, self.project, self.source.name, stream)

    def stream(self, name: str = "items") -> Stream:
        """A stream of the source."""
        return self.source.stream(name)

    def part(self, lines: Iterable[Line], stream: str = "items", run: str = "a") -> Part:
        """A part in the stage, visible."""
        texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
        data = gzip.compress("".join(f"{text}\n" for text in texts).encode(), 1)
        folder = f"{self.project}/source={self.source.name}/dt={self.day}/hour=00"
        key = f"{folder}/part-{stream}-{run}-{self.parts:04d}.jsonl.gz"
        self.parts += 1
        upload = self.stage.prepare(key)
        upload.write(data)
        longest = max((len(text.encode()) for text in texts), default=0)
        part = Part(key, len(texts), len(data), hashlib.sha256(data).hexdigest(), longest, upload.finish())
        self.stage.publish(key, part.upload, part.bytes)
        return part

    def add(self, *reads: Read, run: str = "a", stream: str = "items", split: int = 0, started: datetime = AT) -> int:
        """A log entry of these slices, in one part side by side, or in parts of at most `split` rows each. Returns its
        number."""
        parts: list[Part] = []
        results = []
        lines = [line for read in reads for line in read.records]
        size = split or max(1, len(lines))
        for start in range(0, len(lines), size):
            parts.append(self.part(lines[start : start + size], stream, run))
        at = 0
        for read in reads:
            ranges = []
            left = len(read.records)
            while left:
                index, first = divmod(at, size)
                rows = min(left, parts[index].rows - first)
                ranges.append(Range(parts[index].key, first + 1, rows))
                at, left = at + rows, left - rows
            result = SliceResult(
                Slice(partition=read.partition, window=read.window), read.status, len(read.records), ranges
            )
            results.append(result)
        entry = Committed(run, started, 0, started, "f", parts, results)
        return self.log(stream).append(entry, self._end(stream))

    def close(self, run: str = "a", planned: int = 1, done: int = 1, stream: str = "items", **more: Any) -> int:
        """The end of a run."""
        return self.log(stream).append(Closed(run, AT, 0, planned, done, 0, **more), self._end(stream))

    def void(self, entry: int, stream: str = "items") -> int:
        """That entry never counted."""
        return self.log(stream).append(Voided("b", AT, entry, "lost"), self._end(stream))

    def _end(self, stream: str) -> int:
        return max((number for number, _ in self.log(stream).entries()), default=0)

    def load(self, stream: str = "items", now: datetime = AT) -> Loaded:
        """The step."""
        return load(self.warehouse, self.stage, self.log(stream), self.source.name, stream, now)

    def clean(self, stream: str = "items") -> Cleaned:
        """The step."""
        return clean(self.warehouse, self.source, self.stream(stream), AT)

    def round(self, stream: str = "items") -> Cleaned:
        """Load, then clean."""
        self.load(stream)
        return self.clean(stream)

    def marts(self, **config: Any) -> list[Cleaned]:
        """The step."""
        return marts(self.warehouse, self.source, config)

    def check(self, stream: str = "items", now: datetime = AT) -> list[Check]:
        """The step."""
        return check(self.warehouse, self.source, self.stream(stream), now)

    def respec(self, *streams: dict[str, Any], **more: Any) -> None:
        """Another spec from now on."""
        self.source = source(*streams, name=self.source.name, **more)

    def anew(self, stream: str = "items") -> Cleaned:
        """The table made again from RAW in one go."""
        model = model_of(self.source.name, self.stream(stream))
        self.warehouse.execute(sql.render("duckdb", "drop_clean", model=model))
        return self.clean(stream)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A query's rows."""
        return self.warehouse.execute(query)

    def row(self, columns: str = "*") -> tuple[Any, ...]:
        """The only row of T."""
        (only,) = self.rows(f"select {columns} from T")
        return only

    def contents(self, columns: str = "* exclude (_log, _part, _row, _cursor)") -> list[tuple[Any, ...]]:
        """T's rows, sorted."""
        return sorted(self.rows(f"select {columns} from T"), key=repr)

    def raw(self, stream: str = "items") -> list[str]:
        """The payloads of RAW, in the order of the log."""
        name = raw_table(self.source.name)
        query = f"select payload::varchar from {name} where _stream = '{stream}' order by _log, _part, _row"
        return [text for (text,) in self.rows(query)]


def day(number: int, hours: float = 0) -> str:
    """An instant as an API writes it."""
    return (AT + timedelta(days=number, hours=hours)).isoformat()
