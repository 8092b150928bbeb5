"""A slice → its pages → lines in a part. Between the API and the stage a record's bytes pass through here alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from framework import records
from framework.decoders import JsonFormat
from framework.decoders.base import Asked
from framework.decoders.shape import ShapingDecoder
from framework.edits import Edits
from framework.errors import DataProblem, SpecError
from framework.fetch import Client
from framework.guards import Guards
from framework.hooks import changed
from framework.jobs import Ask, Done, done
from framework.keys import Keys
from framework.lines import Lines
from framework.manifest import Slice, SliceResult
from framework.moments import instants, within
from framework.names import as_templates, uses_window
from framework.paging import Pages, paginator
from framework.parts import SliceWriter
from framework.plan import covered
from framework.request import Page, Request
from framework.spec import Job, RequestSpec, Stream
from framework.template import render, render_path, render_text
from framework.window import format_instant, sent_bounds, to_text

SLOW_CLOCK = timedelta(minutes=5)
"""An API's clock may lag by so much before it is said."""

Values = Mapping[str, Any]


class StreamReader:
    """Reads the slices of one stream: pure but for the client and the parts it writes."""

    def __init__(self, stream: Stream, values: Values, client: Client, whole: bool = False) -> None:
        """`whole`: its slices are the stream's whole list, whatever the records say of time."""
        self.stream, self._values, self._client = stream, values, client
        self._pages = paginator(stream)
        self._key = list(stream.primary_key or [])
        spec = stream.incremental
        timed = spec is not None and not whole and (spec.drops or not uses_window(stream, "end"))
        self._cursor = spec.cursor if spec and timed else None
        self._keys = Keys(self._key, self._cursor)
        self._jobs: dict[str, Done] = {}
        """By slice: the jobs that were done for those under way."""
        self._may_stop = bool(spec and spec.order == "newest_first")
        self._sent = (spec.bounds, spec.sent_form, spec.step) if spec else None
        self._decoder = self._opened(stream)
        self._first = StreamReader(first_of(stream), values, client, whole=True) if stream.first_run else None
        self.guards = stream.guards or Guards()
        self.skipped_by: set[int] = set()
        """The HTTP statuses of the responses for which slices were skipped."""

    def show(self, text: str) -> str:
        """The text with secrets hidden."""
        return self._client.show(text)

    def _opened(self, stream: Stream) -> ShapingDecoder:
        """The decoder for the stream's bodies."""
        spec, values = stream.records, [*self._pages.paths(), *stream.records.values]
        asked = Asked(spec.path, values, max_bytes=self._client.max_body_bytes)
        return ShapingDecoder((stream.format or JsonFormat(type="json")).open(asked), spec.shape)

    def context(self, item: Slice) -> dict[str, Any]:
        """The names that this slice's templates may use."""
        values = {**self._values, **_merged(item.partition, item.extra)}
        if self._sent and item.window:
            bounds, form, step = self._sent
            sent = sent_bounds(item.window, bounds, step)
            values["window"] = {
                "start": format_instant(sent.start, form, step),
                "end": format_instant(sent.end, form, step),
            }
        return values

    def first_request(self, item: Slice, values: Values | None = None) -> Request:
        """The request for a slice's first page; `values` are those of its context, where they are at hand."""
        if item.first and self._first:
            return self._first.first_request(item)
        spec = self.stream.job.create if self.stream.job else self.stream.request
        return self._request(spec, self.context(item) if values is None else values)

    def _request(self, spec: RequestSpec, values: Values) -> Request:
        request = self._client.request(spec.method, render_path(spec.path, values))
        for name, text in spec.headers.items():
            request = request.with_header(name, _header(name, render_text(text, values)))
        if spec.params:
            request = request.with_params(tuple(_fields(spec.params, values)))
        if spec.form is not None:
            request = replace(request, form=tuple(_fields(spec.form, values)))
        if spec.json_body is not None:
            request = replace(request, json=_rendered(spec.json_body, values))
        if spec.hook:
            request = changed(spec.hook, request, values)
        return self._pages.first(request) if spec is self.stream.request else request

    def edits(self, item: Slice) -> Edits:
        """What changes in the records of this slice."""
        spec = self.stream.records
        if not spec.edited:
            return _NO_EDITS
        values = self.context(item)
        added = {name: render(v, values) if isinstance(v, str) else v for name, v in spec.add.items()}
        fields = spec.hash.fields if spec.hash else []
        key = render_text(spec.hash.key, values).encode() if spec.hash else b""
        return Edits(
            filter=spec.filter,
            explode=spec.explode,
            carry=spec.carry,
            rename=spec.rename,
            flatten=spec.flatten or 0,
            drop=spec.drop,
            hash=fields,
            hash_key=key,
            add=added,
        )

    def read(
        self, item: Slice, writer: SliceWriter, limit: Callable[[int], int] | None, moves_position: bool
    ) -> SliceResult:  # fmt: skip
        """All pages of one slice. Raises ApiError; what was written by then is the caller's to throw away."""
        if item.first and self._first:
            result = self._first.read(item, writer, limit, moves_position)
            self.skipped_by |= self._first.skipped_by
            return result
        edits = self.edits(item)
        state = _SliceState()
        ahead = limit is None and not self._may_stop
        pages = Pages(self.stream, self._client, self._decoder, item, self._asked, ahead=ahead)
        with pages:
            for page in () if self._is_empty(item) else pages:
                written, is_last = self._in_window(item, page, self._lines(page, edits, pages), state, pages)
                allowed = limit(len(written)) if limit else len(written)
                writer.write(written.head(allowed))
                if allowed < len(written):
                    state.status = "limited"
                    break
                if is_last:
                    break
        job = self._jobs.pop(item.id, None) if self._jobs else None
        if pages.status == "skipped":
            state.status = "skipped"
            self.skipped_by.add(pages.skipped_by)
        end = None
        if state.status == "done":
            self._judge(item, state, pages)
            api_now = pages.api_now or (job.api_now if job else None)
            end = covered(self.stream, item, state.greatest, api_now) if moves_position else None
        return SliceResult(
            slice=item,
            status=state.status,
            rows=writer.rows,
            requests=pages.requests + (job.requests if job else 0),
            retries=pages.requests - pages.pages,
            covered=end,
            warnings=[*pages.watch.warnings(), *state.warnings],
        )

    def _asked(self, item: Slice) -> tuple[Request, Values]:
        values = self.context(item)
        if self.stream.job is None:
            return self.first_request(item, values), values
        values = {**values, "job": self._job(item, self.stream.job).values}
        return self._request(self.stream.request, values), values

    def _job(self, item: Slice, spec: Job) -> Done:
        """The slice's job, done; it is created where it was not yet."""
        if item.id not in self._jobs:
            values = self.context(item)
            ask: Ask = lambda spec, job: self._request(spec, {**values, "job": job})  # noqa: E731
            self._jobs[item.id] = done(spec, ask, self._client, self.stream.responses or [])
        return self._jobs[item.id]

    def _is_empty(self, item: Slice) -> bool:
        """Whether the slice's job made nothing that could be fetched."""
        return self.stream.job is not None and self._job(item, self.stream.job).empty

    def _lines(self, page: Page, edits: Edits, pages: Pages) -> Lines:
        from_page = {name: page.values.get(path) for name, path in self.stream.records.add_from_page.items()}
        if from_page:
            edits = replace(edits, add={**edits.add, **from_page})
        try:
            written = records.lines(page.records, edits, page.one_line)
            if self._keys.lead(written):
                return written
            records.check_objects(written)
        except DataProblem as error:
            raise DataProblem(pages.text(page.response.request, str(error))) from None
        self._guard_keys(page, written, pages)
        return written

    def _guard_keys(self, page: Page, written: Lines, pages: Pages) -> None:
        policy = pages.watch.guards.missing_key
        missing = self._keys.missing(written) if policy != "ignore" else None
        if missing:
            what = f"record {missing[0]} of the page has no {missing[1]!r}, which is part of `primary_key`"
            pages.watch.found("missing_key", policy, lambda: pages.text(page.response.request, what))

    def _in_window(
        self, item: Slice, page: Page, lines: Lines, state: "_SliceState", pages: Pages
    ) -> tuple[Lines, bool]:
        """The lines that belong to the slice, and whether no later page can hold more."""
        spec = self.stream.incremental
        self._note_cursor(lines, state)
        if spec is None or item.window is None or item.first or not spec.drops:
            return lines, False
        found = within(lines, spec, item.window)
        return found.lines, found.is_last

    def _note_cursor(self, written: Lines, state: "_SliceState") -> None:
        """Keeps the greatest cursor where the position depends on it."""
        if self._cursor and written and self.stream.incremental:
            moments, strange = instants(self._keys.cursors(written), self.stream.incremental.forms)
            state.strange += strange
            state.greatest = max([*moments, *([state.greatest] if state.greatest else [])], default=None)

    def _judge(self, item: Slice, state: "_SliceState", pages: Pages) -> None:
        """What is to be said of a slice that was read to its end. Raises DataProblem where its position would never
        move."""
        spec, warn = self.stream.incremental, state.warnings.append
        if pages.replaced:
            warn(f"{pages.replaced} halves of surrogate pairs, which no text can hold, were replaced by U+FFFD")
        if spec is None or item.window is None:
            return
        if state.strange:
            forms = " or ".join(spec.forms)
            what = f"{state.strange} records whose cursor {spec.cursor!r} is no instant in the form {forms}"
            if state.greatest is None:
                request = self._client.show(str(self.first_request(item)))
                raise DataProblem(f"{request}: {what}, and none where it is one. Correct `incremental`.")
            warn(f"{what}; the position leaves them out of account")
        elif self._cursor and pages.records and state.greatest is None and not self.stream.records.filter:
            warn(f"no record has the cursor {spec.cursor!r}: the position stays, and all this is read again")
        if pages.api_now is not None and pages.api_now < item.window.end + spec.delay - SLOW_CLOCK:
            says = f"by its Date header, the API's clock is at {to_text(pages.api_now)}"
            warn(f"{says}, behind the end of what was asked for: the position does not pass it")


