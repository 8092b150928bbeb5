"""MERGE: DuckDB's own, after a look for target rows that more than one source row would change."""

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from .errors import SnowflakeError, compilation
from .translate import Query

if TYPE_CHECKING:
    from .account import Session

WORDS = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}


def action(when: exp.Expression) -> str:
    then = when.args["then"]
    return "UPDATE" if isinstance(then, exp.Update) else "INSERT" if isinstance(then, exp.Insert) else "DELETE"


def privileges(tree: exp.Merge) -> list[str]:
    return sorted({action(when) for when in tree.args["whens"].expressions} | {"SELECT"})


def run(session: "Session", query: Query, tree: exp.Merge) -> tuple[list[str], tuple[int, ...]]:
    """The counts, by what the statement may do."""
    if not isinstance(tree.args.get("on"), exp.Expression):
        raise compilation("syntax error line 1 at position 0 unexpected 'WHEN'.")
    whens = tree.args["whens"].expressions
    for when in whens:
        _arity(when)
        for each in when.find_all(exp.EQ):
            if (
                isinstance(when.args["then"], exp.Update)
                and each.parent is when.args["then"]
                and isinstance(each.this, exp.Column)
            ):
                each.set("this", exp.column(each.this.this.copy()))
    _refuse_duplicates(session, query, tree, whens)
    rows = session.duck.execute(query.sql(tree) + " RETURNING merge_action").fetchall()
    done = [row[0] for row in rows]
    kinds = [kind for kind in WORDS if any(action(when) == kind for when in whens)]
    return [f"number of rows {WORDS[kind]}" for kind in kinds], tuple(done.count(kind) for kind in kinds)


def _arity(when: exp.Expression) -> None:
    then = when.args["then"]
    if isinstance(then, exp.Insert) and then.this is not None and then.expression is not None:
        names, values = len(then.this.expressions), len(then.expression.expressions)
        if names != values:
            raise compilation(
                f"Insert value list does not match column list expecting {names} but got {values}", 2020, "21S01"
            )


def _refuse_duplicates(session: "Session", query: Query, tree: exp.Merge, whens: list[exp.Expression]) -> None:
    """ERROR_ON_NONDETERMINISTIC_MERGE: a row may be changed by one source row only; several may delete it."""
    matched = [when for when in whens if when.args.get("matched")]
    if not matched:
        return
    target = tree.this.alias_or_name
    cases = [f"WHEN {_text(when.args.get('condition'))} THEN '{action(when)}'" for when in matched]
    source = f"{_text(tree.this)} JOIN {_text(tree.args['using'])} ON {_text(tree.args['on'])}"
    text = (
        f'SELECT COUNT(*) FROM (SELECT "{target}".rowid AS r, CASE {" ".join(cases)} END AS a '
        f"FROM {source}) "
        "WHERE NOT a IS NULL GROUP BY r HAVING SUM(CASE WHEN a = 'UPDATE' THEN 1 ELSE 0 END) > 1 "
        "OR COUNT(DISTINCT a) > 1 LIMIT 1"
    )
    if session.first(query.sql(sqlglot.parse_one(text, read="snowflake"))):
        raise SnowflakeError(100090, "42P18", "Duplicate row detected during DML action")


def _text(tree: exp.Expression | None) -> str:
    return tree.sql("snowflake") if tree else "TRUE"
