"""Edits of a YAML file's text at the places of its values: comments and layout stay as they are."""

import re

from framework.problem import Edit, Path
from framework.yaml_file import Document

_PLAIN = re.compile(r"[A-Za-z0-9_@][\w.@+-]*")
"""A text that needs no quotes, unless it reads as something else."""
_OTHER = re.compile(r"(?i:true|false|null|yes|no|on|off)|0[ox][0-9a-fA-F]+|(\d+(\.\d*)?)([eE][-+]?\d+)?")


def replaced(document: Document, path: Path, text: str, word: str = "") -> Edit | None:
    """Another value, or another word in it. Quotes are kept where the value has them. None where it is no plain value,
    or one that the file does not hold as it is."""
    if path not in document.spans:
        return None
    start, end = document.spans[path]
    old = document.text[start:end]
    if word:
        places = [found.start() for found in re.finditer(rf"(?<![\w.]){re.escape(word)}(?!\w)", old)]
        if not places or (old[:1] == "'" and "'" in text):
            return None
        return Edit(start + places[0], start + places[0] + len(word), text)
    if "{{" in old or old[:1] in ("|", ">", "&", "*", "!"):
        return None
    return Edit(start, end, f"{old[0]}{text}{old[0]}" if old[:1] in ("'", '"') else written(text))


def raw(document: Document, path: Path, text: str) -> Edit | None:
    """Another value, as it is to stand in the file."""
    if path not in document.spans or "{{" in document.text[slice(*document.spans[path])]:
        return None
    return Edit(*document.spans[path], text)


def written(text: str) -> str:
    """A text as YAML has it, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and not _OTHER.fullmatch(text) and text[0] != "@":
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def renamed(document: Document, path: Path, key: str) -> Edit | None:
    """Another key for the value at a path."""
    if path not in document.keys:
        return None
    line, column = document.keys[path]
    start = sum(len(row) + 1 for row in document.text.split("\n")[: line - 1]) + column - 1
    old = str(path[-1])
    if not document.text.startswith(old, start):
        return None  # in quotes, or filled in
    return Edit(start, start + len(old), key)


def taken_out(document: Document, path: Path) -> Edit | None:
    """The list without one of its items: a line of its own, or an item between brackets."""
    if path not in document.spans or not isinstance(path[-1], int):
        return None
    text, (start, end) = document.text, document.spans[path]
    row, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    if re.fullmatch(r"\s*-\s+", text[row:start]) and re.fullmatch(r"\s*(#.*)?", text[end:line_end]):
        others = [other for other in document.starts if other[:-1] == path[:-1] and other != path]
        return Edit(row, min(line_end + 1, len(text)), "") if others else None
    after = re.compile(r"\s*,[ \t]*").match(text, end)
    if after:
        return Edit(start, after.end(), "")
    before = re.search(r"[\[,]\s*$", text[:start])
    if before and re.match(r"\s*\]", text[end:]):
        return Edit(before.start() if before[0][0] == "," else before.start() + 1, end, "")
    return None
