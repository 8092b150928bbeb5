"""YAML by the rules of version 1.2, each value with its place."""

import math
from pathlib import Path

import pytest

from framework.exact_json import ExactFloat
from framework.yaml_file import read, read_file

CORE = {
    # text that YAML 1.1 would have retyped
    **{word: word for word in ("on", "off", "yes", "no", "y", "n", "On", "NO", "tRue", "nULL", "Nan")},
    **{word: word for word in ("2024-01-01", "2024-01-01T12:00:00Z", "12:30", "190:20:30", "1_000")},
    **{word: word for word in ("0b101", "<<", "=", "685_230.15", "1.2.3", "1-2", "1,000", "+.nan")},
    **{word: word for word in ("0o9", "0o", "0x", "0xG", "+0x1", "1e", "e1", ".", "+")},
    # null
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    # true or false
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    # whole numbers
    **{"0": 0, "7": 7, "-7": -7, "+7": 7, "007": 7, "0o17": 15, "0x1F": 31, "0xff": 255},
    "12345678901234567890123": 12345678901234567890123,
    # other numbers
    **{"1.10": 1.1, ".5": 0.5, "5.": 5.0, "-1.5": -1.5, "+1.5": 1.5, "1e3": 1000.0, "1.5E-3": 0.0015},
    **{".inf": math.inf, "-.INF": -math.inf, "+.Inf": math.inf},
    # quotes make a text of anything
    **{"'1'": "1", '"true"': "true", "'null'": "null", '"1.10"': "1.10", "!!str 5": "5"},
}  # fmt: skip


@pytest.mark.parametrize("text", CORE)
def test_core_values(text: str) -> None:
    document = read("f", f"a: {text}\n")
    value = document.values["a"]
    assert document.problems == []
    kind = float if isinstance(value, ExactFloat) else type(value)
    assert (kind, value) == (type(CORE[text]), CORE[text])
    assert getattr(value, "text", text) == text  # 1.10 is sent as 1.10


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number(text: str) -> None:
    assert math.isnan(read("f", f"a: {text}\n").values["a"])


@pytest.mark.parametrize("key", ["on", "no", "1", "2024-01-01", "null", "true", "1.10", "~"])
def test_keys_stay_text(key: str) -> None:
    assert read("f", f"{key}: 1\n").values == {key: 1}


MARKED = """\
# a comment
version: 1
"http":
    headers: {Accept: "*/*", X: 'é' , Y:   z}
streams:
  - name: orders
    ids: [1,  [2, x]]
  -   sql: |
        select 1
        from x
empty:
last: &all {deep: {er: 1}}
same: *all
"""
STARTS = {
    (): (2, 1),
    ("version",): (2, 10),
    ("http",): (4, 5),
    ("http", "headers"): (4, 14),
    ("http", "headers", "Accept"): (4, 23),
    ("http", "headers", "X"): (4, 33),
    ("http", "headers", "Y"): (4, 44),
    ("streams",): (6, 3),
    ("streams", 0): (6, 5),
    ("streams", 0, "ids", 0): (7, 11),
    ("streams", 0, "ids", 1, 1): (7, 19),
    ("streams", 1): (8, 7),
    ("streams", 1, "sql"): (8, 12),
    ("last", "deep", "er"): (12, 24),
    ("same",): (12, 7),
    ("same", "deep", "er"): (12, 24),
}
KEYS = {
    ("version",): (2, 1),
    ("http",): (3, 1),
    ("http", "headers", "Y"): (4, 39),
    ("streams", 1, "sql"): (8, 7),
    ("empty",): (11, 1),
    ("last", "deep"): (12, 13),
    ("same",): (13, 1),
}


def test_every_value_and_key_has_its_place() -> None:
    document = read("f", MARKED)
    assert document.problems == []
    assert {path: document.starts[path] for path in STARTS} == STARTS
    assert {path: document.keys[path] for path in KEYS} == KEYS
    assert document.values["streams"][1]["sql"] == "select 1\nfrom x\n"
    assert document.values["same"] == document.values["last"] == {"deep": {"er": 1}}


PLACES = [
    (("version",), {}, (2, 10)),
    (("version",), {"at_key": True}, (2, 1)),
    (("streams", 0, "request"), {}, (6, 5)),  # what is missing: at what it is missing in
    (("http", "auth", "token"), {}, (3, 1)),
    (("nothing", 3, "at all"), {}, (2, 1)),
    (("streams", 0, "name", "path"), {}, (6, 11)),  # short for a mapping: at the text itself
    (("streams", 1, "sql"), {"word": "x"}, (10, 14)),
    (("streams", 1, "sql"), {"word": "from"}, (10, 9)),
    (("streams", 1, "sql"), {"word": "select"}, (9, 9)),
    (("streams", 1, "sql"), {"word": "selec"}, (8, 12)),  # no word of it
    (("http", "headers"), {"word": "Accept"}, (4, 14)),
]


