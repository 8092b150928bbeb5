"""XML bodies (https://www.w3.org/TR/xml/), read as the JSON that they would be.

An element with text only is that text; one with attributes or elements inside is an object, its attributes as @name,
its text as #text; an element that comes more than once is a list; an empty one is null. Everything is text. Entities
that a body declares are refused: they can grow without end, or name files.
"""

from typing import Any, ClassVar, Literal, NoReturn
from xml.parsers import expat

from framework import exact_json
from framework.decoders.base import Asked, Decoded, Decoder, Undecodable
from framework.decoders.format import Format
from framework.decoders.json import JsonDecoder
from framework.decoders.text import instead_of
from framework.errors import DataProblem
from framework.model import JmesPath

MAX_DEPTH = 500
Names = tuple[str, ...]


class XmlFormat(Format):
    """Elements become fields: attributes as @name, text beside them as #text, repeated elements as lists, empty ones as
    null; every value is text. `records` is the path from the root element to the records, such as feed.entry, which
    is a list even where it holds one. Where a key or column is an attribute, `rename` it: {"@id": id}."""

    type: Literal["xml"]
    namespaces: Literal["strip", "keep"] = "strip"
    """strip: `ns:item` is the field item, and declarations of namespaces are left out. keep: names stay as they are
    written."""

    structured: ClassVar[bool] = True

    def decoder(self, asked: Asked) -> Decoder:
        """Reads the whole body."""
        return XmlDecoder(asked, self.namespaces == "strip", declared=self.encoding is None)


class XmlDecoder:
    """Makes JSON of a body, and lets the decoder of JSON read that."""

    def __init__(self, asked: Asked, strip: bool, declared: bool = True) -> None:
        self._inner = JsonDecoder(asked.path, asked.values)
        self._lists = _lists_on(asked.path)
        self._strip, self._declared = strip, declared

    def read(self, body: bytes) -> Decoded:
        """Elements that stand at the records' path are records, however many there are."""
        return self._inner.read(self._as_json(body))

    def names_at_path(self, body: bytes) -> str:
        """As of the JSON."""
        return self._inner.names_at_path(self._as_json(body))

    def _as_json(self, body: bytes) -> bytes:
        tree = _Tree(self._lists, self._strip)
        parser = expat.ParserCreate(None if self._declared else "utf-8")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.specified_attributes = True  # those of a DTD's defaults are not the body's
        parser.StartElementHandler, parser.EndElementHandler = tree.start, tree.end
        parser.CharacterDataHandler = tree.text
        parser.EntityDeclHandler = parser.SkippedEntityHandler = parser.ExternalEntityRefHandler = _refuse
        try:
            parser.Parse(body, True)
            return exact_json.encode(tree.root)
        except expat.ExpatError as error:
            raise Undecodable(_reason(body, error)) from None
        except RecursionError:
            raise DataProblem("the body is nested too deeply to be read") from None


def _refuse(*_: object) -> NoReturn:
    raise DataProblem("the body declares or asks for entities, which are not read: they may name files or grow endless")


def _reason(body: bytes, error: expat.ExpatError) -> str:
    """Expat's own words name a line and a column, and no data."""
    other = instead_of("XML", body)
    if other:
        return other
    if expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS] == error.code or "unclosed" in str(error):
        return f"the body ends in the middle of the XML, after {len(body)} bytes"
    return f"the body is not XML: {error}"


def _lists_on(path: JmesPath) -> frozenset[Names]:
    """The elements that are lists however often they come: where the records are, and what the path goes through by
    [] or [*]. None are where the path is cleverer than that."""
    found = _walked(path.compiled.parsed)
    return frozenset() if found is None else found[1] | ({found[0]} if found[0] else set())


def _walked(node: dict[str, Any]) -> tuple[Names, frozenset[Names]] | None:
    """The names on the way, and the lists among them."""
    kind = node["type"]
    if kind in ("identity", "current"):
        return (), frozenset()
    if kind == "field":
        return (node["value"],), frozenset()
    if kind not in ("subexpression", "flatten", "projection"):
        return None
    names: Names = ()
    lists: frozenset[Names] = frozenset()
    for child in node["children"]:
        found = _walked(child)
        if found is None:
            return None
        lists |= {names + inner for inner in found[1]}
        names += found[0]
        if kind == "flatten" or (kind == "projection" and child is node["children"][0]):
            lists |= {names}
    return names, lists


class _Tree:
    """The body's elements as values, built as they come."""

    def __init__(self, lists: frozenset[Names], strip: bool) -> None:
        self.root: dict[str, Any] = {}
        self._lists, self._strip = lists, strip
        self._depth = max(map(len, lists), default=0)
        self._open: list[tuple[str, dict[str, Any], list[str]]] = [("", self.root, [])]

    def start(self, name: str, attributes: list[str]) -> None:
        """An element begins."""
        fields: dict[str, Any] = {}
        for attribute, value in zip(attributes[::2], attributes[1::2], strict=True):
            if self._strip and (attribute == "xmlns" or attribute.startswith("xmlns:")):
                continue
            key = f"@{self._short(attribute)}"
            if key in fields:
                raise DataProblem("two attributes have one name without their namespaces: write `namespaces: keep`")
            fields[key] = value
        self._open.append((self._short(name), fields, []))
        if len(self._open) > MAX_DEPTH:
            raise DataProblem(f"the body is nested more than {MAX_DEPTH} levels deep")

    def text(self, text: str) -> None:
        """Some of an element's text."""
        self._open[-1][2].append(text)

    def end(self, _: str) -> None:
        """An element ends: it is a field of the one around it."""
        path = tuple(name for name, _, _ in self._open[1:]) if len(self._open) <= self._depth + 1 else ()
        name, fields, texts = self._open.pop()
        for names in self._lists if path else ():
            if names[:-1] == path:
                fields.setdefault(names[-1], [])
        holder, value = self._open[-1][1], _value(fields, "".join(texts))
        before = holder.get(name)
        if isinstance(before, list):
            before.append(value)
        elif name in holder:
            holder[name] = [before, value]
        else:
            holder[name] = [value] if path in self._lists else value

    def _short(self, name: str) -> str:
        return name.rpartition(":")[2] if self._strip else name


def _value(fields: dict[str, Any], text: str) -> Any:
    if not fields:
        return text if text.strip() else None
    return {**fields, "#text": text.strip()} if text.strip() else fields
