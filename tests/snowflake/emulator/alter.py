"""ALTER of every kind, COMMENT ON."""

from typing import TYPE_CHECKING, Any

from . import copying, dynamic, grammar, objects, options, pipes, tables, tasks
from .account import table_name
from .catalog import RELATIONS, Column, Thing
from .errors import compilation, missing, unknown_property, unsupported
from .lexer import Reader, quote_name
from .results import Result, done

if TYPE_CHECKING:
    from .account import Session

KINDS = sorted([*grammar.ALTER, "INTEGRATION"], key=len, reverse=True)


def run(session: "Session", reader: Reader) -> Result:
    reader.expect("ALTER")
    if reader.accept("SESSION"):
        return alter_session(session, reader)
    if reader.accept("ACCOUNT"):
        raise unsupported("ALTER ACCOUNT")
    written = next((kind for kind in KINDS if reader.accept(*kind.split())), None)
    if not written:
        raise reader.unexpected()
    kind = "INTEGRATION" if written.endswith("INTEGRATION") else written
    if_exists = reader.accept("IF", "EXISTS")
    path = session.path(kind, reader.name())
    thing = session.account.catalog.find(kind, path)
    if not thing and if_exists:
        return done()
    if not thing or not session.account.access.sees(session.role, thing):
        raise missing(kind, ".".join(path))
    if kind == "INTEGRATION":
        written = f"{thing.facts['category']} INTEGRATION"
    special = SPECIAL.get(kind)
    found = special(session, reader, thing) if special else None
    if found is None:
        found = common(session, reader, thing, written)
    reader.end()
    return found


def may_set(session: "Session", thing: Thing, names: list[str]) -> None:
    """The owner; MODIFY on account objects, OPERATE where only a state changes."""
    access = session.account.access
    for privilege in ("MODIFY",):
        if access.has(session.role, privilege, thing.kind, thing.path):
            return
    if names == ["PIPE_EXECUTION_PAUSED"] and access.has(session.role, "OPERATE", thing.kind, thing.path):
        return
    session.need("OWNERSHIP", thing)


def common(session: "Session", reader: Reader, thing: Thing, kind: str) -> Result:
    """SET, UNSET, RENAME TO, SET TAG, UNSET TAG, SWAP WITH."""
    if reader.accept("SET"):
        if reader.accept("TAG"):
            set_tags(session, reader, thing.tags)
            return done()
        found = options.parse(reader, grammar.ALTER[kind], kind)
        if not found:
            raise reader.unexpected()
        may_set(session, thing, list(found))
        before = dict(thing.options)
        thing.options |= found
        try:
            settle(session, thing, found)
        except BaseException:
            thing.options = before
            raise
        return done()
    if reader.accept("UNSET"):
        if reader.accept("TAG"):
            while True:
                thing.tags.pop(session.find("TAG", reader.name()).full, None)
                if not reader.accept(","):
                    return done()
        session.need("OWNERSHIP", thing)
        while not reader.done:
            name = reader.take().upper
            if name not in grammar.ALTER[kind]:
                raise unknown_property(name, kind)
            thing.options.pop(name, None)
            reader.accept(",")
        return done()
    if reader.accept("RENAME", "TO"):
        return rename(session, thing, session.path(thing.kind, reader.name()))
    raise reader.unexpected()


def settle(session: "Session", thing: Thing, found: dict[str, Any]) -> None:
    """What must hold after SET, and what it does."""
    if "PIPE_EXECUTION_PAUSED" in found and thing.kind == "PIPE":
        thing.options.pop("PIPE_EXECUTION_PAUSED")
        pipes.pause(session, thing, found["PIPE_EXECUTION_PAUSED"])
    if thing.kind == "STAGE":
        objects.check_stage(session, thing)
    if thing.kind == "USER":
        objects.check_user(session, thing)
    if thing.kind == "FILE FORMAT":
        copying.file_format(thing.options)
    if "TARGET_LAG" in found:
        dynamic.check_lag(found["TARGET_LAG"])
    if "RESOURCE_MONITOR" in found:
        session.find("RESOURCE MONITOR", found["RESOURCE_MONITOR"])
    if thing.kind == "TASK" and thing.facts["state"] == "started":
        raise compilation(
            f"Unable to update graph with root task {thing.full} since that root task is not suspended.", 91090, "0A000"
        )


