"""What holds for every test."""

from typing import Any


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """A body names its test by its argument: its bytes may hold the time, and the test workers must agree on names."""
    return argname if isinstance(val, bytes) else None
