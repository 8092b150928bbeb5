"""Rules about several files together: the specs of a project, and the environments that they run in."""

from framework.validation.across.dags import dags
from framework.validation.across.environments import environments
from framework.validation.across.group import Group, groups
from framework.validation.across.names import names
from framework.validation.across.schedules import schedules
from framework.validation.across.sql import marts, statements
from framework.validation.checked import Checked

RULES = (names, environments, schedules, dags, marts, statements)


def together(files: list[Checked]) -> None:
    """Adds to each file what can only be seen beside the others."""
    for group in groups(files):
        for rule in RULES:
            for checked, problem in rule(group):
                if problem not in checked.problems:
                    checked.problems.append(problem)
    for checked in files:
        checked.problems.sort()


__all__ = ["Group", "together"]
