"""YAML → Source, or every problem of the file with its line and column."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from framework.errors import InvalidSpec, SpecError
from framework.problem import Problem
from framework.repeats import repeated
from framework.respelt import respelt
from framework.sound import Sound, sound_part
from framework.spec import Source
from framework.type_problems import problems_of
from framework.yaml_file import Document, read, read_file

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class SpecFile:
    """A source's YAML: what it says, and what is wrong with it."""

    document: Document
    """Its misspelt keys as they are meant."""
    source: Source | None
    """None where there are problems of types."""
    problems: list[Problem]
    """Of syntax and types; lint comes on top."""
    sound: Sound | None = None
    """What is left of the source without what the problems are about: for lint, never for a run."""


def parse(file: str, text: str) -> SpecFile:
    """Reads one file. Never raises for what the file says."""
    return _parsed(read(file, text))


def _parsed(document: Document) -> SpecFile:
    document = repeated(document)
    source, problems, meant = _judged(document, Source)
    if source:
        return SpecFile(document, source, problems, Sound(source, frozenset(document.unread)))
    sound = sound_part(meant)
    problems = sorted({*problems, *(sound.problems if sound else ())})
    return SpecFile(meant, None, problems, sound)


def parse_document(document: Document, kind: type[M]) -> tuple[M | None, list[Problem]]:
    """The document as a record of that type, and all that speaks against it."""
    return _judged(document, kind)[:2]


def _judged(document: Document, kind: type[M]) -> tuple[M | None, list[Problem], Document]:
    """Beside it the document as it is meant."""
    problems, context = list(document.problems), _context(document)
    if document.values is None:
        return None, problems, document
    try:
        return kind.model_validate(document.values, by_alias=True, by_name=False, context=context), problems, document
    except ValidationError as error:
        found = problems_of(error, document, kind)
    meant, misspelt = respelt(document, kind, context)
    if misspelt:
        try:
            kind.model_validate(meant.values, by_alias=True, by_name=False, context=context)
            found = misspelt
        except ValidationError as error:
            found = [*misspelt, *problems_of(error, meant, kind)]
    return None, sorted({*problems, *found}), meant


def _context(document: Document) -> dict[str, Any]:
    return {"folder": Path(document.file).parent} if Path(document.file).is_file() else {}


def load(path: Path, shown: str | None = None) -> SpecFile:
    """Reads one file from disk. Raises SpecError where it can't be read at all."""
    try:
        return _parsed(read_file(path, shown))
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}") from None


def require(spec: SpecFile) -> Source:
    """The source, or InvalidSpec with all problems."""
    if spec.problems or spec.source is None:
        raise InvalidSpec(list(spec.problems))
    return spec.source
