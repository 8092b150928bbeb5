"""`framework validate`: examples of what authors get wrong, and what they are told.

A file in specs/bad or specs/warn states in its first lines what must be reported, no more and no less:
`# expect: LINE:COLUMN CODE text that the message contains`. A file in specs/good must have nothing to report.
"""

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from framework.cli import main
from framework.lint import is_error
from framework.problem import Problem
from framework.rules import RULES
from framework.spec_file import load, require
from framework.verbs.validate import problems_of

HERE = Path(__file__).parent
SPECS, ROOT = HERE / "specs", HERE.parent
BAD, WARN, GOOD = (sorted((SPECS / kind).glob("*.yaml")) for kind in ("bad", "warn", "good"))
EXPECT = re.compile(r"# expect: (\d+):(\d+) ([EW]\d{3}) (.+)")


def expected(path: Path) -> list[tuple[int, int, str, str]]:
    """What the first lines of a file state."""
    lines = path.read_bytes().decode("utf-8", errors="replace").splitlines()
    found = [EXPECT.fullmatch(line.rstrip()) for line in lines if line.startswith("# expect")]
    assert found, f"{path.name} states nothing"
    assert all(found), f"{path.name}: write `# expect: LINE:COLUMN CODE text`"
    return sorted((int(m[1]), int(m[2]), m[3], m[4]) for m in found if m)


def spec(name: str, *lines: str) -> str:
    return "\n".join(["version: 1", f"name: {name}", *lines, ""])


SOUND = ("http: {base_url: https://api.acme.example}", "streams: [{name: a, request: {path: /a}}]")