def rename(session: "Session", thing: Thing, path: tuple[str, ...]) -> Result:
    session.need("OWNERSHIP", thing)
    if thing.kind not in ("TABLE", "VIEW", "ROLE", "WAREHOUSE", "STAGE", "TASK", "DYNAMIC TABLE", "TAG", "FILE FORMAT"):
        raise unsupported(f"ALTER {thing.kind} … RENAME")
    old = thing.path
    if thing.kind in RELATIONS and path[:2] != old[:2]:
        raise unsupported("moving a table to another schema")
    session.account.access.forget(thing, moved=path)
    session.account.catalog.rename(thing, path)
    if thing.kind in RELATIONS:
        word = "VIEW" if thing.kind == "VIEW" else "TABLE"
        session.duck.execute(f"ALTER {word} {table_name(old)} RENAME TO {quote_name(path[-1])}")
        for stream in session.account.catalog.of("STREAM"):
            if stream.facts["number"] == thing.number:
                stream.facts["table"] = path
    if thing.kind == "ROLE":
        for each in session.account.catalog.things.values():
            each.owner = path[-1] if each.owner == old[-1] else each.owner
        for grant in session.account.access.grants:
            grant.role = path[-1] if grant.role == old[-1] else grant.role
        members = session.account.access.members
        members[:] = [
            (path[-1] if a == old[-1] else a, kind, path[-1] if b == old[-1] and kind == "ROLE" else b)
            for a, kind, b in members
        ]
    return done()


def set_tags(session: "Session", reader: Reader, into: dict[str, str]) -> None:
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


def table(session: "Session", reader: Reader, thing: Thing) -> Result | None:
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
            set_tags(session, reader, column.tags)
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


