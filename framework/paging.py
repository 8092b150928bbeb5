"""A slice → its pages, in order, the next ones on their way already; what goes wrong between them is found here."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
from msgspec.structs import replace

from framework import exact_json
from framework.ahead import Flight
from framework.decoders.base import Decoder
from framework.errors import DataProblem
from framework.fetch import Answer, Client, date_of
from framework.guards import Guards, Watch
from framework.manifest import Slice
from framework.pagination.base import Paginator
from framework.pagination.none import NoPagination
from framework.request import Page, Request
from framework.spec import Stream
from framework.template import TemplateProblem
from framework.window import Window, parse_any

Ask = Callable[[Slice], tuple[Request, Mapping[str, Any]]]
"""A slice → the request for its first page, and the names that its templates may use."""


_ALONE = NoPagination(type="none")
_GUARDS = Guards()


def paginator(stream: Stream) -> Paginator:
    """How the stream is handed out."""
    return stream.pagination or _ALONE


class Pages:
    """The pages of one slice, each as soon as it is asked for. With `ahead` the next ones are under way meanwhile;
    without it, as where the caller may stop at any page, nothing is sent that it does not ask for."""

    def __init__(
        self, stream: Stream, client: Client, decoder: Decoder, item: Slice, ask: Ask, ahead: bool = True
    ) -> None:  # fmt: skip
        self._stream, self._client, self._decoder = stream, client, decoder
        self._kind = paginator(stream)
        self._slice, self._ask, self._ahead = item, ask, ahead
        self._flight = Flight(client.ahead, self._fetch)
        self._repeats = _Repeats()
        self._segment = _Segment()
        self.watch = Watch(stream.guards or _GUARDS)
        self.status: Literal["done", "skipped"] = "done"
        self.skipped_by = 0
        """The HTTP status of the response that a rule skipped."""
        self.requests = 0
        self.pages = 0
        self.records = 0
        self.replaced = 0
        self.api_now: datetime | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._flight.drop()

    def __iter__(self) -> Iterator[Page]:
        """Raises ApiError, DataProblem where a guard fails."""
        request, names = self._ask(self._slice)
        self._segment.first = request
        while True:
            answer = self._flight.take(request)
            self._count(answer)
            if answer.then != "read":
                self._end(answer)
                return
            page = self._page(answer, names)
            following = self._next(request, page)
            if following is not None and self._is_full(page):
                following, names = self._restarted(page)
            if following is not None and self._ahead:
                self._flight.send(following, self._guesses(following, request, page))
            yield page
            if following is None:
                self._guard_total(page)
                return
            request = following

    def _fetch(self, request: Request) -> Answer:
        return self._client.fetch(request, self._stream.responses or [], self._decoder.read)

    def _guesses(self, following: Request, request: Request, page: Page) -> Callable[[], Iterator[Request]]:
        def likely() -> Iterator[Request]:
            if not self._restarts:
                found = self._kind.ahead(request, page)
                if next(found, None) == following:
                    yield from found

        return likely

    def _count(self, answer: Answer) -> None:
        self.requests += answer.requests
        self.pages += 1
        self._segment.pages += 1
        self.api_now = self.api_now or date_of(answer.response)

    def _end(self, answer: Answer) -> None:
        if answer.then == "skip":
            self.status, self.skipped_by = "skipped", answer.response.status

    def _page(self, answer: Answer, names: Mapping[str, Any]) -> Page:
        body = answer.body
        assert body is not None
        if body.records is None and answer.response.body.strip() not in (b"", b"null"):
            self.watch.found("missing_path", self.watch.guards.missing_path, lambda: self._no_path(answer))
        rows = body.records or []
        self.records += len(rows)
        self._segment.records += len(rows)
        self.replaced += body.replaced
        values, seen = body.values, self._segment.records
        page = Page(answer.response, rows, seen, values, names, body.one_line)
        if self._restarts:
            self._note_order(page)
        return page

    def _no_path(self, answer: Answer) -> str:
        found = self._decoder.names_at_path(answer.response.body)
        remedy = "Correct `records`, or write `guards: {missing_path: ignore}` if the API leaves empty lists out"
        return self.text(answer.response.request, f"no records at {self._stream.records.path!r}: {found}. {remedy}")

    # From page to page

    def _next(self, request: Request, page: Page) -> Request | None:
        guards = self.watch.guards
        if self._repeats.records(page):
            what = "the records are the same as on the page before: does `pagination` fit this API?"
            self.watch.found("repeated_page", guards.repeated_page, lambda: self._about(page, what))
        try:
            following = self._kind.next(request, page)
        except (ValueError, TemplateProblem) as error:
            what = f"the next page can't be asked for: {error}"
            raise DataProblem(self._about(page, what.rstrip("."))) from None
        if following is None:
            return None
        following = self._client.linked(request, following)
        if following == request or self._repeats.request(following):
            what = f"the cursor repeats, the next page would be {following} again: check `pagination`"
            self.watch.found("repeated_cursor", guards.repeated_cursor, lambda: self._about(page, what))
        cap = guards.page_cap
        if self.pages >= cap.pages:
            what = (
                f"more than {cap.pages:,} pages in one slice: give `incremental` a `window`, or raise `guards.page_cap`"
            )
            self.watch.found("page_cap", cap.policy, lambda: self._about(page, what))
        return following

    def _guard_total(self, page: Page) -> None:
        total, guard = self._kind.total(page), self.watch.guards.total
        if total is not None and page.seen < total * (1 - guard.tolerance):
            what = f"the API says {total} records and sent {page.seen}: check `pagination`, or allow for it with "
            self.watch.found("total", guard.policy, lambda: self._about(page, f"{what}`guards.total.tolerance`"))

    # Beginning again

    @property
    def _restarts(self) -> bool:
        return self._kind.restart is not None and self._slice.window is not None

    def _is_full(self, page: Page) -> bool:
        restart, segment = self._kind.restart, self._segment
        size = self._kind.page_size.value if self._kind.page_size else page.record_count
        return restart is not None and self._restarts and restart.is_due(segment.records, segment.pages, size)

    def _note_order(self, page: Page) -> None:
        """Keeps the last record's cursor. Raises DataProblem where the order is not ascending."""
        if not page.records:
            return
        first, last = self._moment(page, page.records[0]), self._moment(page, page.records[-1])
        before = self._segment.reached or first
        if not before <= first <= last:
            what = f"the records are not in ascending order of {self._cursor!r}, as `restart` needs: sort them so"
            raise DataProblem(self._about(page, what))
        self._segment.reached = last

    @property
    def _cursor(self) -> str:
        return self._stream.incremental.cursor if self._stream.incremental else ""

    def _moment(self, page: Page, record: msgspec.Raw) -> datetime:
        value: Any = exact_json.decode(bytes(record))
        for name in self._cursor.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        try:
            return parse_any(value, self._stream.incremental.forms if self._stream.incremental else ["iso8601"])
        except ValueError as error:
            what = f"`restart` needs the cursor {self._cursor!r} of every record: {error}"
            raise DataProblem(self._about(page, what)) from None

    def _restarted(self, page: Page) -> tuple[Request, Mapping[str, Any]]:
        """The first page of what is left."""
        window, reached = self._slice.window, self._segment.reached
        if window is None or reached is None:
            raise DataProblem(self._about(page, "`restart` is due, and there was no record to begin again at"))
        rest = replace(self._slice, window=Window(min(reached, window.end), window.end))
        request, names = self._ask(rest)
        if request == self._segment.first:
            what = f"more records than the API hands out have one {self._cursor!r}: `restart` can't get beyond them"
            raise DataProblem(self._about(page, what))
        self._segment = _Segment()
        self._segment.first = request
        self._repeats = _Repeats()
        return request, names

    def _about(self, page: Page, what: str) -> str:
        return self.text(page.response.request, what)

    def text(self, request: Request, what: str) -> str:
        """What is said of a request, secrets hidden."""
        return self._client.show(f"{request}: {what}{'' if what.endswith(('?', '.')) else '.'}")


class _Segment:
    """What the API hands out in one go: all of a slice, but for `restart`."""

    def __init__(self) -> None:
        self.first: Request | None = None
        self.records = 0
        self.pages = 0
        self.reached: datetime | None = None


class _Repeats:
    """What has been asked for, and the page before this one."""

    def __init__(self) -> None:
        self._asked: set[bytes] = set()
        self._last: list[msgspec.Raw] = []

    def records(self, page: Page) -> bool:
        """Whether the page holds what the one before it held."""
        same = bool(page.records) and page.records == self._last
        self._last = page.records
        return same

    def request(self, request: Request) -> bool:
        """Whether it was asked for before."""
        mark = blake2b(str((request, request.json)).encode(), digest_size=16).digest()
        known = mark in self._asked
        self._asked.add(mark)
        return known
