"""Everything that is rendered, for the checkers: shipped sources and one with every option, in every environment."""

from functools import cache
from pathlib import Path

from framework import sql
from framework.deploy.cleaning import applied, prepared
from framework.deploy.desired import Desired, desired
from framework.deploy.objects import Object
from framework.deploy.sources import copy_values, tables_of
from framework.project import Project, find

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "sources"
ENVIRONMENTS = ["s3", "azure", "s3_every", "azure_every", "s3_copy", "s3_rest"]


def project() -> Project:
    """The project of these tests."""
    return find(HERE)


@cache
def wanted(environment: str) -> Desired:
    """The objects of all sources in an environment."""
    sources = [*map(str, sorted(SHIPPED.glob("*.yaml"))), *project().deployments(environment)]
    return desired(project(), environment, sources)


def statements(environment: str) -> list[str]:
    """In order, with one database for all environments: so none is checked twice."""
    return [each.ddl.replace("LAKE.", "ANALYTICS.") for each in wanted(environment).objects]


def cleaning() -> list[str]:
    """The statements of cleaning on demand, of every table."""
    account, found = wanted("s3").account, []
    for name in wanted("s3").sources:
        path = SHIPPED / f"{name}.yaml"
        source = project().deployment(str(path) if path.is_file() else name, "s3").source
        for table in tables_of(account, source):
            found += prepared(account, table, 3, 9) + applied(account, table, 3, 9)
    return found


def loading() -> list[str]:
    """The statements of loading: by name, and the question what is wrong with a part."""
    values = copy_values(wanted("s3").account, "shop", "SKIP_FILE", ("dt=2026-01-01/hour=00/part-a-b-0-0.jsonl.gz",))
    return [sql.render("snowflake", template, **values) for template in ("copy", "copy_errors")]


def of_kind(environment: str, kind: str) -> list[Object]:
    """The objects of a kind."""
    return [each for each in wanted(environment).objects if each.kind == kind]


def blocks(path: Path) -> dict[str, str]:
    """A file of statements, each under a line `-- @name`."""
    found = {}
    for block in path.read_text(encoding="utf-8").split("-- @")[1:]:
        name, _, text = block.partition("\n")
        found[name.strip()] = text.strip().removesuffix(";")
    return found
