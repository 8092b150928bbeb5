"""CREATE, CREATE OR REPLACE, CREATE OR ALTER, IF NOT EXISTS: of every kind."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import grammar, objects, options, relations
from .catalog import Thing, depth
from .drop import remove
from .errors import compilation, denied, exists, missing, unsupported
from .lexer import Reader
from .results import Result, done

if TYPE_CHECKING:
    from .account import Session

Maker = Callable[["Session", Reader, Thing], None]
KINDS = sorted([*grammar.CREATE, "EXTERNAL TABLE", "FUNCTION"], key=len, reverse=True)
MODIFIERS = ("TRANSIENT", "TEMPORARY", "TEMP", "VOLATILE", "LOCAL", "GLOBAL", "SECURE", "RECURSIVE", "MULTI")
MODIFIED = {
    "TRANSIENT": ("DATABASE", "SCHEMA", "TABLE", "DYNAMIC TABLE"),
    "TEMPORARY": ("TABLE", "STAGE", "FILE FORMAT", "VIEW"),
    "SECURE": ("VIEW", "MATERIALIZED VIEW"),
    "RECURSIVE": ("VIEW",),
}
OR_ALTER = (
    "DATABASE",
    "SCHEMA",
    "WAREHOUSE",
    "ROLE",
    "DATABASE ROLE",
    "STAGE",
    "FILE FORMAT",
    "TABLE",
    "VIEW",
    "TASK",
    "DYNAMIC TABLE",
    "PIPE",
    "TAG",
    "NETWORK POLICY",
    "USER",
)
WORDS = {"STAGE": "Stage area", "FILE FORMAT": "File format", "DYNAMIC TABLE": "Dynamic table"}


def kind_of(reader: Reader, kinds: list[str]) -> str:
    for kind in kinds:
        if reader.accept(*kind.split()):
            return kind
    raise reader.unexpected()


def run(session: "Session", reader: Reader) -> Result:
    reader.expect("CREATE")
    replace = reader.accept("OR", "REPLACE")
    alter = not replace and reader.accept("OR", "ALTER")
    modifiers = []
    while word := reader.accept_one(*MODIFIERS):
        modifiers.append("TEMPORARY" if word in ("TEMP", "VOLATILE") else word)
    kind = kind_of(reader, KINDS)
    if any(kind not in MODIFIED.get(word, ()) for word in modifiers if word not in ("LOCAL", "GLOBAL")):
        raise reader.unexpected()
    if alter and kind not in OR_ALTER:
        raise compilation(f"CREATE OR ALTER is not supported for {kind}.", 2, "0A000")
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    if if_not_exists and (replace or alter):
        raise compilation("options OR REPLACE and IF NOT EXISTS are incompatible.", 1003, "42000")
    family = "INTEGRATION" if kind.endswith("INTEGRATION") else kind
    name = reader.name()
    thing = Thing(family, session.path(family, name), session.role, created=session.account.now())
    thing.facts.update(modifiers=modifiers, created_as=kind)
    old = session.account.catalog.taken(family, thing.path)
    allowed(session, thing, old)
    maker = objects.MAKERS.get(kind) or relations.MAKERS.get(kind)
    if not maker:
        raise unsupported(f"CREATE {kind}")
    maker(session, reader, thing)
    reader.end()
    _required(kind, thing)
    return settle(session, thing, old, replace, alter, if_not_exists)


def allowed(session: "Session", thing: Thing, old: Thing | None) -> None:
    """CREATE <kind> on the account, the database or the schema."""
    access = session.account.access
    privilege = f"CREATE {thing.kind}"
    if depth(thing.kind) == 0:
        if not access.has(session.role, privilege, "ACCOUNT", ()):
            raise denied("account", session.account.name)
        return
    container = "DATABASE" if depth(thing.kind) == 1 else "SCHEMA"
    above = session.account.catalog.get(container, thing.path[:-1])
    if not access.sees(session.role, above):
        raise missing(container, above.full)
    if container == "SCHEMA" and not access.reaches(session.role, thing.path):
        raise missing("schema", above.full)
    if not access.has(session.role, privilege, container, above.path):
        raise denied(container, above.name)


def _required(kind: str, thing: Thing) -> None:
    for name in grammar.REQUIRED.get(kind, ()):
        if name not in thing.options:
            raise compilation(f"Missing option(s): [{name}]", 2077, "22023")
    if kind == "NETWORK RULE" and thing.options["TYPE"] == "IPV4":
        options.ipv4(thing.options["VALUE_LIST"], "VALUE_LIST")


def settle(
    session: "Session", thing: Thing, old: Thing | None, replace: bool, alter: bool, if_not_exists: bool
) -> Result:
    word = WORDS.get(thing.kind, thing.kind.capitalize())
    if old and if_not_exists:
        return done(f"{thing.name} already exists, statement succeeded.")
    if old and old.kind != thing.kind:
        raise compilation(f"Object found is of type '{old.kind}', not specified type '{thing.kind}'.", 2203, "42601")
    if old and alter:
        session.need("OWNERSHIP", old)
        _change(session, old, thing)
        return done(f"{word} {thing.name} successfully updated.")
    if old and not replace:
        raise exists(thing.full)
    if old:
        session.need("OWNERSHIP", old)
        kept = [grant for grant in session.account.access.grants if (grant.kind, grant.on) == (old.kind, old.path)]
        remove(session, old)
        if thing.facts.get("copy_grants"):
            session.account.access.grants += kept
    born(session, thing)
    return done(f"{word} {thing.name} successfully created.")


def born(session: "Session", thing: Thing) -> None:
    """Register it, let future grants take hold, make what DuckDB must hold."""
    catalog = session.account.catalog
    catalog.add(thing)
    try:
        effect = objects.EFFECTS.get(thing.kind) or relations.EFFECTS.get(thing.kind)
        if effect:
            effect(session, thing)
    except BaseException:
        catalog.things.pop((thing.kind, thing.path), None)
        raise
    session.account.access.born(thing)
    session.tell()


def _change(session: "Session", old: Thing, new: Thing) -> None:
    """CREATE OR ALTER: it becomes as written, what is not written goes back to its default; contents stay."""
    change = relations.CHANGES.get(old.kind)
    if change:
        change(session, old, new)
    fixed = {name: old.options[name] for name in grammar.FIXED.get(old.kind, ()) if name in old.options}
    old.options = {**fixed, **new.options}
    if new.tags:
        old.tags = new.tags
