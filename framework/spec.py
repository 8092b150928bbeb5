"""What to ingest, as types: the one definition of every key of a source's YAML, its default and its help text.

The JSON Schema, the reference pages and the editor's completion are generated from these classes; the text under a
field is its help.
"""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from framework.auth import AuthSpec
from framework.model import (
    DURATION,
    Count,
    Duration,
    FieldPath,
    InstantForm,
    JmesPath,
    Name,
    Scalar,
    Strict,
    TableName,
    Template,
    given,
    holds,
    text_schema,
)
from framework.pagination import PaginationSpec
from framework.partitions import ForEachSpec
from framework.partitions.stream import ForEachRecord
from framework.problem import suggestion
from framework.window import Bounds, show_duration, step

Policy = Literal["allow", "warn", "fail"]


def _not_zero(span: timedelta) -> timedelta:
    if not span:
        raise PydanticCustomError("duration", "{span} is no length of time", {"span": show_duration(span)})
    return span


Span = Annotated[Duration, AfterValidator(_not_zero), text_schema(f"(?=.*[1-9]){DURATION}")]
Status = Annotated[int, Field(ge=100, le=599)]


class RateLimit(Strict):
    """How much of the API this source may use, over all of its streams."""

    requests: Count | None = None
    """At most this many requests …"""
    per: Span = timedelta(minutes=1)
    """… in any span of this length."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests under way at the same time."""


class Retry(Strict):
    """What happens after 429, 408, 5xx and broken connections."""

    attempts: Annotated[int, Field(ge=1, le=50)] = 5
    """Tries in all, the first one included. Waits grow 1 s, 2 s, 4 s … with jitter; a Retry-After is honoured."""
    max_wait: Duration = timedelta(minutes=5)
    """The longest single wait. An API that asks for more fails the slice."""


class When(Strict):
    """Which responses a rule is about. All that is given must hold."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [given("status"), given("body")]})

    status: Status | Annotated[list[Status], Field(min_length=1)] | None = None
    """The HTTP status, or several."""
    body: JmesPath | None = None
    """A JMESPath on the decoded body; holds where its value is not null, false or empty."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.status is None and self.body is None:
            raise PydanticCustomError("one_of", "write `status`, `body` or both")
        return self

    def statuses(self) -> list[int] | None:
        """The statuses it holds for, None for all."""
        return [self.status] if isinstance(self.status, int) else self.status


class Wait(Strict):
    """How long to wait before the request is repeated."""

    header: str
    """The response header that says so."""
    as_: Literal["seconds", "epoch", "http_date"] = Field(default="seconds", alias="as")
    """What the header holds: seconds from now, an instant in epoch seconds, or an HTTP date."""
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
    then: Literal["skip", "stop", "retry", "wait", "reauthenticate", "fail"]
    """skip: the slice ends and counts as skipped, its old rows stay. stop: this was the last page. retry: again, with
    growing waits. wait: again, after `wait`. reauthenticate: again, with new credentials. fail: the slice fails."""
    wait: Wait | None = None
    """How long, for `then: wait`."""
    message: str | None = None
    """What the error says, in your words: for `then: fail`."""

    @model_validator(mode="after")
    def _wait(self) -> Self:
        if (self.then == "wait") != (self.wait is not None):
            raise PydanticCustomError("one_of", "`then: wait` and `wait: {header: …}` go together")
        if self.message is not None and self.then != "fail":
            raise PydanticCustomError("one_of", "`message` goes with `then: fail`")
        return self


class Http(Strict):
    """How the API is spoken to."""

    base_url: Annotated[Template, WithJsonSchema({"type": "string", "pattern": "^(https?://|\\{\\{)"})]
    """What every stream's path is appended to."""
    headers: dict[str, Template] = {}
    """Sent with every request."""
    params: dict[str, Template] = {}
    """Query parameters of every request."""
    timeout: Span = timedelta(seconds=60)
    """For a whole request, from the first byte sent to the last one received."""
    rate_limit: RateLimit = RateLimit()
    """How much of the API to use."""
    retry: Retry = Retry()
    """When and how often to try again."""
    auth: AuthSpec | None = None
    """Credentials."""
    responses: list[ResponseRule] = []
    """Rules for every stream; a stream's own rules come first."""

    @field_validator("base_url")
    @classmethod
    def _url(cls, url: Template) -> Template:
        if not url.startswith(("http://", "https://", "{{")):
            raise PydanticCustomError("url", "a URL starts with https:// or http://")
        return url


class Schedule(Strict):
    """When the source runs. Becomes the Airflow DAG's schedule."""

    cron: str
    """Minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly."""
    timezone: str = "UTC"
    """The zone that the cron expression is read in, such as Europe/Amsterdam."""
    retries: Annotated[int, Field(ge=0, le=20)] = 2
    """How often Airflow tries a failed task again."""
    tags: list[str] = []
    """The DAG's tags."""


