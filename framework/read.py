"""A slice → its pages → lines in a part. Between the API and the stage a record's bytes pass through here alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from framework import exact_json, records
from framework.decoders.json import JsonDecoder
from framework.errors import DataProblem
from framework.fetch import Answer, Client, date_of
from framework.manifest import Slice, SliceResult
from framework.names import as_templates, uses_window
from framework.pagination.none import NoPagination
from framework.parts import SliceWriter
from framework.plan import covered
from framework.request import Page, Request
from framework.spec import Stream
from framework.template import render, render_text
from framework.window import format_instant, parse_instant, sent_bounds

MAX_PAGES = 100_000

Values = Mapping[str, Any]


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
            request = replace(request, json=_rendered(spec.json_body, values))
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
            slice=item,
            status=state.status,
            rows=writer.rows,
            requests=state.requests,
            retries=state.requests - state.pages,
            covered=end,
            warnings=state.warnings,
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
                raise self._problem(
                    page, f"record {number} of the page has no {name!r}, which is part of `primary_key`"
                )
        if self._cursor and written and self.stream.incremental:
            form = self.stream.incremental.format
            texts = [exact_json.decode(text) for line in written if (text := records.field_text(line, self._cursor))]
            moments = [parse_instant(text, form) for text in _extremes(texts)]
            state.greatest = max([*moments, *([state.greatest] if state.greatest else [])], default=None)

    def _guard_paging(self, request: Request, following: Request | None, page: Page, state: "_SliceState") -> None:
        if following is None:
            return
        if page.records and page.records == state.last_records:
            raise self._problem(page, "the records are the same as on the page before: does `pagination` fit this API?")
        state.last_records = page.records
        fingerprint = blake2b(str((following, following.json)).encode(), digest_size=16).digest()
        if following == request or fingerprint in state.asked:
            raise self._problem(
                page, f"the cursor repeats, the next page would be {following} again: check `pagination`"
            )
        state.asked.add(fingerprint)
        if state.pages >= MAX_PAGES:
            raise self._problem(page, f"more than {MAX_PAGES:,} pages in one slice: give `incremental` a `window`")

    def _guard_total(self, page: Page, state: "_SliceState") -> None:
        total = self._pages.total(page)
        if total is not None and state.seen < total:
            raise self._problem(page, f"the API says {total} records and sent {state.seen}: check `pagination`")

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
    last_records: Sequence[msgspec.Raw] = ()
    asked: set[bytes] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)


def _extremes(texts: Sequence[Any]) -> Sequence[Any]:
    """Instants of one shape in UTC sort as text, so only the greatest needs parsing; others all do."""
    shapes = {(len(text), text[-1:]) if isinstance(text, str) else None for text in texts}
    sorted_as_text = len(shapes) == 1 and all(shape is not None and shape[1] == "Z" for shape in shapes)
    return [max(texts)] if sorted_as_text else texts


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
