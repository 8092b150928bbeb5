"""A plan's slices, read side by side, → parts and log entries: prepare, log, publish.

Workers put the slices they have read into one batch, which is committed whenever it is large or old enough.
"""

import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from framework.errors import Conflict, FrameworkError, StageError, WarehouseError
from framework.limiter import Stopped
from framework.log import AlreadyLogged, Log
from framework.manifest import Closed, Committed, Failure, Fold, Part, Position, Slice, SliceResult
from framework.parts import PartFile, PartWriter, SliceWriter
from framework.plan import Plan
from framework.read import StreamReader
from framework.stages.base import Stage
from framework.window import Window, common, merged, to_text

PART_BYTES = 128 << 20
BATCH_SLICES = 500
BATCH_SECONDS = 30.0
WARNINGS = 10
"""How many of a stream's warnings are shown; the log holds all."""
STOP_SECONDS = 5.0
"""How long Ctrl-C waits for requests under way."""

_GONE = {404, 410}
"""Statuses that say of a single thing that it is there no more."""

Listener = Callable[[str, Mapping[str, Any]], None]


@dataclass
class Outcome:
    """What a stream's extraction came to."""

    done: int = 0
    skipped: int = 0
    unfinished: int = 0
    rows: int = 0
    parts: int = 0
    failed: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """What is wrong with the stream as a whole, though no slice failed."""
    seconds: float = 0.0
    """The time that reading took, added up over the slices."""
    vain: bool = True
    """Whether all that failed would fail again."""
    wait: float = 0.0
    """The longest time that the API asked to wait before it is asked again, in seconds."""
    skipped_by: set[int] = field(default_factory=set)
    """The statuses that a rule of `responses` skipped."""

    def note(self, error: FrameworkError) -> None:
        """What a failed slice says of the next try."""
        self.vain = self.vain and error.final
        self.wait = max(self.wait, error.wait_seconds or 0.0)


