"""For GitHub Actions: workflow commands, which it shows on the lines of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from framework.rules import RULES
from framework.validation.excerpt import columns
from framework.validation.formats.base import Outcome


def github(outcome: Outcome) -> str:
    """A command for each problem."""
    rows = []
    for checked, problem in outcome.found:
        start, end = columns(checked, problem)
        level = "error" if RULES[problem.code].is_error or outcome.strict else "warning"
        places = {"file": problem.file, "line": problem.line, "endLine": problem.line, "col": start, "endColumn": end}
        title = {"title": f"{problem.code} {RULES[problem.code].what}"}
        said = ",".join(f"{key}={_property(str(value))}" for key, value in {**places, **title}.items())
        where = f"{problem.where}: " if problem.where else ""
        rows.append(f"::{level} {said}::{_data(where + problem.message)}")
    return "\n".join(rows)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