class RequestSpec(Strict):
    """The request for a stream's first page."""

    path: Template
    """Appended to base_url."""
    method: Literal["GET", "POST"] = "GET"
    """The HTTP method."""
    params: dict[str, Scalar] = {}
    """Query parameters; null leaves one out."""
    headers: dict[str, Template] = {}
    """More headers."""
    json_body: Any = Field(default=None, alias="json")
    """A JSON body; templates inside its texts are rendered."""


class Hash(Strict):
    """Fields that are replaced by a keyed hash before anything is written."""

    fields: list[FieldPath]
    """Which fields; a path through a list means every element."""
    key: Template
    """The key of the HMAC-SHA-256, usually `{{ secrets.hash_key }}`."""


class Records(Strict):
    """Where the records stand in a response, and what is changed in them."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["carry"], "properties": {"carry": {"minItems": 1}}},
            "then": given("explode"),
        }
    )

    path: JmesPath = JmesPath("@")
    """JMESPath to the list of records; `@` is the whole body."""
    explode: FieldPath | None = None
    """A list inside each record whose elements become the records."""
    carry: list[FieldPath] = []
    """Fields of the outer record that each element gets too."""
    add: dict[str, Scalar] = {}
    """Fields to add; a whole expression keeps its type."""
    drop: list[FieldPath] = []
    """Fields that never reach the stage."""
    hash: Hash | None = None
    """Fields that reach the stage only as a keyed hash."""

    @model_validator(mode="after")
    def _carry(self) -> Self:
        if self.carry and not self.explode:
            raise PydanticCustomError("one_of", "`carry` goes with `explode`")
        return self


def _records(value: Any) -> Any:
    if isinstance(value, str):
        return {"path": value}
    if not isinstance(value, dict | Records):
        raise PydanticCustomError("kind", "write the path to the records, such as `data.items`, or `{path: …, …}`")
    return value


class Incremental(Strict):
    """How a stream is read piece by piece, by the time its records changed."""

    cursor: FieldPath
    """The field of a record that says when it changed."""
    start: Template
    """Where the first run begins, such as "2024-01-01"."""
    window: Span | None = None
    """The length of a slice; without it, one slice from the position to now."""
    lookback: Duration = timedelta()
    """Read this much again, for records that arrive late."""
    delay: Duration = timedelta()
    """Never read closer to now than this."""
    bounds: Bounds = "[start,end)"
    """Which ends of a window the API includes: `[` and `]` are in, `(` and `)` are out."""
    precision: Span = timedelta(seconds=1)
    """The smallest step of the API's clock."""
    format: InstantForm = "iso8601"
    """How the API writes instants: iso8601, date, epoch, epoch_ms, epoch_us or a pattern such as %Y-%m-%d."""

    @property
    def step(self) -> timedelta:
        """The smallest step of the instants that are sent."""
        return step(self.format, self.precision)


_TYPES = ["integer", "float", "boolean", "text", "date", "timestamp", "json", "decimal(18,2)"]
_DECIMAL = r"decimal\(([1-9]|[12][0-9]|3[0-8]),([0-9]|[12][0-9]|3[0-8])\)"


def _column_type(text: str) -> str:
    if text in _TYPES:
        return text
    sizes = re.fullmatch(_DECIMAL, text)
    if sizes and int(sizes[2]) <= int(sizes[1]):
        return text
    remedy = " Write decimal(digits,decimals), 38 digits at most." if "decimal" in text else suggestion(text, _TYPES)
    raise PydanticCustomError("word", "{text} is no type of a column.{remedy}", {"text": repr(text), "remedy": remedy})


ColumnType = Annotated[
    str,
    AfterValidator(_column_type),
    WithJsonSchema({"anyOf": [{"enum": _TYPES[:-1]}, {"type": "string", "pattern": f"^{_DECIMAL}$"}]}),
]


class Column(Strict):
    """A column of a CLEAN table."""

    from_: FieldPath = Field(alias="from")
    """The field of the record."""
    type: ColumnType = "text"
    """integer (38 digits), decimal(p,s), float, boolean, text, date, timestamp (an instant, in UTC) or json."""
    description: str | None = None
    """Becomes the column's comment."""


class Clean(Strict):
    """The CLEAN table of a stream: typed, and each key once."""

    table: TableName
    """Its name, by custom CLN_…"""
    mode: Literal["append", "merge", "replace", "history"] = "merge"
    """append: every record. merge: the newest version of each key. replace: what the last complete read holds.
    history: a row per version, with valid_from, valid_to, is_current."""
    scope: Literal["stream", "partition"] = "stream"
    """What `replace` replaces: all rows, or those of the partition that was read."""
    allow_empty: bool = False
    """Whether `replace` may replace rows by none."""
    delete_when: JmesPath | None = None
    """A condition on the record, such as `status == 'deleted'`, that deletes its key from the table."""
    columns: dict[Name, Column] = {}
    """The table's columns. Without any it has the key's fields as text and the whole record as `payload`."""


