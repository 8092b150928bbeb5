"""What a spec says that can't work (E2, E3) or is likely not meant (W), though every key is right."""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import jsonschema
from croniter import croniter

from framework import predicate
from framework.names import allowed, parent_fields, templates, uses_window
from framework.partitions.stream import ForEachRecord
from framework.problem import Path, Problem, suggestion
from framework.spec import Source, Stream
from framework.template import names_in
from framework.template import problem_of as template_problem
from framework.yaml_file import Document

Finding = tuple[str, Path, str]


def lint(source: Source, document: Document, stem: str | None = None) -> list[Problem]:
    """All findings, in the order of the file. `stem` is the file's name without its ending, where it has one."""
    findings = [
        *_named_as_file(source, stem),
        *_config(source),
        *_schedule(source),
        *_templates(source),
        *_secrets(source),
        *_streams(source),
        *_parents(source),
        *_tables(source),
        *_marts(source),
    ]
    return sorted(document.problem(code, path, message) for code, path, message in findings)


def _named_as_file(source: Source, stem: str | None) -> Iterator[Finding]:
    if stem and stem != source.name:
        yield "E306", ("name",), f"the source is named {source.name!r} and its file {stem!r}: give both one name."


def _config(source: Source) -> Iterator[Finding]:
    for name, schema in source.config.items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            path = ("config", name, *error.absolute_path)
            yield "E308", path, f"this is no JSON Schema: {error.message}."
            continue
        if "default" in schema:
            wrong = jsonschema.Draft202012Validator(schema).iter_errors(schema["default"])
            for problem in wrong:
                yield "E308", (
                    "config",
                    name,
                    "default",
                ), f"the default breaks its own rule: {problem.message}."


def _schedule(source: Source) -> Iterator[Finding]:
    if source.schedule is None:
        return
    cron = source.schedule.cron
    if not croniter.is_valid(cron) or (not cron.startswith("@") and len(cron.split()) != 5):
        message = f"{cron!r} is no cron expression: minute, hour, day of month, month, day of week."
        yield "E307", ("schedule", "cron"), message
    try:
        ZoneInfo(source.schedule.timezone)
    except (KeyError, ValueError, OSError):
        yield "E307", (
            "schedule",
            "timezone",
        ), f"{source.schedule.timezone!r} is no time zone, such as Europe/Paris."


def _templates(source: Source) -> Iterator[Finding]:
    for use in templates(source):
        problem = template_problem(use.text)
        if problem:
            yield "E201", use.path, f"the template does not parse: {problem}."
            continue
        known = allowed(source, use.path)
        for name in names_in(use.text):
            yield from _name(use.path, name, known)


def _name(path: Path, name: tuple[str, ...], known: dict[str, list[str] | None]) -> Iterator[Finding]:
    if name[0] not in known:
        yield "E202", path, f"there is no {name[0]!r} here.{suggestion(name[0], list(known))}"
        return
    fields = known[name[0]]
    if fields is None or name[0] == "ref":
        return
    if len(name) == 1:
        yield "E202", path, f"{name[0]!r} is a group of names: write {name[0]}.NAME.{suggestion('', fields)}"
    elif name[1] not in fields:
        where = {"config": " Declare it under `config`.", "secrets": " Declare it under `secrets`."}.get(name[0], "")
        yield "E202", path, f"there is no '{name[0]}.{name[1]}'.{suggestion(name[1], fields) or where}"


def _secrets(source: Source) -> Iterator[Finding]:
    used = {
        name[1]
        for use in templates(source)
        if not template_problem(use.text)
        for name in names_in(use.text)
        if name[0] == "secrets" and len(name) > 1
    }
    for index, name in enumerate(source.secrets):
        if name not in used:
            yield "W207", ("secrets", index), f"the secret {name!r} is declared and never used."
    for use in templates(source.http):
        yield from _by_hand(("http", *use.path), use.text)


_CREDENTIAL = re.compile(
    r"^(authorization|x-api-key|api-?key|apikey|x-auth-token|access[-_]token|token)$", re.IGNORECASE
)


