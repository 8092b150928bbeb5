"""A retry policy that knows HTTP, for Airflow 3.3 and later: it waits as long as the API said."""

from datetime import timedelta
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy


class HttpRetries(RetryPolicy):  # type: ignore[misc]
    """What another try can't mend fails in the operator. Here: how long to wait before another one."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """After the wait that the API asked for; without one, as the task's own settings say."""
        wait = getattr(exception, "wait_seconds", None)
        if not wait:
            return RetryDecision.default()
        return RetryDecision.retry(timedelta(seconds=wait), f"the API asks to wait {wait:.0f} s")

    def serialize(self) -> dict[str, Any]:
        """Nothing: it has no settings."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "HttpRetries":
        """The inverse of `serialize`."""
        return cls()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HttpRetries)

    def __hash__(self) -> int:
        return hash(HttpRetries)
