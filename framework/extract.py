"""Slices → parts and log entries. The API's data passes through here and nowhere else.

Workers read slices side by side. Each keeps a batch of finished slices, and commits it: prepare, log, publish.
"""

import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from framework import exact_json, records
from framework.decoders.json import JsonDecoder
from framework.errors import Conflict, DataProblem, FrameworkError, StageError, WarehouseError
from framework.fetch import Answer, Client, date_of
from framework.limiter import Stopped
from framework.log import AlreadyLogged, Log
from framework.manifest import Closed, Committed, Failure, Position, Slice, SliceResult, fold
from framework.names import as_templates, uses_window
from framework.pagination.none import NoPagination
from framework.parts import PartFile, PartWriter, SliceWriter
from framework.plan import Plan, covered
from framework.request import Page, Request
from framework.spec import Stream
from framework.stages.base import Stage
from framework.template import render, render_text
from framework.window import format_instant, parse_instant, sent_bounds, to_text

PART_BYTES = 128 << 20
BATCH_SLICES = 500
BATCH_SECONDS = 30.0
MAX_PAGES = 100_000

Values = Mapping[str, Any]
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


class StreamReader:
    """Reads the slices of one stream: pure but for the client and the parts it writes."""

    def __init__(self, stream: Stream, values: Values, client: Client) -> None:
        self.stream, self._values, self._client = stream, values, client
        self._pages = stream.pagination or NoPagination(type="none")
        self._key = list(stream.primary_key or [])
        spec = stream.incremental
        self._cursor = spec.cursor if spec and not uses_window(stream, "end") else None
        edits = stream.records
        self._edited = bool(edits.explode or edits.add or edits.drop or edits.hash)
        asked = [] if self._edited else [*self._key, *([self._cursor] if self._cursor else [])]
        self._decoder = JsonDecoder(edits.path, self._pages.paths(), asked, [] if self._edited else self._key)

    def context(self, item: Slice) -> dict[str, Any]:
        """The names that this slice's templates may use."""
        values = {**self._values, **_merged(item.partition, item.extra)}
        spec = self.stream.incremental
        if spec and item.window:
            sent = sent_bounds(item.window, spec.bounds, spec.precision)
            texts = {
                "start": format_instant(sent.start, spec.format, spec.precision),
                "end": format_instant(sent.end, spec.format, spec.precision),
            }
            values["window"] = texts
        return values

    def first_request(self, item: Slice) -> Request:
        """The request for a slice's first page."""
        spec, values = self.stream.request, self.context(item)
        request = self._client.request(spec.method, render_text(spec.path, values))
        for name, text in spec.headers.items():
            request = request.with_header(name, render_text(text, values))
        for name, value in spec.params.items():
            rendered = render(value, values) if isinstance(value, str) else value
            if rendered is not None:
                request = request.with_param(name, _plain(rendered))
        if spec.json_body is not None:
            request = Request(
                request.method, request.url, request.params, request.headers, _rendered(spec.json_body, values)
            )
        return self._pages.first(request)

    def edits(self, item: Slice) -> records.Edits:
        """What changes in the records of this slice."""
        spec, values = self.stream.records, self.context(item)
        added = {name: render(v, values) if isinstance(v, str) else v for name, v in spec.add.items()}
        fields = spec.hash.fields if spec.hash else []
        key = render_text(spec.hash.key, values).encode() if spec.hash else b""
        return records.Edits(spec.explode, spec.carry, spec.drop, fields, key, added)

    def read(self, item: Slice, writer: SliceWriter, limit: Callable[[int], int], backfill: bool) -> SliceResult:
        """All pages of one slice. Raises ApiError; what was written by then is the caller's to throw away."""
        edits = self.edits(item)
        state = _SliceState()
        for page in self._page_by_page(item, state):
            written = self._lines(page, edits)
            allowed = limit(len(written))
            writer.write(written[:allowed])
            if allowed < len(written):
                state.status = "limited"
                break
            self._note_cursor(page, written, state)
        end = None
        if state.status == "done" and not backfill:
            end = covered(self.stream, item, state.greatest, state.api_now)
        return SliceResult(
            item, state.status, writer.rows, [], state.requests, state.requests - state.pages, end, state.warnings
        )

    def _page_by_page(self, item: Slice, state: "_SliceState") -> Iterator[Page]:
        request: Request | None = self.first_request(item)
        while request is not None:
            answer = self._client.fetch(request, self.stream.responses or [], self._decoder.read)
            state.requests += answer.requests
            state.pages += 1
            state.api_now = state.api_now or date_of(answer.response)
            if answer.then != "read":
                state.status = "skipped" if answer.then == "skip" else "done"
                return
            page = self._page(answer, state)
            yield page
            following = self._pages.next(request, page)
            self._guard_paging(request, following, page, state)
            request = following
        self._guard_total(page, state)

    def _page(self, answer: Answer, state: "_SliceState") -> Page:
        body = answer.body
        assert body is not None
        if body.records is None and answer.response.body.strip() not in (b"", b"null"):
            found = self._decoder.names_at_path(answer.response.body)
            raise self._problem(answer, f"no records at {self.stream.records.path!r}: {found}. Correct `records`")
        rows = body.records or []
        state.seen += len(rows)
        state.keys = body.keys
        return Page(answer.response, rows, state.seen, body.values)

    def _lines(self, page: Page, edits: records.Edits) -> list[bytes]:
        body = page.response.body
        try:
            written = records.lines(page.records, edits, one_line=b"\n" not in body and b"\r" not in body)
            if not edits:
                records.check_objects(written)
        except DataProblem as error:
            raise self._problem(page, str(error)) from None
        return written

    def _note_cursor(self, page: Page, written: Sequence[bytes], state: "_SliceState") -> None:
        """Checks the records' keys, and keeps the greatest cursor where the position depends on it."""
        if len(state.keys) != len(written) and (self._key or self._cursor):
            missing = records.missing_key(written, self._key)
            if missing:
                number, name = missing
                raise self._problem(page, f"record {number} of the page has no {name!r}, which is part of `primary_key`")
        if self._cursor and written and self.stream.incremental:
            form = self.stream.incremental.format
            texts = [exact_json.decode(text) for line in written if (text := records.field_text(line, self._cursor))]
            moments = [parse_instant(text, form) for text in _extremes(texts)]
            state.greatest = max([*moments, *([state.greatest] if state.greatest else [])], default=None)

    def _guard_paging(self, request: Request, following: Request | None, page: Page, state: "_SliceState") -> None:
        if following is None:
            return
        digest = blake2b(page.response.body, digest_size=16).digest()
        if page.record_count and digest == state.last_digest:
            raise self._problem(page, "the page is the same as the one before: does `pagination` fit this API?")
        state.last_digest = digest
        fingerprint = blake2b(str((following, following.json)).encode(), digest_size=16).digest()
        if following == request or fingerprint in state.asked:
            raise self._problem(page, f"the cursor repeats, the next page would be {following} again")
        state.asked.add(fingerprint)
        if state.pages >= MAX_PAGES:
            raise self._problem(page, f"more than {MAX_PAGES} pages in one slice")

    def _guard_total(self, page: Page, state: "_SliceState") -> None:
        total = self._pages.total(page)
        if total is not None and state.seen < total:
            raise self._problem(page, f"the API says {total} records and sent {state.seen}")

    def _problem(self, at: Answer | Page, what: str) -> DataProblem:
        return DataProblem(self._client.show(f"{at.response.request}: {what}."))


