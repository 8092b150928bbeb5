"""`# noqa: W204 reason`: what it silences, and what is said of one that silences nothing."""

from pathlib import Path

import pytest

from framework.project import Project, find
from tests.validation.project import STREAMS, said, spec, write

MART = (
    "streams: [{name: orders, request: {path: /orders}, primary_key: [id], clean: {table: CLN_O}}]\n"
    "analytics:\n"
    "  - table: ANL_O\n"
    "    sql: |{comment}\n"
    "      select count(*) as n\n"
    "      from CLN_O\n"
)
CASES = {
    "at the end of the line": ("secrets: [old]  # noqa: W207 kept for later\n" + STREAMS, []),
    "without a reason": ("secrets: [old] # noqa: W207\n" + STREAMS, []),
    "in small letters": ("secrets: [old] #noqa:w207\n" + STREAMS, []),
    "several codes": ("secrets: [old]  # noqa: W207, W203 both\n" + STREAMS, [(4, 17, "W101")]),
    "on the line above": ("# noqa: W207 kept for later\nsecrets: [old]\n" + STREAMS, []),
    "two lines above": (
        "# noqa: W207 kept\n# for later\nsecrets: [old]\n" + STREAMS,
        [(4, 1, "W101"), (6, 11, "W207")],
    ),
    "another code": ("secrets: [old]  # noqa: W203\n" + STREAMS, [(4, 11, "W207"), (4, 17, "W101")]),
    "without a code": ("secrets: [old]  # noqa\n" + STREAMS, [(4, 11, "W207"), (4, 17, "W102")]),
    "one item of a list": ("secrets:\n  - old  # noqa: W207 x\n  - older\n" + STREAMS, [(6, 5, "W207")]),
    "where a text of several lines begins": (MART.replace("{comment}", "  # noqa: W203 made elsewhere"), []),
    "in a text it is text": (
        MART.replace("{comment}", "").replace("from CLN_O", "from CLN_O -- # noqa: W203"),
        [(9, 12, "W203")],
    ),
    "in quotes it is text": ('secrets: ["old"]\ntitle: "x # noqa: W207"\n' + STREAMS, [(4, 11, "W207")]),
    "errors can't be silenced": ("colour: red  # noqa: E101\n" + STREAMS, [(4, 1, "E101"), (4, 14, "W102")]),
    "a guess of a secret can": (
        "secrets: []\nconfig: {api_key: {default: DEMO}}  # noqa: E319 public\n"
        'streams: [{name: a, request: {path: "/{{ config.api_key }}"}}]\n',
        [],
    ),
    "nothing is said of unused ones where the file can't be read whole": (
        "colour: red\nsecrets: [old]  # noqa: W203\n" + STREAMS,
        [(4, 1, "E101"), (5, 11, "W207")],
    ),
    "what takes other files may be silenced any time": ("title: a  # noqa: W402 on purpose\n" + STREAMS, []),
}


@pytest.mark.parametrize("name", CASES)
def test_noqa(tmp_path: Path, name: str) -> None:
    text, wanted = CASES[name]
    write(tmp_path, {"shop.yaml": spec(text)})
    assert [problem[1:] for problem in said(tmp_path)] == wanted


def test_framework_yaml_too(tmp_path: Path) -> None:
    text = "environments:\n  a: {}\n  local: {}\n"
    write(tmp_path, {"framework.yaml": text})
    assert said(tmp_path) == [("framework.yaml", 3, 3, "W403")] * 2
    write(tmp_path, {"framework.yaml": text.replace("local: {}", "local: {}  # noqa: W403 one laptop")})
    assert said(tmp_path) == []


def test_a_run_takes_what_is_silenced(tmp_path: Path) -> None:
    text = spec('http_: x\nstreams: [{name: a, request: {path: "/a?api_key=DEMO"}}]  # noqa: E319 public\n')
    write(tmp_path, {"sources/shop.yaml": text.replace("http_: x\n", "")})
    project: Project = find(tmp_path)
    assert project.deployment("shop").source.name == "shop"


def test_across_files(tmp_path: Path) -> None:
    schedule = 'schedule: {cron: "0 3 * * *"}'
    one, two = spec(f"{schedule}\n{STREAMS}"), spec(f"{schedule}{{}}\n{STREAMS}", "store")
    two = two.replace("api.store.example", "api.shop.example")
    write(tmp_path, {"shop.yaml": one, "store.yaml": two.replace("{}", "")})
    assert [problem[3] for problem in said(tmp_path)] == ["W402"]
    write(tmp_path, {"store.yaml": two.replace("{}", "  # noqa: W402 both are small")})
    assert said(tmp_path) == []
