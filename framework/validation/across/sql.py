"""SQL, held against the tables that it is about, in the dialect of each warehouse that the environments use.

Another dialect is one more entry of `CHECKS`: the module that can say what is wrong with a source's statements. It is
imported only where a source has SQL to check.
"""

from importlib import import_module

from framework.validation.across.group import Found, Group

CHECKS = {"duckdb": "framework.validation.across.duckdb_sql"}
"""The module that checks a warehouse's statements: its `problems(source)` gives (code, path, message, word)."""

_IN_THE_WAY = {"E201", "E202", "E304", "E305", "E309", "E310", "E318"}
"""What must be right before SQL can be judged."""


def statements(group: Group) -> Found:
    """What `framework deploy render` could not write down."""
    if any(there.warehouse.type == "snowflake" for there in group.environments.values()):
        yield from import_module("framework.validation.across.snowflake_ddl").objects(group)


def marts(group: Group) -> Found:
    """What no parser or binder of the environments' warehouses would take."""
    kinds = {there.warehouse.type for there in group.environments.values()}
    for spec, source in group.sources.values():
        if not source.analytics or {problem.code for problem in spec.problems} & _IN_THE_WAY:
            continue
        for kind in sorted(kinds & set(CHECKS)):
            only = kinds == {kind}
            for code, place, message, word in import_module(CHECKS[kind]).problems(source):
                said = message if only else f"on {kind}, {message}"
                yield spec, spec.document.problem(code if only else "E317", place, said, word=word)
