"""YAML → Source, or every problem of the file with its line and column."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from framework.errors import InvalidSpec, SpecError
from framework.problem import Problem
from framework.spec import Source
from framework.type_problems import problems_of
from framework.yaml_file import Document, read

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class SpecFile:
    """A source's YAML: what it says, and what is wrong with it."""

    document: Document
    source: Source | None
    """None where the problems leave nothing to work with."""
    problems: list[Problem]
    """Of syntax and types; lint comes on top."""


def parse(file: str, text: str) -> SpecFile:
    """Reads one file. Never raises for what the file says."""
    document = read(file, text)
    source, problems = parse_document(document, Source)
    return SpecFile(document, source, problems)


def parse_document(document: Document, kind: type[M]) -> tuple[M | None, list[Problem]]:
    """The document as a record of that type, and all that speaks against it."""
    problems = list(document.problems)
    if document.values is None:
        return None, problems
    try:
        return kind.model_validate(document.values), problems
    except ValidationError as error:
        return None, sorted(problems + problems_of(error, document, kind))


def load(path: Path, shown: str | None = None) -> SpecFile:
    """Reads one file from disk. Raises SpecError where it can't be read at all."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SpecError(f"{path}: the file is not UTF-8 text") from None
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}") from None
    return parse(shown or str(path), text)


def require(spec: SpecFile) -> Source:
    """The source, or InvalidSpec with all problems."""
    if spec.problems or spec.source is None:
        raise InvalidSpec(list(spec.problems))
    return spec.source
