"""A project on disk: its framework.yaml, its specs, and one source as it is deployed in one environment."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema

from framework.errors import InvalidSpec, SettingsError
from framework.lint import is_error, problems_of
from framework.lint.noqa import silence
from framework.model import Redactor
from framework.names import with_refs
from framework.problem import suggestion
from framework.secrets import open_stores
from framework.secrets.base import SecretStore
from framework.settings import AirflowTasks, Environment, Settings, SourceSettings
from framework.spec import Mart, Source, Stream
from framework.spec_file import SpecFile, load, parse_document
from framework.tables import Clean
from framework.yaml_file import read_file

SETTINGS_FILE = "framework.yaml"
_FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER


@dataclass(frozen=True)
class Deployment:
    """One source in one environment: the spec with the deployment's names, its config values, and where things are."""

    name: str
    spec_path: Path
    source: Source
    config: dict[str, Any]
    environment_name: str
    environment: Environment
    project: str
    folder: Path
    airflow: AirflowTasks = field(default_factory=AirflowTasks)

    @cached_property
    def secrets(self) -> SecretStore:
        """Where secret values are, opened once."""
        return open_stores(self.environment.secrets, self.folder)


@dataclass(frozen=True)
class Project:
    """A folder with a framework.yaml, or without one: then everything is as its defaults say."""

    folder: Path
    settings: Settings

    @property
    def specs(self) -> Path:
        """The folder of the specs."""
        return self.folder / self.settings.sources

    def environment(self, name: str | None) -> tuple[str, Environment]:
        """The environment that is meant. Raises SettingsError for an unknown one."""
        wanted = name or os.environ.get("FRAMEWORK_ENV") or self.settings.default_environment
        if wanted not in self.settings.environments:
            known = suggestion(wanted, list(self.settings.environments))
            raise SettingsError(f"{self.folder / SETTINGS_FILE}: there is no environment {wanted!r}.{known}")
        return wanted, self.settings.environments[wanted]

    def deployments(self, environment: str) -> list[str]:
        """The names of all deployments of an environment: a spec each, and what framework.yaml adds under others."""
        _, found = self.environment(environment)
        return sorted({path.stem for path in self.specs.glob("*.yaml")} | set(found.sources))

    def deployment(self, asked: str, environment_name: str | None = None) -> Deployment:
        """A source by its name, its deployment's name, or its file. Raises InvalidSpec or SettingsError."""
        chosen, environment = self.environment(environment_name)
        name = Path(asked).stem if asked.endswith((".yaml", ".yml")) else asked
        settings = environment.sources.get(name, SourceSettings())
        path = Path(asked) if name != asked else self._spec_path(settings.spec or name, environment)
        source = _valid(load(path), path)
        config = _config(source, settings, f"{SETTINGS_FILE}: environments.{chosen}.sources.{name}.config")
        return self.deployed(source, path, name, chosen, config)

    def deployed(self, source: Source, path: Path, name: str, environment: str, config: dict[str, Any]) -> Deployment:
        """A source under a deployment's name, with what an environment changes of it."""
        there = self.settings.environments[environment]
        settings = there.sources.get(name, SourceSettings())
        changed = _changed(_named(source, name), settings)
        own = {key: getattr(settings.airflow, key) for key in settings.airflow.model_fields_set}
        tasks = there.airflow.model_copy(update=own)
        return Deployment(name, path, changed, config, environment, there, self.settings.project, self.folder, tasks)

    def _spec_path(self, name: str, environment: Environment) -> Path:
        path = self.specs / f"{name}.yaml"
        if not path.is_file():
            known = [found.stem for found in sorted(self.specs.glob("*.yaml"))] + list(environment.sources)
            raise SettingsError(f"there is no source {name!r}: {path} does not exist.{suggestion(name, known)}")
        return path


def find(start: Path) -> Project:
    """The project that a folder belongs to: the nearest framework.yaml at or above it, else the folder itself. Raises
    InvalidSpec where that file has problems."""
    for folder in (start, *start.parents):
        path = folder / SETTINGS_FILE
        if path.is_file():
            settings, problems = parse_document(read_file(path), Settings)
            if problems or settings is None:
                raise InvalidSpec(list(problems))
            return Project(folder, settings)
    return Project(start, Settings())