_NO_EDITS = Edits()


def first_of(stream: Stream) -> Stream:
    """The stream as it is read as long as it has no position."""
    spec = stream.first_run
    assert spec is not None
    changed = {"request": spec.request, "records": spec.records, "pagination": spec.pagination or stream.pagination}
    return stream.model_copy(update={**changed, "first_run": None})


@dataclass
class _SliceState:
    status: Literal["done", "skipped", "limited"] = "done"
    greatest: datetime | None = None
    strange: int = 0
    """Records whose cursor is no instant."""
    warnings: list[str] = field(default_factory=list)


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
    if value is None or isinstance(value, list | dict):
        kind = "null" if value is None else "a list" if isinstance(value, list) else "a mapping"
        raise SpecError(f"params.{name}: the value is {kind}, which is no text: write it as one, as with `| json`")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(getattr(value, "text", value))


def _fields(given: Mapping[str, Any], values: Values) -> Iterator[tuple[str, str]]:
    """Parameters or a form's fields as text, those that are null left out; of a list each value."""
    for name, value in given.items():
        rendered = _rendered(value, values)
        if rendered is not None:
            yield from ((name, _plain(name, item)) for item in (rendered if isinstance(rendered, list) else [rendered]))


def _rendered(value: Any, values: Values) -> Any:
    value = as_templates(value)
    if isinstance(value, dict):
        return {key: _rendered(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rendered(inner, values) for inner in value]
    return render(value, values) if isinstance(value, str) else value
