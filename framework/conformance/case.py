"""A case: one YAML file that says what a spec asks of an API and what comes of the answers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from framework.errors import InvalidSpec
from framework.model import Name, Strict
from framework.spec_file import parse_document
from framework.window import parse_instant
from framework.yaml_file import read_file

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def _instant(value: Any) -> Any:
    try:
        return value if isinstance(value, datetime) else parse_instant(value)
    except ValueError as error:
        raise PydanticCustomError("instant", "{reason}", {"reason": str(error)}) from None


Instant = Annotated[datetime, BeforeValidator(_instant)]


class Fits(Strict):
    """A text that is not known beforehand, such as a signature."""

    fits: str
    """A regular expression for all of it."""


class ExpectedRequest(Strict):
    """What a request must hold. What is not given may be anything."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    host: str = "api.example"
    """The host, before `hosts` sends it to this machine."""
    path: str
    params: dict[str, Any] | None = None
    """All of the query, a list for a name that comes more than once; {fits: …} for what only fits."""
    headers: dict[str, str | Fits | None] = {}
    """Some of the headers; null: must not be there."""
    json_body: Any = Field(default=None, alias="json")
    form: dict[str, str | Fits] | None = None
    """All of the form."""
    text: str | None = None
    """The whole body."""


class Response(Strict):
    """What the API answers: at most one of `json`, `text`, `base64`."""

    status: int = 200
    headers: dict[str, str | list[str]] = {}
    """A list for a header that comes more than once."""
    json_body: Any = Field(default=None, alias="json")
    """Written compactly, each value as the case's JSON or YAML has it."""
    text: str | None = None
    """The body, byte for byte (UTF-8)."""
    base64: str | None = None
    """The body, for what is no text."""
    gzip: bool = False
    """Packed, and said so in Content-Encoding."""
    cut: int | None = None
    """The connection breaks after so many bytes of the body."""
    drop: int | None = None
    """So many bytes are left out at the end of the packed body, and the length fits."""


class Exchange(Strict):
    """One request and its answer."""

    request: ExpectedRequest
    response: Response = Response()
    times: int | Literal["any"] = 1
    """How often it happens: `any`: never or more."""


class Expected(Strict):
    """What must come of a run. What is not given may be anything; streams that are not named in `lines` had none."""

    status: Literal["ok", "warning", "failed", "refused"] = "ok"
    """refused: the run ends before or in the middle of it, with `error`."""
    lines: dict[Name, list[str]] | None = None
    """What the run adds to RAW, by stream, byte for byte, in order."""
    any_order: bool = False
    """Compare lines sorted: for slices that run side by side."""
    position: dict[Name, str] = {}
    """By stream: the end of what is known complete, or the words of `framework plan`."""
    report: dict[Name, dict[str, Any]] = {}
    """By stream: some of the report's numbers, such as {done: 1, failed: 0, records: 3}."""
    requests: int | None = None
    """How many were sent, tokens left out."""
    errors: dict[Name, list[str]] = {}
    """By stream: texts that stand in its errors."""
    warnings: dict[Name, list[str]] = {}
    """By stream: texts that stand in its warnings."""
    error: str | None = None
    """A text of the error that ends the run."""
    tables: dict[str, list[dict[str, Any]]] = {}
    """By table: all rows, some columns, as text; sorted."""
    never: list[str] = []
    """Texts that stand nowhere: not in the report, the stage or the warehouse."""


class Run(Strict):
    """One run: the requests that come and what is expected."""

    now: Instant | None = None
    """The clock of the run and of the API; 2026-01-31T12:00:00Z where the case has none."""
    options: dict[str, Any] = {}
    """since, until, full_refresh, limit, streams."""
    change: dict[str, Any] = {}
    """From this run on the spec has these keys."""
    order: Literal["strict", "any"] = "strict"
    """Whether the requests must come in this order."""
    server: list[Exchange] = []
    expect: Expected = Expected()


class Case(Strict):
    """A spec, the exchanges with its API, and what must come of them. A case of one run needs no `runs`."""

    about: str
    """What it shows."""
    covers: list[str] = []
    """Rows of the list of capabilities that it is a case of."""
    spec: dict[str, Any]
    """A source; version, name and http.base_url are filled in."""
    config: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    tls: bool = False
    """The API turns away who shows no certificate. The secrets `authority`, `certificate` and `private_key` are made
    for the case."""
    files: dict[str, str] = {}
    """Files beside the spec, such as a hook."""
    runs: list[Run] = []
    now: Instant | None = None
    options: dict[str, Any] = {}
    order: Literal["strict", "any"] = "strict"
    server: list[Exchange] = []
    expect: Expected | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if bool(self.runs) == (self.expect is not None):
            raise PydanticCustomError("one_of", "write `server` and `expect`, or `runs`")
        return self

    def every_run(self) -> list[Run]:
        """The runs, one after the other."""
        if self.expect is None:
            return self.runs
        return [Run(now=self.now, options=self.options, order=self.order, server=self.server, expect=self.expect)]

    def source(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The source as it is run."""
        http = {"base_url": "https://api.example", **self.spec.get("http", {})}
        return {"version": 1, "name": "case", **self.spec, "http": http, **changes}


def load(path: Path) -> Case:
    """Reads a case. Raises InvalidSpec with all that is wrong with it."""
    case, problems = parse_document(read_file(path), Case)
    if case is None or problems:
        raise InvalidSpec(list(problems))
    return case