class Extraction:
    """One stream's plan carried out: workers, batches, commits."""

    def __init__(
        self, plan: Plan, reader: StreamReader, log: Log, stage: Stage, folder: str, position: Position,
        listener: Listener, part_bytes: int = PART_BYTES, whole: bool = True,
    ) -> None:  # fmt: skip
        """`whole` says that the plan is a stream's whole plan, and no batch of one: then its end is logged."""
        self._plan, self._reader, self._log, self._whole = plan, reader, log, whole
        self._listener, self._fold = listener, Fold(position)
        batch = secrets.token_hex(4)
        name = f"part-{plan.stream}-{plan.run}-{batch}"
        self._writer = PartWriter(folder, name, stage.prepare, part_bytes)
        self._part_bytes = part_bytes
        self._work: queue.SimpleQueue[Slice] = queue.SimpleQueue()
        self._rows_allowed = plan.limit
        self._through = plan.through if plan.limit is None else 0
        self._batch = _Batch(self._writer)
        self._batch_lock = threading.Lock()
        self._commit_lock = threading.Lock()
        self._state_lock = threading.Lock()
        self._seen_entry = plan.base
        self._fatal: BaseException | None = None
        self._overtaken = False
        self._results: dict[str, SliceResult] = {}
        self.outcome = Outcome()

    def run(self, concurrency: int, stop: Callable[[], None]) -> Outcome:
        """Reads all slices. A slice that fails is listed and does not hold back the others; what concerns all of them
        (the stage, another run, Ctrl-C) ends it, with what is committed by then."""
        todo = self._left()
        while todo:
            self._overtaken = False
            self._read_all(todo, concurrency, stop)
            todo = self._left() if self._overtaken else []
        self.outcome.skipped_by = set(self._reader.skipped_by)
        if self._whole:
            self._close()
            text, stands = all_skipped(self.outcome, self._reader.guards.all_skipped)
            if text:
                (self.outcome.errors if stands == "fail" else self.outcome.warnings).append(text)
        warnings = self.outcome.warnings
        if len(warnings) > WARNINGS:
            self.outcome.warnings = [*warnings[:WARNINGS], f"… and {len(warnings) - WARNINGS} more of these"]
        return self.outcome

    def _left(self) -> list[Slice]:
        """The slices that no attempt of this run has logged and that have not failed in this one."""
        self._log.recover()
        self._results = results_of(self._log, self._plan)
        logged = {id: result.status for id, result in self._results.items()}
        outcome, statuses = self.outcome, list(logged.values())
        outcome.done, outcome.skipped = statuses.count("done"), statuses.count("skipped")
        outcome.failed = [failure for failure in outcome.failed if failure.slice.id not in logged]
        known = {*logged, *(failure.slice.id for failure in outcome.failed)}
        return [item for item in self._plan.slices if item.id not in known]

    def _read_all(self, todo: list[Slice], concurrency: int, stop: Callable[[], None]) -> None:
        for item in todo:
            self._work.put(item)
        workers = [
            threading.Thread(target=self._worker, name=f"slices-{number}", daemon=True)
            for number in range(min(concurrency, len(todo)))
        ]
        try:
            for worker in workers:
                worker.start()
            for worker in workers:
                while worker.is_alive():
                    worker.join(0.2)
                    if self._fatal:
                        stop()
        except BaseException as error:  # Ctrl-C: what is finished still counts
            self._fatal = self._fatal or error
            stop()
            deadline = time.monotonic() + STOP_SECONDS
            for worker in workers:
                if worker.is_alive():
                    worker.join(max(0.0, deadline - time.monotonic()))
            self._commit(self._take_batch())
            raise
        if self._fatal:
            self._batch.abort()
            raise self._fatal
        self._commit(self._take_batch())

    def _take_batch(self) -> "_Batch":
        with self._batch_lock:
            batch, self._batch = self._batch, _Batch(self._writer)
        return batch

    def _worker(self) -> None:
        try:
            while self._fatal is None and not self._enough():
                try:
                    item = self._work.get_nowait()
                except queue.Empty:
                    return
                self._read(item)
        except BaseException as error:  # noqa: BLE001 - carried to the main thread
            with self._state_lock:
                self._fatal = self._fatal or error

    def _enough(self) -> bool:
        return self._rows_allowed is not None and self._rows_allowed <= 0

    def _limit(self, rows: int) -> int:
        if self._rows_allowed is None:
            return rows
        with self._state_lock:
            allowed = min(rows, max(0, self._rows_allowed))
            self._rows_allowed -= allowed
            return allowed

    def _read(self, item: Slice) -> None:
        writer = SliceWriter(self._writer)
        limit = self._limit if self._plan.limit is not None else None
        begun = time.monotonic()
        try:
            result = self._reader.read(item, writer, limit, self._plan.moves_position)
            self._add(result, writer)
        except (StageError, WarehouseError, Stopped, Conflict):
            writer.abort()
            raise
        except FrameworkError as error:
            writer.abort()
            text = self._reader.show(str(error))
            with self._state_lock:
                self.outcome.failed.append(Failure(item, text))
                self.outcome.note(error)
            self._listener("slice failed", {"stream": self._plan.stream, "slice": str(item), "error": text})
            return
        finally:
            with self._state_lock:
                self.outcome.seconds += time.monotonic() - begun
        self._listener(
            "slice read",
            {
                "stream": self._plan.stream,
                "status": result.status,
                "rows": result.rows,
                "requests": result.requests,
            },
        )

    def _add(self, result: SliceResult, writer: SliceWriter) -> None:
        with self._batch_lock:
            if self._fatal is not None:  # Ctrl-C came while this slice was on its way: it is read again
                writer.abort()
                return
            self._batch.add(result, writer)
            if not self._batch.full(self._part_bytes):
                return
            batch, self._batch = self._batch, _Batch(self._writer)
        self._commit(batch)

    def _commit(self, batch: "_Batch") -> None:
        """Prepare, log, publish."""
        parts, results = batch.finish()
        if not results:
            return
        with self._commit_lock:
            entry = Committed(
                run=self._plan.run,
                at=datetime.now(UTC),
                base=self._plan.base,
                started=self._plan.started,
                fingerprint=self._plan.fingerprint,
                parts=parts,
                slices=results,
                through=self._through,
                backfill=not self._plan.moves_position,
                shared=self._plan.shared,
            )
            entry = self._with_position(entry)
            self._listener("prepared", {"stream": self._plan.stream})
            try:
                number = self._log.append(entry, self._seen_entry)
            except AlreadyLogged:  # by another attempt: what else is in this batch is read again
                self._overtaken = True
                return
            self._seen_entry = number
            self._listener("logged", {"stream": self._plan.stream, "entry": number})
            self._log.publish(number, entry)
            self._listener("published", {"stream": self._plan.stream, "entry": number, "parts": len(parts)})
        with self._state_lock:
            self._results |= {result.slice.id: result for result in results}
            self.outcome.done += sum(result.status == "done" for result in results)
            self.outcome.skipped += sum(result.status == "skipped" for result in results)
            self.outcome.unfinished += sum(result.status == "limited" for result in results)
            self.outcome.rows += sum(result.rows for result in results)
            self.outcome.parts += len(parts)
            self.outcome.warnings += [text for result in results for text in _warnings(result)]

    def _with_position(self, entry: Committed) -> Committed:
        before = shown(self._fold.position)
        self._fold.add(self._seen_entry + 1, entry)
        return msgspec.structs.replace(entry, before=before, after=shown(self._fold.position))

    def _close(self) -> None:
        entry = closed(self._plan, self._results, self.outcome.failed, self.outcome.seconds)
        self.outcome.unfinished = entry.unfinished
        self._log.append(entry, self._seen_entry)
        self._listener("closed", {"stream": self._plan.stream})


