"""YAML 1.2 text → plain values, with the line and column of every key and value.

The 1.2 core rules: `on`, `no` and dates stay text. Duplicate keys, anchors that are missing and tags are refused.
"""

import pathlib
import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from framework.exact_json import ExactFloat
from framework.problem import Edit, Path, Problem, show_path

_Base: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


class _Loader(_Base):  # type: ignore[misc]
    """PyYAML's composer with the implicit types of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, Any] = {}


_CORE = {
    "tag:yaml.org,2002:null": (r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    "tag:yaml.org,2002:int": (r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    "tag:yaml.org,2002:float": (
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+0123456789."),
    ),
}
for _tag, (_pattern, _first) in _CORE.items():
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


@dataclass
class Document:
    """A YAML file as values, and where each of them stands: (line, column) from 1."""

    file: str
    text: str
    values: Any = None
    problems: list[Problem] = field(default_factory=list)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Of a mapping's key, by the path of its value."""
    starts: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Of a value."""
    spans: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """From where to where a plain value stands in the text, quotes included."""
    unread: set[Path] = field(default_factory=set)
    """What problems keep from being looked at any further."""

    def problem(
        self, code: str, path: Path, message: str, at_key: bool = False, word: str = "", fix: Edit | None = None
    ) -> Problem:
        """A problem at a place of this document; where the place itself does not exist, at the nearest one above. A
        word inside a long text is pointed at where it stands."""
        known = path
        while known and known not in self.starts:
            known = known[:-1]
        inside = known != path and known not in self.spans  # a plain value is short for the mapping that is asked for
        place = self.keys.get(known) if (at_key or inside) and known else None
        line, column = place or self._word(path, word) or self.starts.get(known, (1, 1))
        return Problem(self.file, line, column, code, show_path(path), message, fix)

    def _word(self, path: Path, word: str) -> tuple[int, int] | None:
        start, end = self.spans.get(path, (0, 0))
        found = re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", self.text[start:end]) if word else None
        return _place(self.text, start + found.start()) if found else None


def read_file(path: pathlib.Path, shown: str | None = None) -> Document:
    """Reads a file from disk; one that is no UTF-8 text has the problem E004. Raises OSError where it can't be read."""
    file, raw = shown or str(path), path.read_bytes()
    try:
        return read(file, raw.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        line, column = _place(raw[: error.start].decode(), error.start)
        message = (
            f"this is no UTF-8 text: the byte 0x{raw[error.start]:02X} must not stand in it. Save the file as UTF-8."
        )
        return Document(file, "", problems=[Problem(file, line, column, "E004", "", message)])


def read(file: str, text: str) -> Document:
    """Reads all that can be read; what can't stands in `problems` (E001 syntax, E002 duplicate key, E003 else)."""
    document = Document(file, text)
    try:
        node = _composed(text)
        document.values = _value(document, node, (), frozenset()) if node is not None else None
    except RecursionError:
        document.problems.append(Problem(file, 1, 1, "E001", "", "values are nested too deeply to be read."))
    except yaml.MarkedYAMLError as error:
        line, column, message = _syntax(error, text)
        document.problems.append(Problem(file, line, column, "E001", "", f"this is no YAML: {message}"))
        return document
    except yaml.reader.ReaderError as error:
        line, column = _place(text, text.index(chr(error.character)))
        message = f"this is no YAML: the character {chr(error.character)!a} must not stand in it."
        document.problems.append(Problem(file, line, column, "E001", "", message))
        return document
    if document.values is None and not document.problems:
        document.problems.append(Problem(file, 1, 1, "E001", "", "the file is empty."))
    return document


def _composed(text: str) -> Node | None:
    loader = _Loader(text)
    try:
        node: Node | None = loader.get_single_node()
    finally:
        loader.dispose()
    return node


def _place(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of a position in the text."""
    above = text[:index]
    return above.count("\n") + 1, len(above) - above.rfind("\n")


_MEANINGS = {
    "mapping values are not allowed in this context": "there is one ':' too many, the line is indented too far, or the "
    "line above lacks its ':'. Put quotes around a text that holds ': '",
    "did not find expected key": "the line does not fit those above: check its indentation, and what follows a closing "
    "quote or bracket",
    "did not find expected '-' indicator": "an item of this list must start with '- ' below the others",
    "did not find expected ',' or ']'": "the [ that opens here lacks its ], or a comma",
    "did not find expected ',' or '}'": "the { that opens here lacks its }, or a comma",
    "did not find expected node content": "a value is missing before this character, or lacks its quotes",
    "did not find expected <document start>": "a second document starts here, and one file holds one",
    "but found another document": "a second document starts here, and one file holds one",
    "could not find expected ':'": "this line is no 'key: value': its ':' is missing",
    "found unexpected end of stream": "this quote is never closed",
    "found character that cannot start any token": "no value can start with {character}: put quotes around it",
    "found unknown escape character": "a backslash in \"double quotes\" starts an escape: use 'single quotes'",
    "found undefined alias": "the anchor of this alias does not exist: put quotes around a text that starts with *",
    "did not find expected alphabetic or numeric character": "{character} starts an anchor or an alias: put quotes "
    "around a text that starts with it",
    "did not find expected comment or line break": "{character} starts a text of several lines: put quotes around a "
    "text that starts with it",
    "block sequence entries are not allowed in this context": "a list must start on a line of its own",
}
"""What the YAML library says → what it means to an author."""
_AT_START = (
    "found unexpected end of stream",
    "could not find expected ':'",
    "did not find expected ',' or ']'",
    "did not find expected ',' or '}'",
    "did not find expected alphabetic or numeric character",
    "did not find expected comment or line break",
)
"""Where the mistake stands at the beginning of what could not be read, rather than where reading stopped."""


def _syntax(error: yaml.MarkedYAMLError, text: str) -> tuple[int, int, str]:
    said = str(error.problem or error.context)
    mark = (error.context_mark if said in _AT_START else None) or error.problem_mark or error.context_mark
    if mark is None:
        return 1, 1, f"{said}."
    row = text.split("\n")[mark.line]
    character = row[mark.column : mark.column + 1]
    if character == "\t":
        return mark.line + 1, mark.column + 1, "a tab stands here. Indent with spaces, not tabs."
    message = _MEANINGS.get(said, said).replace("{character}", repr(character))
    stopped = error.problem_mark.line if error.problem_mark else mark.line
    before = (
        f" before line {stopped + 1}" if stopped > mark.line and said.startswith("did not find expected ','") else ""
    )
    return mark.line + 1, mark.column + 1, f"{message}{before}.{_hint(text, stopped + 1)}"


def _hint(text: str, line: int) -> str:
    lines = text.splitlines()
    nearby = lines[max(0, line - 2) : line + 1]
    if any("\t" in row[: len(row) - len(row.lstrip())] for row in nearby):
        return " Indent with spaces, not tabs."
    if any(re.search(r"[:-]\s+\{\{", row) for row in nearby):
        return ' Put quotes around a value that starts with a template: "{{ … }}".'
    return ""


_MOST_VALUES = 100_000
_TOO_MANY = f"aliases of aliases make more than {_MOST_VALUES} values of this file. Write some of them out."


def _refuse(document: Document, code: str, path: Path, message: str, key_node: Node | None = None) -> None:
    problem = document.problem(code, path, message)
    if key_node is not None:
        mark = key_node.start_mark
        problem = Problem(document.file, mark.line + 1, mark.column + 1, code, show_path(path), message)
    document.problems.append(problem)
    document.unread.add(path)


def _value(document: Document, node: Node, path: Path, above: frozenset[int]) -> Any:
    document.starts[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in above:
        _refuse(document, "E003", path, "an alias refers to the value it stands in.")
        return None
    if len(document.starts) > _MOST_VALUES:
        if not any(problem.message == _TOO_MANY for problem in document.problems):
            _refuse(document, "E003", path, _TOO_MANY)
        return None
    inside = above | {id(node)}
    if node.tag not in _TAGS:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        message = f"the tag {tag!r} is not used here: write a plain value."
        _refuse(document, "E003", path, message)
    if isinstance(node, SequenceNode):
        return [_value(document, item, (*path, index), inside) for index, item in enumerate(node.value)]
    if isinstance(node, MappingNode):
        return _mapping(document, node, path, inside)
    document.spans[path] = (node.start_mark.index, node.end_mark.index)
    return _scalar(document, node, path)


def _mapping(document: Document, node: MappingNode, path: Path, inside: frozenset[int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key_node, ScalarNode):
            template = document.text.splitlines()[line - 1][:column].endswith("{{")
            what = 'a template: "{{ … }}"' if template else "{ or ["
            message = f"a key must be plain text. Put quotes around a value that starts with {what}."
            _refuse(document, "E003", path, message)
            continue
        key = key_node.value
        here = (*path, key)
        if key == "<<" and not key_node.style:
            message = (
                "merge keys are not part of YAML 1.2. Repeat the keys, or put what all streams share in `defaults`."
            )
            _refuse(document, "E003", here, message, key_node)
            continue
        if key in values:
            first = document.keys[here][0]
            message = f"the key {key!r} stands here twice, first in line {first}. Keep one of the two."
            _refuse(document, "E002", here, message, key_node)
            continue
        document.keys[here] = (line, column)
        values[key] = _value(document, value_node, here, inside)
    return values


_KINDS = {"null": "null", "bool": "true or false", "int": "whole number", "float": "number", "str": "text"}
_TAGS = [f"tag:yaml.org,2002:{kind}" for kind in (*_KINDS, "seq", "map")]


def _scalar(document: Document, node: Node, path: Path) -> Any:
    kind, text = node.tag.rpartition(":")[2], node.value
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        if kind == "float":
            if _JSON_NUMBER.fullmatch(text):
                return ExactFloat(text)  # 1.10 is sent as 1.10
            return float(re.sub(r"\.(?=inf|nan)", "", text.lower()))
    except ValueError:
        _refuse(document, "E003", path, f"{text!r} is no {_KINDS[kind]}.")
    return text
