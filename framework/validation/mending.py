"""`--fix`: makes the edits that are safe, until none is left. Comments, layout and line ends stay as they are."""

import codecs
import os
from bisect import bisect_right
from pathlib import Path

from framework.lint.noqa import silence
from framework.problem import Edit
from framework.validation.checked import checked
from framework.validation.choice import Choice
from framework.yaml_file import read

_ROUNDS = 20


def mend(path: Path, chosen: Choice) -> int:
    """Mends a file, and returns how many edits that took. An edit that would leave a file that can't be read is not
    made. Doing it again changes nothing. Raises OSError where the file can't be written."""
    mended, refused = 0, set[Edit]()
    for _ in range(_ROUNDS):
        found = checked(path)
        problems = silence(found.document, found.problems, found.complete)
        edits = _apart({p.fix for p in problems if p.fix and p.code in chosen} - refused)
        good = _good(found.document.text, edits)
        refused |= set(edits) - set(good)
        if found.unreadable or not edits:
            break
        if good:
            _write(path, _edited(path.read_bytes(), good))
            mended += len(good)
    return mended


def _apart(edits: set[Edit]) -> list[Edit]:
    """From the end of the file, so that what stands before keeps its place; none that overlaps another."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (-edit.end, -edit.start, edit.text)):
        if not kept or edit.end <= kept[-1].start:
            kept.append(edit)
    return kept


def _good(text: str, edits: list[Edit]) -> list[Edit]:
    """Those that leave the file no harder to read than it was."""
    before, good = len(read("", text).problems), []
    for edit in edits:
        new = text[: edit.start] + edit.text + text[edit.end :]
        if len(read("", new).problems) <= before:
            text = new
            good.append(edit)
    return good


def _edited(old: bytes, edits: list[Edit]) -> bytes:
    """The bytes with edits of their text, which knows neither the byte order mark nor the \\r before a \\n."""
    mark = codecs.BOM_UTF8 if old.startswith(codecs.BOM_UTF8) else b""
    raw = old[len(mark) :].decode("utf-8")
    parts = raw.split("\r\n")
    breaks = [sum(len(part) + 1 for part in parts[: index + 1]) - 1 for index in range(len(parts) - 1)]

    def place(index: int) -> int:
        return index + bisect_right(breaks, index - 1)

    for edit in edits:
        raw = raw[: place(edit.start)] + edit.text + raw[place(edit.end) :]
    return mark + raw.encode("utf-8")


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, with the permissions that it had."""
    path = path.resolve()
    new = path.with_name(f".{path.name}.mended")
    new.write_bytes(content)
    new.chmod(path.stat().st_mode)
    os.replace(new, path)
