"""What the steps of a run came to, kept in the stage by whichever machine took them, for the run's report.

<project>/_run/<source>/<run>/20260131T060000000000-1a2b3c4d.json
"""

import secrets as entropy
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from framework import exact_json
from framework.errors import StageError
from framework.manifest import Failure, Record
from framework.stages.base import Stage


class Note(Record, frozen=True):
    """One step that is over, well or not. A step that is taken again leaves another one."""

    step: str
    """plan, extract, load, clean, check or marts"""
    at: datetime
    stream: str = ""
    batch: int = 0
    facts: dict[str, Any] = {}
    """Numbers and names, by the words that the report uses."""
    failed: list[Failure] = []
    """The slices of an extract that did not get through."""
    errors: list[str] = []
    warnings: list[str] = []
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    """The time that reading took, added up over the slices."""


_decoder: msgspec.json.Decoder[Note] = msgspec.json.Decoder(Note, float_hook=exact_json.ExactFloat)


class Notes:
    """The notes of one run."""

    def __init__(self, stage: Stage, project: str, source: str, run: str) -> None:
        self._stage, self._folder = stage, f"{project}/_run/{source}/{run}"

    def keep(self, note: Note) -> None:
        """Adds one."""
        name = f"{note.at:%Y%m%dT%H%M%S%f}-{entropy.token_hex(4)}"
        self._stage.put_if_absent(f"{self._folder}/{name}.json", exact_json.encode(note))

    def all(self) -> list[Note]:
        """Oldest first."""
        return list(self._read())

    def _read(self) -> Iterator[Note]:
        for found in self._stage.list(f"{self._folder}/"):
            text = self._stage.read(found.key)
            if text is None:
                continue
            try:
                yield _decoder.decode(text)
            except msgspec.DecodeError as error:
                raise StageError(f"{found.key} is no note that this version knows: {error}") from None


def newest(notes: list[Note]) -> dict[tuple[str, str, int], Note]:
    """By stream, step and batch: the last word on it."""
    return {(note.stream, note.step, note.batch): note for note in notes}
