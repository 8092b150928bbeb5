"""Edits for problems of types, where what is meant is plain: quotes, another spelling, the unit of a duration."""

import re
from typing import Any

from framework.mend import raw, renamed, replaced
from framework.problem import Edit, Path, nearest
from framework.window import parse_length
from framework.yaml_file import Document

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms"),
}


def same_word(wrong: object, known: list[str]) -> str | None:
    """The word that differs in case, dashes and underscores alone."""
    near = nearest(wrong, known)
    return near if near is not None and near != wrong and _letters(near) == _letters(str(wrong)) else None


def _letters(word: str) -> str:
    return re.sub(r"[-_ ]", "", word).lower()


def key(document: Document, path: Path, known: list[str]) -> Edit | None:
    """A key in another spelling, unless the right one is there too."""
    right = same_word(path[-1], known)
    return renamed(document, path, right) if right and (*path[:-1], right) not in document.keys else None


def word(document: Document, path: Path, value: Any, known: list[str]) -> Edit | None:
    """A word in another spelling, or in quotes that it must not have."""
    if isinstance(value, str) and value in known:
        return raw(document, path, value)
    right = same_word(value, known) if isinstance(value, str) else None
    return replaced(document, path, right) if right else None


def kind(document: Document, path: Path, value: Any, wanted: list[str], takes_text: bool) -> Edit | None:
    """A plain value that has quotes too many or too few, or lacks its brackets."""
    if path not in document.spans:
        return None
    stands = document.text[slice(*document.spans[path])]
    if "text" in wanted and isinstance(value, int | float) and not isinstance(value, bool) and stands[:1] not in "'\"":
        return raw(document, path, f'"{stands}"')
    if not isinstance(value, str):
        return None
    numbers = {"a whole number": r"-?\d+", "a number": r"-?\d+(\.\d+)?", "true or false": "true|false"}
    if any(name in wanted and re.fullmatch(pattern, value) for name, pattern in numbers.items()):
        return raw(document, path, value)
    if wanted == ["true or false"] and value.lower() in ("yes", "no", "on", "off", "true", "false"):
        return raw(document, path, "true" if value.lower() in ("yes", "on", "true") else "false")
    if wanted == ["a list"] and takes_text and "\n" not in stands:
        return raw(document, path, f"[{stands}]") if "," not in value and stands[:1] not in "|>" else None
    return None


def duration(document: Document, path: Path, value: Any) -> Edit | None:
    """A length of time that other tools write in words, or as ISO 8601 does."""
    if not isinstance(value, str):
        return None
    text = _in_words(value.strip()) or _iso(value.strip())
    if text is None:
        return None
    try:
        parse_length(text)
    except ValueError:
        return None
    return replaced(document, path, text)


def _in_words(text: str) -> str | None:
    parts = re.findall(r"(\d+) ?([A-Za-z]+)", text)
    if (
        parts
        and not re.sub(r"(\d+) ?([A-Za-z]+)|[ ,]|\band\b", "", text)
        and all(u.lower() in _UNITS for _, u in parts)
    ):
        return "".join(number + _UNITS[unit.lower()] for number, unit in parts)
    return f"1{_UNITS[text.lower()]}" if len(text) > 2 and text.lower() in _UNITS else None


def _iso(text: str) -> str | None:
    """P30D → 30d, PT1H30M → 1h30m; months and years in Length are 1mo, 1y."""
    found = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    if not found:
        return None
    units = ("y", "mo", "w", "d", "h", "m", "s")
    return "".join(f"{count}{unit}" for count, unit in zip(found.groups(), units, strict=True) if count) or None


def jmespath(document: Document, path: Path, value: Any) -> Edit | None:
    """A JSONPath that begins with $ and is JMESPath otherwise."""
    if not isinstance(value, str) or not re.fullmatch(r"\$(\.[A-Za-z_]\w*|\[\d+\]|\[\*\])*", value):
        return None
    return replaced(document, path, value.lstrip("$").lstrip(".") or "@")
