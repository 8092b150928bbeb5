"""Rules about the source as a whole: its name, its config, its schedule."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import jsonschema
from croniter import CroniterBadDateError, croniter

from framework.auth.choose import ChooseAuth
from framework.lint.finding import Finding
from framework.problem import Path, did_you_mean, suggestion
from framework.spec import Source
from framework.template import names_in
from framework.template import problem_of as template_problem


def named_as_file(source: Source, stem: str | None) -> Iterator[Finding]:
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


def config(source: Source) -> Iterator[Finding]:
    for name, schema in source.config.items():
        here: Path = ("config", name)
        for keyword in schema:
            if keyword not in _KEYWORDS and not keyword.startswith("x-"):
                message = f"{keyword!r} is no keyword of JSON Schema.{suggestion(keyword, _KEYWORDS)}"
                yield Finding("E308", (*here, keyword), message)
        error = _schema_error(json.dumps(schema))
        if error:
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


@lru_cache
def _schema_error(text: str) -> jsonschema.SchemaError | None:
    """What is wrong with a JSON Schema: many specs of a project have the same ones."""
    try:
        _DIALECT.check_schema(json.loads(text))
    except jsonschema.SchemaError as error:
        return error
    return None


def schedule(source: Source) -> Iterator[Finding]:
    if source.schedule is not None:
        for key, message in schedule_problems(source.schedule.cron, source.schedule.timezone):
            yield Finding("E307", ("schedule", key), message)


def schedule_problems(cron: str | None, zone: str | None) -> Iterator[tuple[str, str]]:
    """What is wrong with a schedule, by the key that it is about."""
    if cron is not None and "{{" not in cron and (problem := _cron_problem(cron)):
        yield "cron", problem
    if zone is None:
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        near = did_you_mean(zone, sorted(available_timezones())) if "/" in zone else ""
        yield "timezone", f"{zone!r} is no time zone, such as Europe/Paris.{near}"


@lru_cache
def _cron_problem(cron: str) -> str | None:
    fields = len(cron.split())
    if not cron.startswith("@") and fields != 5:
        wanted = "5 fields are wanted: minute, hour, day of month, month, day of week"
        return f"{cron!r} is no cron expression. {wanted}. There are {fields}."
    if not croniter.is_valid(cron):
        words = suggestion(cron, ["@hourly", "@daily", "@weekly", "@monthly", "@yearly"]) if cron[:1] == "@" else ""
        order = "" if words else " The order is minute, hour, day of month, month, day of week."
        return f"{cron!r} is no cron expression.{words}{order}"
    try:
        croniter(cron, datetime(2024, 1, 1, tzinfo=UTC)).get_next()
    except CroniterBadDateError:
        return f"{cron!r} never comes: there is no such day."
    return None


def chosen_auth(source: Source) -> Iterator[Finding]:
    """What the config allows to choose must be there to be chosen."""
    auth = source.http.auth
    if not isinstance(auth, ChooseAuth):
        return
    names = names_in(auth.by) if not template_problem(auth.by) else []
    for name in [name[1] for name in names if len(name) == 2 and name[0] == "config" and len(names) == 1]:
        schema = source.config.get(name, {})
        allowed = schema.get("enum", [schema["default"]] if "default" in schema else [])
        if not isinstance(allowed, list):
            continue  # of which something else is said
        for value in [str(value) for value in allowed if str(value) not in auth.of]:
            message = f"config.{name} may be {value!r}, which chooses none.{suggestion(value, list(auth.of))}"
            yield Finding("E322", ("http", "auth", "by"), message)
