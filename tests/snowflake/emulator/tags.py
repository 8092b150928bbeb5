"""SET TAG on an object or a column."""

from typing import TYPE_CHECKING

from . import objects
from .lexer import Reader

if TYPE_CHECKING:
    from .account import Session


def set_(session: "Session", reader: Reader, into: dict[str, str]) -> None:
    """tag = 'value', …: by who may APPLY it."""
    while True:
        tag = session.find("TAG", reader.name())
        if not session.account.access.has(session.role, "APPLY TAG", "ACCOUNT", ()):
            session.need("APPLY", tag)
        reader.expect("=")
        value = reader.string()
        objects.tag_value(tag, value)
        into[tag.full] = value
        if not reader.accept(","):
            return
