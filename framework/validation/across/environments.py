"""What framework.yaml gives each source in each environment, held against what the source asks for."""

from collections.abc import Iterator

import jsonschema

from framework.lint.whole import schedule_problems
from framework.problem import Path, suggestion
from framework.settings import SourceSettings
from framework.spec import Source
from framework.validation.across.group import Found, Group
from framework.validation.checked import Checked

_FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER


def environments(group: Group) -> Found:
    """Values that are missing, unknown or wrong, and schedules that can't run."""
    if not group.settings or not group.settings.settings:
        return
    for environment, there in group.environments.items():
        if group.asked:
            for name, settings in there.sources.items():
                source = group.source(settings.spec or name)
                if source:
                    yield from _given(group, group.settings, source, (environment, name), settings)
        for name, settings in deployments(group, environment):
            source = group.source(settings.spec or name)
            if source and (settings.spec or name) in group.sources:
                yield from _missing(group, source, (environment, name), settings)


def deployments(group: Group, environment: str) -> Iterator[tuple[str, SourceSettings]]:
    """What runs in an environment: a spec each, and what framework.yaml adds under other names. A spec that is only
    deployed under other names is not expected to run under its own."""
    there = group.environments[environment].sources
    elsewhere = {settings.spec for name, settings in there.items() if settings.spec and settings.spec != name}
    for name in group.sources:
        if name not in there and name not in elsewhere:
            yield name, SourceSettings()
    yield from there.items()


def _given(group: Group, file: Checked, source: Source, where: tuple[str, str], settings: SourceSettings) -> Found:
    place: Path = ("environments", where[0], "sources", where[1])
    for name, value in settings.config.items():
        here: Path = (*place, "config", name)
        if name not in source.config:
            message = f"the source {source.name!r} has no config {name!r}.{suggestion(name, list(source.config))}"
            yield file, file.document.problem("E405", here, message, at_key=True)
            continue
        validator = jsonschema.Draft202012Validator(source.config[name], format_checker=_FORMATS)
        for error in validator.iter_errors(value):
            message = f"{error.message}, which the source {source.name!r} asks for."
            yield group.problem(file, "E406", (*here, *error.absolute_path), message)
    for key, message in schedule_problems(settings.schedule.cron, settings.schedule.timezone):
        yield group.problem(file, "E407", (*place, "schedule", key), message)
    if source.schedule is None and settings.schedule.model_fields_set:
        message = f"the source {source.name!r} has no schedule that this could change: write `schedule` into its spec."
        yield group.problem(file, "E407", (*place, "schedule"), message)


def _missing(group: Group, source: Source, where: tuple[str, str], settings: SourceSettings) -> Found:
    environment, name = where
    for wanted, rule in source.config.items():
        if wanted in settings.config or "default" in rule:
            continue
        file, _ = group.sources[source.name]
        line = f"environments.{environment}.sources.{name}.config.{wanted}"
        message = f"{environment!r} gives {name!r} no value for {wanted!r}, which has no default. Write {line}."
        place: Path = ("config", wanted)
        if group.settings and group.asked:
            file, place = group.settings, ("environments", environment, "sources", name)
            place = place if place in file.document.keys else ("environments", environment)
        else:
            message = f"{message[:-1]} in framework.yaml."
        yield file, file.document.problem("E404", place, message, at_key=True)
