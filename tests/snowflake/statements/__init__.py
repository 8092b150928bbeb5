"""Statements that Snowflake accepts, and statements that it refuses, by name."""

import re
from pathlib import Path


def load(name: str) -> dict[str, str]:
    """valid or invalid: {name: statement}, in the file's order."""
    text = (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
    found = re.findall(r"^-- @(\S+)\n(.*?)(?=^-- @|\Z)", text, re.S | re.M)
    return {each: statement.strip().removesuffix(";") for each, statement in found}
