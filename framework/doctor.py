"""Whether an environment can be used: stage, clock, warehouse and secrets, each tried as a run would use it."""

import secrets as entropy
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

from framework.errors import FrameworkError, InvalidSpec, StageError
from framework.model import Redactor
from framework.project import Deployment, Project, resolve
from framework.settings import Environment
from framework.spec import Source
from framework.stages.base import Leftover, Stage
from framework.warehouses.base import Opening
from framework.workspace import CLOUDS

CLOCK_SECONDS, CLOCK_WRONG_SECONDS = 60.0, 300.0
"""How far the clock may be off without a word, and at all: stores refuse what is signed a quarter of an hour off."""


@dataclass(frozen=True)
class Finding:
    """One thing that was tried."""

    about: str
    what: str
    state: Literal["ok", "warning", "failed"]
    found: str


def examine(project: Project, environment_name: str | None, now: datetime) -> Iterator[Finding]:
    """Tries everything; what fails holds back nothing else. Leaves three small objects below <project>/_doctor/."""
    chosen, environment = project.environment(environment_name)
    deployed = Deployment(
        "", project.folder, _NO_SOURCE, {}, chosen, environment, project.settings.project, project.folder
    )
    redactor = Redactor()
    for finding in _examined(project, deployed, chosen, now, redactor):
        yield Finding(finding.about, finding.what, finding.state, redactor(finding.found))


def _examined(
    project: Project, deployed: Deployment, chosen: str, now: datetime, redactor: Redactor
) -> Iterator[Finding]:
    yield from _settings(deployed, redactor)
    yield from _stage(deployed, now, redactor)
    yield from _warehouse(deployed, redactor)
    for name in project.deployments(chosen):
        yield from _source(project, name, chosen, deployed, redactor)


def _settings(deployed: Deployment, redactor: Redactor) -> Iterator[Finding]:
    """Every reference of the environment leads to a value."""
    for reference in references(deployed.environment):
        yield _tried("settings", reference, partial(_reference, reference, deployed, redactor))


def _reference(reference: str, deployed: Deployment, redactor: Redactor) -> str:
    resolve(reference, deployed, redactor)
    return "set"


def references(environment: Environment) -> list[str]:
    """Every `secret:OWNER#NAME` and `env:NAME` of an environment."""

    def within(value: Any) -> Iterator[str]:
        if isinstance(value, str) and value.startswith(("secret:", "env:")):
            yield value
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from within(inner)

    return sorted(set(within(environment.model_dump(mode="json", exclude={"sources", "hosts"}))))


def _stage(deployed: Deployment, now: datetime, redactor: Redactor) -> Iterator[Finding]:
    try:
        spec = deployed.environment.stage
        stage: Stage = spec.open(deployed.folder, lambda text: resolve(text, deployed, redactor))
    except FrameworkError as error:
        yield Finding("stage", "open it", "failed", str(error))
        return
    folder = f"{deployed.project}/_doctor"
    probes: dict[str, Callable[[Stage, str], str]] = {
        "list": _list,
        "write where nothing is": _put_if_absent,
        "publish, and never over another": _publish,
        "find and discard old uploads": _discard,
        "remove old notes": _remove,
    }
    for what, probe in probes.items():
        yield _tried("stage", what, partial(probe, stage, folder))
    yield _clock(stage, now)


def _list(stage: Stage, folder: str) -> str:
    next(iter(stage.list(f"{folder}/")), None)
    return stage.url


def _put_if_absent(stage: Stage, folder: str) -> str:
    """The log's one need: of two writers one wins."""
    key = f"{folder}/put-if-absent"
    stage.put_if_absent(key, b"first")
    if stage.put_if_absent(key, entropy.token_bytes(8)) or stage.read(key) != b"first":
        raise StageError(
            f"{stage.url} writes over what is there though it is told not to (If-None-Match: *): two runs could log "
            "the same work. Use a store that keeps conditional writes."
        )
    return "the second of two writers is refused"


