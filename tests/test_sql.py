"""Template + values → statements: quoted by type, and nothing left to be filled in."""

import duckdb
import pytest

from framework import sql
from framework.sql import ColumnModel, MartModel

NASTY = ["a", "it's", 'a"b', "a\\b", "'; drop table t; --", "{{ 7 * 7 }}", "é\n\t😀", "%s ? $1", "a.b", "--", ""]


@pytest.mark.parametrize("text", NASTY)
def test_a_text_is_what_it_was(text: str) -> None:
    with duckdb.connect() as connection:
        assert connection.execute(f"select {sql.quote_text(text)}").fetchone() == (text,)


@pytest.mark.parametrize("name", [name for name in NASTY if name])
def test_a_name_is_what_it_was(name: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create table {sql.quote_name(name)} as select 1 as {sql.quote_name(name)}")
        assert connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal"
        ).fetchall() == [(name, name)]


@pytest.mark.parametrize("name", [name for name in NASTY if name])
def test_a_path_finds_the_field_of_that_very_name(name: str) -> None:
    with duckdb.connect() as connection:
        query = f"select json_extract_string(json_object(?, json_object(?, 1)), {sql.json_path((name, name))})"
        assert connection.execute(query, [name, name]).fetchone() == ("1",)


def test_null_is_no_text() -> None:
    assert sql.quote_text(None) == "null"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"n":1.10}', ["1.10"]), ('{"n" :\n -1E+5}', ["-1E+5"]), ('{"n":"1.10"}', []), ('{"nn":1.1}', []),
        ('{"t":"\\"n\\": 5"}', []), ('{"o":{"n":1.0},"n":2.0}', ["1.0", "2.0"]), ('{"n":null}', []),
    ],
)  # fmt: skip
def test_numbers_are_found_in_the_text_of_a_record(text: str, found: list[str]) -> None:
    with duckdb.connect() as connection:
        query = f"select regexp_extract_all(?, {sql.number_pattern(('a', 'n'))}, 1)"
        assert connection.execute(query, [text]).fetchone() == (found,)


@pytest.mark.parametrize("name", ["a.b*c", "(x", "[", "a+b$", "é", "a-b", "a b", "\\"])
def test_a_field_name_is_no_pattern(name: str) -> None:
    with duckdb.connect() as connection:
        query = f"select regexp_extract_all(?, {sql.number_pattern((name,))}, 1)"
        assert connection.execute(query, [f'{{"{name}":1.5}}']).fetchone() == (["1.5"],)


def test_a_mart_is_rendered_as_it_is_written() -> None:
    text = sql.render("duckdb", "mart", mart=MartModel('a"b', "select '{{ x }}'", "it's"))
    assert text == ("""create or replace table "a""b" as\nselect '{{ x }}'\n;\ncomment on table "a""b" is 'it''s';\n""")


def test_types_are_split() -> None:
    assert [sql.split_type(kind) for kind in ("text", "decimal(18,2)")] == [("text", ""), ("decimal", "(18,2)")]


def test_what_may_not_fit() -> None:
    assert [ColumnModel("c", ("c",), kind).may_fail for kind in ("text", "json", "integer", "date")] == [
        False,
        False,
        True,
        True,
    ]
