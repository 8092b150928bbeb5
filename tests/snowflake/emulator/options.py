"""The options of a statement: which there are, what values each takes; anything else is refused."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from .errors import compilation, invalid_value, unknown_property
from .lexer import Reader

Value = Callable[[Reader, str], Any]
Options = Mapping[str, Value]


def boolean(reader: Reader, name: str) -> bool:
    word = reader.take().value.upper()
    if word not in ("TRUE", "FALSE"):
        raise invalid_value(word, name)
    return word == "TRUE"


def integer(reader: Reader, name: str) -> int | None:
    if reader.accept("NULL"):
        return None
    if reader.peek_kind() == "string":
        text = reader.string()
        if not text.isdigit():
            raise invalid_value(text, name)
        return int(text)
    return reader.integer()


def text(reader: Reader, name: str) -> str:
    return reader.string()


def identifier(reader: Reader, name: str) -> str:
    """A name, bare, quoted or inside a string."""
    if reader.peek_kind() == "string":
        return reader.string().upper()
    return ".".join(reader.name())


def anything(reader: Reader, name: str) -> str:
    token = reader.take()
    if token.kind not in ("string", "word", "number", "dollar"):
        raise invalid_value(token.text, name)
    return token.value


def one_of(*choices: str) -> Value:
    def read(reader: Reader, name: str) -> str:
        word = reader.take().value.upper()
        if word not in choices:
            raise invalid_value(word, name)
        return word

    return read


def texts(reader: Reader, name: str) -> list[str]:
    """('a', 'b')"""
    reader.expect("(")
    out: list[str] = []
    while not reader.accept(")"):
        out.append(reader.string())
        if reader.peek() != ")":
            reader.expect(",")
    return out


def addresses(reader: Reader, name: str) -> list[str]:
    """('10.0.0.1', '10.0.0.0/8')"""
    return ipv4(texts(reader, name), name)


def ipv4(values: list[str], name: str) -> list[str]:
    """The values, when they are addresses and ranges."""
    for each in values:
        try:
            ipaddress.IPv4Network(each, strict=False)
        except ValueError:
            raise invalid_value(each, name) from None
    return values


def names(reader: Reader, name: str) -> list[str]:
    """(A, B) or ('a', 'b')"""
    reader.expect("(")
    out: list[str] = []
    while not reader.accept(")"):
        out.append(identifier(reader, name))
        if reader.peek() != ")":
            reader.expect(",")
    return out


def group(choices: Options, kind: str) -> Value:
    """( NAME = value … )"""

    def read(reader: Reader, name: str) -> dict[str, Any]:
        reader.expect("(")
        out = parse(reader, choices, kind, stop=(")",))
        reader.expect(")")
        return out

    return read


def raw(reader: Reader, name: str) -> str:
    return reader.parenthesised()


def tags(reader: Reader) -> dict[str, str]:
    """( db.schema.tag = 'value', … )"""
    reader.expect("(")
    out: dict[str, str] = {}
    while True:
        tag = ".".join(reader.name())
        reader.expect("=")
        out[tag] = reader.string()
        if reader.accept(")"):
            return out
        reader.expect(",")


def parse(reader: Reader, choices: Options, kind: str, stop: tuple[str, ...] = ()) -> dict[str, Any]:
    """NAME = value, in any order, until the end or a word of `stop`. A comma between two is allowed."""
    out: dict[str, Any] = {}
    while not reader.done and reader.peek() not in stop:
        if out and reader.accept(","):
            continue
        name = reader.peek()
        if reader.peek_kind() != "word":
            raise reader.unexpected()
        if name not in choices:
            raise unknown_property(name, kind) if reader.peek(1) == "=" else reader.unexpected()
        if name in out:
            raise compilation(f"duplicate property '{name}'", 1479, "22023")
        reader.take()
        reader.expect("=")
        out[name] = choices[name](reader, name)
    return out
