"""SELECT, INSERT, UPDATE, DELETE, MERGE, TRUNCATE."""

from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from . import merge, streams, tables
from .account import table_name
from .catalog import Thing
from .errors import SnowflakeError, compilation, missing
from .results import Result
from .translate import Query

if TYPE_CHECKING:
    from .account import Session

SELECT, INSERT, UPDATE, DELETE, MERGE = 0x1000, 0x3100, 0x3200, 0x3300, 0x3400
CHANGES: dict[type[exp.Expression], tuple[int, str, list[str]]] = {
    exp.Insert: (INSERT, "INSERT", ["number of rows inserted"]),
    exp.Update: (UPDATE, "UPDATE", ["number of rows updated", "number of multi-joined rows updated"]),
    exp.Delete: (DELETE, "DELETE", ["number of rows deleted"]),
    exp.Merge: (MERGE, "", []),
}


def run(session: "Session", text: str) -> Result:
    query = Query(session)
    with query.made:
        try:
            tree = query.parse(text)
            if isinstance(tree, exp.Insert | exp.Update | exp.Delete | exp.Merge):
                return _change(session, query, tree)
            if not isinstance(tree, exp.Query):
                raise compilation(f"syntax error line 1 at position 0 unexpected '{text.split(maxsplit=1)[0]}'.")
            return select(session, query, tree)
        except duckdb.Error as problem:
            raise refused(problem) from None


def select(session: "Session", query: Query, tree: exp.Expression) -> Result:
    query.resolve(tree)
    arrow = session.duck.sql(query.sql(tree)).to_arrow_table()
    return Result(arrow.column_names, arrow=arrow, statement=SELECT)


def _change(session: "Session", query: Query, tree: exp.Expression) -> Result:
    """One DML statement: its own transaction unless one is open; streams that it read move on with the commit."""
    kind, privilege, columns = CHANGES[type(tree)]
    node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    target = _target(session, node)
    for each in merge.privileges(tree) if isinstance(tree, exp.Merge) else [privilege]:
        session.need(each, target)
    if isinstance(tree, exp.Insert):
        _arity(tree, target)
    _put(node, target)
    query.resolve(tree, target=node)
    alone = not session.transaction
    session.begin()
    try:
        if isinstance(tree, exp.Merge):
            columns, counts = merge.run(session, query, tree)
        else:
            if tree.args.get("overwrite"):
                session.need("DELETE", target)
                session.duck.execute(f"DELETE FROM {table_name(target.path)}")
                tree.set("overwrite", False)
            row = session.first(query.sql(tree))
            counts = (int(row[0]) if row else 0,) + (0,) * (len(columns) - 1)
        tables.check_lengths(session, target)
    except BaseException:
        if alone:
            session.rollback()
        raise
    if not isinstance(tree, exp.Insert):
        target.facts["mutations"] = target.facts.get("mutations", 0) + 1
    for stream in query.streams:
        streams.consume(session, stream)
    if alone:
        session.commit()
    return Result(columns, [counts], statement=kind, types=dict.fromkeys(columns, "fixed"))


def _target(session: "Session", node: exp.Expression) -> Thing:
    if not isinstance(node, exp.Table):
        raise compilation("syntax error: a table is expected.")
    names = tuple(part.name if part.args.get("quoted") else part.name.upper() for part in node.parts)
    path = session.path("TABLE", names)
    found = session.account.catalog.relation(path)
    if not found:
        raise missing("object", ".".join(path))
    if found.kind != "TABLE":
        raise compilation(f"{found.kind.capitalize()} '{found.name}' cannot be changed by DML.", 1501, "0A000")
    return found


def _put(node: exp.Table, target: Thing) -> None:
    """DuckDB's place for the table; its own name stays usable in the statement."""
    if not node.args.get("alias") and not isinstance(node.parent, exp.Insert | exp.Schema):
        node.set("alias", exp.TableAlias(this=exp.to_identifier(target.name, quoted=True)))
    node.set("this", exp.to_identifier(target.name, quoted=True))
    node.set("db", exp.to_identifier(".".join(target.path[:2]), quoted=True))
    node.set("catalog", None)


def _arity(tree: exp.Insert, target: Thing) -> None:
    names = [each.name.upper() for each in tree.this.expressions] if isinstance(tree.this, exp.Schema) else []
    known = {column.name for column in target.columns}
    for name in names:
        if name not in known:
            raise compilation(f"invalid identifier '{name}'", 904, "42000")
    source = tree.expression
    wanted = len(names) or len(target.columns)
    if isinstance(source, exp.Values):
        given = {len(row.expressions) for row in source.expressions if isinstance(row, exp.Tuple)}
    elif isinstance(source, exp.Select) and not source.is_star:
        given = {len(source.expressions)}
    else:
        given = set()
    if given - {wanted}:
        raise compilation(
            f"Insert value list does not match column list expecting {wanted} but got {min(given - {wanted})}",
            2020,
            "21S01",
        )


def truncate(session: "Session", name: tuple[str, ...], if_exists: bool) -> Result:
    table = session.account.catalog.find("TABLE", session.path("TABLE", name))
    if table is None:
        if if_exists:
            return Result(["status"], [("Statement executed successfully.",)])
        raise missing("table", ".".join(name))
    session.need(
        "TRUNCATE" if not session.account.access.has(session.role, "DELETE", "TABLE", table.path) else "DELETE", table
    )
    session.duck.execute(f"DELETE FROM {table_name(table.path)}")
    table.facts["mutations"] = table.facts.get("mutations", 0) + 1
    for load in session.account.loads:
        if load.table_number == table.number and load.pipe is None:
            load.table_number = 0  # TRUNCATE deletes the load metadata
    return Result(["status"], [("Statement executed successfully.",)])


def refused(problem: duckdb.Error) -> SnowflakeError:
    """DuckDB's no in Snowflake's codes."""
    text = str(problem).split("\n")[0]
    if isinstance(problem, duckdb.BinderException):
        return compilation(text.replace("Binder Error: ", ""), 904, "42000")
    if isinstance(problem, duckdb.CatalogException):
        return compilation(text.replace("Catalog Error: ", ""), 2140, "42601")
    if isinstance(problem, duckdb.ConstraintException):
        return SnowflakeError(100072, "22000", f"NULL result in a non-nullable column: {text}")
    if isinstance(problem, duckdb.ParserException):
        return compilation(text)
    if isinstance(problem, duckdb.TransactionException):
        return SnowflakeError(625, "57014", text)
    return SnowflakeError(100038, "22018", text)
