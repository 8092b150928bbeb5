"""The first requests of a stream as the run itself would make them, with nothing sent and no hook called."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from framework.errors import FrameworkError
from framework.explain.stand_in import LETTERS, SecretsOf, StandIn, told
from framework.fetch import Client
from framework.manifest import Slice
from framework.model import Redactor
from framework.names import names_of_levels
from framework.pagination.cursor import CursorPagination
from framework.paging import paginator
from framework.partitions import ForEachRecord
from framework.project import Deployment
from framework.read import StreamReader
from framework.request import Page, Request, Response
from framework.spec import RequestSpec, Source, Stream
from framework.template import render_path

Values = dict[str, Any]
Shown = dict[str, Any]
BATCH_SHOWN = 2
"""How many stand-ins are shown for a list of a parent's values."""


class DryRun:
    """One deployment, twice over: with two different secrets, so that it is seen what holds one."""

    def __init__(self, deployment: Deployment, started: str) -> None:
        config = {name: deployment.config.get(name, StandIn(f"config.{name}")) for name in deployment.source.config}
        run = {"id": StandIn("run.id"), "started": started}
        secrets = [SecretsOf(letter) for letter in LETTERS]
        self.source = deployment.source
        self.values: list[Values] = [
            {"config": config, "secrets": secret, "optional_secrets": secret, "run": run} for secret in secrets
        ]
        http = deployment.source.http.model_copy(update={"auth": None})
        self._clients = [Client(http, values, Redactor(), deployment.environment.hosts) for values in self.values]
        self.base_url = told(*(client.request("GET", "") for client in self._clients))["url"]

    def close(self) -> None:
        """Nothing was opened to anyone; ends what waits to be used."""
        for client in self._clients:
            client.close()

    def readers(self, stream: Stream, first: bool) -> "list[_DryReader]":
        """The stream's reader with each of the secrets."""
        dry = _without_hooks(stream, first)
        return [_DryReader(dry, v, c, self.source) for v, c in zip(self.values, self._clients, strict=True)]


class _DryReader(StreamReader):
    """A reader whose slices may belong to parents that nobody has read yet."""

    def __init__(self, stream: Stream, values: Values, client: Client, source: Source) -> None:
        super().__init__(stream, values, client)
        self._unknown = stand_ins(source, stream)

    def context(self, item: Slice) -> Values:
        """What the slice knows, stand-ins for what it does not."""
        known = {name: value for name, value in item.partition.items() if name not in self._unknown}
        return {**super().context(replace_partition(item, known)), **self._unknown}

    def made(self, spec: RequestSpec, item: Slice) -> Request:
        """One of the stream's requests."""
        return self._request(spec, {**self.context(item), "job": StandIn("job")})

    def following(self, request: Request, item: Slice) -> Request | None:
        """The request for the second page, with a stand-in for what the first one says of it."""
        pages = self._pages
        if isinstance(pages, CursorPagination):
            token = StandIn(str(pages.next_path or pages.header or "token"))
            if pages.path is not None:
                path = render_path(pages.path, {**self.context(item), "token": token})
                return request.without(pages.first_only).with_path(path)
            request = request.without(pages.first_only)
            return request.with_field(pages.body, str(token)) if pages.body else request.with_param(
                str(pages.param), token
            )  # fmt: skip
        size = pages.page_size.value if pages.page_size else 1
        records = [msgspec.Raw(b"{}")] * size
        return pages.following(request, Page(Response(request, 200, {}, b""), records, size))


def replace_partition(item: Slice, partition: Mapping[str, Any]) -> Slice:
    """The slice of another partition."""
    return msgspec.structs.replace(item, partition=dict(partition))


def stand_ins(source: Source, stream: Stream) -> Values:
    """For each name that a parent's record gives: what stands in for it."""
    own = {level.as_: level for level in stream.levels}
    found: Values = {}
    for name in names_of_levels(source, stream):
        level = own.get(name)
        if level is None or isinstance(level, ForEachRecord) or (level.streams and level.batch):
            many = level is not None and level.batch
            found[name] = [StandIn(f"{name}.{n + 1}") for n in range(BATCH_SHOWN)] if many else StandIn(name)
    return found


def _without_hooks(stream: Stream, first: bool) -> Stream:
    """A hook is code: what it does is seen when it runs."""
    changes: dict[str, Any] = {"first_run": None}
    spec = stream.first_run.request if first and stream.first_run else stream.request
    changes["request"] = spec.model_copy(update={"hook": None})
    if first and stream.first_run:
        changes |= {"records": stream.first_run.records, "pagination": stream.first_run.pagination or stream.pagination}
    return stream.model_copy(update=changes)


def requests(dry: DryRun, stream: Stream, item: Slice) -> list[Shown]:
    """What is sent for a slice, in order: the steps of its job, the first page, the second."""
    readers = dry.readers(stream, item.first)
    dried = readers[0].stream
    found = [_shown(say, spec, readers, item) for say, spec in _steps(stream)]
    first = _shown("first page", dried.request, readers, item)
    if stream.request.hook:
        first["hook"] = str(stream.request.hook)
    found.append(first)
    pages = paginator(dried)
    if "problem" not in first and pages.type not in ("none", "next_url", "link_header", "hook"):  # type: ignore[attr-defined]
        found += _second(readers, item, dried)
    return found


def _steps(stream: Stream) -> Iterator[tuple[str, RequestSpec]]:
    job = stream.job
    if job is not None:
        steps = [("create", job.create), ("start", job.start), ("poll", job.poll.request), ("locate", job.locate)]
        yield from ((f"job: {name}", spec) for name, spec in steps if spec is not None)


def _shown(say: str, spec: RequestSpec, readers: "list[_DryReader]", item: Slice) -> Shown:
    bare = spec if spec is readers[0].stream.request else spec.model_copy(update={"hook": None})
    return _told(say, lambda reader: reader.made(bare, item), readers) or _raw(say, spec)


def _second(readers: "list[_DryReader]", item: Slice, dried: Stream) -> list[Shown]:
    def following(reader: _DryReader) -> Request | None:
        return reader.following(reader.made(reader.stream.request, item), item)

    shown = _told("second page", following, readers)
    if shown is None:
        return []
    first = _shown("first page", dried.request, readers, item)
    if shown.get("headers") == first.get("headers"):
        shown.pop("headers", None)
    return [shown]


def _told(say: str, make: "Callable[[_DryReader], Request | None]", readers: "list[_DryReader]") -> Shown | None:
    try:
        one, other = (make(reader) for reader in readers)
    except (FrameworkError, ValueError, TypeError):
        return None
    return {"what": say, **told(one, other)} if one and other else None


def _raw(say: str, spec: RequestSpec) -> Shown:
    """As it is written, where a value that only a run knows is needed to make it."""
    return {"what": say, "method": spec.method, "url": spec.path, "params": dict(spec.params),
            "problem": "its templates need values that only a run knows"}  # fmt: skip
