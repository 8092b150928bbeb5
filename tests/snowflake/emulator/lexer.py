"""SQL text → tokens, and a reader that walks over them."""

import re
from dataclasses import dataclass

from .errors import SnowflakeError, syntax

TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|//[^\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^'\\]|''|\\.)*')
    |(?P<dollar>\$\$.*?\$\$)
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<stage>@(?:"[^"]*"|[^\s,;()"'])+)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<word>[A-Za-z_][\w$]*)
    |(?P<column>\$\d+|\$[A-Za-z_]\w*)
    |(?P<op>->>|->|=>|::|<=|>=|<>|!=|\|\||:=|[-+*/%(),.;:=<>\[\]{}?!|^&~])""",
    re.X | re.S,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind == "word" else self.text

    @property
    def value(self) -> str:
        """What a string or a quoted name holds; a bare name is folded to upper case."""
        if self.kind == "string":
            inner = self.text[1:-1].replace("''", "'")
            return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), inner, flags=re.S)
        if self.kind == "dollar":
            return self.text[2:-2]
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"')
        return self.upper


def tokens(sql: str) -> list[Token]:
    out, at = [], 0
    while at < len(sql):
        found = TOKEN.match(sql, at)
        if not found or not found.lastgroup:
            raise syntax(
                sql[at : at + 20].split("\n", maxsplit=1)[0],
                sql.count("\n", 0, at) + 1,
                at - sql.rfind("\n", 0, at) - 1,
            )
        if found.lastgroup != "space":
            out.append(Token(found.lastgroup, found[0], at, found.end()))
        at = found.end()
    return out


def statements(sql: str) -> list[str]:
    """Split at the semicolons that are no part of a string or of a BEGIN … END block."""
    out, start, depth, paren = [], 0, 0, 0
    found = tokens(sql)
    for index, token in enumerate(found):
        following = found[index + 1].upper if index + 1 < len(found) else ""
        if (
            token.upper == "BEGIN" and following not in ("", ";", "TRANSACTION", "WORK", "NAME")
        ) or token.upper == "CASE":
            depth += 1
        elif token.upper == "END" and depth:
            depth -= 1
        elif token.text in "()":
            paren += 1 if token.text == "(" else -1
        elif token.text == ";" and not depth and not paren:
            out.append(sql[start : token.start].strip())
            start = token.end
    out.append(sql[start:].strip())
    return [text for text in out if tokens(text)]


CLAUSES = ("FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "ORDER", "LIMIT")


def check_clauses(found: list[Token]) -> None:
    """Refuse clauses of a SELECT that stand in a wrong order."""
    stack = [0]
    for index, token in enumerate(found):
        following = found[index + 1].upper if index + 1 < len(found) else ""
        if token.text in "()":
            stack = [*stack, 0] if token.text == "(" else stack[:-1] or [0]
        elif token.upper in ("SELECT", "UNION", "INTERSECT", "EXCEPT", "MINUS"):
            stack[-1] = 0
        elif token.upper in CLAUSES and (token.upper not in ("GROUP", "ORDER") or following == "BY"):
            place = CLAUSES.index(token.upper)
            if place < stack[-1]:
                raise syntax(token.text, 1, token.start)
            stack[-1] = place


class Reader:
    """Walks over a statement's tokens: looks, accepts, expects."""

    def __init__(self, sql: str) -> None:
        self.sql, self.tokens, self.at = sql, tokens(sql), 0

    @property
    def done(self) -> bool:
        return self.at >= len(self.tokens) or (self.peek() == ";" and self.at == len(self.tokens) - 1)

    def peek(self, ahead: int = 0) -> str:
        """The next word in upper case, or the next token's text; empty at the end."""
        return self.tokens[self.at + ahead].upper if self.at + ahead < len(self.tokens) else ""

    def peek_kind(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead].kind if self.at + ahead < len(self.tokens) else ""

    def take(self) -> Token:
        if self.at >= len(self.tokens):
            raise self.unexpected()
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, *words: str) -> bool:
        if all(self.peek(index) == word for index, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def accept_one(self, *words: str) -> str:
        return self.take().upper if self.peek() in words else ""

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.unexpected()

    def unexpected(self) -> SnowflakeError:
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        at = token.start if token else len(self.sql)
        line = self.sql.count("\n", 0, at) + 1
        return syntax(token.text if token else "<EOF>", line, at - self.sql.rfind("\n", 0, at) - 1)

    def identifier(self) -> str:
        if self.accept("IDENTIFIER", "("):
            name = self.take().value
            self.expect(")")
            return name.upper()
        if self.peek_kind() not in ("word", "quoted"):
            raise self.unexpected()
        return self.take().value

    def name(self) -> tuple[str, ...]:
        """A dotted name, one to three parts."""
        parts = [self.identifier()]
        while self.peek() == "." and len(parts) < 4:
            self.at += 1
            parts.append(self.identifier())
        return tuple(parts)

    def string(self) -> str:
        if self.peek_kind() not in ("string", "dollar"):
            raise self.unexpected()
        return self.take().value

    def integer(self) -> int:
        sign = -1 if self.accept("-") else 1
        if self.peek_kind() != "number" or not self.peek().isdigit():
            raise self.unexpected()
        return sign * int(self.take().text)

    def parenthesised(self) -> str:
        """The text between this parenthesis and the one that closes it."""
        if self.peek() != "(":
            raise self.unexpected()
        first, depth = self.take(), 1
        while depth:
            token = self.take()
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        return self.sql[first.end : token.start]

    def rest(self) -> str:
        """The text from here to the end, without a closing semicolon."""
        if self.done:
            return ""
        text = self.sql[self.tokens[self.at].start :].rstrip().rstrip(";").rstrip()
        self.at = len(self.tokens)
        return text

    def end(self) -> None:
        if not self.done:
            raise self.unexpected()


def name_of(text: str) -> tuple[str, ...]:
    """A dotted name inside a string: 'DB.SCHEMA.NAME'."""
    reader = Reader(text)
    name = reader.name()
    reader.end()
    return name


def quote(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def quote_name(*parts: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def like(text: str) -> re.Pattern[str]:
    """A LIKE pattern of SHOW: without case."""
    parts = re.escape(text).replace("%", ".*").replace("_", ".").replace(r"\%", ".*")
    return re.compile(parts, re.I | re.S)
