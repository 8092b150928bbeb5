"""Masking and row access policies, put in place of the tables that carry them."""

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from .account import table_name
from .catalog import Thing
from .errors import compilation
from .lexer import Reader, quote_name
from .tables import read_type
from .translate import Query

if TYPE_CHECKING:
    from .account import Session


def masked(session: "Session", thing: Thing) -> str:
    """A query that shows the table as this role may see it; empty when it carries no policy."""
    masks = {column.name: name for column in thing.columns if (name := policy_of(session, thing, column.name))}
    rows = thing.facts.get("row_policy")
    if not masks and not rows:
        return ""
    shown = []
    for column in thing.columns:
        name = quote_name(column.name)
        policy = masks.get(column.name)
        shown.append(f"{body(session, policy, 'MASKING POLICY', [column.name])} AS {name}" if policy else name)
    where = f" WHERE {body(session, rows[0], 'ROW ACCESS POLICY', rows[1])}" if rows else ""
    return f"SELECT {', '.join(shown)} FROM {table_name(thing.path)}{where}"


def policy_of(session: "Session", thing: Thing, column: str) -> str | None:
    """The column's own policy, else that of a tag on it or on the table, if it is for the column's type."""
    found = next(each for each in thing.columns if each.name == column)
    if found.policy:
        return found.policy
    for tag in {**thing.tags, **found.tags}:
        for policy in session.account.catalog.get("TAG", tuple(tag.split("."))).facts.get("policies", []):
            made = session.account.catalog.get("MASKING POLICY", tuple(policy.split(".")))
            if made.facts["types"][0].partition("(")[0] == found.type.partition("(")[0]:
                return str(policy)
    return None


def body(session: "Session", policy: str, kind: str, columns: list[str]) -> str:
    """The policy's expression over these columns: it is translated with the query that it stands in."""
    thing = session.account.catalog.get(kind, tuple(policy.split(".")))
    query = Query(session, owner=thing.owner)
    tree = query.parse(f"SELECT {thing.facts['body']}")
    query.resolve(tree)
    given = dict(zip(thing.facts["arguments"], columns, strict=True))
    for column in list(tree.find_all(exp.Column)):
        if column.name.upper() in given:
            column.replace(exp.column(given[column.name.upper()], quoted=True))
    return str(tree.expressions[0].sql("snowflake"))


def signature(reader: Reader) -> tuple[list[str], list[str]]:
    """( name TYPE, … ) → names, types"""
    names, types = [], []
    reader.expect("(")
    while True:
        names.append(reader.identifier())
        types.append(read_type(reader))
        if reader.accept(")"):
            return names, types
        reader.expect(",")


def returned(reader: Reader) -> str:
    """A data type, without its size."""
    return read_type(reader).partition("(")[0]


def check(text: str) -> None:
    """Refuse a body that is no expression."""
    try:
        sqlglot.parse_one(f"SELECT {text}", read="snowflake")
    except ParseError as problem:
        raise compilation(f"syntax error in the body: {problem.errors[0].get('description', '')}") from None
