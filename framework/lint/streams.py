"""Rules about streams: keys, windows, cursors, columns, checks, and whom they follow."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from framework import predicate
from framework.incremental import Incremental
from framework.lint.circles import way
from framework.lint.finding import Finding
from framework.names import NAMES, parent_fields, uses_window
from framework.partitions import ForEach, ForEachRecord, ForEachValue
from framework.problem import Path, suggestion
from framework.spec import Source, Stream
from framework.tables import Clean
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
            *_below((*here, "request"), _body(stream)),
            *_below(here, _clean(stream)),
            *_below(here, _checks(stream)),
            *_below(here, _dropped(stream)),
            *_below(here, _values(source, stream)),
        ]
        if stream.incremental:
            found += _below(here, _window(stream, stream.incremental))
            found += _below((*place, "incremental"), _cursor(source, stream, stream.incremental))
        yield from found


def _below(path: Path, findings: Iterable[Finding]) -> list[Finding]:
    return [finding._replace(path=(*path, *finding.path)) for finding in findings]


def _body(stream: Stream) -> Iterator[Finding]:
    if stream.request.method == "GET" and stream.request.json_body is not None:
        message = "a JSON body is sent with a GET, which many servers drop: write `method: POST`, or use `params`."
        yield Finding("W222", ("json",), message, at_key=True)


_OF_HISTORY = ("valid_from", "valid_to", "is_current")


def _clean(stream: Stream) -> Iterator[Finding]:
    key, clean = stream.primary_key, stream.clean
    if clean is None:
        return
    for name in clean.columns if clean.mode == "history" else ():
        if name in _OF_HISTORY:
            message = f"{name!r} is a column that the mode history adds by itself: give this one another name."
            yield Finding("E318", ("clean", "columns", name), message, at_key=True)
    yield from _children(stream, clean)
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


def _children(stream: Stream, clean: Clean) -> Iterator[Finding]:
    """The names that a child table has by itself, and arrays that are not there any more."""
    keys = [_key_column(stream, path) for path in stream.primary_key or []]
    own = [*keys, *(_OF_HISTORY if clean.mode == "history" else [])]
    for table, child in clean.child_tables.items():
        here: Path = ("clean", "child_tables", table)
        if child.ordinal in own:
            message = f"{child.ordinal!r} is a column of {clean.table} that {table} has too: write `ordinal: …`."
            yield Finding("E318", (*here, "ordinal") if "ordinal" in child.model_fields_set else here, message)
        for name in child.columns:
            if name in own or name == child.ordinal:
                whose = f"of {clean.table} that {table} has too" if name in own else "of the element's place"
                message = f"{name!r} is the column {whose}: give this one another name."
                yield Finding("E318", (*here, "columns", name), message, at_key=True)
        if child.from_ in stream.records.drop:
            index = stream.records.drop.index(child.from_)
            message = f"{child.from_!r} holds the rows of {table}: without it that table stays empty."
            yield Finding("E316", ("records", "drop", index), message)


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
    taken: set[str] = set()
    for place, level in levels(stream):
        names = {"as": level.as_, "parent_as": getattr(level, "parent_as", None)}
        for key, name in names.items():
            if name in NAMES or (name == "job" and stream.job):
                yield Finding("E314", (*place, key), f"{name!r} is taken: templates know something else by that name.")
            elif name in taken:
                yield Finding("E314", (*place, key), f"{name!r} is taken: another level of `for_each` has that name.")
            taken |= {name} if name else set()
        if isinstance(level, ForEachValue) and isinstance(level.values, str):
            values = _with_defaults(source, level.values)
            if values is not None and not isinstance(values, list):
                shown = "a text" if "{{" not in level.values else f"{values!r}"
                message = f"{shown} stands where a list is wanted: [first, second]."
                yield Finding("E314", (*place, "values"), message)


def levels(stream: Stream) -> Iterator[tuple[Path, ForEach]]:
    """What the stream is repeated for, and where that stands below it."""
    for index, level in enumerate(stream.levels):
        yield ("for_each", index) if isinstance(stream.for_each, list) else ("for_each",), level


def _with_defaults(source: Source, text: str) -> Any:
    """The template's value as far as it follows from the defaults of `config`, else None."""
    try:
        config = {name: schema["default"] for name, schema in source.config.items() if "default" in schema}
        return render(text, {"config": config})
    except TemplateProblem:
        return None


def _window(stream: Stream, incremental: Incremental) -> Iterator[Finding]:
    sends_start, sends_end = uses_window(stream, "start"), uses_window(stream, "end")
    if not sends_start and not sends_end and not incremental.drops:
        message = (
            "no request sends window.start or window.end: every run reads everything. Add one to `params`, "
            "let `filter: true` drop what is old, or leave `incremental` out."
        )
        yield Finding("W201", ("incremental",), message)
    elif incremental.window and not sends_end:
        message = "windows are cut and window.end is never sent: every window reads on to the present."
        yield Finding("W202", ("incremental", "window"), message)
    if not stream.primary_key:
        message = "no primary_key: what two windows both hold can't be told apart from doubles."
        yield Finding("W208", ("incremental",), message)


_CREATED = re.compile(r"creat|insert|(^|[._])added|regist|sign_?up", re.IGNORECASE)


