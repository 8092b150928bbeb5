"""The columns of a table: read from a definition, made in DuckDB, changed in place."""

import re
from typing import TYPE_CHECKING

from .account import table_name
from .catalog import Column, Thing
from .errors import SnowflakeError, compilation
from .lexer import Reader, quote_name
from .options import tags
from .translate import expression

if TYPE_CHECKING:
    from .account import Session

NUMBERS = ("NUMBER", "DECIMAL", "DEC", "NUMERIC")
ALIASES = {
    **dict.fromkeys(("INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"), "NUMBER(38,0)"),
    **dict.fromkeys(("FLOAT", "FLOAT4", "FLOAT8", "DOUBLE", "REAL"), "FLOAT"),
    **{name: name for name in ("BOOLEAN", "DATE", "VARIANT", "OBJECT", "ARRAY")},
}
TEXTS = {"VARCHAR": 16777216, "STRING": 16777216, "TEXT": 16777216, "NVARCHAR": 16777216, "CHAR": 1, "CHARACTER": 1}
STAMPS = {"DATETIME": "TIMESTAMP_NTZ", "TIMESTAMP": "TIMESTAMP_NTZ", "TIMESTAMP_NTZ": "TIMESTAMP_NTZ",
          "TIMESTAMP_LTZ": "TIMESTAMP_LTZ", "TIMESTAMP_TZ": "TIMESTAMP_TZ", "TIME": "TIME"}  # fmt: skip
CONSTRAINTS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN")
PROPERTIES = ("ENFORCED", "RELY", "NORELY", "VALIDATE", "NOVALIDATE", "ENABLE", "DISABLE", "DEFERRABLE", "INITIALLY",
              "DEFERRED", "IMMEDIATE")  # fmt: skip


def read_type(reader: Reader) -> str:
    """A data type as Snowflake's DESC spells it."""
    if reader.peek_kind() != "word":
        raise reader.unexpected()
    name = reader.take().upper
    sizes: list[int] = []
    if name == "DOUBLE":
        reader.accept("PRECISION")
    if name in (*NUMBERS, *TEXTS, *STAMPS, "BINARY", "VARBINARY") and reader.accept("("):
        sizes.append(reader.integer())
        if name in NUMBERS and reader.accept(","):
            sizes.append(reader.integer())
        reader.expect(")")
    if name in NUMBERS:
        precision, scale = ([*sizes, 0] if len(sizes) == 1 else sizes) or (38, 0)
        if not (1 <= precision <= 38 and 0 <= scale <= min(37, precision)):
            raise compilation(f"Invalid data type [{name}({precision},{scale})]", 2003, "42601")
        return f"NUMBER({precision},{scale})"
    if name in TEXTS:
        return f"VARCHAR({sizes[0] if sizes else TEXTS[name]})"
    if name in STAMPS:
        return f"{STAMPS[name]}({sizes[0] if sizes else 9})"
    if name in ("BINARY", "VARBINARY"):
        return f"BINARY({sizes[0] if sizes else 8388608})"
    if name not in ALIASES:
        raise compilation(f"Unsupported data type '{name}'.", 2040, "42601")
    return ALIASES[name]


def duck_type(kind: str) -> str:
    base = kind.partition("(")[0]
    names = {"VARCHAR": "VARCHAR", "FLOAT": "DOUBLE", "BINARY": "BLOB", "VARIANT": "JSON", "OBJECT": "JSON",
             "ARRAY": "JSON", "TIMESTAMP_NTZ": "TIMESTAMP", "TIMESTAMP_LTZ": "TIMESTAMPTZ",
             "TIMESTAMP_TZ": "TIMESTAMPTZ", "TIME": "TIME"}  # fmt: skip
    return kind.replace("NUMBER", "DECIMAL") if base == "NUMBER" else names.get(base, base)


def snow_type(kind: str) -> str:
    """What DuckDB says of a column of a view or a query → Snowflake's type."""
    sized = {"BIGINT": "NUMBER(38,0)", "HUGEINT": "NUMBER(38,0)", "INTEGER": "NUMBER(38,0)", "UBIGINT": "NUMBER(38,0)",
             "SMALLINT": "NUMBER(38,0)", "TINYINT": "NUMBER(38,0)", "DOUBLE": "FLOAT", "VARCHAR": "VARCHAR(16777216)",
             "JSON": "VARIANT", "TIMESTAMP": "TIMESTAMP_NTZ(9)", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ(9)",
             "BLOB": "BINARY(8388608)", "TIME": "TIME(9)"}  # fmt: skip
    return kind.replace("DECIMAL", "NUMBER") if kind.startswith("DECIMAL") else sized.get(kind, kind.removesuffix("[]"))