def _by_hand(path: Path, text: str) -> Iterator[Finding]:
    place = path[1]
    if place in ("headers", "params") and _CREDENTIAL.match(str(path[-1])):
        literal = "{{" not in text
        message = "a credential written by hand: use `http.auth`, which hides it, renews it and keeps it on its host."
        yield ("E319" if literal else "W206"), path, message
    if place == "auth" and path[-1] in ("token", "value", "password", "client_secret") and text and "{{" not in text:
        yield "E319", path, "a secret must not stand in the file: write {{ secrets.NAME }} and list it in `secrets`."


def _streams(source: Source) -> Iterator[Finding]:
    names: dict[str, int] = {}
    for index, written in enumerate(source.streams):
        here: Path = ("streams", index)
        if written.name in names:
            yield "E303", (*here, "name"), f"there are two streams named {written.name!r}."
        names.setdefault(written.name, index)
        stream = source.filled(written)
        yield from ((code, (*here, *path), message) for code, path, message in _stream(stream, written))


def _stream(stream: Stream, written: Stream) -> Iterator[Finding]:
    key, clean, records = stream.primary_key, stream.clean, stream.records
    if clean and not key and clean.mode in ("merge", "history"):
        yield "E305", ("clean",), f"mode {clean.mode} needs a primary_key: the fields that identify a record."
    if clean and clean.scope == "partition" and not stream.for_each:
        yield "E315", ("clean", "scope"), "scope partition needs for_each: this stream has no partitions."
    if clean and clean.scope == "partition" and clean.mode != "replace":
        yield "E315", ("clean", "scope"), f"scope goes with mode replace, not with {clean.mode}."
    if clean and clean.mode == "replace" and stream.incremental:
        message = "replace keeps only what the last run read, and an incremental stream reads only changes: use merge."
        yield "E320", ("clean", "mode"), message
    if clean and clean.delete_when and (problem := predicate.problem_of(clean.delete_when)):
        yield "E311", ("clean", "delete_when"), f"{problem}."
    if clean and clean.delete_when and clean.mode in ("append", "replace"):
        yield "E311", (
            "clean",
            "delete_when",
        ), f"delete_when goes with mode merge or history, not with {clean.mode}."
    yield from _checks(stream)
    for field in key or []:
        if field in records.drop:
            yield "E316", (
                "records",
                "drop",
            ), f"{field!r} is part of the primary key: hash it instead of dropping it."
    if stream.incremental and stream.incremental.cursor in records.drop:
        yield "E316", (
            "records",
            "drop",
        ), f"{stream.incremental.cursor!r} is the cursor: it can't be dropped."
    if stream.incremental and stream.incremental.cursor in (records.hash.fields if records.hash else []):
        yield "E316", ("records", "hash"), f"{stream.incremental.cursor!r} is the cursor: it can't be hashed."
    if written.incremental:
        yield from _incremental(stream)


def _incremental(stream: Stream) -> Iterator[Finding]:
    incremental = stream.incremental
    assert incremental is not None
    sends_start, sends_end = uses_window(stream, "start"), uses_window(stream, "end")
    if not sends_start and not sends_end:
        message = (
            "no request sends window.start or window.end: every run reads everything. Add one to `params`, "
            "or leave `incremental` out."
        )
        yield "W201", ("incremental",), message
    elif incremental.window and not sends_end:
        message = "windows are cut and window.end is never sent: every window reads on to the present."
        yield "W202", ("incremental", "window"), message
    if not stream.primary_key:
        yield "W208", ("incremental",), "no primary_key: what two windows both hold can't be told apart from doubles."
    if re.search(r"creat", incremental.cursor, re.IGNORECASE):
        message = f"{incremental.cursor!r} sounds like the time of creation: later changes of a record are never read."
        yield "W204", ("incremental", "cursor"), message
    if "%" in incremental.format and incremental.format.endswith("Z"):
        yield "W205", (
            "incremental",
            "format",
        ), "a literal Z claims UTC whatever the zone is: use iso8601 or %z."


