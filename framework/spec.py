"""What to ingest, as types: the one definition of every key of a source's YAML, its default and its help text.

The JSON Schema, the reference pages and the editor's completion are generated from these classes; the text under a
field is its help.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from framework.auth import AuthSpec
from framework.body import MAX_BYTES
from framework.decoders import FormatSpec
from framework.guards import Guards
from framework.hooks import Hook
from framework.incremental import Incremental
from framework.model import (
    Count,
    FieldPath,
    JmesPath,
    Name,
    Sent,
    Span,
    Strict,
    TableName,
    Template,
    given,
    holds,
)
from framework.pagination import PaginationSpec
from framework.partitions import ForEach, ForEachRecord, ForEachSpec
from framework.records import Records, as_records
from framework.repeats import SCHEMA as REPEAT
from framework.responses import RateLimit, ResponseRule, Retry
from framework.tables import Clean

Policy = Literal["allow", "warn", "fail"]


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
    max_body_mb: Count = MAX_BYTES >> 20
    """How large an answer's body may be, unpacked: it is held in memory. A larger one fails the slice."""
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
    by: Literal["position", "interval"] = "position"
    """What a run of the DAG reads. position: from where the streams stand to now. interval: the time between this tick
    of the cron expression and the one before, whatever was read before; positions are left alone."""


class RequestSpec(Strict):
    """The request for a stream's first page."""

    model_config = ConfigDict(
        json_schema_extra={"if": given("form"), "then": {**holds("method", "POST"), "not": given("json")}}
    )

    path: Template
    """Appended to base_url."""
    method: Literal["GET", "POST"] = "GET"
    """The HTTP method."""
    params: dict[str, Sent] = {}
    """Query parameters; null leaves one out, a list sends the name once for each value."""
    headers: dict[str, Template] = {}
    """More headers."""
    json_body: Any = Field(default=None, alias="json")
    """A JSON body; templates inside its texts are rendered."""
    form: dict[str, Sent] | None = None
    """The fields of a form (application/x-www-form-urlencoded), for POST; null leaves one out, a list sends the name
    once for each value."""
    hook: Hook | None = None
    """A Python function beside the spec that changes the request: `def change(request, values)`; see docs/hooks.md."""

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.form is not None and (self.json_body is not None or self.method != "POST"):
            raise PydanticCustomError("one_of", "`form` goes with `method: POST`, and without `json`")
        return self


class Poll(Strict):
    """How to see whether a job is done."""

    request: RequestSpec
    """Sent again and again; its templates know `job.created`, the body of the answer to `create`, and `job.location`,
    that answer's Location."""
    until: JmesPath
    """Holds in the answer's body once the job is done, such as status == 'done'."""
    failed: JmesPath | None = None
    """Holds in the answer's body where the job has failed: so does the slice then."""
    empty: JmesPath | None = None
    """Holds in the answer's body where the job is done and there is nothing to fetch, such as status == 'CANCELLED':
    the slice is complete with no records."""
    every: Span = timedelta(seconds=10)
    """The wait between two looks."""
    timeout: Span = timedelta(hours=1)
    """A job that is not done by then fails the slice."""


class Job(Strict):
    """A job that prepares the data: it is created and polled, then the stream's `request` fetches what it made, which
    knows `job.polled` too, the body of the last answer: `path: "{{ job.polled.url }}"`."""

    create: RequestSpec
    """Asks for the job."""
    start: RequestSpec | None = None
    """Sets it going, where an API wants that said in a second request; knows `job.created`."""
    poll: Poll
    """Looks whether it is done."""
    locate: RequestSpec | None = None
    """Asks where the result is, where the last poll does not say it; knows `job.polled`. The body of the answer is
    `job.located`: `path: "{{ job.located.url }}"`."""


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


class FirstRun(Strict):
    """How a stream is read as long as it has no position: a full list first, events afterwards. The position then
    stands at the run's start."""

    request: RequestSpec
    """The request for the first page."""
    records: Annotated[Records, BeforeValidator(as_records, json_schema_input_type=JmesPath | Records)] = Records()
    """Where the records stand in a response; a text is short for `{path: …}`."""
    pagination: PaginationSpec | None = None
    """How the list is handed out, where that differs from the stream's own `pagination`."""


