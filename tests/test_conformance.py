"""Every case under tests/conformance/ is as it says. A file dropped there is a test."""

import re
from pathlib import Path

import pytest

from framework.conformance.case import load
from framework.conformance.runner import check

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent / "conformance"
CASES = sorted(FOLDER.rglob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.relative_to(FOLDER).with_suffix("")))
def test_case(path: Path) -> None:
    assert check(load(path)) == []


def test_a_case_that_is_wrong_fails(tmp_path: Path) -> None:
    text = (FOLDER / "cursor_in_body.yaml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace("records: 3", "records: 4").replace("1.10}'", "1.1}'"), encoding="utf-8")
    assert len(check(load(wrong))) == 2
    wrong.write_text(text.replace('after: "a=="', "after: b"), encoding="utf-8")
    assert any("unexpected request: GET https://api.example/items" in line for line in check(load(wrong)))


def test_every_row_of_the_capabilities_has_a_case_and_every_case_a_row() -> None:
    page = (Path(__file__).parents[1] / "docs" / "capabilities.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `([a-z0-9_.]+)`( †)? \|.*\| (.*) \|$", page, re.M)
    rows = [(name, missing) for name, missing, _ in lines]
    built = {name for name, missing in rows if not missing}
    covers = {str(path.relative_to(FOLDER).with_suffix("")): load(path).covers for path in CASES}
    covered = {name for names in covers.values() for name in names}
    assert built - covered == set(), "rows without a case"
    assert covered - built == set(), "cases of no row"
    assert len(rows) == len({name for name, _ in rows}) > 100
    for name, _, told in lines:
        assert told == ", ".join(f"`{case}`" for case, names in covers.items() if name in names), name
