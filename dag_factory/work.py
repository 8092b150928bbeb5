"""One step as a value, and the ways to take it: in this process, by another Python, or in a container.

    python -m dag_factory.work '{"folder": …, "verb": "plan", …}'

takes a step and writes its answer, one line of JSON, to standard output; what it logs goes to standard error.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any

from framework.errors import FrameworkError, SettingsError
from framework.settings import AirflowTasks

_FOR_ANY_SOURCE = ("AWS_", "AZURE_", "GOOGLE_", "FRAMEWORK_", "SNOWFLAKE_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Work:
    """A step of one deployment, and what it is handed."""

    folder: str
    source: str
    environment: str
    verb: str
    stream: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)


class Failed(FrameworkError):
    """A step that was not taken to its end; says whether and when to try again."""


def take(work: Work, how: AirflowTasks, environment: Mapping[str, str], log: logging.Logger) -> Any:
    """Takes the step where the settings say. Raises Failed, with secrets hidden."""
    command = command_of(work, how, environment)
    return _elsewhere(command, log) if command else here(work)


def here(work: Work) -> Any:
    """Takes the step in this process."""
    steps = import_module("dag_factory.steps")  # the engine is loaded by a worker, never when a DAG is parsed
    hide: Callable[[str], str] = str
    try:
        workspace = steps.open_workspace(work.folder, work.source, work.environment)
        hide = workspace.redactor
        return steps.take(workspace, work.verb, work.stream, work.given)
    except FrameworkError as error:
        raise _failed(hide(str(error)), error.final, error.wait_seconds) from None


def command_of(work: Work, how: AirflowTasks, environment: Mapping[str, str]) -> list[str] | None:
    """The command that takes the step elsewhere, None for here. A pod is made by Airflow's executor, around here."""
    module = ["-m", "dag_factory.work", json.dumps(asdict(work))]
    if how.isolation == "virtualenv":
        if not how.python:
            raise SettingsError("`airflow.isolation: virtualenv` needs `airflow.python`: the interpreter to use")
        return [how.python, *module]
    if how.isolation == "docker":
        if not how.image:
            raise SettingsError("`airflow.isolation: docker` needs `airflow.image`: the image to use")
        return ["docker", "run", "--rm", *_flags(work, how, environment), how.image, *module]
    return None


def _flags(work: Work, how: AirflowTasks, environment: Mapping[str, str]) -> Iterator[str]:
    """The project at its own path, and variables by name: their values are in no command line."""
    yield from ("--volume", f"{work.folder}:{work.folder}", "--workdir", work.folder, "--entrypoint", "python")
    if how.resources.cpu:
        yield from ("--cpus", how.resources.cpu)
    if how.resources.memory:
        yield from ("--memory", how.resources.memory)
    mine = (f"{work.source.upper()}_", *_FOR_ANY_SOURCE)
    for name in sorted(environment):
        if name.upper().startswith(mine):
            yield from ("--env", name)


def _elsewhere(command: Sequence[str], log: logging.Logger) -> Any:
    """Runs it, its log going into ours line by line."""
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise _failed(f"can't start {command[0]}: {error.strerror}", True, None) from None
    with process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            for line in process.stderr:
                log.info("%s", line.rstrip())
            answer = process.stdout.read()
        except BaseException:
            process.terminate()
            raise
    return _answered(answer, process.returncode)


def _answered(text: str, status: int) -> Any:
    lines = text.strip().splitlines()
    try:
        answer = json.loads(lines[-1]) if lines else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise _failed(f"the step ended with status {status} and gave no answer; its log says why", False, None)
    if "error" in answer:
        raise _failed(answer["error"], answer["final"], answer["wait_seconds"])
    return answer["result"]


def _failed(text: str, final: bool, wait: float | None) -> Failed:
    error = Failed(text)
    error.final, error.wait_seconds = final, wait
    return error


def main(arguments: Sequence[str]) -> int:
    """Takes the step that the command line describes, here."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        answer = {"result": here(Work(**json.loads(arguments[0])))}
    except Failed as error:
        answer = {"error": str(error), "final": error.final, "wait_seconds": error.wait_seconds}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 1 if "error" in answer else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
