"""CREATE of what holds or moves rows: tables, views, dynamic tables, streams, pipes, tasks."""

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from . import dynamic, grammar, objects, options, pipes, policies, scripting, streams, tables
from .account import table_name
from .catalog import Column, Thing
from .errors import compilation, missing
from .lexer import Reader, quote_name
from .translate import Query

if TYPE_CHECKING:
    from .account import Session


def table(session: "Session", reader: Reader, thing: Thing) -> None:
    if word := reader.accept_one("LIKE", "CLONE"):
        cloned = word == "CLONE"
        source = session.find("TABLE", reader.name())
        session.need("SELECT", source)
        thing.columns = [Column(**vars(column)) for column in source.columns]
        thing.facts["clone"] = source.path if cloned else None
        thing.options = {k: v for k, v in source.options.items() if cloned or k != "COMMENT"}
    elif reader.peek() == "(":
        thing.columns = tables.read_columns(reader)
    _table_options(session, reader, thing)
    if reader.accept("AS"):
        thing.facts["query"] = reader.rest()
    elif not thing.columns:
        raise reader.unexpected()
    for column in thing.columns:
        column.tags = {session.find("TAG", name).full: value for name, value in column.tags.items()}
        if column.policy:
            column.policy = session.find("MASKING POLICY", column.policy).full


def _table_options(session: "Session", reader: Reader, thing: Thing) -> None:
    stop = ("CLUSTER", "WITH", "TAG", "AS", "COPY", "ROW", "STAGE_FILE_FORMAT")
    kind = thing.kind
    while not reader.done and reader.peek() != "AS":
        if reader.accept("CLUSTER", "BY"):
            thing.facts["cluster_by"] = reader.parenthesised().strip()
        elif reader.accept("COPY", "GRANTS"):
            thing.facts["copy_grants"] = True
        elif reader.accept("WITH", "TAG") or reader.accept("TAG"):
            thing.tags = objects.tagged(session, reader)
        elif reader.accept("WITH", "ROW", "ACCESS", "POLICY") or reader.accept("ROW", "ACCESS", "POLICY"):
            policy = session.find("ROW ACCESS POLICY", reader.name())
            reader.expect("ON")
            thing.facts["row_policy"] = (policy.full, options.names(reader, "ON"))
        elif reader.peek() in stop:
            raise reader.unexpected()
        else:
            thing.options |= options.parse(reader, grammar.CREATE[kind], kind, stop=stop)


def table_made(session: "Session", thing: Thing) -> None:
    if "query" in thing.facts:
        if thing.columns:
            tables.create(session, thing)
            fill(session, thing, thing.facts.pop("query"))
        else:
            made(session, thing, "TABLE", thing.facts.pop("query"))
            thing.columns = tables.described(session, thing)
        return
    tables.create(session, thing)
    clone = thing.facts.pop("clone", None)
    if clone:
        session.duck.execute(f"INSERT INTO {table_name(thing.path)} SELECT * FROM {table_name(clone)}")


def made(session: "Session", thing: Thing, word: str, text: str, names: list[str] | None = None) -> Query:
    """CREATE TABLE or VIEW … AS in DuckDB, its names resolved in this session's role."""
    query = Query(session, mask=word == "TABLE")
    with query.made:
        tree = query.parse(text)
        query.resolve(tree)
        columns = f" ({', '.join(map(quote_name, names))})" if names else ""
        session.duck.execute(f"CREATE OR REPLACE {word} {table_name(thing.path)}{columns} AS {query.sql(tree)}")
    return query


def fill(session: "Session", thing: Thing, text: str) -> None:
    query = Query(session, owner=thing.owner, mask=False)
    with query.made:
        tree = query.parse(text)
        query.resolve(tree)
        session.duck.execute(f"INSERT INTO {table_name(thing.path)} {query.sql(tree)}")


