"""Each statement that is rendered stands in sqlfluff's grammar of Snowflake."""

import re

import pytest

from tests.snowflake.grammar import ALLOWED, allowed, problems
from tests.snowflake.rendered import ENVIRONMENTS, statements

pytestmark = pytest.mark.slow

UNIQUE: dict[str, str] = {}
for _environment in ENVIRONMENTS:
    for _statement in statements(_environment):
        UNIQUE.setdefault(_statement, _environment)
SHARES = 8


@pytest.mark.parametrize("share", range(SHARES))
def test_a_rendered_statement_stands_in_the_grammar(share: int) -> None:
    wrong = [
        (environment, found, statement)
        for statement, environment in [*UNIQUE.items()][share::SHARES]
        if (found := problems(statement)) and not allowed(statement)
    ]
    assert wrong == []


def test_what_the_grammar_does_not_know_is_little_and_still_not_known() -> None:
    """An entry that sqlfluff has learned by now is to go."""
    assert len(ALLOWED) <= 5
    for pattern in ALLOWED:
        kinds = [each for each in UNIQUE if re.match(pattern, " ".join(each.split()))]
        assert kinds, pattern
        assert all(problems(each) for each in kinds), pattern
