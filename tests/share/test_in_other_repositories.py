"""The pre-commit hook and the GitHub action in a repository of a user: installed from this checkout, and run."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

GOOD = (
    "version: 1\nname: pets\nhttp: {base_url: https://pets.example}\nstreams: [{name: pets, request: {path: /pets}}]\n"
)
BAD = "version: 1\nname: toys\nhttp:\n  base_url: https://toys.example\n  timeot: 5s\nstreams: []\n"


def run(*words: object, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A command in that folder. What pip would fetch is taken from the environment that the tests run in."""
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # which to pip means: without isolation
        "PYTHONPATH": sysconfig.get_paths()["purelib"],
    }
    scripts = Path(sys.executable).parent
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    home = {"HOME": str(cwd.parent), "GIT_CONFIG_NOSYSTEM": "1", "PRE_COMMIT_HOME": str(cwd.parent / "pre-commit")}
    env = {"PATH": path, "LANG": "C.UTF-8", **home, **offline, **more}
    return subprocess.run(
        [*map(str, words)], cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A user's repository with one good spec."""
    folder = tmp_path / "theirs"
    (folder / "sources").mkdir(parents=True)
    (folder / "sources" / "pets.yaml").write_text(GOOD, encoding="utf-8")
    (folder / "framework.yaml").write_text("version: 1\n", encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    return folder


def git(folder: Path, *words: object) -> str:
    done = run("git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


# pre-commit


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="pre-commit takes hooks from a git repository")
def test_the_hook_is_installed_and_run_by_pre_commit(repository: Path) -> None:
    hook = ("pre-commit", "try-repo", ROOT, HOOKS[0]["id"], "--all-files", "--verbose")
    good = run(*hook, cwd=repository)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "2 files: 0 errors, 0 warnings" in good.stdout
    (repository / "sources" / "toys.yaml").write_text(BAD, encoding="utf-8")
    git(repository, "add", ".")
    bad = run(*hook, cwd=repository)
    assert bad.returncode == 1
    assert "sources/toys.yaml:5:3: E101 http.timeot" in bad.stdout
    assert "sources/toys.yaml:6:10: E105 streams" in bad.stdout


def test_the_hook_is_one_that_pre_commit_takes(tmp_path: Path) -> None:
    done = run("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    wanted = re.compile(HOOKS[0]["files"])
    assert all(wanted.search(name) for name in ("sources/a.yaml", "sources/b/c.yml", "framework.yaml"))
    assert not any(wanted.search(name) for name in ("README.md", "other/a.yaml", ".github/workflows/ci.yaml"))


# The action


def expressions(value: Any) -> set[str]:
    """Every `${{ … }}` below this value."""
    if isinstance(value, dict):
        return {found for inner in value.values() for found in expressions(inner)}
    if isinstance(value, list):
        return {found for inner in value for found in expressions(inner)}
    return set(re.findall(r"\$\{\{\s*(.*?)\s*\}\}", value)) if isinstance(value, str) else set()


def test_the_action_has_the_shape_that_github_asks_for() -> None:
    assert set(ACTION) == {"name", "description", "inputs", "runs"}
    assert all(set(told) == {"description", "default"} for told in ACTION["inputs"].values())
    assert all(isinstance(told["default"], str) for told in ACTION["inputs"].values())
    assert ACTION["runs"]["using"] == "composite"
    for step in ACTION["runs"]["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert "run" not in step or step["shell"] == "bash"
        assert set(step) <= {"name", "uses", "with", "run", "shell", "env"}
        assert not expressions(step.get("run")), "an input in a script is a way to run another: hand it over by env"
    asked = {name.removeprefix("inputs.") for name in expressions(ACTION["runs"]) if name.startswith("inputs.")}
    assert asked == set(ACTION["inputs"])


def step(name: str, repository: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """One of the action's scripts, as a runner runs it."""
    found = next(each for each in ACTION["runs"]["steps"] if each.get("name") == name)
    given = {name: told["default"] for name, told in ACTION["inputs"].items()} | inputs
    known = {f"inputs.{key}": value for key, value in given.items()} | {"github.action_path": str(ROOT)}
    env = {key: re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda at: known[at[1]], text) for key, text in found["env"].items()}
    script = repository.parent / "step.sh"
    script.write_text(found["run"], encoding="utf-8")
    options = ("--noprofile", "--norc", "-eo", "pipefail")
    return run("bash", *options, script, cwd=repository, RUNNER_TEMP=str(repository.parent), **env)


@pytest.mark.slow
def test_the_action_installs_and_annotates_the_lines(repository: Path) -> None:
    done = step("Install", repository)
    assert done.returncode == 0, done.stderr
    good = step("Validate", repository)
    assert (good.returncode, "::" in good.stdout) == (0, False), good.stdout + good.stderr
    (repository / "sources" / "toys.yaml").write_text(BAD, encoding="utf-8")
    bad = step("Validate", repository)
    assert bad.returncode == 1
    found = re.findall(r"^::error .*?file=sources/toys\.yaml,line=(\d+).*?::(.*)$", bad.stdout, re.MULTILINE)
    assert [int(line) for line, _ in found] == [5, 6]
    assert "Did you mean 'timeout'?" in bad.stdout
    assert step("Validate", repository, paths="sources/pets.yaml").returncode == 0
    odd = step("Validate", repository, paths="sources/pets.yaml $(touch${IFS}owned)")
    assert odd.returncode == 2
    assert not (repository / "owned").exists()


# What the docs tell people to write


def block(first: str) -> Any:
    """The block of YAML in the docs that begins with this line."""
    text = (ROOT / "docs" / "in-your-repository.md").read_text(encoding="utf-8")
    found = re.search(rf"```yaml\n{re.escape(first)}\n(.*?)```", text, re.DOTALL)
    assert found, first
    return yaml.safe_load(found[1])


def test_the_docs_name_the_hook_that_there_is(tmp_path: Path) -> None:
    told = block("# .pre-commit-config.yaml")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    done = run("pre-commit", "validate-config", "config.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert [hook["id"] for hook in told["repos"][0]["hooks"]] == [hook["id"] for hook in HOOKS]


def test_the_docs_name_the_inputs_that_there_are() -> None:
    used = block("# .github/workflows/specs.yml")["jobs"]["specs"]["steps"][-1]
    assert used["with"] == {name: ACTION["inputs"][name]["default"] for name in used["with"]}
