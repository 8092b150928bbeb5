"""The files that belong together: the specs of one project, and its framework.yaml."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from framework.problem import Path as Place
from framework.problem import Problem
from framework.project import SETTINGS_FILE, Project
from framework.settings import Environment, Settings
from framework.spec import Source
from framework.validation.checked import Checked, checked

Found = Iterator[tuple[Checked, Problem]]
"""Problems, each with the file that it stands in."""


@dataclass
class Group:
    """A project, as far as its files were asked for."""

    settings: Checked | None
    """Its framework.yaml, None where there is none."""
    asked: bool
    """Whether that was asked for too, so that problems may be reported in it."""
    specs: list[Checked] = field(default_factory=list)

    @property
    def environments(self) -> dict[str, Environment]:
        """By name; one that is all defaults where no framework.yaml says otherwise."""
        return self.project.settings.environments

    @cached_property
    def project(self) -> Project:
        """The project, of defaults where there is no framework.yaml, or none that can be read."""
        folder = self.settings.path.resolve().parent if self.settings else Path.cwd()
        settings = self.settings.settings if self.settings else None
        return Project(folder, settings or Settings())

    @cached_property
    def sources(self) -> dict[str, tuple[Checked, Source]]:
        """The specs that can be read, by name; of two of one name the first."""
        found: dict[str, tuple[Checked, Source]] = {}
        for spec in self.specs:
            if spec.source:
                found.setdefault(spec.source.name, (spec, spec.source))
        return found

    def source(self, name: str) -> Source | None:
        """A source by its name, whether it was asked for or not; None where there is none that can be read."""
        if name in self.sources:
            return self.sources[name][1]
        path = self.project.specs / f"{name}.yaml"
        return checked(path).source if path.is_file() else None

    def problem(self, checked: Checked, code: str, place: Place, message: str) -> tuple[Checked, Problem]:
        """A problem at a place of one of the files."""
        return checked, checked.document.problem(code, place, message)


def groups(files: list[Checked]) -> Iterator[Group]:
    """A group for each framework.yaml at or above the files, and one for specs that have none. A spec outside the
    project's own folder of specs belongs to nothing: it is a group of its own."""
    asked = {each.path.resolve(): each for each in files if each.is_settings}
    found: dict[Path | None, Group] = {path: Group(each, True) for path, each in asked.items()}
    above: dict[Path, Path | None] = {}
    for each in files:
        if each.is_settings or each.unreadable:
            continue
        folder = each.path.resolve().parent
        if folder not in above:
            above[folder] = next((p for up in (folder, *folder.parents) if (p := up / SETTINGS_FILE).is_file()), None)
        path = above[folder]
        if path not in found:
            found[path] = Group(checked(path) if path else None, False)
        group = found[path]
        if path is None or group.project.specs.resolve() in (folder, *folder.parents):
            group.specs.append(each)
        else:
            yield Group(None, False, [each])
    yield from found.values()