@pytest.mark.parametrize("path", [*BAD, *WARN], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_stated_is_reported(path: Path) -> None:
    wanted, found = expected(path), problems_of(path)
    assert sorted((p.line, p.column, p.code) for p in found) == [each[:3] for each in wanted]
    for line, column, code, text in wanted:
        messages = [p.message for p in found if (p.line, p.column, p.code) == (line, column, code)]
        assert any(text in message for message in messages), f"{text!r} is in none of {messages}"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_spec_has_nothing_to_report(path: Path) -> None:
    assert [str(problem) for problem in problems_of(path)] == []
    assert require(load(path)).name == path.stem


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_spec_has_an_error(path: Path) -> None:
    assert any(is_error(problem) for problem in problems_of(path))


@pytest.mark.parametrize("path", WARN, ids=lambda path: path.stem)
def test_a_warning_is_no_error(path: Path) -> None:
    assert not any(is_error(problem) for problem in problems_of(path))
    assert require(load(path)).name == path.stem


@pytest.mark.parametrize("path", [*BAD, *WARN], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_message_reads_well(path: Path) -> None:
    lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    for problem in problems_of(path):
        assert problem.line <= len(lines)
        assert problem.column <= len(lines[problem.line - 1]) + 1, "the column lies in the line"
        assert re.search(r"[^.\s][.?]$|: \S+$", problem.message), f"no sentence: {problem.message}"
        assert "\n" not in problem.message
        assert str(ROOT) not in problem.message, "the file's path stands once, at the beginning"
        assert "pydantic" not in problem.message


def test_every_code_has_an_example() -> None:
    """Those that take other files have theirs in specs/projects."""
    shown = {code for path in [*BAD, *WARN] for _, _, code, _ in expected(path)}
    single = {code for code, rule in RULES.items() if not rule.across_files and code != "W403"}
    assert single - shown == set(), "write an example in tests/specs/bad or tests/specs/warn"
    assert shown - single == set()


def test_a_name_is_an_example_once() -> None:
    bodies = [re.sub(rb"# expect.*\n|^name: .*$", b"", path.read_bytes(), flags=re.M) for path in [*BAD, *WARN]]
    assert len(set(bodies)) == len(bodies)


CONSEQUENCES = {
    "a stream that can't be read does not make its children orphans": (
        [
            "streams:",
            "  - {name: a, primary_key: [id]}",
            "  - {name: b, for_each: {stream: a, as: a}, request: {path: '/{{ a.id }}'}}",
        ],
        ["E102"],
    ),
    "a name that is declared the wrong way is still a name": (
        ["config: {region: eu}", "streams: [{name: a, request: {path: '/{{ config.region }}'}}]"],
        ["E103"],
    ),
    "a misspelt mode is not the mode merge without a key": (
        ["streams: [{name: a, request: {path: /a}, clean: {table: A, mode: apend}}]"],
        ["E104"],
    ),
    "a key of the wrong kind is a key": (
        ["streams: [{name: a, request: {path: /a}, primary_key: id, clean: {table: A}}]"],
        ["E103"],
    ),
    "a secret in what can't be read may be used": (
        ["secrets: [token]", "streams: [{name: a, request: {path: /a, params: [{token: '{{ secrets.token }}'}]}}]"],
        ["E103"],
    ),
    "a table in what can't be read may be meant by a mart": (
        [
            "streams: [{name: a, request: {path: /a}, clean: {table: A, modus: merge}, primary_key: [id]}]",
            "analytics: [{table: B, sql: \"select * from {{ ref('A') }}\"}]",
        ],
        ["E101"],
    ),
    "what has nothing to do with it is still said": (
        ["schedule: {cron: never}", "streams: [{name: a}, {name: b, request: {path: '/{{ nobody }}'}}]"],
        ["E307", "E102", "E202"],
    ),
}


@pytest.mark.parametrize("name", CONSEQUENCES)
def test_one_mistake_is_said_once(tmp_path: Path, name: str) -> None:
    lines, codes = CONSEQUENCES[name]
    path = tmp_path / "acme.yaml"
    path.write_text(spec("acme", SOUND[0], *lines), encoding="utf-8")
    assert [problem.code for problem in problems_of(path)] == codes


def test_places_below_a_removed_item_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    streams = [
        "streams:",
        "  - {name: a}",
        "  - {name: B, request: {path: /}}",
        "  - {name: c, request: {path: '{{ x }}'}}",
    ]
    path.write_text(spec("acme", SOUND[0], *streams), encoding="utf-8")
    assert [(p.line, p.where) for p in problems_of(path)] == [
        (5, "streams[0].request"),
        (6, "streams[1].name"),
        (7, "streams[2].request.path"),
    ]


def test_a_source_with_problems_is_no_source() -> None:
    found = load(SPECS / "bad" / "mistakes_in_all_layers.yaml")
    assert found.source is None
    assert found.sound is not None


# The command line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files with problems, one of them in a folder below, and a sound one."""
    (tmp_path / "below").mkdir()
    (tmp_path / "b.yaml").write_text(spec("b", *SOUND, "colour: red", "color: red"), encoding="utf-8")
    (tmp_path / "below" / "a.yml").write_text(spec("a", SOUND[0], "streams: []"), encoding="utf-8")
    (tmp_path / "c.yaml").write_text(spec("c", *SOUND), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no YAML: at: all", encoding="utf-8")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["validate", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_sound_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, folder / "c.yaml") == (0, "1 file: 0 errors, 0 warnings\n", "")


def test_a_folder_reports_all_problems_of_all_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, folder)
    lines = out.replace(f"{folder}/", "").splitlines()
    assert (code, err) == (1, "")
    assert [line.split(" ")[0:2] for line in lines if re.match(r"\S+:\d+:\d+: ", line)] == [
        ["b.yaml:5:1:", "E101"],
        ["b.yaml:6:1:", "E101"],
        ["below/a.yml:4:10:", "E105"],
    ]
    assert lines[-1] == "3 files: 3 errors, 0 warnings"


def test_several_paths_in_any_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [folder / "below", folder / "b.yaml", folder / "c.yaml"]
    assert run(capsys, *paths) == run(capsys, *reversed(paths)) == run(capsys, folder)


def test_warnings_do_not_fail(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, SPECS / "warn" / "secret_never_used.yaml")
    assert code == 0
    assert out.endswith("1 file: 0 errors, 1 warning\n")


@pytest.mark.parametrize("paths", [["nowhere.yaml"], ["c.yaml", "nowhere"]])
def test_a_path_that_does_not_exist(folder: Path, capsys: pytest.CaptureFixture[str], paths: list[str]) -> None:
    code, out, err = run(capsys, *(folder / path for path in paths))
    assert (code, out) == (2, "")
    assert err == f"framework validate: {folder / paths[-1]} does not exist\n"


def test_no_path_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(capsys)
    assert stopped.value.code == 2
    assert "PATH" in capsys.readouterr().err


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--format", "json", folder)
    said = json.loads(out)
    assert (code, err, said["files"]) == (1, "", 3)
    assert said["problems"][0] == {
        "file": str(folder / "b.yaml"),
        "line": 5,
        "column": 1,
        "code": "E101",
        "where": "colour",
        "message": said["problems"][0]["message"],
        "fixable": False,
        "end_column": 7,
    }
    places = [(p["file"], p["line"], p["column"]) for p in said["problems"]]
    assert places == sorted(places)
    assert run(capsys, "--format", "json", folder)[1] == out, "the same every time"


def test_json_without_problems(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--format", "json", folder / "c.yaml")
    assert (code, json.loads(out)) == (0, {"files": 1, "problems": []})


def test_text_and_json_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    folders = [SPECS / "bad", SPECS / "good", SPECS / "warn"]
    text = re.findall(r"^\S+:\d+:\d+: .*$", run(capsys, *folders)[1], re.MULTILINE)
    problems = json.loads(run(capsys, "--format", "json", *folders)[1])["problems"]
    names = [each.name for each in fields(Problem) if each.name != "fix"]
    assert text == [str(Problem(**{name: problem[name] for name in names})) for problem in problems]
    assert len({path for path, *_ in (line.split(":") for line in text)}) == len(BAD) + len(WARN)


SETTINGS = {
    "a misspelt key": (b"version: 1\nenviroments: {}\n", "2:1: E101 enviroments"),
    "not UTF-8": (b"version: 1\nproject: caf\xe9\n", "2:13: E004 this is no UTF-8 text"),
    "nothing": (b"", "1:1: E001 the file is empty."),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_are_looked_at_too(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    content, said = SETTINGS[name]
    (tmp_path / "framework.yaml").write_bytes(content)
    code, out, _ = run(capsys, tmp_path)
    assert code == 1
    assert out.startswith(f"{tmp_path / 'framework.yaml'}:{said}")


def test_a_folder_named_like_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd.yaml").mkdir()
    assert run(capsys, tmp_path)[:2] == (0, "0 files: 0 errors, 0 warnings\n")


@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_line_ends_and_byte_order_marks_move_nothing(tmp_path: Path, ending: bytes, mark: bytes) -> None:
    path = tmp_path / "acme.yaml"
    text = "verion: 1\nname: acme\nhttp: {base_url: 'https://{{ config.é }}.é.example'}\nstreams: []\nx: 1\n"
    path.write_bytes(mark + text.encode().replace(b"\n", ending))
    wanted = [(1, 1, "E101"), (3, 30, "E202"), (4, 10, "E105"), (5, 1, "E101")]
    assert [(p.line, p.column, p.code) for p in problems_of(path)] == wanted


def test_the_shipped_sources_pass() -> None:
    command = [sys.executable, "-m", "framework.cli", "validate", "sources/", "framework.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"\d+ files: 0 errors, 0 warnings\n", done.stdout), done.stdout
