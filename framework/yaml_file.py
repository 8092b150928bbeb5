"""YAML 1.2 text → plain values, with the line and column of every key and value.

The 1.2 core rules: `on`, `no` and dates stay text. Duplicate keys, anchors that are missing and tags are refused.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from framework.problem import Path, Problem, show_path

_Base: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


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

    def problem(self, code: str, path: Path, message: str, at_key: bool = False) -> Problem:
        """A problem at a place of this document; where the place itself does not exist, at the nearest one above."""
        known = path
        while known and known not in self.starts:
            known = known[:-1]
        place = self.keys.get(known) if (at_key or known != path) and known else None
        line, column = place or self.starts.get(known, (1, 1))
        return Problem(self.file, line, column, code, show_path(path), message)


def read(file: str, text: str) -> Document:
    """Reads all that can be read; what can't stands in `problems` (E001 syntax, E002 duplicate key, E003 else)."""
    document = Document(file, text)
    try:
        node = _composed(text)
    except yaml.MarkedYAMLError as error:
        open_quote = error.context_mark if error.problem == "found unexpected end of stream" else None
        mark = open_quote or error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = str(error.problem or error.context)
        message = f"this is no YAML: {_MEANINGS.get(said, said)}.{_hint(text, line)}"
        document.problems.append(Problem(file, line, column, "E001", "", message))
        return document
    except yaml.reader.ReaderError as error:
        above = text[: error.position]
        line, column = above.count("\n") + 1, error.position - (above.rfind("\n") + 1) + 1
        message = f"this is no YAML: the character {chr(error.character)!a} must not stand in it."
        document.problems.append(Problem(file, line, column, "E001", "", message))
        return document
    if node is not None:
        document.values = _value(document, node, (), frozenset())
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


_MEANINGS = {
    "mapping values are not allowed in this context": "there is one ':' too many, the line is indented too far, or the "
    "line above lacks its ':'. Put quotes around a text that holds ': '",
    "did not find expected key": "the line does not fit those above: check its indentation, and what follows a closing "
    "quote or bracket",
    "did not find expected '-' indicator": "an item of this list must start with '- ' below the others",
    "did not find expected ',' or ']'": "a comma or the closing ] is missing",
    "did not find expected ',' or '}'": "a comma or the closing } is missing",
    "did not find expected node content": "a value is missing before this character, or lacks its quotes",
    "did not find expected <document start>": "a second document starts here, and one file holds one",
    "but found another document": "a second document starts here, and one file holds one",
    "could not find expected ':'": "the line above is no 'key: value'",
    "found unexpected end of stream": "this quote is never closed",
    "found character that cannot start any token": "no value can start with this character: put quotes around it",
    "found unknown escape character": "a backslash in \"double quotes\" starts an escape: use 'single quotes'",
    "found undefined alias": "the anchor of this alias does not exist: put quotes around a text that starts with *",
    "block sequence entries are not allowed in this context": "a list must start on a line of its own",
}
"""What the YAML library says → what it means to an author."""


def _hint(text: str, line: int) -> str:
    lines = text.splitlines()
    nearby = lines[max(0, line - 2) : line + 1]
    if any("\t" in row[: len(row) - len(row.lstrip())] for row in nearby):
        return " Indent with spaces, not tabs."
    if any(re.search(r"[:-]\s+\{\{", row) for row in nearby):
        return ' Put quotes around a value that starts with a template: "{{ … }}".'
    return ""


def _value(document: Document, node: Node, path: Path, above: frozenset[int]) -> Any:
    document.starts[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in above:
        document.problems.append(document.problem("E003", path, "an alias refers to the value it stands in"))
        return None
    inside = above | {id(node)}
    if isinstance(node, SequenceNode):
        return [_value(document, item, (*path, index), inside) for index, item in enumerate(node.value)]
    if isinstance(node, MappingNode):
        return _mapping(document, node, path, inside)
    return _scalar(document, node, path)


def _mapping(document: Document, node: MappingNode, path: Path, inside: frozenset[int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key_node, ScalarNode):
            template = document.text.splitlines()[line - 1][:column].endswith("{{")
            what = 'a template: "{{ … }}"' if template else "{ or ["
            message = f"a key must be plain text. Put quotes around a value that starts with {what}."
            document.problems.append(document.problem("E003", path, message))
            continue
        key = key_node.value
        here = (*path, key)
        if key in values:
            first = document.keys[here][0]
            message = f"the key {key!r} stands here twice, first in line {first}. Keep one of the two."
            document.problems.append(Problem(document.file, line, column, "E002", show_path(here), message))
            continue
        document.keys[here] = (line, column)
        values[key] = _value(document, value_node, here, inside)
    return values


def _scalar(document: Document, node: Node, path: Path) -> Any:
    kind, text = node.tag.rpartition(":")[2], node.value
    if not node.tag.startswith("tag:yaml.org,2002:") or kind not in ("str", "null", "bool", "int", "float"):
        document.problems.append(document.problem("E003", path, f"the tag {node.tag!r} is not used here"))
        return text
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        if kind == "float":
            return float(text.replace(".inf", "inf").replace(".nan", "nan")) if "." in text else float(text)
    except ValueError:
        document.problems.append(document.problem("E003", path, f"{text!r} is no {kind}"))
    return text
