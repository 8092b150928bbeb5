"""A query in Snowflake's SQL → DuckDB's, its names resolved, its privileges checked."""

import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import pyarrow as pa
import sqlglot
from fakesnow import transforms
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import exp
from sqlglot.errors import ParseError

from . import flatten, streams
from .catalog import Thing
from .errors import compilation, missing, unsupported
from .functions import RENAMED
from .lexer import Token, check_clauses, tokens

if TYPE_CHECKING:
    from .account import Session

TEMPORARY = "EMU_TMP_"
_numbers = count(1)
CASTS = {exp.DType.TIMESTAMPNTZ: "ntz", exp.DType.TIMESTAMP: "ntz", exp.DType.TIMESTAMPLTZ: "ltz",
         exp.DType.TIMESTAMPTZ: "tz"}  # fmt: skip


@dataclass
class Query:
    """One statement on its way to DuckDB: what it reads, and the tables that were made for it alone."""

    session: "Session"
    owner: str | None = None
    """A view's owner: what the view reads is read in this role."""
    streams: list[Thing] = field(default_factory=list)
    reads: list[Thing] = field(default_factory=list)
    made: ExitStack = field(default_factory=ExitStack)
    mask: bool = True

    @property
    def role(self) -> str:
        return self.owner or self.session.role

    def table(self, rows: pa.Table) -> str:
        """Rows from elsewhere under a name that DuckDB knows for as long as this statement runs."""
        name = f"{TEMPORARY}{next(_numbers)}"
        self.session.duck.register(name, rows)
        self.made.callback(self.session.duck.unregister, name)
        return name

    def parse(self, text: str) -> exp.Expression:
        """Text → tree. The calls that only the account can answer are answered first."""
        from .table_functions import answered

        check_clauses(tokens(text))
        renamed = answered(self, _rename(text))
        try:
            tree = sqlglot.parse_one(renamed, read="snowflake")
        except ParseError as problem:
            where = problem.errors[0] if problem.errors else {}
            raise compilation(
                f"syntax error line {where.get('line', 1)} at position {where.get('col', 0)} "
                f"unexpected '{where.get('highlight', '')}'."
            ) from None
        if isinstance(tree, exp.Command):
            raise compilation(f"syntax error line 1 at position 0 unexpected '{tree.this}'.")
        return tree

    def resolve(self, tree: exp.Expression, target: exp.Table | None = None) -> None:
        """Each table's name → where DuckDB keeps it; refuse those this role may not read."""
        common = {cte.alias_or_name.upper() for cte in tree.find_all(exp.CTE)}
        for node in list(tree.find_all(exp.Table)):
            if not isinstance(node.this, exp.Identifier) or node is target:
                continue
            if node.name.upper().startswith(TEMPORARY) or (not node.db and node.name.upper() in common):
                continue
            self._place(node)
        for column in tree.find_all(exp.Column):
            if column.args.get("db"):
                column.set("db", None)
                column.set("catalog", None)

    def _place(self, node: exp.Table) -> None:
        from .information_schema import view

        names = tuple(part.name if part.args.get("quoted") else part.name.upper() for part in node.parts)
        rows = view(self.session, names)
        if rows is not None:
            node.set("alias", node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(names[-1])))
            _point(node, "", self.table(rows))
            return
        path = self.session.path("TABLE", names)
        catalog = self.session.account.catalog
        stream = catalog.find("STREAM", path)
        thing = stream or catalog.relation(path)
        if not thing:
            raise missing("object", ".".join(path))
        self.session.account.access.need(self.role, "SELECT", thing)
        self.reads.append(thing)
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(names[-1], quoted=True))
        inner = self._inner(thing)
        if inner:
            made = sqlglot.parse_one(f"SELECT * FROM ({inner}) AS x", read="snowflake").find(exp.Subquery)
            made.set("alias", alias)
            node.replace(made)
            return
        node.set("alias", alias)
        _point(node, ".".join(path[:2]), path[2])

    def _inner(self, thing: Thing) -> str:
        """A query in place of a table: a stream's new rows, a table under masks."""
        if thing.kind == "STREAM":
            self.streams.append(thing)
            return streams.rows(self.session, thing)
        if self.mask and self.owner is None:
            from .policies import masked

            return masked(self.session, thing)
        return ""

    def sql(self, tree: exp.Expression) -> str:
        """Tree → DuckDB's SQL."""
        tree = tree.transform(_cast).transform(flatten.marked)
        cursor = _translator(self.session)
        made = cursor._transform(tree, None)
        flatten.placed(made)
        for cast in made.find_all(exp.Cast):
            if cast.to.this == exp.DType.BIGINT:
                cast.set("to", exp.DataType.build("DECIMAL(38,0)", dialect="duckdb"))
        return str(made.sql(dialect="duckdb", identify=True))


