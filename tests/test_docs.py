"""What the documentation shows is true: specs validate, commands and links exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from framework.cli import VERBS, main
from framework.project import find
from framework.verbs.validate import problems_of

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SPECS = [
    (page, found[1], found[0])
    for page in PAGES
    if page.name != "rules.md"  # whose examples are run by themselves
    for found in re.finditer(r"```yaml\n# sources/(\w+)\.yaml\n.*?```", page.read_text(encoding="utf-8"), re.S)
]
COMMANDS = sorted(
    {
        line.removeprefix("$ ").split("#")[0].strip()
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("$ framework ")
    }
)


@pytest.mark.parametrize(("page", "name", "text"), SPECS, ids=[f"{page.stem}-{name}" for page, name, _ in SPECS])
def test_a_spec_in_the_docs_validates(page: Path, name: str, text: str, tmp_path: Path) -> None:
    spec = tmp_path / f"{name}.yaml"
    spec.write_text(text.removeprefix("```yaml\n").removesuffix("```"), encoding="utf-8")
    assert list(map(str, problems_of(spec))) == []


def test_every_yaml_block_is_a_file_that_is_checked(tmp_path: Path) -> None:
    for page in [page for page in PAGES if page.parent.name != "reference"]:  # which has shapes, not files
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            if block.startswith("# framework.yaml\n"):
                (tmp_path / "framework.yaml").write_text(block, encoding="utf-8")
                find(tmp_path)
            elif not block.startswith(("# .pre-commit-config.yaml", "# .github/workflows/")):  # see tests/share
                assert block.startswith("# sources/"), page


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_in_the_docs_is_taken(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(command)[1:]
    module = __import__(f"framework.verbs.{words[0]}", fromlist=["act"])
    monkeypatch.setattr(module, "act", lambda arguments: 0)
    assert main(words) == 0


def test_every_verb_stands_in_the_docs() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [verb for verb in VERBS if f"framework {verb}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


def test_make_targets_in_the_docs_exist() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", text, re.M))
    named = {word for page in PAGES for word in re.findall(r"make ([a-z-]+)\b", page.read_text(encoding="utf-8"))}
    assert {word for word in named if f"make {word}" in named or word in ("demo", "test")} <= targets


def test_ci_runs_what_the_readme_says() -> None:
    assert "exec make test\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "$ make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_module_help_of_the_demo_server() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "framework.demo.server", "--help"], capture_output=True, text=True, check=True
    )
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for flag in re.findall(r"--[a-z-]+", compose.split("entrypoint:")[1].split("\n")[0]):
        assert flag in done.stdout