def results_of(log: Log, plan: Plan) -> dict[str, SliceResult]:
    """By id: the slices of a plan that its run has logged."""
    mine = {item.id for item in plan.slices}
    found = {
        result.slice.id: result
        for _, entry in log.published(plan.base)
        if isinstance(entry, Committed) and entry.run == plan.run
        for result in entry.slices
    }
    return {id: result for id, result in found.items() if id in mine}


def closed(plan: Plan, results: Mapping[str, SliceResult], failed: list[Failure], seconds: float) -> Closed:
    """The end of a run over a stream, by what was logged and what failed."""
    statuses = [result.status for result in results.values()]
    done, skipped = statuses.count("done"), statuses.count("skipped")
    return Closed(
        run=plan.run,
        at=datetime.now(UTC),
        base=plan.base,
        planned=len(plan.slices),
        done=done,
        skipped=skipped,
        failed=failed,
        unfinished=len(plan.slices) - done - skipped - len(failed),
        through=plan.through if plan.limit is None else 0,
        backfill=plan.backfill,
        started=plan.started,
        covered=_read_of_all(plan, results),
        by_time=any(item.window for item in plan.slices),
        seconds=round(seconds, 3),
    )


def _read_of_all(plan: Plan, results: Mapping[str, SliceResult]) -> list[Window]:
    """Where all partitions have one position: the time that this run read of every one of them."""
    if not plan.shared or not plan.moves_position:
        return []
    read: dict[str, list[Window]] = {item.partition_key: [] for item in plan.slices}
    for result in results.values():
        if result.covered and result.slice.partition_key in read:
            read[result.slice.partition_key].append(result.covered)
    return list(common(merged(windows) for windows in read.values()))


def all_skipped(outcome: Outcome, policy: str) -> tuple[str, str]:
    """What to say where rules of `responses` skipped all of a stream, and whether it is an error: fail or warn."""
    if not outcome.skipped or outcome.done or outcome.failed or outcome.unfinished:
        return "", ""
    statuses = outcome.skipped_by
    told = f" (status {', '.join(map(str, sorted(statuses)))})" if statuses else ""
    text = (
        f"every slice was skipped by a rule of `responses`{told}: nothing was read. Check the credentials and "
        "the path, or allow it with `guards.all_skipped`."
    )
    gone = bool(statuses) and statuses <= _GONE
    return ("", "") if policy == "ignore" else (text, "fail" if policy == "fail" and not gone else "warn")


def _warnings(result: SliceResult) -> list[str]:
    return [Failure(result.slice, text).text for text in result.warnings]


class _Batch:
    """Finished slices that share an entry, and, as far as they are small, a part."""

    def __init__(self, writer: PartWriter) -> None:
        self._writer = writer
        self._shared: PartFile | None = None
        self._parts: list[Part] = []
        self._results: list[SliceResult] = []
        self._since = time.monotonic()

    def add(self, result: SliceResult, writer: SliceWriter) -> None:
        parts, ranges = writer.finish(self._shared_part)
        self._parts += parts
        self._results.append(msgspec.structs.replace(result, ranges=ranges))

    def _shared_part(self) -> PartFile:
        self._shared = self._shared or self._writer.open()
        return self._shared

    def full(self, part_bytes: int) -> bool:
        shared = self._shared.bytes if self._shared else 0
        old = time.monotonic() - self._since > BATCH_SECONDS
        return bool(self._parts) or shared >= part_bytes or len(self._results) >= BATCH_SLICES or old

    def finish(self) -> tuple[list[Part], list[SliceResult]]:
        if self._shared:
            self._parts.append(self._shared.finish())
        return self._parts, self._results

    def abort(self) -> None:
        if self._shared:
            self._shared.abort()


def shown(position: Position) -> str:
    """A position in a few words."""
    if (position.parents or position.followed) and not position.covered:
        ahead = f"{len(position.followed)} partitions beyond, {len(position.pending)} due"
        return f"the parent's entry {position.parents}, {ahead}"
    ends = [windows[0].end for windows in position.covered.values() if windows]
    if not ends:
        return ""
    first = to_text(min(ends))
    return first if len(ends) == 1 else f"{first} and later, over {len(ends)} partitions"