@pytest.mark.parametrize(("path", "how", "place"), PLACES)
def test_a_problem_stands_at_the_nearest_place(
    path: tuple[str | int, ...], how: dict[str, object], place: tuple[int, int]
) -> None:
    problem = read("f", MARKED).problem("E1", path, "m", **how)  # type: ignore[arg-type]
    assert (problem.line, problem.column) == place


REFUSED = {
    "a: 1\nb: 2\na: 3\n": (3, 1, "E002", "'a' stands here twice, first in line 1"),
    "a: {b: 1, 'b': 2}\n": (1, 11, "E002", "'b' stands here twice"),
    "a: *b\n": (1, 4, "E001", "the anchor of this alias does not exist"),
    "a: &x [*x]\n": (1, 4, "E003", "an alias refers to the value it stands in"),
    "a: !x 1\n": (1, 4, "E003", "the tag '!x' is not used here"),
    "a: !!set {b}\n": (1, 4, "E003", "the tag '!!set' is not used here"),
    "a: !!python/object:os.system {}\n": (1, 4, "E003", "the tag '!!python/object:os.system' is not used here"),
    "a: !!int x\n": (1, 4, "E003", "'x' is no whole number"),
    "a: !!bool maybe\n": None,
    "a:\n  <<: {b: 1}\n": (2, 3, "E003", "merge keys are not part of YAML 1.2"),
    "[a]: 1\n": (1, 1, "E003", "a key must be plain text"),
    "a: {{ b }}\n": (1, 4, "E003", 'starts with a template: "{{ … }}"'),
    "a: 1\n\tb: 2\n": (2, 1, "E001", "Indent with spaces, not tabs"),
    "a: [1\nb: 2\n": (1, 4, "E001", "the [ that opens here lacks its ], or a comma before line 2"),
    "a: [1, 2]]\n": (1, 10, "E001", "what follows a closing quote or bracket"),
    "a: 'b\n": (1, 4, "E001", "this quote is never closed"),
    "a: b: c\n": (1, 5, "E001", "one ':' too many"),
    "a\nb: 1\n": (2, 2, "E001", "the line above lacks its ':'"),
    "a: 1\nb\nc: 2\n": (2, 1, "E001", "its ':' is missing"),
    "a: `b`\n": (1, 4, "E001", "no value can start with '`'"),
    "a: 1\n---\nb: 2\n": (2, 1, "E001", "a second document starts here"),
    "a: \x00\n": (1, 4, "E001", "'\\x00' must not stand in it"),
    "é: \x07\n": (1, 4, "E001", "'\\x07' must not stand in it"),
    "": (1, 1, "E001", "the file is empty"),
    "# nothing but a comment\n": (1, 1, "E001", "the file is empty"),
    "---\n...\n": (1, 1, "E001", "the file is empty"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text: str) -> None:
    problems, wanted = read("f", text).problems, REFUSED[text]
    if wanted is None:
        assert problems == []
        return
    assert [(p.line, p.column, p.code) for p in problems] == [wanted[:3]]
    assert wanted[3] in problems[0].message
    assert problems[0].message.endswith(".")


def test_the_rest_of_a_file_is_read_all_the_same() -> None:
    document = read("f", "a: 1\na: 2\nb: !x 3\nc: {? [d] : 4, e: 5}\nf: 6\n")
    assert [problem.code for problem in document.problems] == ["E002", "E003", "E003"]
    assert document.values == {"a": 1, "b": "3", "c": {"e": 5}, "f": 6}
    assert document.unread == {("a",), ("b",), ("c",)}


@pytest.mark.parametrize(("content", "place"), [(b"a: \xff\n", (1, 4)), ("é: 1\nü: é".encode() + b"\xe9\n", (2, 5))])
def test_a_file_that_is_not_utf8(tmp_path: Path, content: bytes, place: tuple[int, int]) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    (problem,) = read_file(path, "shown.yaml").problems
    assert (problem.file, problem.line, problem.column, problem.code) == ("shown.yaml", *place, "E004")


def test_aliases_of_aliases_are_not_counted_to_the_end() -> None:
    levels = [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(20)]
    document = read("f", "\n".join(["a: &a [x]", *levels]))
    assert [problem.code for problem in document.problems] == ["E003"]
    assert "aliases of aliases" in document.problems[0].message


def test_values_nested_too_deeply() -> None:
    problems = read("f", "a: " + "[" * 2000 + "]" * 2000).problems
    assert [(p.code, p.message) for p in problems] == [("E001", "values are nested too deeply to be read.")]
