"""What a spec says that can't work (E2, E3) or is likely not meant (W), though every key is right."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import jmespath.functions
import jsonschema
from croniter import CroniterBadDateError, croniter
from pydantic import BaseModel

from framework import predicate
from framework.model import JmesPath, Template
from framework.names import NAMES, Use, allowed, parent_fields, templates, uses_window
from framework.partitions.stream import ForEachRecord
from framework.partitions.values import ForEachValue
from framework.problem import Path, Problem, in_file, nearest, suggestion
from framework.spec import Incremental, Source, Stream
from framework.template import TemplateProblem, names_in, render
from framework.template import problem_of as template_problem
from framework.window import parse_instant
from framework.yaml_file import Document


class Finding(NamedTuple):
    """What is wrong, before its line and column are looked up."""

    code: str
    path: Path
    message: str
    word: str = ""
    """What to point at inside a long text."""


def lint(
    source: Source,
    document: Document,
    stem: str | None = None,
    removed: frozenset[Path] = frozenset(),
    kept: Mapping[Path, list[int]] = MappingProxyType({}),
) -> list[Problem]:
    """All findings, in the order of the file. `stem` is the file's name without its ending, where it has one. Of a
    source that lost what is wrong with it (`removed`, `kept`: see spec_file), what may follow from that is not said."""
    findings = [
        *_named_as_file(source, stem),
        *_config(source),
        *_schedule(source),
        *_templates(source),
        *_misplaced(source),
        *_functions(source),
        *_by_hand(source),
        *_streams(source),
        *_parents(source),
        *_tables(source),
        *_marts(source),
    ]
    unclear = [finding.path for finding in findings if finding.code in ("E201", "E202", "E204")]
    if not unclear:
        findings += _unused(source)
    found = {}
    for code, path, message, word in reversed(findings):
        if code in ("W201", "W202") and any(path[:2] == place[:2] for place in unclear):
            continue  # the window's name may be the one that is misspelt
        place = in_file(path, kept)
        if _stands(code, place, removed | document.unread):
            problem = document.problem(code, place, message, word=word)
            found[problem.line, problem.column, code, message] = problem  # an alias says it twice
    return sorted(found.values())


_ALONE = [
    *("E201", "E203", "E204", "E302", "E303", "E304", "E306", "E307", "E308", "E309", "E314", "E319", "E321"),
    *("W203", "W204", "W205", "W206", "W210"),
]
"""What is wrong whatever else the file says."""
_OF_ALL = ["E301", "E310", "W209"]
"""What depends on all streams; anything else on its own stream and the defaults."""
_APART = ["name", "description", "pagination", "responses", "contract", "checks"]
"""Parts of a stream that no other part depends on."""


def _stands(code: str, path: Path, removed: Iterable[Path]) -> bool:
    """Whether a finding holds, whatever was meant by what was taken out."""
    return not any(path[: len(gone)] == gone or _depends(code, path, gone) for gone in removed)


def _depends(code: str, path: Path, gone: Path) -> bool:
    if code in _ALONE:
        return False
    if code == "W207":
        return True
    same = gone[0] == "defaults" or gone[:2] == path[:2]
    part = gone[2:3]
    if code == "E202":
        return gone[0] in ("config", "secrets") or (same and part in ((), ("for_each",), ("incremental",)))
    if gone[0] not in ("streams", "defaults", "analytics") or (gone[0] == "streams" and part and part[0] in _APART):
        return False
    if part == ("request",) and code not in ("W201", "W202"):
        return False
    return same or code in _OF_ALL or path[2:3] == ("for_each",)


def _named_as_file(source: Source, stem: str | None) -> Iterator[Finding]:
    if stem and stem != source.name:
        message = f"the source is named {source.name!r} and its file {stem!r}: give both one name."
        yield Finding("E306", ("name",), message)


_DIALECT = jsonschema.Draft202012Validator
_KEYWORDS = [
    *("$ref", "$defs", "type", "enum", "const", "default", "description", "title", "examples", "format", "pattern"),
    *("minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems", "properties", "required"),
    *("additionalProperties", "propertyNames", "patternProperties", "minProperties", "maxProperties"),
    *("dependentRequired", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "deprecated", "$comment"),
]
_JSON_TYPES = ["string", "integer", "number", "boolean", "array", "object", "null"]


def _config(source: Source) -> Iterator[Finding]:
    for name, schema in source.config.items():
        here: Path = ("config", name)
        for keyword in schema:
            if keyword not in _KEYWORDS and not keyword.startswith("x-"):
                message = f"{keyword!r} is no keyword of JSON Schema.{suggestion(keyword, _KEYWORDS)}"
                yield Finding("E308", (*here, keyword), message)
        try:
            _DIALECT.check_schema(schema)
        except jsonschema.SchemaError as error:
            is_type = list(error.absolute_path)[-1:] == ["type"]
            said = f"{error.instance!r} is no type.{suggestion(error.instance, _JSON_TYPES)}" if is_type else ""
            message = said or f"this is no JSON Schema: {error.message}."
            yield Finding("E308", (*here, *error.absolute_path), message)
            continue
        if "default" in schema:
            checker = _DIALECT(schema, format_checker=_DIALECT.FORMAT_CHECKER)
            for problem in checker.iter_errors(schema["default"]):
                path = (*here, "default", *problem.absolute_path)
                yield Finding("E308", path, f"the default breaks its own rule: {problem.message}.")


def _schedule(source: Source) -> Iterator[Finding]:
    if source.schedule is None:
        return
    cron, zone = source.schedule.cron, source.schedule.timezone
    fields = len(cron.split())
    if "{{" in cron:
        return
    if not cron.startswith("@") and fields != 5:
        wanted = "5 fields are wanted: minute, hour, day of month, month, day of week"
        yield Finding("E307", ("schedule", "cron"), f"{cron!r} is no cron expression. {wanted}. There are {fields}.")
    elif not croniter.is_valid(cron):
        words = suggestion(cron, ["@hourly", "@daily", "@weekly", "@monthly", "@yearly"]) if cron[:1] == "@" else ""
        order = "" if words else " The order is minute, hour, day of month, month, day of week."
        yield Finding("E307", ("schedule", "cron"), f"{cron!r} is no cron expression.{words}{order}")
    else:
        try:
            croniter(cron, datetime(2024, 1, 1, tzinfo=UTC)).get_next()
        except CroniterBadDateError:
            yield Finding("E307", ("schedule", "cron"), f"{cron!r} never comes: there is no such day.")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        near = _did_you_mean(zone, sorted(available_timezones())) if "/" in zone else ""
        message = f"{zone!r} is no time zone, such as Europe/Paris.{near}"
        yield Finding("E307", ("schedule", "timezone"), message)


def _did_you_mean(word: str, known: list[str], prefix: str = "") -> str:
    near = nearest(word, known)
    return f" Did you mean {prefix + near!r}?" if near else ""


def _templates(source: Source) -> Iterator[Finding]:
    for use in templates(source):
        problem = template_problem(use.text)
        if problem:
            yield Finding("E201", use.path, f"the template does not parse: {problem.rstrip('.')}.")
            continue
        known = allowed(source, use.path)
        for name in names_in(use.text):
            yield from _name(use.path, name, known)


def _name(path: Path, name: tuple[str, ...], known: Mapping[str, list[str] | None]) -> Iterator[Finding]:
    group, word = name[0], ".".join(name[:2])
    if group not in known:
        quotes = f" Put it in quotes: ref('{group}')." if "ref" in known and group.isupper() else ""
        yield Finding("E202", path, f"there is no {group!r} here.{quotes or suggestion(group, list(known))}", group)
        return
    fields = known[group]
    if fields is None or group == "ref":
        return
    if len(name) == 1 and group in NAMES:
        message = f"{group!r} is a group of names: write {group}.NAME.{suggestion('', fields)}"
        yield Finding("E202", path, message, group)
    elif len(name) > 1 and group not in NAMES:
        yield Finding("E202", path, f"{group!r} is a plain value: write {{{{ {group} }}}}.", word)
    elif len(name) > 1 and name[1] not in fields:
        declare = f" Declare it under `{group}`." if group in ("config", "secrets") else ""
        near = _did_you_mean(name[1], fields, f"{group}.")
        listed = suggestion("", fields) if not near and not declare else ""
        message = f"there is no {word!r}.{near or listed}{declare if not near else declare.replace(' D', ' Else d')}"
        yield Finding("E202", path, message, word)


_FREE_TEXT = ("title", "description", "message", "owner", "docs_url")


def _misplaced(value: Any, path: Path = ()) -> Iterator[Finding]:
    """Templates in texts that are taken as they are."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            if name not in (*_FREE_TEXT, "json_body"):
                yield from _misplaced(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _misplaced(inner, (*path, key)) if key not in _FREE_TEXT else ()
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _misplaced(inner, (*path, index))
    elif isinstance(value, str) and not isinstance(value, Template | JmesPath) and "{{" in value:
        yield Finding("E204", path, "no template is rendered here: write the value itself.")


_FUNCTIONS: dict[str, Any] = jmespath.functions.Functions.FUNCTION_TABLE


def _functions(value: Any, path: Path = ()) -> Iterator[Finding]:
    """What JMESPath itself finds only when it looks at a record."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            if name != "delete_when":  # has a check of its own
                yield from _functions(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _functions(inner, (*path, index))
    elif isinstance(value, JmesPath):
        for node in _nodes(value.compiled.parsed, "function_expression"):
            name, given = str(node["value"]), len(node["children"])
            if name not in _FUNCTIONS:
                yield Finding("E203", path, f"JMESPath has no function {name!r}.{suggestion(name, [*_FUNCTIONS])}")
                continue
            wanted = _FUNCTIONS[name]["signature"]
            if given != len(wanted) and not any(argument.get("variadic") for argument in wanted):
                yield Finding("E203", path, f"the function {name!r} takes {len(wanted)} arguments, not {given}.")
        if re.search(r'[=<>]\s*"', value):
            message = "double quotes mean a field in JMESPath, and this compares with it: put a text in single quotes."
            yield Finding("W210", path, message)
        if any(
            node["children"][0]["type"] == "not_expression" for node in _nodes(value.compiled.parsed, "subexpression")
        ):
            yield Finding("W210", path, "! binds before the dot in JMESPath: write !(a.b) for !a.b.")


def _nodes(tree: Any, kind: str) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if tree.get("type") == kind:
            yield tree
        for child in tree.get("children", []):
            yield from _nodes(child, kind)


def _unused(source: Source) -> Iterator[Finding]:
    used = {name[1] for use in templates(source) for name in names_in(use.text) if name[0] == "secrets" and name[1:]}
    for index, name in enumerate(source.secrets):
        if name not in used:
            yield Finding("W207", ("secrets", index), f"the secret {name!r} is declared and never used.")


_CREDENTIAL = re.compile(
    r"^(authorization|password|client[-_]secret|((x|private|access|auth|api)[-_])*(api[-_]?key|token|secret))$", re.I
)
_IN_URL = re.compile(r"[?&]([A-Za-z_-]+)=([^&#]+)|^https?://([^/@:{}]+:[^/@]+)@")
_SECRET_KEYS = ("token", "value", "password", "client_secret", "key")


def _by_hand(source: Source) -> Iterator[Finding]:
    for use in templates(source):
        place = [step for step in use.path if isinstance(step, str)]
        if place[:2] == ["http", "auth"] or place[-2:] == ["hash", "key"]:
            if place[-1] in _SECRET_KEYS and use.text and "{{" not in use.text:
                message = "a secret must not stand in the file: write {{ secrets.NAME }} and list it in `secrets`."
                yield Finding("E319", use.path, message)
        elif place[-1] in ("base_url", "path"):
            for name, value, user in _IN_URL.findall(use.text):
                if user or _CREDENTIAL.match(name):
                    yield from _credential(use, value or user)
        elif set(place[-2:-1]) & {"headers", "params"} and _CREDENTIAL.match(place[-1]):
            yield from _credential(use, use.text)


def _credential(use: Use, value: str) -> Iterator[Finding]:
    if {name[0] for name in names_in(use.text)} <= {"config", "secrets"}:
        message = "a credential written by hand: use `http.auth`, which hides it, renews it and keeps it on its host."
        yield Finding("W206" if "{{" in value else "E319", use.path, message)


def _streams(source: Source) -> Iterator[Finding]:
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
            message = f"there is no stream {stream.parent!r}.{suggestion(stream.parent, known)}"
            yield Finding("E301", (*place, "stream"), message)
            continue
        circle = _circle(stream.name, parents)
        if circle:
            if index == min(names.index(name) for name in circle):
                yield Finding("E302", (*place, "stream"), f"a circle of parents: {' → '.join(circle)}.")
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
            yield Finding("E304", path, f"the table {table!r} is already {seen[table.upper()]}.")
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
    order = list(marts)
    for index, mart in enumerate(source.analytics):
        place = ("analytics", index, "sql")
        for table in marts[mart.table]:
            if table not in clean and table not in marts:
                message = f"ref: there is no table {table!r}.{suggestion(table, [*clean, *marts])}"
                yield Finding("E310", place, message, table)
        circle = _way(mart.table, mart.table, marts, set())
        if circle and mart.table == min(circle, key=order.index):
            message = f"the table is made of itself: {' → '.join([*circle, mart.table])}."
            yield Finding("E310", place, message, circle[1] if len(circle) > 1 else mart.table)
        plain = _without_texts(mart.sql)
        if problem := _sql_problem(plain):
            yield Finding("E309", place, problem)
        for table in [*clean, *marts]:
            named = re.search(rf"\b(?:from|join)\s+((?:\w+\.)*{table})\b", plain, re.IGNORECASE)
            if named:
                message = f"the table is named without ref: write {{{{ ref('{table}') }}}}, so that it is made before."
                yield Finding("W203", place, message, named[1])


def _way(start: str, goal: str, marts: Mapping[str, list[str]], seen: set[str]) -> list[str] | None:
    """The tables from one to another, the last one left out."""
    for table in marts.get(start, []):
        if table == goal:
            return [start]
        if table not in seen:
            seen.add(table)
            rest = _way(table, goal, marts, seen)
            if rest:
                return [start, *rest]
    return None


def _without_texts(sql: str) -> str:
    """SQL without its comments, quoted parts and templates."""
    return re.sub(
        r"""--[^\n]*|/\*.*?\*/|'(?:[^'\\]|''|\\.)*'|"[^"]*"|\{\{.*?\}\}|\{#.*?#\}""", " _ ", sql, flags=re.DOTALL
    )


def _sql_problem(plain: str) -> str | None:
    """What no warehouse would take."""
    if not re.match(r"[\s_(]*(select|with|from|values)\b", plain, re.IGNORECASE):
        return "a table is made of one select: begin with select or with."
    if "'" in plain or '"' in plain:
        return "a quote in the SQL is never closed."
    if plain.count("(") != plain.count(")"):
        return f"the SQL has {plain.count('(')} opening and {plain.count(')')} closing brackets."
    if ";" in plain.rstrip().rstrip(";"):
        return "a table is made of one select: nothing may follow its semicolon."
    return None


def is_error(problem: Problem) -> bool:
    """Whether it stops a run, rather than being advice."""
    return problem.code.startswith("E")
