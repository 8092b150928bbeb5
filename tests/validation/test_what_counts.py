"""`--select`, `--ignore`, `--strict`, `--baseline`, and what the command exits with."""

import json
import os
from pathlib import Path

import pytest

from tests.validation.project import STREAMS, run, spec, write

WRONG = spec("secrets: [old]\ncolour: red\nschedule: {cron: never}\n" + STREAMS)
"""A W207, an E101 and an E307."""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with one file, which has problems."""
    return write(tmp_path, {"shop.yaml": WRONG})


def codes(out: str) -> list[str]:
    return [problem["code"] for problem in json.loads(out)["problems"]]


CHOICES = {
    "nothing chosen": ([], ["W207", "E101", "E307"]),
    "a kind": (["--select", "W"], ["W207"]),
    "a group": (["--select", "e1"], ["E101"]),
    "codes": (["--select", "E101,W207"], ["W207", "E101"]),
    "several options": (["--select", "E101", "--select", "W207"], ["W207", "E101"]),
    "all but one": (["--ignore", "E101"], ["W207", "E307"]),
    "all but a kind": (["--ignore", "E"], ["W207"]),
    "of a kind all but one": (["--select", "E", "--ignore", "E101"], ["E307"]),
    "none of a kind but one": (["--ignore", "E", "--select", "E101"], ["E101"]),
    "one that is not met": (["--select", "W201"], []),
    "all, but one": (["--select", "ALL", "--ignore", "W2"], ["E101", "E307"]),
}


@pytest.mark.parametrize("name", CHOICES)
def test_select_and_ignore(shop: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    options, wanted = CHOICES[name]
    code, out, _ = run(capsys, shop, "--format", "json", *options)
    assert codes(out) == wanted
    assert code == (1 if any(each[0] == "E" for each in wanted) else 0)


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_an_unknown_code(shop: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    code, out, err = run(capsys, shop, option, "E111")
    assert (code, out) == (2, "")
    assert err.startswith(f"framework validate: {option}: there is no rule 'E111'. Did you mean 'E")


def test_strict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"shop.yaml": spec("secrets: [old]\n" + STREAMS)})
    assert run(capsys, tmp_path)[0] == 0
    assert run(capsys, tmp_path, "--strict")[0] == 1
    assert run(capsys, tmp_path, "--strict", "--ignore", "W207")[0] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "other.yaml").write_text(WRONG, encoding="utf-8")
    (shop / "other.yaml").chmod(0)
    assert run(capsys, shop)[0] == 2


def test_a_link_that_leads_nowhere(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is in no folder's list, and named it does not exist."""
    (shop / "gone.yaml").symlink_to(shop / "nowhere.yaml")
    assert run(capsys, shop)[0] == 1
    assert run(capsys, shop / "gone.yaml")[0] == 2


def test_a_file_is_checked_once(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    once = run(capsys, shop / "shop.yaml")
    assert run(capsys, shop / "shop.yaml", shop, shop / "." / "shop.yaml") == once


def test_a_baseline_holds_what_is_known(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = shop / "known.json"
    assert run(capsys, shop, "--write-baseline", known) == (0, f"{known}: 3 findings known from now on\n", "")
    code, out, err = run(capsys, shop, "--baseline", known)
    assert (code, out, err) == (0, "1 file: 0 errors, 0 warnings, 3 known\n", "")
    assert "red" not in known.read_text(encoding="utf-8"), "lines are not copied: they may hold secrets"

    moved = "# a comment\n\n" + WRONG
    write(shop, {"shop.yaml": moved})
    assert run(capsys, shop, "--baseline", known)[0] == 0, "lines may move"

    write(shop, {"shop.yaml": moved.replace("colour: red", "colour: blue")})
    code, out, err = run(capsys, shop, "--baseline", known, "--format", "json")
    assert (code, codes(out)) == (1, ["E101"])
    assert err == f"{known}: 1 known findings are gone. Write it anew: --write-baseline\n"

    write(shop, {"shop.yaml": moved + "titel: x\n"})
    code, out, _ = run(capsys, shop, "--baseline", known, "--format", "json")
    assert (code, codes(out)) == (1, ["E101"]), "one that came new"

    assert run(capsys, shop, "--baseline", known, "--write-baseline")[1].endswith("4 findings known from now on\n")
    assert run(capsys, shop, "--baseline", known)[0] == 0


def test_of_two_alike_one_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = "  - {name: a, request: {path: /a}, colour: red}\n"
    write(tmp_path, {"shop.yaml": spec("streams:\n" + stream)})
    run(capsys, tmp_path, "--write-baseline", tmp_path / "known.json")
    write(tmp_path, {"shop.yaml": spec("streams:\n" + stream + stream)})
    _, out, _ = run(capsys, tmp_path, "--baseline", tmp_path / "known.json", "--format", "json")
    assert codes(out) == ["E303", "E101"] or codes(out) == ["E101", "E303"]


def test_a_baseline_goes_by_its_own_folder(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = shop / "known.json"
    run(capsys, shop, "--write-baseline", known)
    first = known.read_text(encoding="utf-8")
    monkeypatch.chdir(shop)
    assert run(capsys, "shop.yaml", "--baseline", "known.json")[0] == 0
    run(capsys, ".", "--write-baseline", "known.json")
    assert known.read_text(encoding="utf-8") == first, "the same from wherever it is written"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"known": [1]}', '{"known": [["a"]]}', "\x00"])
def test_a_baseline_that_is_none(shop: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    (shop / "known.json").write_text(content, encoding="utf-8")
    code, out, err = run(capsys, shop, "--baseline", shop / "known.json")
    assert (code, out) == (2, "")
    assert "is no baseline: write it anew with --write-baseline" in err


def test_a_baseline_that_is_not_there(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, shop, "--baseline", shop / "known.json")
    assert code == 2
    assert err.endswith("No such file or directory. Write it first: --write-baseline\n")
    assert run(capsys, shop, "--write-baseline")[0] == 2
