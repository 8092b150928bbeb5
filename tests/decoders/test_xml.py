"""XML: elements as fields."""

import json
from typing import Any

import pytest

from framework.decoders.base import Asked, Decoded, Undecodable
from framework.decoders.xml import XmlFormat
from framework.errors import DataProblem
from framework.model import JmesPath


def decoded(body: bytes | str, path: str = "r.item", *asked: str, **options: Any) -> Decoded:
    """What the body holds."""
    decoder = XmlFormat(type="xml", **options).open(Asked(JmesPath(path), [JmesPath(text) for text in asked]))
    return decoder.read(body.encode() if isinstance(body, str) else body)


def read(body: bytes | str, path: str = "r.item", **options: Any) -> list[Any] | None:
    """The records."""
    found = decoded(body, path, **options).records
    return None if found is None else [json.loads(bytes(record)) for record in found]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<r><item><id>007</id><p>1.10</p></item></r>", [{"id": "007", "p": "1.10"}]),
        ("<r><item><id>1</id></item><x/><item><id>2</id></item></r>", [{"id": "1"}, {"id": "2"}]),
        ("<r/>", []),
        ("<r>\n</r>", []),
        ("<r a='1'><other/></r>", []),
        ("<r><item id='7'/></r>", [{"@id": "7"}]),
        ("<r><item id='7'>x &lt;&#252;</item></r>", [{"@id": "7", "#text": "x <ü"}]),
        ("<r><item><t>a</t><t>b</t><t>c</t></item></r>", [{"t": ["a", "b", "c"]}]),
        ("<r><item><e/><w> </w><k> x </k></item></r>", [{"e": None, "w": None, "k": " x "}]),
        ("<r><item><t><![CDATA[<b>]]></t><!-- no --></item></r>", [{"t": "<b>"}]),
        ("<r><item>\n one <b>two</b> three\n</item></r>", [{"b": "two", "#text": "one  three"}]),
        ("<n:r xmlns:n='u'><n:item n:id='1'><n:a>1</n:a></n:item></n:r>", [{"@id": "1", "a": "1"}]),
        ("<r><item><item>1</item></item></r>", [{"item": "1"}]),
        ("<!DOCTYPE r><r><item><a>1</a></item></r>", [{"a": "1"}]),
        (b"<?xml version='1.0' encoding='iso-8859-1'?><r><item><a>\xfc</a></item></r>", [{"a": "ü"}]),
        (b"<?xml version='1.0' encoding='windows-1252'?><r><item><a>\x80</a></item></r>", [{"a": "€"}]),
        ("<?xml version='1.0' encoding='utf-16'?><r><item><a>ü</a></item></r>".encode("utf-16"), [{"a": "ü"}]),
    ],
)
def test_records(body: bytes | str, wanted: list[Any]) -> None:
    assert read(body) == wanted


def test_options() -> None:
    body = "<n:r xmlns:n='u'><n:item n:id='1'><a>1</a></n:item></n:r>"
    assert read(body, '"n:r"."n:item"', namespaces="keep") == [{"@n:id": "1", "a": "1"}]
    assert read(b"<?xml version='1.0' encoding='utf-8'?><r><item>\x80</item></r>", encoding="cp1252") == ["€"]
    assert read("<r><item/></r>", "@") == [{"r": {"item": None}}]
    assert read("<r><a/></r>", "r") == [{"a": None}]


def test_lists_on_the_way_are_lists_however_often_they_come() -> None:
    path = "r.group[].item[]"
    assert read("<r><group><item><a>1</a></item></group></r>", path) == [{"a": "1"}]
    assert read("<r><group><item><a>1</a></item></group><group/></r>", path) == [{"a": "1"}]
    assert read("<r><group><item><a>1</a></item></group></r>", "r.group[*].item[]") == [{"a": "1"}]


def test_values_beside_the_records() -> None:
    found = decoded("<r next='a=='><item/><total>2</total></r>", "r.item", 'r."@next"', "r.total", "length(r.item)")
    assert found.values == {'r."@next"': "a==", "r.total": "2", "length(r.item)": 1}


def test_the_error_names_what_is_there() -> None:
    decoder = XmlFormat(type="xml").open(Asked(JmesPath("r.items.item")))
    assert decoder.read(b"<r><rows/></r>").records is None
    assert decoder.names_at_path(b"<r><rows/></r>") == "r has 'rows'"


BOMB = "<!DOCTYPE r [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><r><item>&b;</item></r>"


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (BOMB, DataProblem, "entities"),
        ("<!DOCTYPE r [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><r><item>&f;</item></r>", DataProblem, "entities"),
        ("<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1/x'> %p;]><r/>", DataProblem, "entities"),
        ("<!DOCTYPE r SYSTEM 'http://127.0.0.1/x.dtd'><r><item>&f;</item></r>", DataProblem, "entities"),
        ("<r><item>&secret;</item></r>", Undecodable, "not XML: undefined entity"),
        ("<r><item>secret</item>", Undecodable, "ends in the middle of the XML, after 22 bytes"),
        ("<r><item", Undecodable, "ends in the middle of the XML"),
        ("", Undecodable, "the body is empty, not XML"),
        ("<!doctype html><title>Sign in</title><br>", Undecodable, "HTML page titled 'Sign in', not XML"),
        ('{"error": "secret"}', Undecodable, "not XML"),
        (b"<r><item>\xff</item></r>", Undecodable, "not XML"),
        ("<r>" + "<a>" * 600 + "</a>" * 600 + "</r>", DataProblem, "nested more than 500 levels"),
        ("<r xmlns:n='u'><item id='1' n:id='2'/></r>", DataProblem, "namespaces: keep"),
    ],
)
def test_what_is_refused(body: bytes | str, kind: type[Exception], reason: str) -> None:
    with pytest.raises(kind) as caught:
        read(body)
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value).replace("SYSTEM", "")


def test_attributes_of_a_doctype_are_not_the_bodys() -> None:
    assert read("<!DOCTYPE r [<!ATTLIST item x CDATA 'no'>]><r><item><a>1</a></item></r>") == [{"a": "1"}]
