"""A deployment → all that is to be said of it, as plain values: what `--format json` prints and the text is made of."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from framework.clean import model_of
from framework.errors import FrameworkError
from framework.explain.paging import paging
from framework.explain.requests import DryRun, requests
from framework.explain.schedule import cron_in_words, next_runs, tick_in_words
from framework.explain.slices import count_in_words, planned, repeated_for, slice_in_words
from framework.explain.stand_in import shown
from framework.load import raw_table
from framework.model import Template
from framework.names import refs
from framework.plan import Request
from framework.project import Deployment
from framework.schema import help_of_kind, keys
from framework.spec import Mart, Source, Stream
from framework.sql import ChildModel
from framework.template import names_in, render_text
from framework.window import show_duration

Facts = dict[str, Any]


def explained(deployment: Deployment, now: datetime, asked: Request, only: str | None = None) -> Facts:
    """What the source will do; of its streams all or only one."""
    source = deployment.source
    dry = DryRun(deployment, now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    try:
        streams = [
            _stream(dry, source.filled(stream), now, asked) for stream in source.streams if only in (None, stream.name)
        ]
        facts: Facts = {
            "source": source.name,
            "environment": deployment.environment_name,
            "title": source.title or "",
            "description": source.description or "",
            "api": _api(dry, source),
            "schedule": _schedule(source, now),
            "config": {name: deployment.config.get(name, f"<config.{name}>") for name in source.config},
            "secrets": source.secrets,
            "raw_table": raw_table(source.name),
            "range": _range(asked),
            "streams": streams,
            "marts": [_mart(mart) for mart in source.analytics],
        }
    finally:
        dry.close()
    return facts


def _range(asked: Request) -> str:
    if not asked.backfill:
        return "a first run: nothing was read yet"
    since = f" from {asked.since:%Y-%m-%d %H:%M:%S}" if asked.since else ""
    until = f" until {asked.until:%Y-%m-%d %H:%M:%S}" if asked.until else ""
    return f"a backfill{since}{until} UTC: positions are left alone"


def _api(dry: DryRun, source: Source) -> list[str]:
    limit, retry = source.http.rate_limit, source.http.retry
    rate = f"at most {limit.requests:,} requests per {show_duration(limit.per)}, " if limit.requests else ""
    told = [
        f"{rate}{limit.concurrency} at the same time; {show_duration(source.http.timeout)} for each",
        f"429, 408, 5xx and broken connections: {retry.attempts} tries, waits up to {show_duration(retry.max_wait)}",
    ]
    auth = [auth_in_words(source.http.auth, dry.values[0])] if source.http.auth else ["no credentials"]
    return [dry.base_url, *auth, *told, *map(_rule, source.http.responses)]


def auth_in_words(auth: BaseModel, values: Mapping[str, Any]) -> str:
    """The kind of credentials and what is set of it; a value that holds a secret as ***."""
    kind = getattr(auth, "type", "")
    if kind == "choose":
        chosen = _rendered(auth.by, values)  # type: ignore[attr-defined]
        one = auth.of.get(chosen)  # type: ignore[attr-defined]
        inner = auth_in_words(one, values) if one else f"one of {', '.join(auth.of)}"  # type: ignore[attr-defined]
        return f"chosen by {auth.by}: {inner}"  # type: ignore[attr-defined]
    names = [(key, getattr(auth, name)) for key, name in keys(type(auth)).items()]
    written = {key for key, name in keys(type(auth)).items() if name in auth.model_fields_set}
    said = [
        f"{key}={_rendered(value, values)}"
        for key, value in names
        if isinstance(value, str) and key in written and key not in ("type", "grant")
    ]
    grant = f" ({auth.grant})" if getattr(auth, "grant", "") else ""  # type: ignore[attr-defined]
    return f"{kind}{grant}: {help_of_kind(type(auth)).split('. ')[0].rstrip('.')} – {', '.join(said)}"


def _rendered(text: str, values: Mapping[str, Any]) -> str:
    if not isinstance(text, Template):
        return text
    if any(name[0] == "secrets" for name in names_in(text)):
        return "***"
    try:
        return shown(render_text(text, values))
    except FrameworkError:
        return str(text)


def _rule(rule: Any) -> str:
    when = rule.when
    held = [
        f"status {' or '.join(map(str, when.statuses() or []))}" if when.status is not None else "",
        f"body: {when.body}" if when.body else "",
        f"text: {when.text}" if when.text else "",
    ]
    wait = f" as long as {rule.wait.header} says, {show_duration(rule.wait.max)} at most" if rule.wait else ""
    return f"{' and '.join(filter(None, held))} → {rule.then}{wait}"


def _schedule(source: Source, now: datetime) -> Facts:
    spec = source.schedule
    if spec is None:
        return {"words": "none: it runs when it is asked to", "next": []}
    by = {"position": "from where the streams stand to now", "interval": "the time between two ticks"}[spec.by]
    ticks = list(next_runs(spec, now))
    return {
        "words": f"{cron_in_words(spec.cron)}, {spec.timezone}; a run reads {by}",
        "cron": spec.cron,
        "timezone": spec.timezone,
        "next": [tick.isoformat() for tick in ticks],
        "next_in_words": [tick_in_words(tick, now) for tick in ticks],
    }


def _stream(dry: DryRun, stream: Stream, now: datetime, asked: Request) -> Facts:
    few, count, problem = planned(stream, dry.values[0], now, asked)
    facts: Facts = {
        "name": stream.name,
        "description": stream.description or "",
        "reads": list(_reads(stream, dry)),
        "repeated_for": repeated_for(stream),
        "slices": {
            "count": count,
            "words": problem or count_in_words(stream, count),
            "first": [slice_in_words(item) for item in few],
        },
        "requests": requests(dry, stream, few[0]) if few else [],
        "paging": paging(stream),
        "records": list(_records(stream)),
        "responses": [_rule(rule) for rule in stream.responses or []],
        "table": _table(dry.source, stream),
        "checks": list(_checks(stream)),
    }
    return facts


def _reads(stream: Stream, dry: DryRun) -> Iterator[str]:
    spec = stream.incremental
    if spec is None:
        yield "all of each parent that changed" if stream.follows_changes else "everything, every time"
    else:
        start = _rendered(spec.start, dry.values[0])
        written = "" if start == spec.start else f" ({spec.start})"
        window = f", in windows of {_length(spec.window)}" if spec.window else ""
        yield f"by `{spec.cursor}` from {start}{written}{window}; later runs go on from there"
        more = [("lookback", spec.lookback, "read again for late records"), ("delay", spec.delay, "left to settle")]
        told = [f"the last {show_duration(span)} {what}" for _, span, what in more if span]
        told += ["records outside the window are dropped here"] if spec.drops else []
        told += [f"the API includes {spec.bounds} and writes times as {' or '.join(spec.forms)}"]
        yield "; ".join(told)
    if stream.first_run:
        yield "the first run reads the whole list by `first_run`"
    if stream.job:
        poll = stream.job.poll
        yield f"a job is created, and polled every {show_duration(poll.every)} until {poll.until}"


def _length(length: Any) -> str:
    count = getattr(length, "count", None)
    return show_duration(length) if count is None else f"{count} month{'' if count == 1 else 's'} of the calendar"


def _records(stream: Stream) -> Iterator[str]:
    spec = stream.records
    kind = stream.format.type if stream.format else "json"
    place = "the body as a whole" if spec.path == "@" else f"`{spec.path}`"
    yield f"{place} of {kind} bodies; the key is {', '.join(stream.primary_key or []) or 'not said'}"
    said = {
        "filtered": spec.filter,
        "an element each of": spec.explode,
        "renamed": ", ".join(f"{old} → {new}" for old, new in spec.rename.items()),
        "flattened": spec.flatten and f"{spec.flatten} deep",
        "never written": ", ".join(spec.drop),
        "written only as a hash": ", ".join(spec.hash.fields) if spec.hash else "",
        "added": ", ".join([*spec.add, *spec.add_from_page]),
    }
    yield from (f"{what}: {value}" for what, value in said.items() if value)


def _table(source: Source, stream: Stream) -> Facts | None:
    spec = stream.clean
    if spec is None:
        return None
    model = model_of(source.name, stream)
    columns = [
        {"name": column.name, "type": column.type, "from": ".".join(column.path), "description": column.description}
        for column in model.read
    ]
    if model.payload:
        columns.append({"name": "payload", "type": "json", "from": "the whole record", "description": ""})
    scope = " of the partition that was read" if spec.scope == "partition" else ""
    words = {
        "append": "every record is added",
        "merge": f"the newest version of each {', '.join(model.keys) or 'key'}",
        "replace": f"the last complete read takes the place of all rows{scope}",
        "history": f"a row for each version of {', '.join(model.keys)}: valid_from, valid_to, is_current",
    }
    gone = f"; deleted where {spec.delete_when}" if spec.delete_when else ""
    children = [_child(child) for child in model.children]
    told = {"name": spec.table, "mode": spec.mode, "words": words[spec.mode] + gone, "columns": columns}
    return told | ({"child_tables": children} if children else {})


def _child(child: ChildModel) -> Facts:
    told = [(key.name, key.type, "the record's key", "") for key in child.keys]
    told.append((child.ordinal, "integer", "the place in the array, from 1", ""))
    told += [(each.name, each.type, ".".join(each.path) or "the element", each.description) for each in child.columns]
    if child.payload:
        told.append(("payload", "json", "the whole element", ""))
    names = ("name", "type", "from", "description")
    return {
        "name": child.table,
        "words": f"a row for each element of {'.'.join(child.held.path)}",
        "columns": [dict(zip(names, each, strict=True)) for each in told],
    }


def _checks(stream: Stream) -> Iterator[str]:
    checks, contract = stream.checks, stream.contract
    if checks.freshness:
        what = "loaded" if checks.freshness.of == "load" else "of its own time"
        yield f"the newest record was {what} less than {show_duration(checks.freshness.max)} ago"
    if checks.not_null:
        yield f"never null: {', '.join(checks.not_null)}"
    if checks.unique:
        yield f"unique: {', '.join(checks.unique)}"
    if contract:
        yield f"a new field: {contract.new_fields}; a value that does not fit its type: {contract.type_changes}"


def _mart(mart: Mart) -> Facts:
    return {"table": mart.table, "description": mart.description or "", "made_of": refs(mart.sql),
            "refresh": show_duration(mart.refresh)}  # fmt: skip
