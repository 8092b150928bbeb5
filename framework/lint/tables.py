"""Rules about tables: no two of one name, and marts that can be made."""

import re
from collections.abc import Iterator

from framework.lint.circles import way
from framework.lint.finding import Finding
from framework.names import refs
from framework.problem import Path, suggestion
from framework.spec import Source


def tables(source: Source) -> Iterator[Finding]:
    seen: dict[str, str] = {f"RAW_{source.name}_JSON".upper(): "the RAW table"}
    places = [
        *((("streams", i, "clean", "table"), s.clean.table) for i, s in enumerate(source.streams) if s.clean),
        *(
            (("streams", i, "clean", "child_tables", name), name)
            for i, s in enumerate(source.streams)
            for name in (s.clean.child_tables if s.clean else ())
        ),
        *((("analytics", i, "table"), mart.table) for i, mart in enumerate(source.analytics)),
    ]
    for path, table in places:
        if table.upper() in seen:
            message = f"the table {table!r} is already {seen[table.upper()]}."
            yield Finding("E304", path, message, at_key="child_tables" in path)
        seen.setdefault(table.upper(), f"that of {path[0]}[{path[1]}]")


_TABLE = re.compile(r"\b(?:from|join)\s+((?:\w+\.)*(\w+))\b", re.IGNORECASE)


def marts(source: Source) -> Iterator[Finding]:
    clean = [name for stream in source.streams if stream.clean for name in stream.clean.tables]
    marts: dict[str, list[str]] = {mart.table: refs(mart.sql) for mart in source.analytics}
    order = list(marts)
    for index, mart in enumerate(source.analytics):
        circle = way(mart.table, mart.table, marts, set())
        if circle and mart.table == min(circle, key=order.index):
            message = f"the table is made of itself: {' → '.join([*circle, mart.table])}."
            word = circle[1] if len(circle) > 1 else mart.table
            yield Finding("E310", ("analytics", index, "sql"), message, word)
        for key, text in (("sql", mart.sql), ("snowflake", mart.snowflake)):
            if text:
                yield from _select(("analytics", index, key), text, [*clean, *marts])


def _select(place: Path, text: str, tables: list[str]) -> Iterator[Finding]:
    for table in refs(text):
        if table not in tables:
            yield Finding("E310", place, f"ref: there is no table {table!r}.{suggestion(table, tables)}", table)
    plain = _without_texts(text)
    if problem := _sql_problem(plain):
        yield Finding("E309", place, problem)
    named = {found[2].lower(): found[1] for found in reversed(list(_TABLE.finditer(plain)))}
    for table in tables:
        if table.lower() in named:
            message = f"the table is named without ref: write {{{{ ref('{table}') }}}}, so that it is made before."
            yield Finding("W203", place, message, named[table.lower()], fix=f"{{{{ ref('{table}') }}}}")


def _without_texts(sql: str) -> str:
    """SQL without its comments, quoted parts and templates."""
    return re.sub(
        r"""--[^\n]*|/\*.*?\*/|'(?:[^'\\]|''|\\.)*'|"[^"]*"|\{\{.*?\}\}|\{#.*?#\}""", " _ ", sql, flags=re.DOTALL
    )


def _sql_problem(plain: str) -> str | None:
    """What no warehouse would take."""
    if not re.match(r"[\s_(]*(select|with|from|values)\b", plain, re.IGNORECASE):
        return "a table is made of one select: begin with select or with."
    if "'" in plain or '"' in plain:
        return "a quote in the SQL is never closed."
    if plain.count("(") != plain.count(")"):
        return f"the SQL has {plain.count('(')} opening and {plain.count(')')} closing brackets."
    if ";" in plain.rstrip().rstrip(";"):
        return "a table is made of one select: nothing may follow its semicolon."
    return None
