"""One file, read and checked by itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from framework.errors import SpecError
from framework.lint import problems_of as problems_of_spec
from framework.lint.settings import of_settings
from framework.problem import Problem
from framework.project import SETTINGS_FILE
from framework.settings import Settings
from framework.spec import Source
from framework.spec_file import load, parse_document
from framework.yaml_file import Document, read_file


@dataclass
class Checked:
    """What is known of a file."""

    path: Path
    document: Document
    problems: list[Problem]
    """All that can be seen without other files."""
    source: Source | None = None
    """Of a spec without problems of types."""
    settings: Settings | None = None
    """Of a framework.yaml without problems of types."""
    unreadable: bool = False
    """Whether it could not be opened at all."""
    partly: bool = False
    """Whether something in it could not be looked at for what is wrong above it."""
    lines: list[str] = field(default_factory=list)
    """Its text, for people to see."""

    @property
    def is_settings(self) -> bool:
        """Whether it is a framework.yaml."""
        return self.path.name == SETTINGS_FILE

    @property
    def complete(self) -> bool:
        """Whether nothing kept it from being looked at as a whole."""
        return self.source is not None or self.settings is not None


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Each file once; of folders, all YAML files below."""
    seen: set[Path] = set()
    for path in paths:
        found = [path]
        if path.is_dir():
            found = sorted(p for p in path.rglob("*.y*ml") if p.suffix in (".yaml", ".yml") and p.is_file())
        for file in found:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def checked(path: Path) -> Checked:
    """Reads and checks a file. Never raises for what it says, or for what it is not."""
    try:
        if path.name == SETTINGS_FILE:
            document = read_file(path)
            settings, problems = parse_document(document, Settings)
            problems = sorted([*problems, *(of_settings(settings, document) if settings else [])])
            return Checked(path, document, problems, settings=settings, lines=document.text.split("\n"))
        spec = load(path)
    except (SpecError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error).removeprefix(f"{path}: ")
        problem = Problem(str(path), 1, 1, "E004", "", f"can't be read: {reason}.")
        return Checked(path, Document(str(path), ""), [problem], unreadable=True)
    problems = problems_of_spec(spec, path.stem)
    partly = spec.sound is None or bool(spec.sound.removed)
    lines = spec.document.text.split("\n")
    return Checked(path, spec.document, problems, source=spec.source, partly=partly, lines=lines)