def _publish(stage: Stage, folder: str) -> str:
    """A part becomes visible once, whole, and stays as it is."""
    key = f"{folder}/published"
    for _ in range(2):
        before, data = stage.read(key), entropy.token_bytes(8)
        upload = stage.prepare(key)
        upload.write(data)
        handle = upload.finish()
        if stage.read(key) != before:
            raise StageError(f"{stage.url} shows an upload before it is completed: a loader would take it too early")
        stage.publish(key, handle, len(data))
        if stage.read(key) != (before or data):
            raise StageError(
                f"{stage.url} completes an upload over an object that is there (CompleteMultipartUpload with "
                "If-None-Match: *): a part could change after it was loaded. Use a store that refuses that."
            )
    return "an upload is invisible until it is completed, and replaces nothing"


def _discard(stage: Stage, folder: str) -> str:
    key = f"{folder}/discarded"
    upload = stage.prepare(key)
    upload.write(b"x")
    handle = upload.finish()
    if not stage.is_prepared(key, handle, 1):
        raise StageError(f"{stage.url} does not know an upload that was just made")
    found = sum(1 for _ in stage.leftovers(datetime(2100, 1, 1, tzinfo=UTC), f"{folder}/"))
    stage.discard(Leftover(key, handle))
    if not found or stage.is_prepared(key, handle, 1):
        raise StageError(f"{stage.url} does not list the uploads that are open, or keeps what is aborted")
    return "an open upload is found and aborted"


def _remove(stage: Stage, folder: str) -> str:
    """The notes of old runs are all that is ever removed."""
    key = f"{folder.rpartition('/')[0]}/_run/_doctor/{entropy.token_hex(4)}"
    stage.put_if_absent(key, b"x")
    stage.remove([key])
    if stage.read(key) is not None:
        raise StageError(f"{stage.url} keeps what is removed")
    return "an object is written and removed"


def _clock(stage: Stage, now: datetime) -> Finding:
    try:
        off = (now - stage.time()).total_seconds()
    except FrameworkError as error:
        return Finding("clock", "against the stage's", "failed", str(error))
    told = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the stage's clock"
    if abs(off) <= CLOCK_SECONDS:
        return Finding("clock", "against the stage's", "ok", told)
    state: Literal["warning", "failed"] = "failed" if abs(off) > CLOCK_WRONG_SECONDS else "warning"
    return Finding("clock", "against the stage's", state, f"{told}: set it, as with NTP")


def _warehouse(deployed: Deployment, redactor: Redactor) -> Iterator[Finding]:
    def select() -> str:
        environment = deployed.environment
        opening = Opening(
            deployed.folder,
            lambda text: resolve(text, deployed, redactor),
            CLOUDS.get(environment.stage.type, ""),
            {"project": deployed.project, "step": "doctor"},
        )
        with closing(environment.warehouse.open(opening)) as warehouse:
            warehouse.execute("select 1")
            return warehouse.url

    yield _tried("warehouse", "connect and ask", select)


def _source(project: Project, name: str, chosen: str, deployed: Deployment, redactor: Redactor) -> Iterator[Finding]:
    try:
        source = project.deployment(name, chosen).source
    except InvalidSpec as error:
        found = f"{len(error.problems)} problems: see `framework validate`"
        yield Finding(name, "read its spec", "failed", found)
        return
    except FrameworkError as error:
        yield Finding(name, "read its spec", "failed", str(error))
        return
    optional = bool(getattr(source.http.auth, "optional", False))
    for secret in source.secrets:
        yield _secret(deployed, name, secret, optional, redactor)


def _secret(deployed: Deployment, owner: str, name: str, optional: bool, redactor: Redactor) -> Finding:
    what = f"secret {name}"
    try:
        value = deployed.secrets.get(owner, name)
    except FrameworkError as error:
        return Finding(owner, what, "failed", str(error))
    if value is not None:
        redactor.add(value)
        return Finding(owner, what, "ok", "set")
    place = f"not set. Put it into {deployed.secrets.place(owner, name)}."
    return Finding(owner, what, "warning" if optional else "failed", f"optional, {place}" if optional else place)


def _tried(about: str, what: str, probe: Callable[[], str]) -> Finding:
    try:
        return Finding(about, what, "ok", probe())
    except FrameworkError as error:
        return Finding(about, what, "failed", str(error))


_NO_STREAM = {"name": "none", "request": {"path": "/"}}
_NO_SOURCE = Source.model_validate(
    {"version": 1, "name": "none", "http": {"base_url": "https://none.example"}, "streams": [_NO_STREAM]}
)
"""For what concerns no source."""
