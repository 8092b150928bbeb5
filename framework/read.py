"""A slice → its pages → lines in a part. Between the API and the stage a record's bytes pass through here alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from framework import exact_json, records
from framework.decoders.json import JsonDecoder
from framework.errors import DataProblem, SpecError
from framework.fetch import Answer, Client, date_of
from framework.manifest import Slice, SliceResult
from framework.names import as_templates, uses_window
from framework.pagination.none import NoPagination
from framework.parts import SliceWriter
from framework.plan import covered
from framework.request import Page, Request
from framework.spec import Stream
from framework.template import render, render_path, render_text
from framework.window import format_instant, parse_instant, sent_bounds, to_text

MAX_PAGES = 100_000
SLOW_CLOCK = timedelta(minutes=5)
"""An API's clock may lag by so much before it is said."""

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
            sent = sent_bounds(item.window, spec.bounds, spec.step)
            texts = {
                "start": format_instant(sent.start, spec.format, spec.step),
                "end": format_instant(sent.end, spec.format, spec.step),
            }
            values["window"] = texts
        return values

    def first_request(self, item: Slice) -> Request:
        """The request for a slice's first page."""
        spec, values = self.stream.request, self.context(item)
        request = self._client.request(spec.method, render_path(spec.path, values))
        for name, text in spec.headers.items():
            request = request.with_header(name, _header(name, render_text(text, values)))
        for name, value in spec.params.items():
            rendered = render(value, values) if isinstance(value, str) else value
            if rendered is not None:
                request = request.with_param(name, _plain(name, rendered))
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

    def read(self, item: Slice, writer: SliceWriter, limit: Callable[[int], int], moves_position: bool) -> SliceResult:
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
        if state.status == "done":
            self._judge(item, state)
            end = covered(self.stream, item, state.greatest, state.api_now) if moves_position else None
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
            try:
                following = self._pages.next(request, page)
            except ValueError as error:
                raise self._problem(page, f"the next page can't be asked for: {error}") from None
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
        state.replaced += body.replaced
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
            texts = [exact_json.decode(text) for line in written if (text := records.field_text(line, self._cursor))]
            moments, strange = _instants(texts, self.stream.incremental.format)
            state.strange += strange
            state.greatest = max([*moments, *([state.greatest] if state.greatest else [])], default=None)

    def _judge(self, item: Slice, state: "_SliceState") -> None:
        """What is to be said of a slice that was read to its end. Raises DataProblem where its position would never
        move."""
        spec, warn = self.stream.incremental, state.warnings.append
        if state.replaced:
            warn(f"{state.replaced} halves of surrogate pairs, which no text can hold, were replaced by U+FFFD")
        if spec is None or item.window is None:
            return
        if state.strange:
            what = f"{state.strange} records whose cursor {spec.cursor!r} is no instant in the form {spec.format}"
            if state.greatest is None:
                request = self._client.show(str(self.first_request(item)))
                raise DataProblem(f"{request}: {what}, and none where it is one. Correct `incremental`.")
            warn(f"{what}; the position leaves them out of account")
        elif self._cursor and state.seen and state.greatest is None:
            warn(f"no record has the cursor {spec.cursor!r}: the position stays, and all this is read again")
        if state.api_now is not None and state.api_now < item.window.end + spec.delay - SLOW_CLOCK:
            says = f"by its Date header, the API's clock is at {to_text(state.api_now)}"
            warn(f"{says}, behind the end of what was asked for: the position does not pass it")

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
    strange: int = 0
    """Records whose cursor is no instant."""
    replaced: int = 0
    warnings: list[str] = field(default_factory=list)


def _instants(texts: Sequence[Any], form: str) -> tuple[list[datetime], int]:
    """The instants among which the greatest is, and how many texts are none. ISO instants of one shape in UTC sort as
    text, so only the greatest needs parsing; others all do."""
    shapes = {(len(text), text[-1:]) if isinstance(text, str) else None for text in texts}
    if form == "iso8601" and len(shapes) == 1 and all(shape is not None and shape[1] == "Z" for shape in shapes):
        found = _instant(max(texts), form)
        if found is not None:
            return [found], 0
    every = [_instant(text, form) for text in texts]
    return [moment for moment in every if moment is not None], every.count(None)


def _instant(text: Any, form: str) -> datetime | None:
    try:
        return parse_instant(text, form)
    except ValueError:
        return None


def _merged(identity: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(identity)
    for name, value in extra.items():
        inner = result.get(name)
        both = isinstance(inner, dict) and isinstance(value, dict)
        result[name] = _merged(inner, value) if both and inner is not None else value
    return result


def _header(name: str, text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise DataProblem(f"the header {name} would hold what HTTP can't carry: quote it, as with `| urlencode`")
    return text


def _plain(name: str, value: Any) -> str:
    if isinstance(value, list | dict):
        kind = "a list" if isinstance(value, list) else "a mapping"
        raise SpecError(f"params.{name}: the value is {kind}, which is no text: write it as one, as with `| join(',')`")
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
