"""A condition in SQL says of each record what JMESPath itself says."""

import json

import duckdb
import jmespath
import pytest

from framework import predicate
from framework.errors import SpecError
from framework.model import JmesPath
from framework.sql import DuckDBFields

VALUES = [
    *("", "a", "b", "deleted", "DELETED", "true", "false", "null", "0", "5", "[]", "{}", "it's", 'a"b', " ", "é"),
    *(True, False, None, 0, 1, -1, 5, 5.0, 4.99, 1e300, [], [0], {}, {"b": None}, {"b": "a"}, {"b": 5}, {"b": False}),
    *({"b": {}}, {"b": {"c": "deleted"}}, {"b c": "a"}),
]
RECORDS = [{"a": value} for value in VALUES] + [{}, {"a": "a", "d": 1}, {"d": True}, {"d": "x", "a": 7}, {"d": None}]

CONDITIONS = [
    *("a", "!a", "a.b", "!(a.b)", "a.b.c", 'a."b c"', "missing", "!missing", "!!a"),
    *("a == 'deleted'", "a != 'deleted'", "'deleted' == a", "a == ''", "a == 'it\\'s'", "a == 'é'", "a == 'true'"),
    *("a == `true`", "a == `false`", "a != `true`", "a == `null`", "a != `null`", "`null` == a", "a == 'null'"),
    *("a == `5`", "a != `5`", "a == `5.0`", "a < `5`", "a <= `5`", "a > `5`", "a >= `5`", "`5` > a", "`5` <= a"),
    *("a == `0`", "a == `-1`", "a == `1`", "a > `1e299`", 'a == `"5"`', "a == '5'"),
    *("a < 'b'", "a >= 'b'", "'b' > a"),
    *("a.b == 'a'", "a.b == `5`", "a.b == `null`", "a.b.c == 'deleted'", "a.\"b c\" == 'a'"),
    *("a && d", "a || d", "!(a && d)", "a == 'a' && d == `1`", "a == 'b' || d == `true`", "!(a == `5`)"),
    *("a == 'a' || a == 'b' && d", "(a == 'a' || a == 'b') && d", "!a && !d", "a != 'a' && d != `1`"),
]

UNSAYABLE = [
    "contains(tags, 'x')", "tags[0] == 'x'", "a == b", "'x' == 'x'", "tags[*].x", "a[?b]", "a | b", "@", "{x: a}",
    "a == `[1]`", "a == `{}`", 'a == "deleted"', "length(a) > `1`", "!a.b",
]  # fmt: skip


def truth(condition: str, record: object) -> bool:
    """JMESPath's own verdict: what is not null, false or empty holds. An order of different types holds nowhere."""
    try:
        value = jmespath.search(condition, record)
    except TypeError:
        return False
    return not (value is None or value is False or value in ("", [], {}))


@pytest.fixture(scope="module")
def table() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create table records (n integer, payload json)")
    rows = [(number, json.dumps(record)) for number, record in enumerate(RECORDS)]
    connection.executemany("insert into records values (?, ?)", rows)
    return connection


@pytest.mark.parametrize("condition", CONDITIONS)
def test_sql_and_jmespath_agree(table: duckdb.DuckDBPyConnection, condition: str) -> None:
    sql = predicate.to_sql(JmesPath(condition), DuckDBFields())
    found = table.execute(f"select n, {sql} from records order by n").fetchall()
    assert all(verdict is not None for _, verdict in found), "a condition is true or false, never null"
    differ = [RECORDS[number] for number, verdict in found if verdict is not truth(condition, RECORDS[number])]
    assert differ == [], sql


@pytest.mark.parametrize("condition", UNSAYABLE)
def test_what_sql_cant_say_is_refused(condition: str) -> None:
    assert "a warehouse can't answer this condition" in str(predicate.problem_of(JmesPath(condition)))
    with pytest.raises(SpecError, match="a warehouse can't answer"):
        predicate.to_sql(JmesPath(condition), DuckDBFields())


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_sql_can_say_has_no_problem(condition: str) -> None:
    assert predicate.problem_of(JmesPath(condition)) is None
