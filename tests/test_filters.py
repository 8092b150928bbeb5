"""What templates do to values: every filter is in the docs, with an example that is true."""

import re
from pathlib import Path

import pytest

from framework.filters import FILTERS
from framework.template import TemplateProblem, render, render_path, render_text, wrong_filters

PAGE = (Path(__file__).parents[1] / "docs" / "templates.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \|.*\| `(\{\{.*\}\})` is (.*) \|$", PAGE, re.MULTILINE)


def test_every_filter_is_in_the_docs() -> None:
    assert {name for name, _, _ in ROWS} == {*FILTERS, "urlencode"}


@pytest.mark.parametrize(("name", "text", "result"), ROWS)
def test_an_example_in_the_docs_is_true(name: str, text: str, result: str) -> None:
    assert f" {name}" in text
    assert render_text(text.replace("\\|", "|"), {}) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{{ 1769860800123 | iso }}", "2026-01-31T12:00:00Z"),
        ("{{ '1769860800.5' | epoch_ms }}", 1769860800500),
        ("{{ '2026-01-31T12:00:00+02:00' | epoch }}", 1769853600),
        ("{{ '2024-02-29' | date_add('-1y') }}", "2023-02-28"),
        ("{{ '2026-01-31T23:30:00Z' | date_add('45m') }}", "2026-02-01T00:15:00Z"),
        ("{{ '2026-03-31T00:00:00Z' | date_add('-1mo') | date }}", "2026-02-28"),
        ("{{ 'ä' | b64encode | b64decode }}", "ä"),
        ("{{ {'a': [1.5, none]} | json }}", '{"a":[1.5,null]}'),
    ],
)
def test_filters(text: str, result: object) -> None:
    assert render(text, {}) == result


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ 'soon' | iso }}", "'soon' is no instant"),
        ("{{ true | epoch }}", "True is no instant"),
        ("{{ '2026-01-31' | date_add('1 day') }}", "is no duration"),
        ("{{ 'a' | hash('crc') }}", "'crc' is no hash: md5, sha1, sha256, sha512"),
        ("{{ none | b64encode }}", "null is no text"),
        ("{{ '***' | b64decode }}", "can't be rendered"),
        ("{{ config.x | iso }}", "has no attribute 'x'"),
        ("{{ config.x | b64encode }}", "has no attribute 'x'"),
    ],
)
def test_what_a_filter_does_not_take(text: str, said: str) -> None:
    with pytest.raises(TemplateProblem, match=re.escape(said)):
        render(text, {"config": {}})


def test_in_a_path_what_a_filter_gives_is_quoted() -> None:
    assert render_path("/{{ '2026-01-31T12:00:00Z' | date('%d %m') }}", {}) == "/31%2001"


def test_a_filter_that_does_not_exist() -> None:
    assert wrong_filters("{{ a | isso }} {{ b | upper }}") == [
        ("there is no filter 'isso'. Did you mean 'iso'?", "isso")
    ]
    assert "Besides those of Jinja there are urlencode, iso" in wrong_filters("{{ a | qqqqqqq }}")[0][0]
    assert wrong_filters("{{ a | }}") == wrong_filters("plain") == []