def read_columns(reader: Reader, typed: bool = True) -> list[Column]:
    """( name type …, … ); a view's columns have no type."""
    reader.expect("(")
    columns: list[Column] = []
    keys: list[str] = []
    while True:
        if typed and reader.peek() in CONSTRAINTS:
            keys += _constraint(reader)
        else:
            columns.append(read_column(reader, typed))
        if reader.accept(")"):
            break
        reader.expect(",")
    names = [column.name for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise compilation(f"duplicate column name '{name}'", 2025, "42S21")
    for column in columns:
        column.key = column.key or column.name in keys
        column.nullable = column.nullable and not column.key
    return columns


def read_column(reader: Reader, typed: bool = True) -> Column:
    """name type [NOT NULL] [DEFAULT …] [COMMENT '…'] and so on, up to the comma."""
    column = Column(reader.identifier(), read_type(reader) if typed else "")
    while reader.peek() not in (",", ")") and not reader.done:
        if reader.accept("NOT", "NULL"):
            column.nullable = False
        elif reader.accept("NULL"):
            column.nullable = True
        elif reader.accept("COMMENT"):
            column.comment = reader.string()
        elif reader.accept("DEFAULT"):
            column.default = _expression(reader)
        elif reader.accept_one("AUTOINCREMENT", "IDENTITY"):
            column.default = _identity(reader)
        elif reader.accept("COLLATE"):
            reader.string()
        elif reader.accept("PRIMARY", "KEY"):
            column.key = True
            _properties(reader)
        elif reader.accept("UNIQUE"):
            _properties(reader)
        elif reader.accept("MASKING", "POLICY") or reader.accept("WITH", "MASKING", "POLICY"):
            column.policy = ".".join(reader.name())
        elif reader.accept("TAG") or reader.accept("WITH", "TAG"):
            column.tags = tags(reader)
        else:
            raise reader.unexpected()
    return column


def _constraint(reader: Reader) -> list[str]:
    if reader.accept("CONSTRAINT"):
        reader.identifier()
    key = reader.accept("PRIMARY", "KEY")
    if not key and not reader.accept("UNIQUE") and not reader.accept("FOREIGN", "KEY"):
        raise reader.unexpected()
    names = [name.strip().strip('"') for name in reader.parenthesised().split(",")]
    if reader.accept("REFERENCES"):
        reader.name()
        if reader.peek() == "(":
            reader.parenthesised()
    _properties(reader)
    return [name.upper() for name in names] if key else []


def _properties(reader: Reader) -> None:
    while reader.accept_one(*PROPERTIES) or (reader.peek() == "NOT" and reader.peek(1) in PROPERTIES and reader.take()):
        pass


def _identity(reader: Reader) -> str:
    start, step = 1, 1
    if reader.accept("("):
        start = reader.integer()
        reader.expect(",")
        step = reader.integer()
        reader.expect(")")
    if reader.accept("START"):
        reader.accept("WITH")
        start = reader.integer()
    if reader.accept("INCREMENT"):
        reader.accept("BY")
        step = reader.integer()
    reader.accept_one("ORDER", "NOORDER")
    return f"IDENTITY START {start} INCREMENT {step}"


def _expression(reader: Reader) -> str:
    """A literal or a call."""
    first = reader.tokens[reader.at]
    reader.take()
    if first.text == "-":
        reader.take()
    while reader.accept("."):
        reader.take()
    if reader.peek() == "(":
        reader.parenthesised()
    while reader.accept("::"):
        read_type(reader)
    return reader.sql[first.start : reader.tokens[reader.at - 1].end]


def definition(session: "Session", thing: Thing, column: Column, default: bool = True) -> str:
    """A column in DuckDB's CREATE TABLE. NOT NULL holds; keys, as in Snowflake, are only told."""
    text = f"{quote_name(column.name)} {duck_type(column.type)}"
    if column.default and default:
        text += f" DEFAULT {_default(session, thing, column)}"
    return text + ("" if column.nullable else " NOT NULL")


def _default(session: "Session", thing: Thing, column: Column) -> str:
    assert column.default
    found = re.fullmatch(r"IDENTITY START (-?\d+) INCREMENT (-?\d+)", column.default)
    if found:
        sequence = quote_name(".".join(thing.path[:2]), f"{thing.name}_{column.name}_{thing.number}_SEQ")
        session.duck.execute(f"CREATE SEQUENCE IF NOT EXISTS {sequence} START {found[1]} INCREMENT {found[2]}")
        return f"nextval('{sequence}')"
    return expression(session, column.default)


def create(session: "Session", thing: Thing) -> None:
    columns = ", ".join(definition(session, thing, column) for column in thing.columns)
    session.duck.execute(f"CREATE TABLE {table_name(thing.path)} ({columns})")


def described(session: "Session", thing: Thing) -> list[Column]:
    """The columns of what a query made."""
    rows = session.duck.execute(f"DESCRIBE {table_name(thing.path)}").fetchall()
    return [Column(row[0], snow_type(row[1]), row[2] == "YES") for row in rows]


def widen(thing: Thing, column: Column, kind: str) -> None:
    """Refuse a change of type that Snowflake refuses."""
    old, new = column.type, kind
    base = old.partition("(")[0]
    before, after = re.findall(r"\d+", old), re.findall(r"\d+", new)
    allowed = base == new.partition("(")[0] and base in ("VARCHAR", "NUMBER", "BINARY")
    if allowed and base in ("VARCHAR", "BINARY"):
        allowed = int(after[0]) >= int(before[0])
    if allowed and base == "NUMBER":
        allowed = before[1] == after[1]
    if not allowed and old != new:
        raise compilation(f"cannot change column {column.name} from type {old} to {new}", 2108, "22000")


def check_lengths(session: "Session", thing: Thing, where_now: str = "") -> None:
    """VARCHAR(n) holds n characters: the statement that wrote more fails."""
    limits = {c.name: int(re.findall(r"\d+", c.type)[0]) for c in thing.columns if c.type.startswith("VARCHAR(")}
    tight = {name: limit for name, limit in limits.items() if limit < 16777216}
    if not tight:
        return
    where = " OR ".join(f"length({quote_name(name)}) > {limit}" for name, limit in tight.items())
    found = session.first(f"SELECT * FROM {where_now or table_name(thing.path)} WHERE {where} LIMIT 1")
    if found:
        names = [column.name for column in thing.columns]
        value = next(v for n, v in zip(names, found, strict=True) if n in tight and v and len(str(v)) > tight[n])
        raise SnowflakeError(100078, "22000", f"String '{value}' is too long and would be truncated")
