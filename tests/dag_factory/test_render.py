"""The files that are written for Airflow."""

import ast
from pathlib import Path

import pytest

from dag_factory.render import render
from framework.cli import main
from tests.dag_factory.tiny import project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "project")


def test_a_file_for_each_deployment(folder: Path) -> None:
    written = render(folder, "local", folder / "dags")
    assert [path.name for path in written] == ["tiny.py", "tiny_eu.py"]
    text = written[1].read_text(encoding="utf-8")
    assert 'dag = build.dag(Path(__file__).absolute().parents[1], "tiny_eu", "local")' in text
    assert str(folder) not in text
    assert "# name: tiny\n" in text, "the spec, for Airflow's own page of the code"
    assert "pools=True" in render(folder, "local", folder / "dags", pools=True)[0].read_text(encoding="utf-8")
    for path in written:
        ast.parse(path.read_text(encoding="utf-8"))
        assert {"dag", "airflow"} <= set(path.read_text(encoding="utf-8").lower().replace('"', " ").split())


def test_outside_the_project_its_folder_is_written_out(folder: Path, tmp_path: Path) -> None:
    text = render(folder, None, tmp_path / "elsewhere")[0].read_text(encoding="utf-8")
    assert f'build.dag({str(folder)!r}, "tiny", "local")' in text
    assert "Path" not in text
    ast.parse(text)


def test_what_is_gone_is_removed_and_what_others_wrote_is_not(folder: Path) -> None:
    dags = folder / "dags"
    render(folder, "local", dags)
    (dags / "by_hand.py").write_text("# somebody's own\n")
    (folder / "sources" / "tiny.yaml").rename(folder / "sources" / "large.yaml")
    render(folder, "local", dags)
    assert sorted(path.name for path in dags.iterdir()) == ["by_hand.py", "large.py", "tiny_eu.py"]


def test_what_is_unchanged_is_not_touched(folder: Path) -> None:
    before = [path.stat().st_mtime_ns for path in render(folder, "local", folder / "dags")]
    assert [path.stat().st_mtime_ns for path in render(folder, "local", folder / "dags")] == before


@pytest.mark.parametrize("name", ["airflow", "json", "framework"])
def test_no_file_shadows_a_module(folder: Path, name: str) -> None:
    (folder / "sources" / f"{name}.yaml").write_text("not read\n")
    names = {path.name for path in render(folder, "local", folder / "dags")}
    assert f"{name}.py" not in names
    assert f"{name}-dag.py" in names


def test_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = folder / "dags"
    words = ["airflow", "render", "--project", str(folder), "--out", str(to)]
    assert main([*words, "--env", "local"]) == 0
    assert capsys.readouterr().out.splitlines() == [str(to / "tiny.py"), str(to / "tiny_eu.py")]
    assert main([*words, "--env", "lokal"]) == 1
    assert "'lokal'" in capsys.readouterr().err
