"""What an API's answers mean and how much it is asked: rules, patience and budget, as types."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from framework.model import Count, Duration, JmesPath, Regex, Span, Strict, Template, given, holds

Status = Annotated[int, Field(ge=100, le=599)]
Clock = Literal["seconds", "milliseconds", "epoch", "epoch_ms", "http_date"]


class RateLimit(Strict):
    """How much of the API this source may use, over all of its streams."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"anyOf": [given("remaining_header"), given("reset_header")]},
            "then": {"allOf": [given("remaining_header"), given("reset_header")]},
        }
    )

    requests: Count | None = None
    """At most this many requests …"""
    per: Span = timedelta(minutes=1)
    """… in any span of this length."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests under way at the same time."""
    remaining_header: str | None = None
    """The response header that says how many requests are left, such as X-RateLimit-Remaining: at 0 nobody sends …"""
    reset_header: str | None = None
    """… until the moment that this one says, such as X-RateLimit-Reset; `retry.max_wait` at most."""
    reset_as: Clock = "seconds"
    """What `reset_header` holds: seconds or milliseconds from now, epoch, epoch_ms or an HTTP date."""

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.remaining_header is None) != (self.reset_header is None):
            raise PydanticCustomError("one_of", "`remaining_header` and `reset_header` go together")
        return self


class Backoff(Strict):
    """How long to wait before a try where the API does not say."""

    type: Literal["constant", "exponential"] = "exponential"
    """constant: `initial` every time. exponential: twice as long each time, less up to half of it by chance."""
    initial: Span = timedelta(seconds=1)
    """The first wait."""
    max: Span = timedelta(minutes=5)
    """The longest one."""


class Retry(Strict):
    """What happens after 429, 408, 5xx and broken connections."""

    attempts: Annotated[int, Field(ge=1, le=50)] = 5
    """Tries in all, the first one included."""
    backoff: Backoff = Backoff()
    """The waits between them; by custom 1 s, 2 s, 4 s … A Retry-After of the API is honoured instead."""
    max_wait: Duration = timedelta(minutes=5)
    """The longest single wait. An API that asks for more fails the slice."""


class When(Strict):
    """Which responses a rule is about. All that is given must hold."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [given("status"), given("body"), given("text")]})

    status: Status | Annotated[list[Status], Field(min_length=1)] | None = None
    """The HTTP status, or several."""
    body: JmesPath | None = None
    """A JMESPath on the decoded body; holds where its value is not null, false or empty."""
    text: Regex | None = None
    """A pattern that stands somewhere in the body's text, whatever the body is."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.status is None and self.body is None and self.text is None:
            raise PydanticCustomError("one_of", "write `status`, `body` or `text`, or several of them")
        return self

    def statuses(self) -> list[int] | None:
        """The statuses it holds for, None for all."""
        return [self.status] if isinstance(self.status, int) else self.status


class Wait(Strict):
    """How long to wait before the request is repeated."""

    header: str
    """The response header that says so."""
    as_: Clock = Field(default="seconds", alias="as")
    """What the header holds: seconds or milliseconds from now, an instant as epoch or epoch_ms, or an HTTP date."""
    max: Duration = timedelta(minutes=10)
    """A longer wait fails the slice."""


class ResponseRule(Strict):
    """What to do with some responses. The first rule that holds decides; what no rule is about gets the defaults: 2xx
    is read; 401 asks for new credentials once; 408, 429 and 5xx are tried again; all else fails."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {"if": holds("then", "wait"), "then": given("wait"), "else": {"not": given("wait")}},
                {"if": given("message"), "then": holds("then", "fail")},
            ]
        }
    )

    when: When
    """Which responses."""
    then: Literal["read", "skip", "stop", "retry", "wait", "reauthenticate", "fail"]
    """read: it is good, whatever its status. skip: the slice ends and counts as skipped, its old rows stay. stop:
    this was the last page. retry: again, with growing waits. wait: again, after `wait`. reauthenticate: again, with
    new credentials. fail: the slice fails."""
    wait: Wait | None = None
    """How long, for `then: wait`."""
    message: Template | None = None
    """What the error says, in your words: for `then: fail`. It knows the answer's `status`, `headers` and `body`, as in
    `No access: {{ body.error }}`."""

    @model_validator(mode="after")
    def _wait(self) -> Self:
        if (self.then == "wait") != (self.wait is not None):
            raise PydanticCustomError("one_of", "`then: wait` and `wait: {header: …}` go together")
        if self.message is not None and self.then != "fail":
            raise PydanticCustomError("one_of", "`message` goes with `then: fail`")
        return self
