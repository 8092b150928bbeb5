"""DROP and UNDROP."""

from typing import TYPE_CHECKING

from . import grammar
from .account import table_name
from .catalog import RELATIONS, Thing
from .errors import exists, missing
from .lexer import Reader, quote_name
from .results import Result, done

if TYPE_CHECKING:
    from .account import Session

KINDS = sorted([*grammar.CREATE, "INTEGRATION"], key=len, reverse=True)


def run(session: "Session", reader: Reader) -> Result:
    reader.expect("DROP")
    kind = next((kind for kind in KINDS if reader.accept(*kind.split())), None)
    if not kind:
        raise reader.unexpected()
    kind = "INTEGRATION" if kind.endswith("INTEGRATION") else kind
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if kind == "PROCEDURE" and reader.peek() == "(":
        reader.parenthesised()
    reader.accept_one("CASCADE", "RESTRICT")
    reader.end()
    path = session.path(kind, name)
    thing = session.account.catalog.find(kind, path)
    if not thing:
        if if_exists:
            return done("Drop statement executed successfully (" + path[-1] + " already dropped).")
        raise missing(kind, ".".join(path))
    session.need("OWNERSHIP", thing)
    remove(session, thing)
    return done(f"{thing.name} successfully dropped.")


def remove(session: "Session", thing: Thing) -> None:
    """It, what lives in it, their grants, and what DuckDB holds. A dropped table's rows wait for UNDROP."""
    for gone in session.account.catalog.drop(thing):
        session.account.access.forget(gone)
        if gone.kind == "TABLE":
            trash = quote_name("EMU_DROPPED", f"{gone.number}")
            session.duck.execute("CREATE SCHEMA IF NOT EXISTS EMU_DROPPED")
            session.duck.execute(f"CREATE TABLE {trash} AS SELECT * FROM {table_name(gone.path)}")
            session.duck.execute(f"DROP TABLE {table_name(gone.path)}")
        elif gone.kind in RELATIONS:
            word = "TABLE" if gone.kind == "DYNAMIC TABLE" else "VIEW"
            session.duck.execute(f"DROP {word} IF EXISTS {table_name(gone.path)}")
    if thing.kind in ("DATABASE", "SCHEMA"):
        rows = session.duck.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'memory'"
        ).fetchall()
        for (name,) in rows:
            if name == thing.full or (thing.kind == "DATABASE" and name.startswith(thing.full + ".")):
                session.duck.execute(f"DROP SCHEMA {quote_name(name)} CASCADE")
        if thing.kind == "DATABASE" and session.database == thing.name:
            session.database = session.schema = None
        elif session.schema == thing.name and session.database == thing.path[0]:
            session.schema = None
        session.tell()


def undrop(session: "Session", reader: Reader) -> Result:
    reader.expect("UNDROP", "TABLE")
    path = session.path("TABLE", reader.name())
    reader.end()
    thing = session.account.catalog.dropped.get(("TABLE", path))
    if not thing:
        raise missing("table", ".".join(path))
    if session.account.catalog.relation(path):
        raise exists(".".join(path))
    if not session.account.access.has(
        session.role, "OWNERSHIP", "TABLE", path
    ) and thing.owner not in session.account.access.roles_of(session.role):
        raise missing("table", ".".join(path))
    session.account.catalog.things["TABLE", path] = thing
    del session.account.catalog.dropped["TABLE", path]
    trash = quote_name("EMU_DROPPED", f"{thing.number}")
    session.duck.execute(f"CREATE TABLE {table_name(path)} AS SELECT * FROM {trash}")
    session.duck.execute(f"DROP TABLE {trash}")
    return done(f"Table {thing.name} successfully restored.")