def _checks(stream: Stream) -> Iterator[Finding]:
    columns = list(stream.clean.columns) if stream.clean else []
    known = columns or [*(stream.primary_key or []), "payload"]
    for check in ("not_null", "unique"):
        for index, name in enumerate(getattr(stream.checks, check)):
            if name not in known:
                yield "E312", (
                    "checks",
                    check,
                    index,
                ), f"there is no column {name!r}.{suggestion(name, known)}"


def _parents(source: Source) -> Iterator[Finding]:
    names = [stream.name for stream in source.streams]
    parents = {stream.name: stream.parent for stream in source.streams}
    for index, written in enumerate(source.streams):
        stream = source.filled(written)
        if not isinstance(stream.for_each, ForEachRecord):
            continue
        place = ("streams", index, "for_each")
        if stream.parent not in names:
            known = [name for name in names if name != stream.name]
            yield "E301", (
                *place,
                "stream",
            ), f"there is no stream {stream.parent!r}.{suggestion(stream.parent, known)}"
            continue
        circle = _circle(stream.name, parents)
        if circle:
            yield "E302", (*place, "stream"), f"a circle of parents: {' → '.join(circle)}."
            continue
        parent = source.stream(stream.for_each.stream)
        if not parent.primary_key:
            yield "E305", place, f"the parent {parent.name!r} has no primary_key to tell its records apart by."
        if stream.for_each.only_changed and not parent.incremental:
            message = f"only_changed, and the parent {parent.name!r} is not incremental: each run reads all of it."
            yield "W209", (*place, "only_changed"), message
        if stream.incremental:
            yield "E321", (
                "streams",
                index,
                "incremental",
            ), "a child stream with windows of its own is not built yet."
        for field in parent_fields(stream):
            if parent.records.drop and field in parent.records.drop:
                yield "E316", place, f"the parent {parent.name!r} drops {field!r}."


def _circle(name: str, parents: dict[str, str | None]) -> list[str] | None:
    walked, at = [name], parents.get(name)
    while at is not None and at in parents:
        walked.append(at)
        if at == name:
            return walked
        if walked.count(at) > 1:
            return None  # a circle further up, reported where it is
        at = parents[at]
    return None


def _tables(source: Source) -> Iterator[Finding]:
    seen: dict[str, str] = {f"RAW_{source.name}_JSON".upper(): "the RAW table"}
    places = [
        *((("streams", i, "clean", "table"), s.clean.table) for i, s in enumerate(source.streams) if s.clean),
        *((("analytics", i, "table"), mart.table) for i, mart in enumerate(source.analytics)),
    ]
    for path, table in places:
        if table.upper() in seen:
            yield "E304", path, f"the table {table!r} is already {seen[table.upper()]}."
        seen.setdefault(table.upper(), f"that of {path[0]}[{path[1]}]")


_REF = re.compile(r"ref\(\s*['\"]([^'\"]*)['\"]\s*\)")


def refs(sql: str) -> list[str]:
    """The tables that a mart's SQL names by `ref`."""
    return list(dict.fromkeys(_REF.findall(sql)))


def with_refs(sql: str, renamed: dict[str, str]) -> str:
    """The SQL with other names in its `ref`s."""
    return _REF.sub(lambda found: f"ref('{renamed.get(found[1], found[1])}')", sql)


def _marts(source: Source) -> Iterator[Finding]:
    clean = [stream.clean.table for stream in source.streams if stream.clean]
    marts: dict[str, list[str]] = {mart.table: refs(mart.sql) for mart in source.analytics}
    for index, mart in enumerate(source.analytics):
        place = ("analytics", index, "sql")
        for table in marts[mart.table]:
            if table not in clean and table not in marts:
                yield "E310", place, f"ref: there is no table {table!r}.{suggestion(table, [*clean, *marts])}"
        if _reaches(mart.table, mart.table, marts, set()):
            yield "E310", place, f"{mart.table!r} is made of itself."


def _reaches(start: str, goal: str, marts: dict[str, list[str]], seen: set[str]) -> bool:
    for table in marts.get(start, []):
        if table == goal:
            return True
        if table not in seen and _reaches(table, goal, marts, seen | {table}):
            return True
    return False


def is_error(problem: Problem) -> bool:
    """Whether it stops a run, rather than being advice."""
    return problem.code.startswith("E")
