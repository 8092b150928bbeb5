"""`--fix`: what is safe is mended, everything else in the file stays as it is, and doing it again changes nothing."""

from pathlib import Path

import pytest

from framework.rules import RULES
from framework.rules.example import files_of
from framework.validation.together import all_checked
from tests.validation.project import STREAMS, run, said, spec, write

BAD = sorted((Path(__file__).parents[1] / "specs" / "bad").glob("*.yaml"))
WARN = sorted((Path(__file__).parents[1] / "specs" / "warn").glob("*.yaml"))

ORDERS = "streams:\n  - name: orders\n    request: {path: /orders}\n"
CASES = {
    "a key in another case": (
        "Streams: [{name: a, request: {path: /a}}]\n",
        "streams: [{name: a, request: {path: /a}}]\n",
    ),
    "a key with dashes": (ORDERS + "    primary-key: [id]  # one\n", ORDERS + "    primary_key: [id]  # one\n"),
    "a word in another case": (
        ORDERS + "    primary_key: [id]\n    clean: {table: A, mode: MERGE}\n",
        ORDERS + "    primary_key: [id]\n    clean: {table: A, mode: merge}\n",
    ),
    "a kind in another spelling": (
        ORDERS + "    pagination: {type: 'Link-Header'}   # all\n",
        ORDERS + "    pagination: {type: 'link_header'}   # all\n",
    ),
    "a number that is text": ("title: 007\n" + STREAMS, 'title: "007"\n' + STREAMS),
    "a text that is a number": (
        "schedule: {cron: '@daily', retries: '3'}\n" + STREAMS,
        "schedule: {cron: '@daily', retries: 3}\n" + STREAMS,
    ),
    "yes": (
        ORDERS + "    primary_key: [id]\n    clean: {table: A, mode: replace, allow_empty: yes}  # ok\n",
        ORDERS + "    primary_key: [id]\n    clean: {table: A, mode: replace, allow_empty: true}  # ok\n",
    ),
    "a list of one": (ORDERS + "    primary_key: id # x\n", ORDERS + "    primary_key: [id] # x\n"),
    "seconds": (
        "defaults: {guards: {}}\n" + ORDERS + '    checks: {freshness: {max: "6 hours"}}\n',
        "defaults: {guards: {}}\n" + ORDERS + '    checks: {freshness: {max: "6h"}}\n',
    ),
    "an ISO duration": (
        ORDERS + "    checks: {freshness: {max: P1DT12H}}\n",
        ORDERS + "    checks: {freshness: {max: 1d12h}}\n",
    ),
    "a JSONPath": (ORDERS + "    records: $.data.items\n", ORDERS + "    records: data.items\n"),
    "a version in quotes": ("title: a\n" + STREAMS, "title: a\n" + STREAMS),
    "an unused secret among others": (
        "secrets: [old, token]\ndefaults: {}\n"
        'streams: [{name: a, request: {path: /a, params: {q: "{{ secrets.token }}"}}}]\n',
        "secrets: [token]\ndefaults: {}\n"
        'streams: [{name: a, request: {path: /a, params: {q: "{{ secrets.token }}"}}}]\n',
    ),
    "an unused secret alone": ("secrets: [ old ]\n" + STREAMS, "secrets: [ ]\n" + STREAMS),
    "an unused noqa": ("title: é  # noqa: W203 gone\n" + STREAMS, "title: é\n" + STREAMS),
    "an unused noqa on its own line": ("# noqa: W203 gone\ntitle: é\n" + STREAMS, "title: é\n" + STREAMS),
}


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("name", CASES)
def test_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, ending: str) -> None:
    wrong, right = (spec(text).replace("\n", ending).encode() for text in CASES[name])
    path = tmp_path / "shop.yaml"
    path.write_bytes(wrong)
    path.chmod(0o640)
    code, out, _ = run(capsys, path, "--fix")
    assert path.read_bytes() == right
    assert (code, path.stat().st_mode & 0o777) == (0, 0o640)
    assert ("mended" in out) == (wrong != right)
    assert run(capsys, path, "--fix")[1] == "1 file: 0 errors, 0 warnings\n", "again, and nothing is left to do"
    assert path.read_bytes() == right
    assert [each.name for each in tmp_path.iterdir()] == ["shop.yaml"]


