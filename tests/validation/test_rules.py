"""The rules of `validate`: each has a page with two examples, which are run here."""

import re
from pathlib import Path

import pytest

from framework.cli import main
from framework.rules import RULES
from framework.rules.base import GROUPS
from framework.rules.example import files_of
from framework.rules.page import page, text
from framework.validation.together import all_checked

ROOT = Path(__file__).parents[2]
SOURCE = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "framework").rglob("*.py"))
    if path.parent.name != "rules"
)


def reported(folder: Path, example: str) -> set[str]:
    """The codes that an example gives."""
    for name, content in files_of(example).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    return {problem.code for checked in all_checked([folder]) for problem in checked.problems}


@pytest.mark.parametrize("code", RULES)
def test_the_bad_example_is_reported(tmp_path: Path, code: str) -> None:
    assert reported(tmp_path, RULES[code].bad) == {code}


@pytest.mark.parametrize("code", RULES)
def test_the_good_example_is_not(tmp_path: Path, code: str) -> None:
    assert reported(tmp_path, RULES[code].good) == set()


def test_every_code_is_a_rule_and_every_rule_is_used() -> None:
    assert set(re.findall(r'"([EW]\d{3})"', SOURCE)) == set(RULES)


def test_rules_say_what_and_why() -> None:
    assert len({rule.what for rule in RULES.values()}) == len(RULES)
    for code, rule in RULES.items():
        assert code[:2] in GROUPS
        assert not rule.what.endswith("."), code
        assert rule.why.endswith("."), code
        assert rule.bad != rule.good, code
        assert rule.bad.endswith("\n"), code
        assert rule.good.endswith("\n"), code


def test_the_page_holds_every_rule() -> None:
    said = page()
    assert (ROOT / "docs" / "reference" / "rules.md").read_text(encoding="utf-8") == said, "run framework schema"
    for code, rule in RULES.items():
        assert f"### {code}\n\n**{rule.what}.**" in said
        assert f"[{code}](#{code.lower()})" in said


def test_the_terminal_shows_a_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "e101", "W201"]) == 0
    out = capsys.readouterr().out
    assert "E101  An unknown key" in out
    assert "W201  An incremental stream" in out
    assert "    pagintor: {type: next_url" in out, "examples are not wrapped"
    assert max(len(line) for line in out.splitlines() if line[:1] != " ") <= 100


def test_the_terminal_lists_all_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(RULES)


def test_an_unknown_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "W201", "W20l"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("framework rule: there is no rule 'W20L'. Did you mean 'W2")


def test_a_rule_as_text_says_how_to_silence_it() -> None:
    assert "# noqa: W204 reason" in text(RULES["W204"])
    assert "noqa: E101" not in text(RULES["E101"])