def _valid(spec: SpecFile, path: Path) -> Source:
    found = silence(spec.document, problems_of(spec, path.stem), complete=False)
    errors = [problem for problem in found if is_error(problem)]
    if errors or spec.source is None:
        raise InvalidSpec(list(errors))
    return spec.source


def _named(source: Source, name: str) -> Source:
    """The spec under a deployment's name. A deployment of another name puts it into its tables' names, so that two of
    them never meet: CLN_ORDER of shop_eu is CLN_SHOP_EU_ORDER."""
    if name == source.name:
        return source
    tables = [table for stream in source.streams if stream.clean for table in stream.clean.tables]
    tables += [mart.table for mart in source.analytics]
    renamed = {table: table_of(name, table) for table in tables}

    def clean(stream: Stream) -> Clean | None:
        if stream.clean is None:
            return None
        children = {renamed[table]: child for table, child in stream.clean.child_tables.items()}
        return stream.clean.model_copy(update={"table": renamed[stream.clean.table], "child_tables": children})

    def mart(written: Mart) -> Mart:
        sql = with_refs(written.sql, renamed)
        snowflake = written.snowflake and with_refs(written.snowflake, renamed)
        return written.model_copy(update={"table": renamed[written.table], "sql": sql, "snowflake": snowflake})

    return source.model_copy(
        update={
            "name": name,
            "streams": [stream.model_copy(update={"clean": clean(stream)}) for stream in source.streams],
            "analytics": [mart(written) for written in source.analytics],
        }
    )


def table_of(deployment: str, table: str) -> str:
    """CLN_ORDER → CLN_SHOP_EU_ORDER, ORDERS → SHOP_EU_ORDERS"""
    prefix, bracket, rest = table.partition("_")
    if prefix.upper() in ("CLN", "ANL") and rest:
        return f"{prefix}{bracket}{deployment.upper()}_{rest}"
    return f"{deployment.upper()}_{table}"


def _changed(source: Source, settings: SourceSettings) -> Source:
    changes: dict[str, Any] = {}
    if settings.rate_limit:
        changes["http"] = source.http.model_copy(update={"rate_limit": settings.rate_limit})
    override = settings.schedule.model_dump(exclude_none=True)
    if override and source.schedule:
        changes["schedule"] = source.schedule.model_copy(update=override)
    return source.model_copy(update=changes)


def _config(source: Source, settings: SourceSettings, place: str) -> dict[str, Any]:
    """The values that templates see, each checked against the spec's own rule."""
    for name in settings.config:
        if name not in source.config:
            known = suggestion(name, list(source.config))
            raise SettingsError(f"{place}: the source {source.name!r} has no config {name!r}.{known}")
    values: dict[str, Any] = {}
    for name, rule in source.config.items():
        if name in settings.config:
            values[name] = settings.config[name]
            validator = jsonschema.Draft202012Validator(rule, format_checker=_FORMATS)
            for problem in validator.iter_errors(values[name]):
                raise SettingsError(f"{place}.{name}: {problem.message}")
        elif "default" in rule:
            values[name] = rule["default"]
    return values


def resolve(text: str, deployment: Deployment, redactor: Redactor) -> str:
    """`env:NAME` and `secret:OWNER#NAME` in settings → the value; anything else is itself."""
    if text.startswith("env:"):
        value = os.environ.get(text[4:])
        if not value:
            raise SettingsError(f"the environment variable {text[4:]} is not set, which {SETTINGS_FILE} asks for")
        return value
    if text.startswith("secret:"):
        owner, _, name = text[7:].partition("#")
        value = deployment.secrets.get(owner, name)
        if not value:
            place = deployment.secrets.place(owner, name)
            raise SettingsError(f"the secret {owner}.{name} is not set. Put it into {place}.")
        redactor.add(value)
        return value
    return text
