"""Rules about streams: keys, windows, cursors, columns, checks, and whom they follow."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from framework import predicate
from framework.lint.circles import way
from framework.lint.finding import Finding
from framework.names import NAMES, parent_fields, uses_window
from framework.partitions.stream import ForEachRecord
from framework.partitions.values import ForEachValue
from framework.problem import Path, suggestion
from framework.spec import Incremental, Source, Stream
from framework.template import TemplateProblem, render
from framework.window import parse_instant


def streams(source: Source) -> Iterator[Finding]:
    names: set[str] = set()
    for index, written in enumerate(source.streams):
        here: Path = ("streams", index)
        if written.name in names:
            yield Finding("E303", (*here, "name"), f"there are two streams named {written.name!r}.")
        names.add(written.name)
        stream = source.filled(written)
        place = here if written.incremental else ("defaults",)
        found = [
            *_below(here, _clean(stream)),
            *_below(here, _checks(stream)),
            *_below(here, _dropped(stream)),
            *_below(here, _values(source, stream)),
        ]
        if stream.incremental:
            found += _below(here, _window(stream, stream.incremental))
            found += _below((*place, "incremental"), _cursor(source, stream.incremental))
        yield from found


def _below(path: Path, findings: Iterable[Finding]) -> list[Finding]:
    return [finding._replace(path=(*path, *finding.path)) for finding in findings]


def _clean(stream: Stream) -> Iterator[Finding]:
    key, clean = stream.primary_key, stream.clean
    if clean is None:
        return
    if not key and clean.mode in ("merge", "history"):
        message = f"mode {clean.mode} needs a primary_key: the fields that identify a record."
        yield Finding("E305", ("clean",), message)
    if clean.scope == "partition" and not stream.for_each:
        message = "scope partition needs for_each: this stream has no partitions."
        yield Finding("E315", ("clean", "scope"), message)
    elif clean.scope == "partition" and clean.mode != "replace":
        yield Finding("E315", ("clean", "scope"), f"scope goes with mode replace, not with {clean.mode}.")
    if clean.mode == "replace" and stream.incremental:
        message = "replace keeps only what the last run read, and an incremental stream reads only changes: use merge."
        yield Finding("E320", ("clean", "mode"), message)
    if clean.delete_when and (problem := predicate.problem_of(clean.delete_when)):
        yield Finding("E311", ("clean", "delete_when"), f"{problem}.")
    if clean.delete_when and clean.mode in ("append", "replace"):
        message = f"delete_when goes with mode merge or history, not with {clean.mode}."
        yield Finding("E311", ("clean", "delete_when"), message)


def _dropped(stream: Stream) -> Iterator[Finding]:
    cursor = stream.incremental.cursor if stream.incremental else None
    for index, field in enumerate(stream.records.drop):
        if field in (stream.primary_key or []):
            message = f"{field!r} is part of the primary key: hash it instead of dropping it."
            yield Finding("E316", ("records", "drop", index), message)
        elif field == cursor:
            yield Finding("E316", ("records", "drop", index), f"{field!r} is the cursor: it can't be dropped.")
    for index, field in enumerate(stream.records.hash.fields if stream.records.hash else []):
        if field == cursor:
            yield Finding("E316", ("records", "hash", "fields", index), f"{field!r} is the cursor: it can't be hashed.")


def _values(source: Source, stream: Stream) -> Iterator[Finding]:
    if stream.for_each and stream.for_each.as_ in NAMES:
        message = f"{stream.for_each.as_!r} is taken: templates know something else by that name."
        yield Finding("E314", ("for_each", "as"), message)
    if isinstance(stream.for_each, ForEachValue) and isinstance(stream.for_each.values, str):
        values = _with_defaults(source, stream.for_each.values)
        if values is not None and not isinstance(values, list):
            shown = "a text" if "{{" not in stream.for_each.values else f"{values!r}"
            yield Finding("E314", ("for_each", "values"), f"{shown} stands where a list is wanted: [first, second].")


def _with_defaults(source: Source, text: str) -> Any:
    """The template's value as far as it follows from the defaults of `config`, else None."""
    try:
        config = {name: schema["default"] for name, schema in source.config.items() if "default" in schema}
        return render(text, {"config": config})
    except TemplateProblem:
        return None