def _cursor(source: Source, stream: Stream, incremental: Incremental) -> Iterator[Finding]:
    start = _with_defaults(source, incremental.start)
    if start is not None and not any(_is_instant(start, form) for form in ("iso8601", *incremental.forms)):
        message = f"{start!r} is no instant: write it like 2024-01-31 or 2024-01-31T12:00:00Z."
        yield Finding("E313", ("start",), message)
    never_changes = stream.clean is not None and stream.clean.mode == "append"
    if _CREATED.search(incremental.cursor) and not never_changes:
        message = f"{incremental.cursor!r} sounds like the time of creation: later changes of a record are never read."
        yield Finding("W204", ("cursor",), message)
    for index, form in enumerate(incremental.forms):
        if "%" in form and form.endswith("Z") and not form.endswith("%Z"):
            place: Path = ("format",) if isinstance(incremental.format, str) else ("format", index)
            same = "iso8601" if form == "%Y-%m-%dT%H:%M:%SZ" else None
            message = "a literal Z claims UTC whatever the zone is: use iso8601 or %z."
            yield Finding("W205", place, message, fix=same)


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
        needs = [f"`{part}`" for part in ("clean", "incremental") if not getattr(stream, part)]
        message = f"freshness of the cursor needs {' and '.join(needs)}; `of: load` does without."
        yield Finding("E312", ("checks", "freshness"), message)


def _columns(stream: Stream) -> list[str]:
    """The columns of the CLEAN table: those that are written, and what the table has by itself."""
    columns = stream.clean.columns if stream.clean else {}
    own = [*_OF_HISTORY] if stream.clean and stream.clean.mode == "history" else []
    keys = [_key_column(stream, path) for path in stream.primary_key or []]
    return [*columns, *(key for key in keys if key not in columns), *([] if columns else ["payload"]), *own]


def _key_column(stream: Stream, path: str) -> str:
    """The column that holds a field of the key."""
    columns = stream.clean.columns if stream.clean else {}
    for name, column in columns.items():
        if column.from_ == path:
            return name
    key = re.sub(r"\W", "_", path).lower()
    return f"{key}_key" if key in columns else key


def parents(source: Source) -> Iterator[Finding]:
    names = [stream.name for stream in source.streams]
    steps = {stream.name: stream.parents for stream in source.streams if stream.parents}
    for index, written in enumerate(source.streams):
        stream = source.filled(written)
        here: Path = ("streams", index)
        unknown = list(_unknown_parents(stream, names))
        if unknown:
            yield from _below(here, unknown)
            continue
        circle = way(stream.name, stream.name, steps, set())
        if circle:
            if index == min(names.index(name) for name in circle):
                place = _place_of(stream, circle[1] if len(circle) > 1 else stream.name)
                message = f"a circle of parents: {' → '.join([*circle, stream.name])}."
                yield Finding("E302", (*here, *place), message)
            continue
        for place, level in levels(stream):
            yield from _below((*here, *place), _of_parents(source, stream, level))
        yield from _below(here, _together(stream))


def _parent_places(level: ForEach) -> Iterator[tuple[Path, str]]:
    """Each parent's name, and where it stands below the level."""
    inside: Path = ("or",) if isinstance(level, ForEachValue) else ()
    many = isinstance(level, ForEachRecord) and isinstance(level.stream, list)
    for index, name in enumerate(level.streams):
        yield (*inside, "stream", *([index] if many else [])), name


def _place_of(stream: Stream, parent: str) -> Path:
    for place, level in levels(stream):
        for inner, name in _parent_places(level):
            if name == parent:
                return (*place, *inner)
    return ("for_each",)


def _unknown_parents(stream: Stream, names: list[str]) -> Iterator[Finding]:
    for place, level in levels(stream):
        for inner, name in _parent_places(level):
            if name not in names:
                known = [each for each in names if each != stream.name]
                message = f"there is no stream {name!r}.{suggestion(name, known)}"
                yield Finding("E301", (*place, *inner), message)


def _of_parents(source: Source, stream: Stream, level: ForEach) -> Iterator[Finding]:
    for inner, name in _parent_places(level):
        parent = source.stream(name)
        by_value = getattr(level, "parent_as", None) is None and (
            isinstance(level, ForEachValue) or getattr(level, "each", None)
        )
        if not parent.primary_key and not by_value:
            message = f"the parent {parent.name!r} has no primary_key to tell its records apart by."
            yield Finding("E305", inner[:-1] if inner[-1:] == ("stream",) else inner, message)
        if isinstance(level, ForEachRecord) and level.only_changed and not parent.incremental:
            message = (
                f"only_changed, and the parent {parent.name!r} is not incremental: each run reads all of it. "
                "Give it `incremental`, or leave only_changed out."
            )
            yield Finding("W209", ("only_changed",), message)
        fields = parent_fields(stream) if isinstance(level, ForEachRecord) and not level.each else []
        for field in [*fields, *([each] if (each := getattr(level, "each", None)) else [])]:
            if field in parent.records.drop:
                yield Finding("E316", (), f"the parent {parent.name!r} drops {field!r}, which this stream asks for.")


def _together(stream: Stream) -> Iterator[Finding]:
    """Kinds of partitions that can't be had together."""
    for place, level in levels(stream):
        alone = len(stream.levels) == 1 and len(level.streams) == 1
        if isinstance(level, ForEachRecord) and level.only_changed and not alone:
            message = "only_changed goes with one parent alone: not with several, nor with other levels."
            yield Finding("E321", (*place, "only_changed"), message)
        if level.batch and stream.incremental and stream.incremental.position != "shared":
            message = "a batch has no position of its own: write `position: shared` under `incremental`."
            yield Finding("E321", (*place, "batch"), message)
    if stream.first_run and not stream.incremental:
        message = "first_run goes with `incremental`: without it every run reads everything."
        yield Finding("E321", ("first_run",), message)
