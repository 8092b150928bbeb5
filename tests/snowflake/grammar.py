"""What sqlfluff's grammar of Snowflake makes of a statement."""

import re
from functools import cache
from typing import Any

ALLOWED = {
    r"CREATE STORAGE INTEGRATION .* STORAGE_AWS_EXTERNAL_ID = '": (
        "a parameter of the documentation that the grammar does not know: "
        "https://docs.snowflake.com/en/sql-reference/sql/create-storage-integration"
    ),
    r"ALTER TAG \S+ SET MASKING POLICY \S+\.\S+\.\S+$": (
        "the grammar takes an unqualified policy only; the documentation shows qualified ones too: "
        "https://docs.snowflake.com/en/user-guide/tag-based-masking-policies"
    ),
}
"""Kinds of statements that are right, and that the grammar refuses. Five at most."""


@cache
def _linter() -> Any:
    from sqlfluff.core import FluffConfig, Linter  # a second, which tests of rules need not wait for

    return Linter(config=FluffConfig(overrides={"dialect": "snowflake"}))


@cache
def problems(statement: str) -> tuple[str, ...]:
    """Where the statement leaves the grammar; nothing where it does not."""
    parsed = _linter().parse_string(f"{statement};\n")
    return tuple(str(violation) for violation in parsed.violations)


def allowed(statement: str) -> bool:
    """Whether it is one of the kinds that the grammar does not know."""
    return any(re.match(pattern, " ".join(statement.split())) for pattern in ALLOWED)