@dataclass
class _SliceState:
    status: Any = "done"
    requests: int = 0
    pages: int = 0
    seen: int = 0
    greatest: datetime | None = None
    api_now: datetime | None = None
    keys: Sequence[Any] = ()
    last_digest: bytes = b""
    asked: set[bytes] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)


def _extremes(texts: Sequence[Any]) -> Sequence[Any]:
    """Instants of one shape in UTC sort as text, so only the greatest needs parsing; others all do."""
    shapes = {(len(text), text[-1:]) if isinstance(text, str) else None for text in texts}
    return [max(texts)] if len(shapes) == 1 and None not in shapes and shapes.pop()[1] == "Z" else texts


def _merged(identity: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(identity)
    for name, value in extra.items():
        inner = result.get(name)
        both = isinstance(inner, dict) and isinstance(value, dict)
        result[name] = _merged(inner, value) if both and inner is not None else value
    return result


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(getattr(value, "text", value))


def _rendered(value: Any, values: Values) -> Any:
    value = as_templates(value)
    if isinstance(value, dict):
        return {key: _rendered(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rendered(inner, values) for inner in value]
    return render(value, values) if isinstance(value, str) else value


class Extraction:
    """One stream's plan carried out: workers, batches, commits."""

    def __init__(
        self, plan: Plan, reader: StreamReader, log: Log, stage: Stage, folder: str, position: Position,
        listener: Listener, part_bytes: int = PART_BYTES,
    ) -> None:  # fmt: skip
        self._plan, self._reader, self._log = plan, reader, log
        self._listener, self._position = listener, position
        batch = secrets.token_hex(4)
        name = f"part-{plan.stream}-{plan.run}-{batch}"
        self._writer = PartWriter(folder, name, stage.prepare, part_bytes)
        self._part_bytes = part_bytes
        self._work: queue.SimpleQueue[Slice] = queue.SimpleQueue()
        self._left = len(plan.slices)
        self._taken = 0
        self._rows_allowed = plan.limit
        self._batch = _Batch(self._writer)
        self._batch_lock = threading.Lock()
        self._commit_lock = threading.Lock()
        self._state_lock = threading.Lock()
        self._seen_entry = plan.base
        self._fatal: BaseException | None = None
        self.outcome = Outcome()

    def run(self, concurrency: int, stop: Callable[[], None]) -> Outcome:
        """Reads all slices. A slice that fails is listed and does not hold back the others; what concerns all of them
        (the stage, another run, Ctrl-C) ends it, with what is committed by then."""
        already = {
            result.slice.id
            for _, entry in self._log.published(self._plan.base)
            if isinstance(entry, Committed) and entry.run == self._plan.run
            for result in entry.slices
        }
        todo = [item for item in self._plan.slices if item.id not in already]
        self.outcome.done += len(self._plan.slices) - len(todo)
        for item in todo:
            self._work.put(item)
        workers = [
            threading.Thread(target=self._worker, name=f"slices-{number}", daemon=True)
            for number in range(min(concurrency, len(todo)))
        ]
        for worker in workers:
            worker.start()
        try:
            for worker in workers:
                while worker.is_alive():
                    worker.join(0.2)
        except BaseException as error:  # Ctrl-C: what is finished still counts
            self._fatal = self._fatal or error
            stop()
            for worker in workers:
                worker.join(5)
            self._commit(self._batch)
            raise
        if self._fatal:
            self._batch.abort()
            raise self._fatal
        self._commit(self._batch)
        self._close()
        return self.outcome

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
        try:
            result = self._reader.read(item, writer, self._limit, self._plan.backfill)
            self._add(result, writer)
        except (StageError, WarehouseError, Stopped, Conflict):
            writer.abort()
            raise
        except FrameworkError as error:
            writer.abort()
            with self._state_lock:
                self.outcome.failed.append(Failure(item, str(error)))
            self._listener("slice failed", {"stream": self._plan.stream, "slice": str(item), "error": str(error)})
            return
        self._listener(
            "slice read", {"stream": self._plan.stream, "status": result.status, "rows": result.rows, "requests": result.requests}
        )

    def _add(self, result: SliceResult, writer: SliceWriter) -> None:
        with self._batch_lock:
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
                through=self._plan.through,
                backfill=self._plan.backfill,
            )
            entry = self._with_position(entry)
            self._listener("prepared", {"stream": self._plan.stream})
            try:
                number = self._log.append(entry, self._seen_entry)
            except AlreadyLogged:
                return
            self._seen_entry = number
            self._listener("logged", {"stream": self._plan.stream, "entry": number})
            self._log.publish(number, entry)
            self._listener("published", {"stream": self._plan.stream, "entry": number, "parts": len(parts)})
        with self._state_lock:
            self.outcome.done += sum(result.status == "done" for result in results)
            self.outcome.skipped += sum(result.status == "skipped" for result in results)
            self.outcome.unfinished += sum(result.status == "limited" for result in results)
            self.outcome.rows += sum(result.rows for result in results)
            self.outcome.parts += len(parts)

    def _with_position(self, entry: Committed) -> Committed:
        before = self._position
        self._position = fold([(self._seen_entry + 1, entry)], before)
        return Committed(**{name: getattr(entry, name) for name in entry.__struct_fields__}
                         | {"before": shown(before), "after": shown(self._position)})  # fmt: skip

    def _close(self) -> None:
        planned, outcome = len(self._plan.slices), self.outcome
        left = planned - outcome.done - outcome.skipped - len(outcome.failed)
        outcome.unfinished = left
        entry = Closed(
            run=self._plan.run,
            at=datetime.now(UTC),
            base=self._plan.base,
            planned=planned,
            done=outcome.done,
            skipped=outcome.skipped,
            failed=outcome.failed,
            unfinished=left,
            through=self._plan.through,
            backfill=self._plan.backfill,
            started=self._plan.started,
        )
        self._log.append(entry, self._seen_entry)
        self._listener("closed", {"stream": self._plan.stream})


class _Batch:
    """Finished slices that share an entry, and, as far as they are small, a part."""

    def __init__(self, writer: PartWriter) -> None:
        self._writer = writer
        self._shared: PartFile | None = None
        self._parts: list[Any] = []
        self._results: list[SliceResult] = []
        self._since = time.monotonic()

    def add(self, result: SliceResult, writer: SliceWriter) -> None:
        parts, ranges = writer.finish(self._shared_part)
        self._parts += parts
        self._results.append(_with_ranges(result, ranges))

    def _shared_part(self) -> PartFile:
        self._shared = self._shared or self._writer.open()
        return self._shared

    def full(self, part_bytes: int) -> bool:
        shared = self._shared.bytes if self._shared else 0
        old = time.monotonic() - self._since > BATCH_SECONDS
        return bool(self._parts) or shared >= part_bytes or len(self._results) >= BATCH_SLICES or old

    def finish(self) -> tuple[list[Any], list[SliceResult]]:
        if self._shared:
            self._parts.append(self._shared.finish())
        return self._parts, self._results

    def abort(self) -> None:
        if self._shared:
            self._shared.abort()


def _with_ranges(result: SliceResult, ranges: list[Any]) -> SliceResult:
    values = {name: getattr(result, name) for name in result.__struct_fields__}
    return SliceResult(**values | {"ranges": ranges})


def shown(position: Position) -> str:
    """A position in a few words."""
    if position.parents or position.followed:
        return f"the parent's entry {position.parents}, {len(position.followed)} partitions beyond, {len(position.pending)} due"
    ends = [windows[0].end for windows in position.covered.values() if windows]
    if not ends:
        return ""
    first = to_text(min(ends))
    return first if len(ends) == 1 else f"{first} and later, over {len(ends)} partitions"


