"""Each statement that is rendered stands in sqlfluff's grammar of Snowflake."""

import re
from functools import cache

import pytest

from tests.snowflake.grammar import ALLOWED, allowed, problems
from tests.snowflake.rendered import ENVIRONMENTS, cleaning, loading, statements

pytestmark = pytest.mark.slow

SHARES = 8


@cache
def unique() -> dict[str, str]:
    """Each statement, and the first environment that has it."""
    found = dict.fromkeys(cleaning(), "cleaning") | dict.fromkeys(loading(), "loading")
    return found | {each: environment for environment in reversed(ENVIRONMENTS) for each in statements(environment)}


@pytest.mark.parametrize("share", range(SHARES))
def test_a_rendered_statement_stands_in_the_grammar(share: int) -> None:
    wrong = [
        (environment, found, statement)
        for statement, environment in [*unique().items()][share::SHARES]
        if (found := problems(statement)) and not allowed(statement)
    ]
    assert wrong == []


def test_what_the_grammar_does_not_know_is_little_and_still_not_known() -> None:
    """An entry that sqlfluff has learned by now is to go."""
    assert len(ALLOWED) <= 5
    for pattern in ALLOWED:
        kinds = [each for each in unique() if re.match(pattern, " ".join(each.split()))]
        assert kinds, pattern
        assert all(problems(each) for each in kinds), pattern
