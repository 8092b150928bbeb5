"""Rules about the source as a whole: its name, its config, its schedule."""

from collections.abc import Iterator
from datetime import UTC, datetime
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


def schedule(source: Source) -> Iterator[Finding]:
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
        near = did_you_mean(zone, sorted(available_timezones())) if "/" in zone else ""
        message = f"{zone!r} is no time zone, such as Europe/Paris.{near}"
        yield Finding("E307", ("schedule", "timezone"), message)


def chosen_auth(source: Source) -> Iterator[Finding]:
    """What the config allows to choose must be there to be chosen."""
    auth = source.http.auth
    if not isinstance(auth, ChooseAuth):
        return
    names = names_in(auth.by) if not template_problem(auth.by) else []
    for name in [name[1] for name in names if len(name) == 2 and name[0] == "config" and len(names) == 1]:
        schema = source.config.get(name, {})
        allowed = schema.get("enum", [schema["default"]] if "default" in schema else [])
        for value in [str(value) for value in allowed if str(value) not in auth.of]:
            message = f"config.{name} may be {value!r}, which chooses none.{suggestion(value, list(auth.of))}"
            yield Finding("E330", ("http", "auth", "by"), message)
