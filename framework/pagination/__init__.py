"""How an API hands out a long list: a file per kind."""

from typing import Annotated

from pydantic import Field

from framework.pagination.cursor import CursorPagination
from framework.pagination.hook import HookPagination
from framework.pagination.link_header import LinkHeaderPagination
from framework.pagination.next_url import NextUrlPagination
from framework.pagination.none import NoPagination
from framework.pagination.offset import OffsetPagination
from framework.pagination.page_number import PageNumberPagination

PaginationSpec = Annotated[
    CursorPagination
    | HookPagination
    | LinkHeaderPagination
    | NextUrlPagination
    | NoPagination
    | OffsetPagination
    | PageNumberPagination,
    Field(discriminator="type"),
]
