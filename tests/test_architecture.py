"""The layers, bottom first: a file imports only what stands above it, and families never import each other."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

LAYERS = """
    errors problem meant elsewhere
    exact_json lines window filters request model template manifest hooks predicate snowflake_words sql
    yaml_file body limiter sealed reply
    place connection transport guards ahead aws azure rules/ mend deployer snowflake_session snowpipe_rest
    fields responses incremental auth/ pagination/ partitions/ decoders/ stages/ warehouses/ secrets/ alerts/
    conditions
    edits
    records repeats keys tables
    spec
    settings names
    schema type_fixes type_places type_shapes type_problems
    reshaped respelt sound spec_file
    lint/
    examples reference
    project plan
    parts sweep log parents token_store turns fetch
    moments jobs paging
    read
    notes
    extract load
    batches children
    clean
    deploy/
    validation/
    check
    filling
    snowflake/
    workspace
    run
    gather
    report
    doctor policy
    explain/
    demo/
    conformance/
    verbs/
    cli
"""
ROOT = Path(__file__).parents[1]
ORDER = {name.rstrip("/"): (row, name) for row, line in enumerate(LAYERS.split("\n")) for name in line.split()}
FILES = sorted((ROOT / "framework").rglob("*.py"))
LATE = {
    "cli.py", "verbs/common.py", "sealed.py", "transport.py", "place.py", "snowflake_session.py", "snowpipe_rest.py",
    "warehouses/duckdb.py", "auth/jwt.py", "auth/oauth2.py", "auth/wire.py", "alerts/base.py", "aws.py", "azure.py",
    "stages/s3.py", "stages/azure.py", "secrets/azure_key_vault.py", "secrets/airflow.py",
}  # fmt: skip
"""A verb is imported when it is used, a driver where it connects: `--help` and `validate` need none of them."""


def unit(path: Path) -> str:
    """A file's name, or its family's."""
    parts = path.relative_to(ROOT / "framework").parts
    return parts[0] if len(parts) > 1 else path.stem


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """What it imports of this package: (unit, file inside it)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            words = name.split(".")
            if words[0] == "framework" and len(words) > 1 and not words[1].startswith("__"):
                yield words[1], ".".join(words[2:])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_what_stands_above_it(path: Path) -> None:
    if path == ROOT / "framework" / "__init__.py":
        return
    mine = unit(path)
    assert mine in ORDER, f"{path}: where does it stand? Add it to LAYERS"
    for other, inner in imported(path):
        if other == mine:  # inside a family; a file of its own otherwise
            continue
        assert other in ORDER, f"{path} imports framework.{other}.{inner}"
        same_row = ORDER[other][0] == ORDER[mine][0]
        assert ORDER[other][0] <= ORDER[mine][0], f"{path} imports framework.{other}, which stands below it"
        family = ORDER[mine][1].endswith("/")
        assert not (same_row and family), f"{path}: the families {mine} and {other} know nothing of each other"


def test_no_import_leads_back_to_where_it_began() -> None:
    wants: dict[str, set[str]] = {}
    for path in FILES:
        wants.setdefault(unit(path), set()).update(other for other, _ in imported(path) if other != unit(path))
    TopologicalSorter(wants).prepare()  # raises CycleError


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_stand_at_the_top(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = [
        node.lineno
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(outer)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inside or str(path.relative_to(ROOT / "framework")) in LATE, inside


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_its_job_and_stays_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    told = ast.get_docstring(ast.parse(text))
    assert told, "no docstring"
    assert told.splitlines()[0].endswith((".", ":", "…")), told.splitlines()[0]
    assert len(text.splitlines()) <= 480, "can it still say its job in one line?"


def test_only_the_command_line_prints_and_exits() -> None:
    """The demo's server is a program of its own."""
    for path in FILES:
        if unit(path) in ("cli", "verbs") or path.name == "server.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("print", "exit", "quit"), f"{path}:{node.lineno}"


def test_the_factory_touches_airflow_in_some_files_and_the_framework_in_none() -> None:
    """What decides (shape, window, steps, work, stub, pools) can be tested and run without it."""
    airflow = {"build.py", "bundle.py", "late.py", "operators.py", "policy.py"}
    for path in [*FILES, *(ROOT / "dag_factory").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        uses = "import airflow" in text or "from airflow" in text
        assert not uses or path.name in airflow, path
