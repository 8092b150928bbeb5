"""For programs: all that is known of each problem."""

import json as json_text

from framework.validation.excerpt import columns
from framework.validation.formats.base import Outcome


def json(outcome: Outcome) -> str:
    """How many files, and the problems in order."""
    problems = [{**problem.to_json(), "end_column": columns(checked, problem)[1]} for checked, problem in outcome.found]
    return json_text.dumps({"files": len(outcome.files), "problems": problems}, indent=2)
