"""A file per DAG, into a folder that Airflow watches."""

import os
from pathlib import Path

from dag_factory.stub import MARK, file_name, stub
from framework.project import find


def render(project_folder: Path, environment: str | None, to: Path, pools: bool = False) -> list[Path]:
    """Writes a file for each deployment of an environment, removes those that an earlier call wrote for one that is
    gone, and returns what it wrote. Does not read the specs: one with problems shows up in Airflow, by itself. Raises
    InvalidSpec or SettingsError."""
    project = find(project_folder.resolve())
    chosen, _ = project.environment(environment)
    to = to.resolve()
    return write(to, {name: stub(project, name, chosen, to, pools) for name in project.deployments(chosen)})


def write(to: Path, texts: dict[str, str]) -> list[Path]:
    """Writes each deployment's file, and removes those of deployments that are gone."""
    to.mkdir(parents=True, exist_ok=True)
    files = {name: to / file_name(name) for name in texts}
    for name, path in files.items():
        _replace(path, texts[name])
    kept = set(files.values())
    for path in sorted(to.glob("*.py")):
        if path not in kept and path.read_text(encoding="utf-8").startswith(MARK):
            path.unlink()
    return list(files.values())


def _replace(path: Path, text: str) -> None:
    """Whole or not at all, since Airflow may be reading; untouched where nothing changed."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)
