"""ALTER TABLE and ALTER VIEW: columns, their types, policies and tags."""

from typing import TYPE_CHECKING

from . import options, tables, tags
from .account import table_name
from .catalog import Column, Thing
from .errors import compilation, unsupported
from .lexer import Reader, quote_name
from .results import Result, done

if TYPE_CHECKING:
    from .account import Session


def run(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.peek() in ("SET", "UNSET") and reader.peek(1) == "TAG":
        return None
    if reader.peek() in ("SET", "UNSET", "RENAME") and not (reader.peek() == "RENAME" and reader.peek(1) == "COLUMN"):
        return None
    session.need("OWNERSHIP", thing)
    place = table_name(thing.path)
    if reader.accept("ADD", "ROW", "ACCESS", "POLICY"):
        policy = session.find("ROW ACCESS POLICY", reader.name())
        reader.expect("ON")
        thing.facts["row_policy"] = (policy.full, options.names(reader, "ON"))
    elif reader.accept("DROP", "ROW", "ACCESS", "POLICY"):
        reader.name()
        thing.facts.pop("row_policy", None)
    elif reader.accept("CLUSTER", "BY"):
        thing.facts["cluster_by"] = reader.parenthesised().strip()
    elif reader.accept("DROP", "CLUSTERING", "KEY"):
        thing.facts.pop("cluster_by", None)
    elif reader.accept("ADD"):
        reader.accept("COLUMN")
        add_columns(session, reader, thing, place)
    elif reader.accept("DROP"):
        reader.accept("COLUMN")
        drop_columns(session, reader, thing, place)
    elif reader.accept("RENAME", "COLUMN"):
        column = named(thing, reader.identifier())
        reader.expect("TO")
        new = reader.identifier()
        if any(each.name == new for each in thing.columns):
            raise compilation(f"column '{new}' already exists", 1430, "42601")
        session.duck.execute(f"ALTER TABLE {place} RENAME COLUMN {quote_name(column.name)} TO {quote_name(new)}")
        column.name = new
    elif reader.accept_one("ALTER", "MODIFY"):
        alter_columns(session, reader, thing, place)
    elif reader.accept("SWAP", "WITH"):
        raise unsupported("ALTER TABLE … SWAP WITH")
    else:
        raise reader.unexpected()
    return done()


def named(thing: Thing, name: str) -> Column:
    found = next((column for column in thing.columns if column.name == name), None)
    if not found:
        raise compilation(f"column '{name}' does not exist or not authorized", 1443, "42601")
    return found


def add_columns(session: "Session", reader: Reader, thing: Thing, place: str) -> None:
    """IF NOT EXISTS stands before each column, or once before all."""
    if_not_exists = False
    while True:
        if_not_exists = reader.accept("IF", "NOT", "EXISTS") or if_not_exists
        column = tables.read_column(reader)
        if any(each.name == column.name for each in thing.columns):
            if not if_not_exists:
                raise compilation(f"column '{column.name}' already exists", 1430, "42601")
        else:
            filled = session.first(f"SELECT 1 FROM {place} LIMIT 1")
            if not column.nullable and not column.default and filled:
                raise compilation(
                    f"Non-nullable column '{column.name}' cannot be added to non-empty table '{thing.name}' "
                    "unless it has a non-null default value.",
                    2029,
                    "42601",
                )
            column.tags = {session.find("TAG", name).full: value for name, value in column.tags.items()}
            text = tables.definition(session, thing, column).removesuffix(" NOT NULL")
            session.duck.execute(f"ALTER TABLE {place} ADD COLUMN {text}")
            if not column.nullable:
                session.duck.execute(f"ALTER TABLE {place} ALTER COLUMN {quote_name(column.name)} SET NOT NULL")
            thing.columns.append(column)
        if not reader.accept(","):
            return
        reader.accept("COLUMN")


def drop_columns(session: "Session", reader: Reader, thing: Thing, place: str) -> None:
    if_exists = reader.accept("IF", "EXISTS")
    while True:
        name = reader.identifier()
        if not if_exists or any(each.name == name for each in thing.columns):
            column = named(thing, name)
            if len(thing.columns) == 1:
                raise compilation(f"Cannot drop the only column '{name}'.", 2117, "42601")
            session.duck.execute(f"ALTER TABLE {place} DROP COLUMN {quote_name(name)}")
            thing.columns.remove(column)
        if not reader.accept(","):
            return


def alter_columns(session: "Session", reader: Reader, thing: Thing, place: str) -> None:
    """One or several: type, NOT NULL, comment, default, masking policy, tags."""
    wrapped = reader.accept("(")
    while True:
        reader.accept("COLUMN")
        column = named(thing, reader.identifier())
        name = quote_name(column.name)
        if reader.accept("SET", "DATA", "TYPE") or reader.accept("TYPE"):
            kind = tables.read_type(reader)
            tables.widen(thing, column, kind)
            session.duck.execute(f"ALTER TABLE {place} ALTER COLUMN {name} TYPE {tables.duck_type(kind)}")
            column.type = kind
        elif word := _nullness(reader):
            session.duck.execute(f"ALTER TABLE {place} ALTER COLUMN {name} {word} NOT NULL")
            column.nullable = word == "DROP"
        elif reader.accept("SET", "MASKING", "POLICY"):
            set_policy(session, reader, column)
        elif reader.accept("UNSET", "MASKING", "POLICY"):
            column.policy = None
        elif reader.accept("SET", "TAG"):
            tags.set_(session, reader, column.tags)
        elif reader.accept("UNSET", "TAG"):
            column.tags.pop(session.find("TAG", reader.name()).full, None)
        elif reader.accept("DROP", "DEFAULT"):
            session.duck.execute(f"ALTER TABLE {place} ALTER COLUMN {name} DROP DEFAULT")
            column.default = None
        elif reader.accept("COMMENT"):
            column.comment = reader.string()
        elif reader.accept("UNSET", "COMMENT"):
            column.comment = None
        else:
            raise reader.unexpected()
        if not reader.accept(","):
            break
    if wrapped:
        reader.expect(")")


def _nullness(reader: Reader) -> str:
    if reader.accept("SET", "NOT", "NULL"):
        return "SET"
    return "DROP" if reader.accept("DROP", "NOT", "NULL") else ""


def set_policy(session: "Session", reader: Reader, column: Column) -> None:
    policy = session.find("MASKING POLICY", reader.name())
    force = reader.accept("FORCE")
    if column.policy and column.policy != policy.full and not force:
        raise compilation(
            f"Specified column already attached to another masking policy: '{column.name}' can have one only.",
            3500,
            "22023",
        )
    if policy.facts["types"][0].partition("(")[0] != column.type.partition("(")[0]:
        raise compilation(
            f"Masking policy '{policy.name}' is for {policy.facts['types'][0]}, not for {column.type}.",
            3504,
            "22023",
        )
    column.policy = policy.full


def view(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.accept("SET", "SECURE"):
        session.need("OWNERSHIP", thing)
        thing.facts["secure"] = True
        return done()
    if reader.accept_one("ALTER", "MODIFY"):
        session.need("OWNERSHIP", thing)
        alter_columns(session, reader, thing, table_name(thing.path))
        return done()
    return None