def table_changed(session: "Session", old: Thing, new: Thing) -> None:
    """CREATE OR ALTER TABLE: add and drop columns, widen types; rows stay."""
    place = table_name(old.path)
    known, wanted = {c.name: c for c in old.columns}, {c.name: c for c in new.columns}
    for column in new.columns:
        if column.name in known:
            tables.widen(old, known[column.name], column.type)
        elif not column.nullable and not column.default and _rows(session, place):
            raise compilation(f"Non-nullable column '{column.name}' cannot be added to non-empty table '{old.name}' "
                              "unless it has a non-null default value.", 2029, "42601")  # fmt: skip
    for name in known.keys() - wanted.keys():
        session.duck.execute(f"ALTER TABLE {place} DROP COLUMN {quote_name(name)}")
    for column in new.columns:
        name = quote_name(column.name)
        if column.name not in known:
            session.duck.execute(
                f"ALTER TABLE {place} ADD COLUMN {tables.definition(session, old, column).removesuffix(' NOT NULL')}"
            )
        elif known[column.name].type != column.type:
            session.duck.execute(f"ALTER TABLE {place} ALTER COLUMN {name} TYPE {tables.duck_type(column.type)}")
        before = known[column.name].nullable if column.name in known else True
        if column.nullable != before:
            session.duck.execute(
                f"ALTER TABLE {place} ALTER COLUMN {name} {'DROP' if column.nullable else 'SET'} NOT NULL"
            )
        if column.name in known:
            column.policy, column.tags = (
                column.policy or known[column.name].policy,
                column.tags or known[column.name].tags,
            )
    order = [c.name for c in old.columns if c.name in wanted] + [c.name for c in new.columns if c.name not in known]
    if order != [c.name for c in new.columns]:
        raise compilation("CREATE OR ALTER TABLE cannot change the order of columns; new ones stand last.", 2, "0A000")
    old.columns = new.columns
    old.facts["cluster_by"] = new.facts.get("cluster_by")


def _rows(session: "Session", place: str) -> bool:
    return session.first(f"SELECT 1 FROM {place} LIMIT 1") is not None


def view(session: "Session", reader: Reader, thing: Thing) -> None:
    if reader.peek() == "(":
        thing.columns = tables.read_columns(reader, typed=False)
    _table_options(session, reader, thing)
    reader.expect("AS")
    thing.facts["query"] = reader.rest()
    thing.facts["text"] = reader.sql
    thing.facts["secure"] = "SECURE" in thing.facts["modifiers"]


def view_made(session: "Session", thing: Thing) -> None:
    names = [column.name for column in thing.columns]
    comments = {column.name: column.comment for column in thing.columns}
    made(session, thing, "VIEW", thing.facts["query"], names)
    thing.columns = tables.described(session, thing)
    for column in thing.columns:
        column.comment = comments.get(column.name)


def view_changed(session: "Session", old: Thing, new: Thing) -> None:
    old.facts.update(query=new.facts["query"], text=new.facts["text"], secure=new.facts["secure"])
    old.columns = new.columns
    view_made(session, old)


def dynamic_table(session: "Session", reader: Reader, thing: Thing) -> None:
    if reader.peek() == "(":
        thing.columns = tables.read_columns(reader, typed=False)
    stop = ("CLUSTER", "WITH", "TAG", "AS", "COPY", "ROW", "FROZEN", "IMMUTABLE", "REQUIRE")
    while reader.peek() != "AS":
        if reader.accept("CLUSTER", "BY"):
            thing.facts["cluster_by"] = reader.parenthesised().strip()
        elif reader.accept("COPY", "GRANTS"):
            thing.facts["copy_grants"] = True
        elif reader.accept("WITH", "TAG") or reader.accept("TAG"):
            thing.tags = objects.tagged(session, reader)
        elif reader.peek() in stop:
            raise reader.unexpected()
        else:
            thing.options |= options.parse(reader, grammar.DYNAMIC, "DYNAMIC TABLE", stop=stop)
    reader.expect("AS")
    thing.facts.update(query=reader.rest(), text=reader.sql, state="ACTIVE")
    dynamic.check_lag(thing.options.get("TARGET_LAG", ""))
    objects.warehouse_there(session, thing)


def dynamic_made(session: "Session", thing: Thing) -> None:
    names = [column.name for column in thing.columns]
    query = made(session, thing, "TABLE", thing.facts["query"], names)
    thing.columns = tables.described(session, thing)
    thing.facts.update(reads=[each.path for each in query.reads], refreshed=session.account.now())
    dynamic.check_mode(thing)
    for each in query.reads:
        if each.kind == "TABLE" and each.owner == thing.owner:
            each.options["CHANGE_TRACKING"] = True
    if thing.options.get("INITIALIZE") == "ON_SCHEDULE":
        session.duck.execute(f"DELETE FROM {table_name(thing.path)}")
        thing.facts["refreshed"] = None


def dynamic_changed(session: "Session", old: Thing, new: Thing) -> None:
    if " ".join(old.facts["query"].split()) != " ".join(new.facts["query"].split()):
        old.facts.update(query=new.facts["query"], text=new.facts["text"])
        old.columns = new.columns
        dynamic_made(session, old)


