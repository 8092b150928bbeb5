"""Text in UTF-8, and what a body is instead of what it should be."""

import re

from pydantic_core import SchemaValidator, ValidationError, core_schema

from framework.decoders.base import Undecodable

_BOM = b"\xef\xbb\xbf"
_SHORT = 1 << 12
"""Below this many bytes to make a text takes less time than to be refused one."""
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,80})", re.IGNORECASE)


def utf8(body: bytes) -> bytes:
    """The body without the mark that may stand before UTF-8. Raises Undecodable where it is no UTF-8."""
    body = body.removeprefix(_BOM)
    if not body.isascii() and (len(body) < _SHORT or not _is_utf8(body)):
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise Undecodable(f"the body is not UTF-8 (byte {error.start} of {len(body)})") from None
    return body


_no_text = SchemaValidator(core_schema.str_schema(max_length=1))


def _is_utf8(body: bytes) -> bool:
    """Whether a body is text. pydantic sees that first, in Rust, and then refuses to make a text that is so long; to
    make one, as `decode` does, takes ten times as long and twice the memory."""
    try:
        _no_text.validate_python(body)
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)[0]["type"] == "string_too_long"
    return True


def instead_of(kind: str, body: bytes) -> str | None:
    """Says that a body is an HTML page, or nothing, where it is; None otherwise."""
    start = body[:200].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        title = _TITLE.search(body[:4096])
        named = f" titled {title[1].decode(errors='replace').strip()!r}" if title else ""
        return f"the body is an HTML page{named}, not {kind}"
    return f"the body is empty, not {kind}" if not body.strip() else None
