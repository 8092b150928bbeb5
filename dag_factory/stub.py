"""The file that Airflow reads for one DAG: a few lines of Python, and below them the spec, as comments.

One file each, because an import error in a file takes all DAGs of that file away. The spec is in it so that Airflow
shows it as the DAG's code, and keeps a version of the code for each version of the spec.
"""

import hashlib
import sys
from pathlib import Path

from framework.project import Project

MARK = "# Made by dag_factory from a spec, for Airflow. Change the spec, not this file."

# Airflow's safe mode reads a file only where it holds both words, dag and airflow.
_STUB = '''\
{mark}
"""The Airflow DAG of the source {name} in the environment {environment}, whose settings are {settings}."""

{imports}from dag_factory import build

dag = build.dag({folder}, "{name}", "{environment}"{pools})
{spec}'''

_RESERVED = {"airflow", "dag_factory", "framework", *sys.stdlib_module_names}


def file_name(name: str) -> str:
    """A file airflow.py would shadow the real one, as would json.py. No source's name holds a hyphen."""
    return f"{name}-dag.py" if name in _RESERVED else f"{name}.py"


def stub(project: Project, name: str, environment: str, inside: Path | None = None, pools: bool = False) -> str:
    """The file's text. For a file that lies in `inside`, a folder of the project, the project is found from the file's
    own place, so that both can be moved together; else its path is written out. Does not read the spec as one: a spec
    with problems shows them in Airflow, by itself."""
    values = {"mark": MARK, "name": name, "environment": environment, "pools": ", pools=True" if pools else ""}
    values |= {"spec": _comment(project, name, environment), "settings": _settings(project, name, environment)}
    if inside and (inside == project.folder or project.folder in inside.parents):
        up = len(inside.relative_to(project.folder).parts)
        folder = f"Path(__file__).absolute().parents[{up}]"
        return _STUB.format(**values, imports="from pathlib import Path\n\n", folder=folder)
    return _STUB.format(**values, imports="", folder=repr(str(project.folder)))


def _settings(project: Project, name: str, environment: str) -> str:
    """A mark that changes with what framework.yaml says of this deployment, so that the file does."""
    found = project.settings.environments[environment]
    mine = found.model_copy(update={"sources": {name: found.sources[name]} if name in found.sources else {}})
    return hashlib.sha256(repr(mine).encode()).hexdigest()[:12]


def _comment(project: Project, name: str, environment: str) -> str:
    settings = project.settings.environments[environment].sources.get(name)
    path = project.specs / f"{settings.spec or name if settings else name}.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    lines = [f"# {line}".rstrip() for line in text.splitlines()]
    return "\n".join(["", f"# {path.relative_to(project.folder)}:", "#", *lines, ""])