def _point(node: exp.Table, schema: str, name: str) -> None:
    node.set("this", exp.to_identifier(name, quoted=True))
    node.set("db", exp.to_identifier(schema, quoted=True) if schema else None)
    node.set("catalog", None)


transforms.numeric_agg_implicit_cast = lambda tree: tree  # it makes SUM of a NUMBER a double


def _translator(session: "Session") -> FakeSnowflakeCursor:
    """fakesnow's rewriting of trees; nothing is run on it."""
    connection = FakeSnowflakeConnection(session.duck, {}, create_database=False, create_schema=False)
    return FakeSnowflakeCursor(connection, session.duck)


def _rename(text: str) -> str:
    """PARSE_JSON( → emu_parse_json( and so on, strings and comments left alone."""
    found = tokens(text)
    out, at = [], 0
    for index, token in enumerate(found):
        following = found[index + 1].text if index + 1 < len(found) else ""
        bare = token.upper in ("CURRENT_USER", "CURRENT_ROLE") and following != "("
        before = found[index - 1].text if index else ""
        if token.kind == "word" and token.upper in RENAMED and (following == "(" or bare) and before != ".":
            out += [text[at : token.start], RENAMED[token.upper], "()" if bare else ""]
            at = token.end
    return "".join(out) + text[at:]


def _cast(node: exp.Expression) -> exp.Expression:
    """Timestamps as Snowflake reads them; a VARIANT's text without quotes; TRY_CAST takes text only; HASH is signed."""
    if isinstance(node, exp.Cast):
        tries = isinstance(node, exp.TryCast)
        inner = node.this
        if tries and isinstance(inner, exp.JSONExtract | exp.Bracket):
            wanted = node.to.sql("snowflake")
            raise compilation(
                f"Function TRY_CAST cannot be used with arguments of types VARIANT and {wanted}", 1065, "22023"
            )
        kind = CASTS.get(node.to.this)
        if isinstance(inner, exp.Column) and node.to.this in (exp.DType.VARCHAR, exp.DType.TEXT):
            node.set("this", exp.Anonymous(this="emu_text", expressions=[inner]))
        if kind:
            return exp.Anonymous(this=f"emu_{'try_' if tries else ''}to_{kind}", expressions=[inner])
    if isinstance(node, exp.ToChar) and node.args.get("format"):
        return _formatted(node)
    if isinstance(node, exp.Anonymous) and node.name.lower() == "emu_hash":
        arguments = ", ".join(each.sql("duckdb") for each in node.expressions)
        return sqlglot.parse_one(f"CAST(hash({arguments}) AS DECIMAL(38,0)) - 9223372036854775808", read="duckdb")
    return node


FORMATS = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S", "MON": "%b", "DY": "%a"}


def _formatted(node: exp.ToChar) -> exp.Expression:
    """TO_CHAR of a date or a time; of a number with a format: refused."""
    text = node.args["format"].name
    for word, code in FORMATS.items():
        text = text.replace(word, code)
    if not re.fullmatch(r"(%[YmdHMSba]|[^A-Za-z09])+", text.replace('"T"', "")):
        raise unsupported(f"TO_CHAR with the format '{node.args['format'].name}'")
    made = exp.Literal.string(text.replace('"', ""))
    return exp.Anonymous(this="strftime", expressions=[node.this, made])


def expression(session: "Session", text: str) -> str:
    """A scalar expression in DuckDB's SQL."""
    query = Query(session)
    tree = query.parse(f"SELECT {text}")
    query.resolve(tree)
    return query.sql(tree).removeprefix("SELECT ")


def scalar(session: "Session", text: str) -> object:
    row = session.first(f"SELECT {expression(session, text)}")
    return row[0] if row else None


def replace(text: str, found: list[tuple[Token, Token, str]]) -> str:
    """The text with each span of tokens replaced."""
    out, at = [], 0
    for first, last, new in found:
        out += [text[at : first.start], new]
        at = last.end
    return "".join(out) + text[at:]
