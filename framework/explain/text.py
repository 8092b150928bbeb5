"""What is said of a source, laid out for a terminal."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Facts = dict[str, Any]
Style = Callable[[str], str]
_LABEL = 13
_PLAIN: Style = str


def bold(text: str) -> str:
    """Set off on a terminal."""
    return f"\033[1m{text}\033[0m"


def dim(text: str) -> str:
    """Held back on a terminal."""
    return f"\033[2m{text}\033[0m"


class Layout:
    """Lines of at most so many columns, labels to the left."""

    def __init__(self, width: int, colours: bool) -> None:
        self.width = max(width, 40)
        self.strong, self.weak = (bold, dim) if colours else (_PLAIN, _PLAIN)

    def part(self, label: str, texts: Iterable[str], indent: int = 2) -> Iterator[str]:
        """A label and what stands beside it, a text a line or more; nothing where there is no text."""
        for number, text in enumerate(texts):
            shown = label if number == 0 else ""
            yield from self._beside(shown, text, indent)

    def _beside(self, label: str, text: str, indent: int) -> Iterator[str]:
        left = indent + _LABEL
        first, *more = _wrapped(text, self.width - left)
        yield f"{' ' * indent}{self.weak(label.ljust(_LABEL))}{first}".rstrip()
        yield from (f"{' ' * left}  {line}" for line in more)

    def title(self, name: str, about: str) -> Iterator[str]:
        """A name, and what it is about."""
        first, *more = _wrapped(f"{name} – {about}" if about else name, self.width)
        yield self.strong(name) + first[len(name) :]
        yield from (f"  {line}" for line in more)

    def beside(self, text: str, indent: int) -> Iterator[str]:
        """A text, indented."""
        yield from (f"{' ' * indent}{line}" for line in _wrapped(text, self.width - indent) if line)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of that width, those after the first two columns shorter; broken at spaces, a URL before its `&`."""
    lines = [""]
    for word in re.findall(r"\s?(?:[^\s&]|&(?=&| ))+|\s?&[^\s&]*", text):
        room = width - (2 if len(lines) > 1 else 0)
        if lines[-1] and len(lines[-1]) + len(word) > room:
            lines.append("")
            room = width - 2
        lines[-1] += word if lines[-1] else word.lstrip()
        while len(lines[-1]) > room:
            lines[-1:] = [lines[-1][:room], lines[-1][room:]]
            room = width - 2
    return lines


def text(facts: Facts, width: int, colours: bool, whole: bool = True) -> str:
    """All of it, or the streams alone."""
    layout = Layout(width, colours)
    if not whole:
        return "\n".join(_streams(facts, layout)).lstrip("\n")
    return "\n".join([*_head(facts, layout), *_streams(facts, layout), *_marts(facts, layout)])


def _head(facts: Facts, layout: Layout) -> Iterator[str]:
    yield from layout.title(facts["source"], facts["title"])
    yield from layout.beside(facts["description"], 2)
    yield from layout.part("environment", [facts["environment"]])
    yield from layout.part("API", facts["api"])
    schedule = facts["schedule"]
    yield from layout.part("schedule", [schedule["words"], *schedule.get("next_in_words", [])])
    config = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in facts["config"].items()]
    yield from layout.part("config", config)
    yield from layout.part("secrets", [", ".join(facts["secrets"])] if facts["secrets"] else [])
    yield from layout.part("RAW", [facts["raw_table"]])
    yield from layout.part("shown is", [facts["range"]])


def _streams(facts: Facts, layout: Layout) -> Iterator[str]:
    for stream in facts["streams"]:
        yield ""
        yield from layout.title(stream["name"], stream["description"])
        yield from layout.part("reads", stream["reads"])
        yield from layout.part("repeated", [f"for {each}" for each in stream["repeated_for"]])
        yield from _slices(stream["slices"], layout)
        for request in stream["requests"]:
            yield from layout.part(request["what"], _request(request))
        yield from layout.part("pages", stream["paging"])
        yield from layout.part("records", stream["records"])
        yield from layout.part("answers", stream["responses"])
        yield from _table(stream["table"], layout)
        yield from layout.part("checks", stream["checks"])


def _slices(slices: Facts, layout: Layout) -> Iterator[str]:
    if slices["first"] == ["everything"]:
        return
    yield from layout.part("slices", [slices["words"], *slices["first"]])
    if slices["count"] > len(slices["first"]):
        yield from layout.part("", [f"… and {slices['count'] - len(slices['first']):,} more"])


def _request(request: Facts) -> Iterator[str]:
    yield f"{request['method']} {request['url']}"
    yield from (f"{name}: {value}" for name, value in request.get("headers", {}).items())
    if "json" in request:
        yield json.dumps(request["json"], ensure_ascii=False)
    if "form" in request:
        yield "&".join(f"{name}={value}" for name, value in request["form"])
    if request.get("params"):
        yield ", ".join(f"{name}={value}" for name, value in request["params"].items())
    if "problem" in request:
        yield f"as it is written: {request['problem']}"
    if "hook" in request:
        yield f"then changed by {request['hook']}"


def _table(table: Facts | None, layout: Layout) -> Iterator[str]:
    if table is None:
        yield from layout.part("table", ["none: the records end in RAW"])
        return
    yield from layout.part("table", [f"{table['name']}, {table['mode']}: {table['words']}"])
    yield from _columns(table, layout)
    for child in table.get("child_tables", []):
        yield from layout.part("child table", [f"{child['name']}: {child['words']}"])
        yield from _columns(child, layout)


def _columns(table: Facts, layout: Layout) -> Iterator[str]:
    names = max(len(column["name"]) for column in table["columns"])
    types = max(len(column["type"]) for column in table["columns"])
    for column in table["columns"]:
        line = f"{column['name']:{names}}  {column['type']:{types}}  ← {column['from']}"
        about = f"  {column['description']}" if column["description"] else ""
        left = 2 + _LABEL
        fits = left + len(line + about) <= layout.width
        yield f"{' ' * left}{line}{about if fits else ''}"
        yield from () if fits else layout.beside(column["description"], left + names + types + 6)


def _marts(facts: Facts, layout: Layout) -> Iterator[str]:
    for mart in facts["marts"]:
        yield ""
        yield from layout.title(mart["table"], mart["description"])
        made = ", ".join(mart["made_of"]) or "no table of this source"
        yield from layout.part("made of", [f"{made}; {mart['refresh']} old at most"])
