"""How a stream pages, in a few sentences."""

from collections.abc import Iterator

from framework.guards import Guards
from framework.pagination.base import Paginator
from framework.pagination.cursor import CursorPagination
from framework.pagination.hook import HookPagination
from framework.pagination.link_header import LinkHeaderPagination
from framework.pagination.next_url import NextUrlPagination
from framework.pagination.none import NoPagination
from framework.pagination.offset import OffsetPagination
from framework.pagination.page_number import PageNumberPagination
from framework.paging import paginator
from framework.problem import counted
from framework.spec import Stream


def paging(stream: Stream) -> list[str]:
    """Where the next page comes from, what ends the list, and what is watched meanwhile."""
    pages = paginator(stream)
    return [*_next(pages), *_end(pages), *_guards(stream.guards or Guards(), pages)]


def _next(pages: Paginator) -> Iterator[str]:
    size = pages.page_size
    if size:
        yield f"pages of {size.value:,}: {size.param or size.body} = {size.value}"
    if isinstance(pages, NoPagination):
        yield "one page holds it all"
    elif isinstance(pages, CursorPagination):
        place = f"`{pages.param or pages.body}`" if pages.path is None else f"the path {pages.path}"
        yield f"the next page is asked for with {_source(pages)}, sent in {place}; a page without one is the last"
        if pages.first_only:
            yield f"only the first request holds {', '.join(pages.first_only)}"
    elif isinstance(pages, NextUrlPagination):
        kept = "; the stream's params are sent again" if pages.keep_params else ""
        yield f"each page holds the next one's URL at `{pages.next_path}`{kept}; a page without one is the last"
    elif isinstance(pages, LinkHeaderPagination):
        yield f"the next page's URL stands in the Link header, rel={pages.rel}; a page without one is the last"
    elif isinstance(pages, PageNumberPagination):
        yield f"pages are counted from {pages.first_page} in `{pages.param or pages.body}`"
        if pages.total_pages:
            yield f"the body says at `{pages.total_pages}` how many pages there are"
    elif isinstance(pages, OffsetPagination):
        by = "the records that came" if pages.advance == "received" else "the page size"
        yield f"`{pages.param or pages.body}` counts records from {pages.start}, and grows by {by}"
    elif isinstance(pages, HookPagination):
        yield f"{pages.hook} leads from one page to the next"


def _source(pages: CursorPagination) -> str:
    if pages.next_path:
        return f"the token at `{pages.next_path}`"
    if pages.header:
        return f"the token in the header {pages.header}"
    return f"`{pages.last}` of the last record" if pages.last else f"the token {pages.token}"


def _end(pages: Paginator) -> Iterator[str]:
    if pages.more:
        yield f"`{pages.more}` says whether there is another page"
    if pages.stop:
        yield f"the list ends where {pages.stop}"
    if isinstance(pages, OffsetPagination | PageNumberPagination) and not pages.told:
        yield "an empty page is the last one; a short one is not"
    if pages.total_records or pages.total_header:
        place = f"`{pages.total_records}`" if pages.total_records else f"the header {pages.total_header}"
        yield f"{place} says how many records there are"
    if pages.restart:
        after = pages.restart
        what = f"{after.after_records:,} records" if after.after_records else counted(after.after_pages or 0, "page")
        yield f"after {what} a new first page begins at the last record's cursor"


def _guards(guards: Guards, pages: Paginator) -> Iterator[str]:
    if isinstance(pages, NoPagination):
        return
    cap = guards.page_cap
    told = f"{cap.pages:,} pages at most" if cap.policy == "fail" else f"{cap.policy} after {cap.pages:,} pages"
    total = guards.total
    if pages.total_records or pages.total_header:
        share = f", {total.tolerance:.2%} of them may be missing" if total.tolerance else ""
        told += f"; fewer records than the total: {total.policy}{share}"
    yield f"{told}; a repeated page: {guards.repeated_page}; a repeated request: {guards.repeated_cursor}"
