"""The published schemas in a real editor's language server: errors, completion and help, and its verdict beside that
of `validate`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from framework.problem import Problem
from framework.verbs.validate import problems_of
from tests.editor.client import SERVER, Json, LanguageServer
from tests.test_schema import STRUCTURE, is_beyond

ROOT = Path(__file__).parents[2]
SCHEMAS = {kind: ROOT / "docs" / "reference" / f"{kind}.schema.json" for kind in ("source", "framework")}
FILES = sorted(
    path
    for part in ("tests/specs/good", "tests/specs/bad", "tests/specs/warn", "sources")
    for path in (ROOT / part).glob("*.yaml")
    if path.name != "not_utf8.yaml"  # a server is given text
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not SERVER.exists() or shutil.which("node") is None,
        reason="yaml-language-server is not there: `make tests/editor/node_modules/.ready` gets it by npm (Node 18)",
    ),
]

NOT_SEEN = {
    "control_character.yaml": "it lets control characters pass",
    "top_empty.yaml": "an empty file has nothing to underline",
    "yaml_anchor_of_itself.yaml": "it does not follow an alias into itself",
    "yaml_key_number.yaml": "YAML allows keys that are mappings",
    "yaml_merge_key.yaml": "it knows the merge keys of YAML 1.1",
    "yaml_set.yaml": "it knows the tag !!set",
    "yaml_two_documents.yaml": "YAML allows several documents in a file",
}
"""What it says nothing of, and `validate` refuses."""
ELSEWHERE = {
    "repeat_mistakes.yaml": "below `repeat` the schema knows no keys: they are filled in first",
    "streams_by_name.yaml": "it does not look below items in another shape",
    "top_comment_then_null.yaml": "the file as a whole",
    "words_of_other_warehouses.yaml": "it does not look below items in another shape",
    "yaml_brace_not_closed.yaml": "where reading stopped, rather than where it began",
    "yaml_bracket_not_closed.yaml": "where reading stopped, rather than where it began",
    "yaml_indent_too_deep.yaml": "the line above",
    "yaml_quote_not_closed.yaml": "where reading stopped, rather than where it began",
    "yaml_quote_not_closed_mid.yaml": "the line above",
}
"""What it says of another line than `validate`."""


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    opened = LanguageServer()
    yield opened
    opened.close()


def modeline(kind: str) -> str:
    """The first line, by which an editor finds the schema."""
    return f"# yaml-language-server: $schema={SCHEMAS[kind].as_uri()}\n"


def what_a_schema_can_know(path: Path, text: str) -> list[Problem]:
    problems = [problem for problem in problems_of(path) if problem.code in STRUCTURE or problem.code[:2] == "E0"]
    return [problem for problem in problems if not is_beyond(problem, text)]


def places(problem: Problem) -> set[int]:
    """The lines that are right for it: what a record lacks is said of the record, by its first key or by its own."""
    return {problem.line, problem.line - 1} if problem.code in ("E102", "E106") else {problem.line}


@pytest.fixture(scope="module")
def opened(server: LanguageServer) -> dict[Path, str]:
    """All files, opened at once: each is looked at after a moment of quiet. The first line moves all others by one."""
    first = modeline("source")
    return {
        path: server.open(f"{path.parent.name}/{path.name}", first + path.read_text(encoding="utf-8")) for path in FILES
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_it_says_what_validate_says(server: LanguageServer, opened: dict[Path, str], path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found: list[Json] = server.diagnostics(opened[path])
    lines = {each["range"]["start"]["line"] for each in found}  # from 0, and one further down
    wanted = what_a_schema_can_know(path, text)
    elsewhere = [problem for problem in wanted if not lines & places(problem)]
    said = [(each["range"]["start"]["line"], each["message"]) for each in found]
    if path.name in NOT_SEEN:
        assert wanted
        assert not said, "no exception is needed here any more"
    elif path.name in ELSEWHERE:
        assert said
        assert elsewhere, "no exception is needed here any more"
    else:
        assert bool(wanted) == bool(lines), (said, wanted)
        assert not elsewhere, said


def test_the_exceptions_are_few() -> None:
    names = {path.name for path in FILES}
    assert {*NOT_SEEN, *ELSEWHERE} <= names
    assert len(NOT_SEEN) + len(ELSEWHERE) <= 0.05 * len(FILES)


@pytest.mark.parametrize("path", ["framework.yaml", "tests/specs/framework.example.yaml"])
def test_good_settings_are_silent(server: LanguageServer, path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert server.diagnostics(server.open(f"settings/{path}", modeline("framework") + text)) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version: 1\nenviroments: {}\n", 2),
        ("version: 1\nenvironments:\n  prod:\n    stage: {type: ftp}\n", 4),
        ("version: 1\nenvironments:\n  prod:\n    warehouse: {type: duckdb, pth: a}\n", 4),
    ],
)
def test_bad_settings(server: LanguageServer, text: str, line: int) -> None:
    found = server.diagnostics(server.open(f"settings/bad{len(text)}.yaml", modeline("framework") + text))
    assert line in {each["range"]["start"]["line"] for each in found}


HEAD = "version: 1\nname: acme\nhttp:\n  base_url: https://acme.example\n"
STREAM = HEAD + "streams:\n  - name: a\n    request: {path: /a}\n"


def asked(server: LanguageServer, method: str, name: str, text: str, kind: str = "source") -> Json:
    """The answer about the place of the `|`."""
    whole = modeline(kind) + text
    at = whole.index("|")
    line, start = whole[:at].count("\n"), whole[:at].rfind("\n") + 1
    found: Json = server.at(method, server.open(f"{method}/{name}.yaml", whole.replace("|", "", 1)), line, at - start)
    return found


COMPLETIONS = {
    "top": ("|\n", {"streams": "The lists of records to read.", "schedule": "When it runs."}),
    "http": (HEAD + "  |\n", {"rate_limit": "How much of the API to use.", "auth": "Credentials."}),
    "stream": (STREAM + "    |\n", {"primary_key": "The fields that identify a record.", "pagination": "How the API"}),
    "kinds": (STREAM + "    pagination: {type: |}\n", {"cursor": "A token in each page", "offset": "A page begins"}),
    "keys of a kind": (STREAM + "    pagination:\n      type: cursor\n      |\n", {"next": "Where the token stands"}),
    "words": (STREAM + "    clean: {table: CLN_A, mode: |}\n", {"merge": "append: every", "history": "append: every"}),
}


@pytest.mark.parametrize("name", COMPLETIONS)
def test_completion(server: LanguageServer, name: str) -> None:
    text, wanted = COMPLETIONS[name]
    found = asked(server, "completion", name.replace(" ", "_"), text)
    told = {item["label"]: str(item.get("documentation", "")) for item in found["items"]}
    missing = [label for label, begin in wanted.items() if not told.get(label, "").startswith(begin)]
    assert missing == [], told


def test_keys_of_other_kinds_are_not_offered(server: LanguageServer) -> None:
    found = asked(server, "completion", "own", STREAM + "    pagination:\n      type: link_header\n      |\n")
    labels = {item["label"] for item in found["items"]}
    assert "rel" in labels
    assert not labels & {"next", "first", "advance"}


HOVERS = {
    "key": (STREAM.replace("path:", "pa|th:"), "Appended to base"),
    "deep key": (STREAM + "    incremental: {cursor: x, start: '2024', look|back: 1h}\n", "Read this much again"),
    "kind": (STREAM + "    pagination: {type: cur|sor, next: a, param: b}\n", "A token in each page asks"),
    "key of a kind": (
        STREAM + "    pagination: {type: cursor, ne|xt: a, param: b}\n",
        "Where the token stands in the body",
    ),
    "auth": (STREAM.replace("streams:", "  auth: {type: bearer, tok|en: x}\nstreams:"), "The token, usually"),
}


@pytest.mark.parametrize("name", HOVERS)
def test_hover(server: LanguageServer, name: str) -> None:
    text, wanted = HOVERS[name]
    assert wanted in asked(server, "hover", name.replace(" ", "_"), text)["contents"]["value"]


def test_help_in_settings(server: LanguageServer) -> None:
    text = "version: 1\nenvironments:\n  local:\n    ware|house: {type: duckdb, path: a}\n"
    assert "A DuckDB file." in asked(server, "hover", "settings", text, "framework")["contents"]["value"]
    found = asked(server, "completion", "settings", "version: 1\nenvironments:\n  local:\n    |\n", "framework")
    assert {"stage", "warehouse", "secrets"} <= {item["label"] for item in found["items"]}
