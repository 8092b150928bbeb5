"""How a stream is read piece by piece, as types."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from framework import meant
from framework.model import DURATION, Duration, FieldPath, InstantForm, Span, Strict, Template
from framework.window import Bounds, Months, parse_length, step

_CALENDAR = r"0*[1-9]\d*(mo|y)"


def _length(value: Any) -> timedelta | Months:
    try:
        length = parse_length(value)
    except ValueError as error:
        near = meant.length(value)
        reason = f"{error}. Did you mean {near}?" if near else str(error)
        raise PydanticCustomError("duration", "{reason}", {"reason": reason}) from None
    if not length:
        raise PydanticCustomError("duration", "{reason}", {"reason": f"{value} is no length of time"})
    return length


Length = Annotated[
    timedelta | Months,
    PlainValidator(_length),
    WithJsonSchema({"type": "string", "pattern": f"^(?:(?=.*[1-9]){DURATION}|{_CALENDAR})$"}),
]
"""A duration, or calendar months or years."""


class Incremental(Strict):
    """How a stream is read piece by piece, by the time its records changed."""

    cursor: FieldPath
    """The field of a record that says when it changed."""
    start: Template
    """Where the first run begins, such as "2024-01-01"."""
    window: Length | None = None
    """The length of a slice; without it, one slice from the position to now. 1mo, 3mo, 1y: cut where the months,
    quarters or years of the calendar begin (UTC)."""
    lookback: Duration = timedelta()
    """Read this much again, for records that arrive late."""
    delay: Duration = timedelta()
    """Never read closer to now than this."""
    bounds: Bounds = "[start,end)"
    """Which ends of a window the API includes: `[` and `]` are in, `(` and `)` are out."""
    precision: Span = timedelta(seconds=1)
    """The smallest step of the API's clock."""
    format: InstantForm | Annotated[list[InstantForm], Field(min_length=1)] = "iso8601"
    """How the API writes instants: iso8601, date, epoch, epoch_ms, epoch_us or a pattern such as %Y-%m-%d. Of several,
    the first that fits a value is taken."""
    sent_as: InstantForm | None = None
    """How window.start and window.end are written, where that differs; else in the first `format`."""
    filter: bool = False
    """For an API that can't: drop the records whose cursor lies outside the window. One without a cursor stays."""
    order: Literal["any", "newest_first"] = "any"
    """newest_first: the API sends the newest records first. Paging ends with the page that ends before the window's
    start, and records outside the window are dropped, as with `filter`."""
    position: Literal["partition", "shared"] = "partition"
    """partition: each partition has a position of its own. shared: one for all, which moves over what was read of all
    of them in one run; a partition that comes new later is read from there, not from `start`."""

    @property
    def forms(self) -> list[str]:
        """How the API writes instants, in the order in which to try."""
        return [self.format] if isinstance(self.format, str) else self.format

    @property
    def sent_form(self) -> str:
        """How a window's ends are written."""
        return self.sent_as or self.forms[0]

    @property
    def step(self) -> timedelta:
        """The smallest step of the instants that are sent."""
        return step(self.sent_form, self.precision)

    @property
    def drops(self) -> bool:
        """Whether records outside the window are left out here, since the API does not do it."""
        return self.filter or self.order == "newest_first"
