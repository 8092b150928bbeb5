"""The objects of each source in each environment in Snowflake, rendered and thrown away."""

from collections.abc import Iterator

import jinja2

from framework.deploy.account import Account, account_of
from framework.deploy.marts import mart_objects
from framework.deploy.sources import source_objects
from framework.errors import FrameworkError
from framework.problem import Path
from framework.settings import SourceSettings
from framework.spec import Source
from framework.template import TemplateProblem
from framework.validation.across.environments import deployments
from framework.validation.across.group import Found, Group


def objects(group: Group) -> Found:
    """One problem for each environment, or each source in it."""
    for name, there in group.environments.items():
        if there.warehouse.type != "snowflake":
            continue
        try:
            account = account_of(name, there, group.project.settings.project)
        except FrameworkError as error:
            if group.settings and group.asked:
                message = (
                    f"nothing can be deployed to Snowflake: {_said(error, f'framework.yaml: environments.{name}.')}."
                )
                yield group.problem(group.settings, "E410", ("environments", name, "stage"), message)
            continue
        yield from _sources(group, account, name)


def _sources(group: Group, account: Account, environment: str) -> Found:
    for name, settings in deployments(group, environment):
        spec, source = group.sources.get(settings.spec or name, (None, None))
        if spec is None or source is None or any(problem.code[0] == "E" for problem in spec.problems):
            continue
        for place, message in _rendered(group, account, (environment, name), source, settings):
            yield group.problem(spec, "E410", place, f"its objects in Snowflake can't be rendered: {message}.")


def _rendered(
    group: Group, account: Account, where: tuple[str, str], source: Source, settings: SourceSettings
) -> Iterator[tuple[Path, str]]:
    environment, name = where
    config = {key: rule["default"] for key, rule in source.config.items() if "default" in rule} | settings.config
    made = group.project.deployed(source, group.sources[source.name][0].path, name, environment, config)
    try:
        for _ in source_objects(account, made.source):
            pass
        for _ in mart_objects(account, made.source, config):
            pass
    except TemplateProblem:
        return  # a value that is missing, which is said of the environment
    except (FrameworkError, jinja2.TemplateError) as error:
        yield ("name",), _said(error, f"{name}: ")


def _said(error: Exception, place: str) -> str:
    return str(error).removeprefix(place).rstrip(".")