def stream(session: "Session", reader: Reader, thing: Thing) -> None:
    if reader.accept("COPY", "GRANTS"):
        thing.facts["copy_grants"] = True
    reader.expect("ON")
    kind = reader.accept_one("TABLE", "VIEW", "STAGE", "EXTERNAL", "DYNAMIC")
    if kind != "TABLE":
        raise reader.unexpected()
    path = session.path("TABLE", reader.name())
    base = session.account.catalog.relation(path)
    if not base:
        raise missing("table", ".".join(path))
    session.need("SELECT", base)
    if not base.options.get("CHANGE_TRACKING"):
        session.need("OWNERSHIP", base)  # the first stream turns change tracking on: only the owner may
    thing.facts["since"] = None
    if reader.accept_one("AT", "BEFORE"):
        thing.facts["since"] = reader.parenthesised()
    thing.options = options.parse(reader, grammar.STREAM, "STREAM", stop=("WITH", "TAG"))
    thing.facts.update(table=base.path, number=base.number, mutations=base.facts.get("mutations", 0))


def stream_made(session: "Session", thing: Thing) -> None:
    base = session.account.catalog.relation(thing.facts["table"])
    assert base
    base.options["CHANGE_TRACKING"] = True
    seen = streams.end(session, base.path)
    initial = bool(thing.options.get("SHOW_INITIAL_ROWS"))
    thing.facts.update(offset=seen, consumed=session.account.now(), initial=initial)


def pipe(session: "Session", reader: Reader, thing: Thing) -> None:
    thing.options = options.parse(reader, grammar.PIPE, "PIPE", stop=("AS", "COPY"))
    reader.expect("AS")
    thing.facts["copy"] = reader.rest()
    pipes.check(session, thing)


def pipe_changed(session: "Session", old: Thing, new: Thing) -> None:
    """Only its comment and integration of errors may change."""
    if " ".join(old.facts["copy"].split()) != " ".join(new.facts["copy"].split()):
        raise compilation("CREATE OR ALTER PIPE cannot change the COPY statement.", 2, "0A000")


def task(session: "Session", reader: Reader, thing: Thing) -> None:
    stop = ("AFTER", "WHEN", "AS", "WITH", "TAG")
    thing.options = options.parse(reader, grammar.TASK, "TASK", stop=stop)
    thing.facts.update(after=[], state="suspended", condition=None)
    if reader.accept("WITH", "TAG") or reader.accept("TAG"):
        thing.tags = objects.tagged(session, reader)
    if reader.accept("AFTER"):
        while True:
            thing.facts["after"].append(session.find("TASK", reader.name()).path)
            if not reader.accept(","):
                break
    if reader.accept("WHEN"):
        first = reader.tokens[reader.at]
        while not reader.done and reader.peek() != "AS":
            reader.take()
        thing.facts["condition"] = reader.sql[first.start : reader.tokens[reader.at - 1].end]
        _asks_of_streams(thing.facts["condition"])
    reader.expect("AS")
    thing.facts["body"] = reader.rest()
    objects.warehouse_there(session, thing)
    if not (
        thing.facts["after"] or "SCHEDULE" in thing.options or thing.facts["condition"] or "FINALIZE" in thing.options
    ):
        thing.facts["manual"] = True
    scripting.check_schedule(thing.options.get("SCHEDULE"))
    scripting.check(thing.facts["body"])


ASKED = ("SYSTEM$STREAM_HAS_DATA", "SYSTEM$GET_PREDECESSOR_RETURN_VALUE", "SYSTEM$TASK_RUNTIME_INFO")


def _asks_of_streams(condition: str) -> None:
    """WHEN takes three functions only, joined by logic and comparison."""
    policies.check(condition)
    for call in sqlglot.parse_one(f"SELECT {condition}", read="snowflake").find_all(exp.Func):
        if not isinstance(call, exp.Connector | exp.Cast) and call.name.upper() not in ASKED:
            raise compilation(f"Invalid expression for task condition expression: '{call.sql('snowflake')}'", 2211)


def task_changed(session: "Session", old: Thing, new: Thing) -> None:
    if old.facts["state"] == "started":
        raise compilation(
            f"Unable to update graph with root task {old.full} since that root task is not suspended.", 91090, "0A000"
        )
    old.facts.update(body=new.facts["body"], condition=new.facts["condition"], after=new.facts["after"])


MAKERS = {
    "TABLE": table, "VIEW": view, "MATERIALIZED VIEW": view, "DYNAMIC TABLE": dynamic_table, "STREAM": stream,
    "PIPE": pipe, "TASK": task,
}  # fmt: skip
EFFECTS = {
    "TABLE": table_made, "VIEW": view_made, "MATERIALIZED VIEW": view_made, "DYNAMIC TABLE": dynamic_made,
    "STREAM": stream_made, "PIPE": pipes.made,
}  # fmt: skip
CHANGES = {"TABLE": table_changed, "VIEW": view_changed, "DYNAMIC TABLE": dynamic_changed, "PIPE": pipe_changed,
           "TASK": task_changed}  # fmt: skip
