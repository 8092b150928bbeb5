"""What holds for every test."""

import signal
from contextlib import suppress
from typing import Any

with suppress(ImportError):  # Airflow's environment does without it
    from hypothesis import HealthCheck, settings

    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")  # a slow machine is no failure

with suppress(ValueError):  # outside the main thread
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born deaf to Ctrl-C


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """A body names its test by its argument: its bytes may hold the time, and the test workers must agree on names."""
    return argname if isinstance(val, bytes) else None
