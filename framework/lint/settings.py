"""Rules about framework.yaml by itself: references that lead nowhere, secrets written out, places used twice."""

import re
from collections.abc import Iterator

from framework.lint.finding import Finding
from framework.problem import Path, Problem, suggestion
from framework.settings import Environment, Settings
from framework.stages.local import LocalStage
from framework.yaml_file import Document


def of_settings(settings: Settings, document: Document) -> list[Problem]:
    """All findings, in the order of the file."""
    findings = [*_default(settings), *_secrets(settings), *_shared_places(settings)]
    return sorted(document.problem(f.code, f.path, f.message, word=f.word) for f in findings)


def _default(settings: Settings) -> Iterator[Finding]:
    if settings.default_environment not in settings.environments:
        known = suggestion(settings.default_environment, list(settings.environments))
        message = f"there is no environment {settings.default_environment!r}.{known}"
        yield Finding("E409", ("default_environment",), message)


_SECRET_KEYS = {
    "private_key", "private_key_passphrase", "password", "token", "url", "account_key", "connection_string",
    "client_secret",
}  # fmt: skip


def _secrets(settings: Settings) -> Iterator[Finding]:
    for path, text in _texts(settings):
        if text.startswith("secret:") and not re.fullmatch(r"secret:[a-z][a-z0-9_]*#[a-z][a-z0-9_]*", text):
            yield Finding(
                "E409", path, f"{text!r} names no secret: write secret:OWNER#NAME, such as secret:alerts#slack_url."
            )
        elif path[-1] in _SECRET_KEYS and path[-2:-1] != ("hosts",) and not text.startswith(("secret:", "env:")):
            message = (
                "a secret must not stand in the file: write secret:OWNER#NAME, and put the value into the secret store."
            )
            yield Finding("E319", path, message)


def _texts(settings: Settings) -> Iterator[tuple[Path, str]]:
    """What may refer to a secret: all texts of an environment but what its sources say."""
    for name, environment in settings.environments.items():
        dumped = environment.model_dump(include={"stage", "warehouse", "deploy", "alerts"})
        yield from _inside(dumped, ("environments", name))


def _inside(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _inside(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _inside(inner, (*path, index))
    elif isinstance(value, str):
        yield path, value


def _shared_places(settings: Settings) -> Iterator[Finding]:
    stages: dict[object, str] = {}
    warehouses: dict[object, str] = {}
    for name, environment in settings.environments.items():
        for kind, place, seen in (
            ("stage", _stage(environment), stages),
            ("warehouse", _warehouse(environment), warehouses),
        ):
            if place is None:
                continue
            if place in seen:
                message = f"the environment {seen[place]!r} has the same {kind}: the two share positions and tables."
                yield Finding("W403", ("environments", name, kind), message)
            seen.setdefault(place, name)


def _stage(environment: Environment) -> object:
    stage = environment.stage
    return stage.path.rstrip("/") if isinstance(stage, LocalStage) else repr(stage)


def _warehouse(environment: Environment) -> object:
    """None where the machine's environment says which one is meant."""
    values = environment.warehouse.model_dump()
    named = [str(values.get(key)).lower() for key in ("type", "path", "account", "database")]
    return None if any(text.startswith("env:") for text in named) else tuple(named)