def warehouse(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.peek() not in ("SUSPEND", "RESUME", "ABORT"):
        return None
    session.need("OPERATE", thing)
    word = reader.take().upper
    if word == "RESUME":
        reader.accept("IF", "SUSPENDED")
    if word == "ABORT":
        reader.expect("ALL", "QUERIES")
    else:
        thing.facts["state"] = "SUSPENDED" if word == "SUSPEND" else "STARTED"
    return done()


def pipe(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if not reader.accept("REFRESH"):
        return None
    session.need(
        "OPERATE" if not session.account.access.has(session.role, "OWNERSHIP", "PIPE", thing.path) else "OWNERSHIP",
        thing,
    )
    return pipes.refresh(session, thing, reader)


def task(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if word := reader.accept_one("RESUME", "SUSPEND"):
        session.need("OPERATE", thing)
        if word == "RESUME":
            tasks.resume(session, thing)
        else:
            thing.facts["state"] = "suspended"
        return done()
    if (
        reader.peek() == "MODIFY"
        or (reader.peek() in ("ADD", "REMOVE") and reader.peek(1) in ("AFTER", "WHEN"))
        or (reader.peek() == "REMOVE")
    ):
        session.need("OWNERSHIP", thing)
        if thing.facts["state"] == "started":
            raise compilation(
                f"Unable to update graph with root task {thing.full} since that root task is not suspended.",
                91090,
                "0A000",
            )
        if reader.accept("MODIFY", "AS"):
            thing.facts["body"] = reader.rest()
        elif reader.accept("MODIFY", "WHEN"):
            thing.facts["condition"] = reader.rest()
        elif reader.accept("ADD", "AFTER"):
            thing.facts["after"].append(session.find("TASK", reader.name()).path)
        elif reader.accept("REMOVE", "AFTER"):
            thing.facts["after"].remove(session.find("TASK", reader.name()).path)
        elif reader.accept("REMOVE", "WHEN"):
            thing.facts["condition"] = None
        else:
            raise reader.unexpected()
        return done()
    return None


def dynamic_table(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if word := reader.accept_one("SUSPEND", "RESUME", "REFRESH"):
        session.need("OPERATE", thing)
        if word == "REFRESH":
            rows = dynamic.refresh(session.account, thing)
            return Result(["statistics"], [({"insertedRows": rows},)])
        dynamic.suspend(session, thing, word == "SUSPEND")
        return done()
    return None


def schema(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.peek() in ("ENABLE", "DISABLE"):
        session.need("OWNERSHIP", thing)
        thing.facts["managed"] = reader.take().upper == "ENABLE"
        reader.expect("MANAGED", "ACCESS")
        return done()
    return None


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


def tag(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.accept("SET", "MASKING", "POLICY"):
        while True:
            policy = session.find("MASKING POLICY", reader.name()).full
            found = thing.facts.setdefault("policies", [])
            if policy not in found:
                found.append(policy)
            if not reader.accept(",", "MASKING", "POLICY"):
                break
        reader.accept("FORCE")
        return done()
    if reader.accept("UNSET", "MASKING", "POLICY"):
        thing.facts.get("policies", []).remove(session.find("MASKING POLICY", reader.name()).full)
        return done()
    if reader.accept("ADD", "ALLOWED_VALUES"):
        thing.facts.setdefault("allowed", []).append(reader.string())
        while reader.accept(","):
            thing.facts["allowed"].append(reader.string())
        return done()
    return None


def policy(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.accept("SET", "BODY", "->"):
        session.need("OWNERSHIP", thing)
        thing.facts["body"] = reader.rest()
        return done()
    return None


def monitor(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if not reader.accept("SET"):
        return None
    session.need(
        "MODIFY" if not session.account.access.has(session.role, "OWNERSHIP", thing.kind, thing.path) else "OWNERSHIP",
        thing,
    )
    thing.options |= options.parse(reader, grammar.MONITOR, "RESOURCE MONITOR", stop=("TRIGGERS", "ON"))
    found = objects.triggers(reader)
    thing.facts["triggers"] = found or thing.facts["triggers"]
    return done()


def stage(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if reader.accept("REFRESH"):
        session.need("OWNERSHIP", thing)
        return done()
    if reader.peek() == "SET" and reader.peek(1) == "DIRECTORY":
        session.need("OWNERSHIP", thing)
        reader.take()
        thing.options |= options.parse(reader, {"DIRECTORY": grammar.STAGE["DIRECTORY"]}, "STAGE")
        return done()
    return None


def alert(session: "Session", reader: Reader, thing: Thing) -> Result | None:
    if word := reader.accept_one("RESUME", "SUSPEND"):
        session.need("OPERATE", thing)
        thing.facts["state"] = "started" if word == "RESUME" else "suspended"
        return done()
    return None


SPECIAL = {
    "TABLE": table,
    "WAREHOUSE": warehouse,
    "PIPE": pipe,
    "TASK": task,
    "DYNAMIC TABLE": dynamic_table,
    "SCHEMA": schema,
    "VIEW": view,
    "TAG": tag,
    "MASKING POLICY": policy,
    "ROW ACCESS POLICY": policy,
    "RESOURCE MONITOR": monitor,
    "STAGE": stage,
    "ALERT": alert,
}
PARAMETERS: options.Options = grammar.SESSION | {
    "QUERY_TAG": options.text,
    "TIMEZONE": options.text,
    "STATEMENT_TIMEOUT_IN_SECONDS": options.integer,
    "AUTOCOMMIT": options.boolean,
    "LOCK_TIMEOUT": options.integer,
    "TIMESTAMP_TYPE_MAPPING": options.anything,
    "ERROR_ON_NONDETERMINISTIC_MERGE": options.boolean,
    "ERROR_ON_NONDETERMINISTIC_UPDATE": options.boolean,
    "USE_CACHED_RESULT": options.boolean,
    "WEEK_START": options.integer,
    "TRANSACTION_ABORT_ON_ERROR": options.boolean,
    "QUOTED_IDENTIFIERS_IGNORE_CASE": options.boolean,
    "TIMESTAMP_OUTPUT_FORMAT": options.text,
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": options.integer,
    "MULTI_STATEMENT_COUNT": options.integer,
    "ROWS_PER_RESULTSET": options.integer,
    "CLIENT_SESSION_KEEP_ALIVE": options.boolean,
}


def alter_session(session: "Session", reader: Reader) -> Result:
    if reader.accept("UNSET"):
        while not reader.done:
            session.parameters.pop(reader.take().upper, None)
            reader.accept(",")
        return done()
    reader.expect("SET")
    found = options.parse(reader, PARAMETERS, "SESSION")
    reader.end()
    if len(str(found.get("QUERY_TAG", ""))) > 2000:
        raise compilation("QUERY_TAG is limited to 2000 characters.", 1012, "22023")
    if "TIMEZONE" in found:
        session.duck.execute(f"SET TimeZone = '{found['TIMEZONE']}'")
    session.parameters |= found
    return done()


def comment(session: "Session", reader: Reader) -> Result:
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
        named(thing, name[-1]).comment = reader.string()
        return done()
    kind = next((kind for kind in KINDS if reader.accept(*kind.split())), None)
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