class Contract(Strict):
    """What may change in the records without anyone being asked."""

    new_fields: Policy = "allow"
    """What happens when records hold a field that was never seen before."""
    type_changes: Literal["allow", "warn", "fail", "quarantine"] = "warn"
    """What happens when a value does not fit its column's type: allow and warn leave the column null (and count it),
    quarantine keeps the whole record out of CLEAN, fail ends the run."""


class Freshness(Strict):
    """How old the newest data may be."""

    of: Literal["load", "cursor"] = "load"
    """load: when parts were last loaded. cursor: the newest record's own time."""
    max: Span
    """The oldest that passes."""


class Checks(Strict):
    """What must hold in a stream's CLEAN table after every run."""

    freshness: Freshness | None = None
    """How old the newest data may be."""
    not_null: list[Name] = []
    """Columns that hold no null."""
    unique: list[Name] = []
    """Columns that, together, hold no double."""


class Shared(Strict):
    """What a stream may set for itself or take from `defaults`."""

    pagination: PaginationSpec | None = None
    """How the API hands out a long list; without it, one page holds it all."""
    primary_key: list[FieldPath] | None = Field(default=None, min_length=1)
    """The fields that identify a record."""
    responses: list[ResponseRule] | None = None
    """Rules for the stream's responses, before those of `http`."""
    contract: Contract | None = None
    """What may change without anyone being asked."""
    incremental: Incremental | None = None
    """How the stream is read piece by piece."""


class Stream(Shared):
    """One list of records of the API."""

    name: Name
    """Names its parts, its log and its tasks."""
    description: str | None = None
    """What its records are."""
    for_each: ForEachSpec | None = None
    """Repeat the stream for each record of another one, or each value of a list."""
    request: RequestSpec
    """The request for the first page."""
    records: Annotated[Records, BeforeValidator(_records, json_schema_input_type=JmesPath | Records)] = Records()
    """Where the records stand in a response; a text is short for `{path: …}`."""
    clean: Clean | None = None
    """The CLEAN table; without it the stream ends in RAW."""
    checks: Checks = Checks()
    """What must hold after every run."""

    @property
    def parent(self) -> str | None:
        """The name of the stream that this one follows."""
        return self.for_each.stream if isinstance(self.for_each, ForEachRecord) else None


class Mart(Strict):
    """A table or view of ANALYTICS."""

    table: TableName
    """Its name, by custom ANL_…"""
    sql: Template
    """A select statement. `{{ ref('CLN_ORDER') }}` names another table of this source."""
    description: str | None = None
    """Becomes the table's comment."""
    refresh: Span = timedelta(hours=1)
    """How old it may be, where the warehouse refreshes it by itself."""


def _whole(value: Any) -> Any:
    if isinstance(value, bool | float):  # which equal 1 in Python
        raise PydanticCustomError("word", "the version is a whole number: 1")
    return value


Version = Annotated[Literal[1], BeforeValidator(_whole)]


class Source(Strict):
    """One API."""

    version: Version
    """The version of this language."""
    name: Name
    """The file's stem. Names the DAG, the folder in the stage and the RAW table."""
    title: str | None = None
    """For people."""
    description: str | None = None
    """What data this is."""
    owner: str | None = None
    """Who answers for it."""
    docs_url: str | None = None
    """Where the API is documented."""
    config: dict[Name, dict[str, Any]] = {}
    """What a deployment may set: a JSON Schema for each value, with its default."""
    secrets: list[Name] = []
    """The names of the secrets it needs; where each one lives is the environment's business."""
    http: Http
    """How the API is spoken to."""
    schedule: Schedule | None = None
    """When it runs."""
    defaults: Shared = Shared()
    """For every stream that does not say otherwise."""
    streams: list[Stream] = Field(min_length=1)
    """The lists of records to read."""
    analytics: list[Mart] = []
    """Tables made of the CLEAN ones."""

    def stream(self, name: str) -> Stream:
        """The stream of that name, with the defaults filled in. Raises KeyError."""
        for stream in self.streams:
            if stream.name == name:
                return self.filled(stream)
        raise KeyError(name)

    def filled(self, stream: Stream) -> Stream:
        """The stream with the defaults for what it does not say."""
        missing = {name: getattr(self.defaults, name) for name in Shared.model_fields if getattr(stream, name) is None}
        return stream.model_copy(update=missing)

    def in_order(self) -> list[Stream]:
        """All streams, parents before children, otherwise as they are written."""
        done: dict[str, Stream] = {}
        waiting = [self.filled(stream) for stream in self.streams]
        while waiting:
            ready = [stream for stream in waiting if stream.parent is None or stream.parent in done]
            if not ready:
                raise KeyError(waiting[0].parent)
            done |= {stream.name: stream for stream in ready}
            waiting = [stream for stream in waiting if stream.name not in done]
        return list(done.values())
