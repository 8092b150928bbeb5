"""Rules about how lists are handed out: what a paginator can't do with this stream, and what it may lose."""

import re
from collections.abc import Iterator
from typing import Any

from framework.lint.finding import Finding
from framework.names import uses_window
from framework.pagination.base import Paginator
from framework.pagination.cursor import TOKEN, CursorPagination
from framework.pagination.offset import OffsetPagination
from framework.pagination.page_number import PageNumberPagination
from framework.problem import Path
from framework.spec import Source, Stream
from framework.template import names_in, problem_of

_SORT = re.compile(r"(^|[^a-z])(sort|order)", re.IGNORECASE)


def paging(source: Source) -> Iterator[Finding]:
    for index, written in enumerate(source.streams):
        stream = source.filled(written)
        kind = stream.pagination
        if kind is None:
            yield from _one_page(source, stream, index)
            continue
        place: Path = ("streams", index) if written.pagination else ("defaults",)
        for finding in (*_restart(stream, kind), *_places(stream, kind), *_order(source, stream, kind)):
            yield finding._replace(path=(*place, "pagination", *finding.path))


_SIZE = re.compile(
    r"^(\$?limit|\$top|(per_?page|page_?(size|limit|length)|max_?results|rows)|page\[(size|limit)\])$", re.IGNORECASE
)


def _one_page(source: Source, stream: Stream, index: int) -> Iterator[Finding]:
    """A size of pages where nothing reads a second one. 1 asks for the one that there is."""
    sent = [
        *((("http", "params", name), name, value) for name, value in source.http.params.items()),
        *(
            (("streams", index, "request", "params", name), name, value)
            for name, value in stream.request.params.items()
        ),
    ]
    for path, name, value in sent:
        if _SIZE.match(name) and str(value) != "1":
            message = (
                f"{name!r} asks for so many records, and the stream has no `pagination`: what is beyond is never read."
            )
            yield Finding("W212", path, message, at_key=True)


def _restart(stream: Stream, kind: Paginator) -> Iterator[Finding]:
    if kind.restart is None:
        return
    needs = {
        "`incremental`": stream.incremental,
        "a `primary_key`": stream.primary_key,
        "a request that sends window.start": uses_window(stream, "start"),
    }
    missing = [what for what, there in needs.items() if not there]
    if missing:
        message = f"restart begins again where the last record's cursor stands: it needs {' and '.join(missing)}."
        yield Finding("E351", ("restart",), message)


def _places(stream: Stream, kind: Paginator) -> Iterator[Finding]:
    """Where the token, the number and the page size go."""
    path = kind.path if isinstance(kind, CursorPagination) else None
    if path is not None and not problem_of(path) and (TOKEN,) not in names_in(path):
        yield Finding("E352", ("path",), "the path never holds the token: write {{ token }} where it goes.")
    size = kind.page_size
    if size and size.param in stream.request.params:
        message = f"`params` of the request holds {size.param!r} too: the page size takes its place."
        yield Finding("W221", ("page_size", "param"), message)
    fields = [(("page_size", "body"), size.body if size else None), (("body",), getattr(kind, "body", None))]
    for place, field in fields:
        if field and stream.request.method == "GET":
            message = f"{field!r} is sent in a JSON body, and the request is a GET: write `method: POST`."
            yield Finding("W222", place, message)
        elif field and (name := _blocked(stream.request.json_body, field.split("."))):
            message = f"{field!r} is sent in the JSON body, where {name!r} is no mapping."
            yield Finding("E353", place, message)


def _blocked(body: Any, names: list[str]) -> str | None:
    """The first name on the way to a field that stands for something else than a mapping."""
    for above, name in zip(["json", *names], names, strict=False):
        if body is None:
            return None
        if not isinstance(body, dict):
            return above
        body = body.get(name)
    return None


def _order(source: Source, stream: Stream, kind: Paginator) -> Iterator[Finding]:
    """Whoever counts pages or records loses one for each that leaves the part that was read before: as where the order
    is by the time of change, and a record changes in between."""
    if not isinstance(kind, OffsetPagination | PageNumberPagination) or stream.incremental is None:
        return
    orders = list(_orders(source, stream))
    if orders and not any(_moves(stream.incremental.cursor, text) for text in orders):
        return
    how = "in no order that the request asks for" if not orders else f"in the order of {stream.incremental.cursor!r}"
    message = (
        f"records are counted {how}: one that changes while pages are read shifts the others, and some are never seen. "
        "Page by `cursor` or `next_url` if the API can, or sort by what never changes, such as the id."
    )
    yield Finding("W223", ("type",), message)


def _moves(cursor: str, order: str) -> bool:
    """Whether an order is by the time of change, which the cursor is: `updated` is by updated_at."""
    field = cursor.rpartition(".")[2]
    if re.search(r"creat|insert", field, re.IGNORECASE):
        return False
    words = [word.lower() for word in re.findall(r"[A-Za-z][a-z]+", field) if len(word) > 3]
    return field in re.split(r"\W+", order) or any(word in order.lower() for word in words)


def _orders(source: Source, stream: Stream) -> Iterator[str]:
    """What the request says about the order, wherever it says so."""
    request = stream.request
    for name, value in _pairs({**source.http.params, **request.params, "": request.json_body}):
        if _SORT.search(name):
            yield str(value)
    found = re.findall(r"[?&]([^=&]*)=([^&]*)", request.path)
    yield from (value for name, value in found if _SORT.search(name))


def _pairs(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _pairs(inner, f"{name}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(inner, name)
    elif value is not None:
        yield name, value