def _window(stream: Stream, incremental: Incremental) -> Iterator[Finding]:
    sends_start, sends_end = uses_window(stream, "start"), uses_window(stream, "end")
    if not sends_start and not sends_end:
        message = (
            "no request sends window.start or window.end: every run reads everything. Add one to `params`, "
            "or leave `incremental` out."
        )
        yield Finding("W201", ("incremental",), message)
    elif incremental.window and not sends_end:
        message = "windows are cut and window.end is never sent: every window reads on to the present."
        yield Finding("W202", ("incremental", "window"), message)
    if not stream.primary_key:
        message = "no primary_key: what two windows both hold can't be told apart from doubles."
        yield Finding("W208", ("incremental",), message)


def _cursor(source: Source, incremental: Incremental) -> Iterator[Finding]:
    start = _with_defaults(source, incremental.start)
    if start is not None and not any(_is_instant(start, form) for form in ("iso8601", incremental.format)):
        message = f"{start!r} is no instant: write it like 2024-01-31 or 2024-01-31T12:00:00Z."
        yield Finding("E313", ("start",), message)
    if re.search(r"creat", incremental.cursor, re.IGNORECASE):
        message = f"{incremental.cursor!r} sounds like the time of creation: later changes of a record are never read."
        yield Finding("W204", ("cursor",), message)
    if "%" in incremental.format and incremental.format.endswith("Z") and not incremental.format.endswith("%Z"):
        yield Finding("W205", ("format",), "a literal Z claims UTC whatever the zone is: use iso8601 or %z.")


def _is_instant(value: object, form: str) -> bool:
    try:
        parse_instant(str(value), form)
    except (ValueError, OverflowError):
        return False
    return True


def _checks(stream: Stream) -> Iterator[Finding]:
    checks, freshness = stream.checks, stream.checks.freshness
    known = _columns(stream)
    for check in ("not_null", "unique"):
        names = getattr(checks, check)
        if names and not stream.clean:
            yield Finding("E312", ("checks", check), "this looks at the CLEAN table, and the stream has no `clean`.")
            continue
        for index, name in enumerate(names):
            if name not in known:
                message = f"there is no column {name!r}.{suggestion(name, known)}"
                yield Finding("E312", ("checks", check, index), message)
    if freshness and freshness.of == "cursor" and not (stream.clean and stream.incremental):
        message = "freshness of the cursor needs `clean` and `incremental`: without them use `of: load`."
        yield Finding("E312", ("checks", "freshness"), message)


def _columns(stream: Stream) -> list[str]:
    """The columns of the CLEAN table: those that are written, and what the table has by itself."""
    columns = stream.clean.columns if stream.clean else {}
    taken = [column.from_ for column in columns.values()]
    keys = [re.sub(r"\W", "_", path).lower() for path in stream.primary_key or [] if path not in taken]
    own = ["valid_from", "valid_to", "is_current"] if stream.clean and stream.clean.mode == "history" else []
    return [
        *columns,
        *(f"{key}_key" if key in columns else key for key in keys),
        *([] if columns else ["payload"]),
        *own,
    ]


def parents(source: Source) -> Iterator[Finding]:
    names = [stream.name for stream in source.streams]
    parents = {stream.name: [stream.parent] for stream in source.streams if stream.parent}
    for index, written in enumerate(source.streams):
        stream = source.filled(written)
        if not isinstance(stream.for_each, ForEachRecord):
            continue
        place = ("streams", index, "for_each")
        if stream.parent not in names:
            known = [name for name in names if name != stream.name]
            message = f"there is no stream {stream.parent!r}.{suggestion(stream.parent, known)}"
            yield Finding("E301", (*place, "stream"), message)
            continue
        circle = way(stream.name, stream.name, parents, set())
        if circle:
            if index == min(names.index(name) for name in circle):
                yield Finding("E302", (*place, "stream"), f"a circle of parents: {' → '.join([*circle, stream.name])}.")
            continue
        parent = source.stream(stream.for_each.stream)
        if not parent.primary_key:
            message = f"the parent {parent.name!r} has no primary_key to tell its records apart by."
            yield Finding("E305", place, message)
        if stream.for_each.only_changed and not parent.incremental:
            message = f"only_changed, and the parent {parent.name!r} is not incremental: each run reads all of it."
            yield Finding("W209", (*place, "only_changed"), message)
        if stream.incremental:
            message = "a child stream with windows of its own is not built yet."
            yield Finding("E321", ("streams", index, "incremental"), message)
        for field in parent_fields(stream):
            if field in parent.records.drop:
                yield Finding("E316", place, f"the parent {parent.name!r} drops {field!r}, which this stream asks for.")
