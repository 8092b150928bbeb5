"""COMMENT ON."""

from typing import TYPE_CHECKING

from . import alter_table, grammar
from .errors import missing
from .lexer import Reader
from .results import Result, done

if TYPE_CHECKING:
    from .account import Session


def run(session: "Session", reader: Reader) -> Result:
    """COMMENT [IF EXISTS] ON kind name IS '…'"""
    reader.expect("COMMENT")
    if_exists = reader.accept("IF", "EXISTS")
    reader.expect("ON")
    if reader.accept("COLUMN"):
        name = reader.name()
        thing = session.account.catalog.relation(session.path("TABLE", name[:-1]))
        if not thing:
            raise missing("table", ".".join(name[:-1]))
        session.need("OWNERSHIP", thing)
        reader.expect("IS")
        alter_table.named(thing, name[-1]).comment = reader.string()
        return done()
    kind = next((kind for kind in grammar.KINDS if reader.accept(*kind.split())), None)
    if not kind:
        raise reader.unexpected()
    kind = "INTEGRATION" if kind.endswith("INTEGRATION") else kind
    path = session.path(kind, reader.name())
    found = session.account.catalog.find(kind, path)
    if not found and if_exists:
        return done()
    found = session.account.catalog.get(kind, path)
    session.need("OWNERSHIP", found)
    reader.expect("IS")
    found.options["COMMENT"] = reader.string()
    reader.end()
    return done()
