"""The columns of relations: SHOW COLUMNS, DESCRIBE TABLE."""

import re
from typing import TYPE_CHECKING, Any

from . import shown
from .catalog import RELATIONS, Column, Path, Thing
from .errors import missing
from .lexer import Reader, like
from .results import DESCRIBE, SHOW, Result

if TYPE_CHECKING:
    from .account import Session


def data_type(column: Column) -> dict[str, Any]:
    base, numbers = column.type.partition("(")[0], [int(each) for each in re.findall(r"\d+", column.type)]
    names = {"NUMBER": "FIXED", "VARCHAR": "TEXT", "FLOAT": "REAL"}
    out: dict[str, Any] = {"type": names.get(base, base), "nullable": column.nullable}
    if base == "NUMBER":
        out |= {"precision": numbers[0], "scale": numbers[1]}
    elif base in ("VARCHAR", "BINARY"):
        out |= {"length": numbers[0], "byteLength": min(numbers[0] * 4, 16777216), "fixed": False}
    elif numbers:
        out |= {"precision": 0, "scale": numbers[0]}
    return out


def show(session: "Session", reader: Reader) -> Result:
    pattern = like(reader.string()) if reader.accept("LIKE") else None
    reader.expect("IN")
    word = reader.accept_one("TABLE", "VIEW", "SCHEMA", "DATABASE")
    name = reader.name()
    reader.end()
    if word in ("SCHEMA", "DATABASE"):
        things = shown.visible(session, RELATIONS, session.find(word, name).path)
    else:
        things = [relation(session, name)]
    names = [
        "table_name",
        "schema_name",
        "column_name",
        "data_type",
        "null?",
        "default",
        "kind",
        "expression",
        "comment",
        "database_name",
        "autoincrement",
        "schema_evolution_record",
    ]
    rows = [
        (
            thing.name,
            thing.schema,
            column.name,
            data_type(column),
            str(column.nullable).lower(),
            column.default or "",
            "COLUMN",
            "",
            column.comment or "",
            thing.database,
            column.default if (column.default or "").startswith("IDENTITY") else "",
            None,
        )
        for thing in things
        for column in thing.columns
        if not pattern or pattern.fullmatch(column.name)
    ]
    return Result(names, rows, statement=SHOW)


def relation(session: "Session", name: Path) -> Thing:
    path = session.path("TABLE", name)
    thing = session.account.catalog.relation(path)
    if not thing or not session.account.access.sees(session.role, thing):
        raise missing("object", ".".join(path))
    return thing


def describe(thing: Thing) -> Result:
    names = [
        "name",
        "type",
        "kind",
        "null?",
        "default",
        "primary key",
        "unique key",
        "check",
        "expression",
        "comment",
        "policy name",
        "privacy domain",
        "schema_evolution_record",
    ]
    rows = [
        (
            column.name,
            column.type,
            "COLUMN",
            "Y" if column.nullable else "N",
            column.default,
            "Y" if column.key else "N",
            "N",
            None,
            None,
            column.comment,
            column.policy,
            None,
            None,
        )
        for column in thing.columns
    ]
    return Result(names, rows, statement=DESCRIBE)