KEPT = {
    "two letters off may be another word": ORDERS + "    pagintor: {type: link_header}\n",
    "the right key is there too": ORDERS + "    primary-key: [id]\n    primary_key: [id]\n",
    "a number without a unit": ORDERS + "    checks: {freshness: {max: 30}}\n",
    "a list written with commas": ORDERS + '    primary_key: "a,b"\n',
    "a JSONPath with a filter": ORDERS + "    records: '$.items[?(@.a)]'\n",
    "a literal Z with fractions": ORDERS
    + "    primary_key: [id]\n    incremental:\n"
    + '      {cursor: u, start: 2024-01-01, filter: true, format: "%Y-%m-%dT%H:%M:%S.%fZ"}\n',
    "what a template fills in": "streams:\n  - repeat: {for: [MERGE], as: x}\n    name: a\n    request: {path: /a}\n"
    '    primary_key: [id]\n    clean: {table: A, mode: "{{ x }}"}\n',
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_not_plain_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    write(tmp_path, {"shop.yaml": spec(KEPT[name])})
    before = said(tmp_path)
    out = run(capsys, tmp_path, "--fix")[1]
    assert (tmp_path / "shop.yaml").read_text(encoding="utf-8") == spec(KEPT[name])
    assert "mended" not in out
    assert said(tmp_path) == before != []


@pytest.mark.parametrize("path", [*BAD, *WARN], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_fixing_any_file_makes_nothing_worse(tmp_path: Path, capsys: pytest.CaptureFixture[str], path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    before = [problem[3] for problem in said(copy)]
    run(capsys, copy, "--fix")
    after, once = [problem[3] for problem in said(copy)], copy.read_bytes()
    run(capsys, copy, "--fix")
    assert copy.read_bytes() == once
    fixable = {code for code, rule in RULES.items() if rule.fixed}
    gone = [code for code in before if code not in after]
    assert set(gone) <= fixable, "what is mended is said to be"
    assert sum(code[0] == "E" for code in after) <= sum(code[0] == "E" for code in before) or "E" not in "".join(gone)


@pytest.mark.parametrize("code", [code for code, rule in RULES.items() if rule.fixed])
def test_each_rule_that_can_be_mended_has_a_fix(code: str) -> None:
    """E101, whose example is misspelt by letters, has its own cases above."""
    found = set()
    for path in [*BAD, *WARN]:
        found |= {problem.code for checked in all_checked([path]) for problem in checked.problems if problem.fix}
    cases = {"E101": "a key with dashes", "W205": "", "W101": "an unused noqa"}
    assert code in found | set(cases)


def test_the_page_says_which_can_be_mended(tmp_path: Path) -> None:
    for code in ("W203", "W205", "W207", "W101", "E103", "E105", "E203"):
        for name, text in files_of(RULES[code].bad).items():
            write(tmp_path / code, {name: text})
        problems = [p for checked in all_checked([tmp_path / code]) for p in checked.problems]
        assert [problem.fix is not None for problem in problems] == [True], code


def test_fix_is_for_the_rules_that_are_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"shop.yaml": spec("secrets: [old]\ntitle: 7\n" + STREAMS)})
    run(capsys, tmp_path, "--fix", "--select", "E")
    assert (tmp_path / "shop.yaml").read_text(encoding="utf-8") == spec('secrets: [old]\ntitle: "7"\n' + STREAMS)
    run(capsys, tmp_path, "--fix", "--ignore", "W207")
    assert "secrets: [old]" in (tmp_path / "shop.yaml").read_text(encoding="utf-8")
    assert "1 mended" in run(capsys, tmp_path, "--fix")[1]


def test_what_is_silenced_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = spec("secrets: [old]  # noqa: W207 for later\n" + STREAMS)
    write(tmp_path, {"shop.yaml": text})
    assert run(capsys, tmp_path, "--fix")[1] == "1 file: 0 errors, 0 warnings\n"
    assert (tmp_path / "shop.yaml").read_text(encoding="utf-8") == text
