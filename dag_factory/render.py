"""A file per DAG, into a folder that Airflow watches: `python -m dag_factory.render --to dags/`.

One file each, because an import error in a file takes all DAGs of that file away.
"""

import argparse
import os
import sys
from pathlib import Path

from framework.errors import FrameworkError
from framework.project import Project, find

_MARK = "# Made by dag_factory.render. Change the spec, not this file."

# Airflow's safe mode reads a file only where it holds both words, dag and airflow.
_STUB = '''\
{mark}
"""The Airflow DAG of the source {name} in the environment {environment}."""

{imports}from dag_factory import build

dag = build.dag({folder}, "{name}", "{environment}")
'''

_RESERVED = {"airflow", "dag_factory", "framework", *sys.stdlib_module_names}


def render(project_folder: Path, environment: str | None, to: Path) -> list[Path]:
    """Writes a file for each deployment of an environment, removes those that an earlier call wrote for one that is
    gone, and returns what it wrote. Does not read the specs: one with problems shows up in Airflow, by itself. Raises
    InvalidSpec or SettingsError."""
    project = find(project_folder.resolve())
    chosen, _ = project.environment(environment)
    to = to.resolve()
    to.mkdir(parents=True, exist_ok=True)
    written = []
    for name in deployments(project, chosen):
        path = to / _file_name(name)
        _replace(path, _stub(project.folder, name, chosen, to))
        written.append(path)
    for path in sorted(to.glob("*.py")):
        if path not in written and path.read_text(encoding="utf-8").startswith(_MARK):
            path.unlink()
    return written


def deployments(project: Project, environment: str) -> list[str]:
    """The names of all deployments of an environment: a spec each, and what framework.yaml adds under other names."""
    _, found = project.environment(environment)
    return sorted({path.stem for path in project.specs.glob("*.yaml")} | set(found.sources))


def _file_name(name: str) -> str:
    """A file airflow.py would shadow the real one, as would json.py. No source's name holds a hyphen."""
    return f"{name}-dag.py" if name in _RESERVED else f"{name}.py"


def _stub(project: Path, name: str, environment: str, to: Path) -> str:
    """Inside the project its folder is found from the file's own place, so that both can be moved together."""
    values = {"mark": _MARK, "name": name, "environment": environment}
    if to == project or project in to.parents:
        up = len(to.relative_to(project).parts)
        folder = f"Path(__file__).absolute().parents[{up}]"
        return _STUB.format(**values, imports="from pathlib import Path\n\n", folder=folder)
    return _STUB.format(**values, imports="", folder=repr(str(project)))


def _replace(path: Path, text: str) -> None:
    """Whole or not at all, since Airflow may be reading; untouched where nothing changed."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m dag_factory.render", description="A file per DAG, for Airflow.")
    parser.add_argument("--project", metavar="DIR", type=Path, default=Path(), help="the project (default: here)")
    parser.add_argument(
        "--env", metavar="E", help="an environment of framework.yaml (default: FRAMEWORK_ENV, or its own)"
    )
    parser.add_argument("--to", metavar="DIR", type=Path, required=True, help="the folder that Airflow watches")
    asked = parser.parse_args(arguments)
    try:
        for path in render(asked.project, asked.env, asked.to):
            sys.stdout.write(f"{path}\n")
    except FrameworkError as error:
        sys.stderr.write(f"dag_factory.render: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