class Shared(Strict):
    """What a stream may set for itself or take from `defaults`."""

    format: FormatSpec | None = None
    """What the bodies are written in; without it JSON."""
    pagination: PaginationSpec | None = None
    """How the API hands out a long list; without it, one page holds it all."""
    primary_key: list[FieldPath] | None = Field(default=None, min_length=1)
    """The fields that identify a record."""
    responses: list[ResponseRule] | None = None
    """Rules for the stream's responses, before those of `http`."""
    guards: Guards | None = None
    """What must not happen unseen while pages are read. What a stream does not say, `defaults` do."""
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
    """Repeat the stream for each record of another one, or each value of a list; a list of such: for each combination.
    """
    first_run: FirstRun | None = None
    """For an incremental stream: how all of it is read at once, as long as it has no position."""
    request: RequestSpec
    """The request for the first page."""
    job: Job | None = None
    """For data that the API prepares first: how the job is started, and how to see that it is done."""
    records: Annotated[Records, BeforeValidator(as_records, json_schema_input_type=JmesPath | Records)] = Records()
    """Where the records stand in a response; a text is short for `{path: …}`."""
    clean: Clean | None = None
    """The CLEAN table; without it the stream ends in RAW."""
    checks: Checks = Checks()
    """What must hold after every run."""

    @property
    def parent(self) -> str | None:
        """The name of the stream that this one follows; of several the first."""
        return next(iter(self.parents), None)

    @property
    def parents(self) -> list[str]:
        """The names of the streams that this one follows."""
        return list(dict.fromkeys(name for level in self.levels for name in level.streams))

    @property
    def levels(self) -> list[ForEach]:
        """What it is repeated for, the outermost first."""
        if self.for_each is None:
            return []
        return [*self.for_each] if isinstance(self.for_each, list) else [self.for_each]

    @property
    def follows_changes(self) -> bool:
        """Whether it follows only the parents that changed."""
        return any(isinstance(level, ForEachRecord) and level.only_changed for level in self.levels)


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
    snowflake: Template | None = None
    """The select statement in Snowflake's words, where `sql` has words of DuckDB."""
    as_: Literal["dynamic_table", "table", "view"] = Field(default="dynamic_table", alias="as")
    """What it is in Snowflake: a dynamic table, a table that a task makes anew every `refresh`, or a view. On DuckDB
    it is a table that the step `clean` makes anew, whatever stands here."""
    refresh_mode: Literal["auto", "incremental", "full"] = "auto"
    """How a dynamic table is refreshed. auto: as Snowflake decides once, when it is made."""


def _whole(value: Any) -> Any:
    if isinstance(value, bool | float):  # which equal 1 in Python
        raise PydanticCustomError("word", "the version is a whole number: 1")
    return value


Version = Annotated[Literal[1], BeforeValidator(_whole)]


def _may_repeat(schema: dict[str, Any]) -> None:
    schema["items"] = {"anyOf": [schema["items"], REPEAT]}


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
    streams: list[Stream] = Field(min_length=1, json_schema_extra=_may_repeat)
    """The lists of records to read. One with `repeat: {for: [a, b], as: x}` stands for a stream a value: `{{ x }}`, or
    `{{ x.key }}` where the values are mappings, is filled into its texts and keys when the file is read."""
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
        if stream.guards and self.defaults.guards:
            own = {name: getattr(stream.guards, name) for name in stream.guards.model_fields_set}
            missing["guards"] = self.defaults.guards.model_copy(update=own)
        return stream.model_copy(update=missing)

    def in_order(self) -> list[Stream]:
        """All streams, parents before children, otherwise as they are written."""
        done: dict[str, Stream] = {}
        waiting = [self.filled(stream) for stream in self.streams]
        while waiting:
            ready = [stream for stream in waiting if set(stream.parents) <= set(done)]
            if not ready:
                raise KeyError(waiting[0].parent)
            done |= {stream.name: stream for stream in ready}
            waiting = [stream for stream in waiting if stream.name not in done]
        return list(done.values())
