"""For code scanning: SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html)."""

import hashlib
import json
from typing import Any

from framework import __version__
from framework.problem import Problem
from framework.rules import RULES
from framework.rules.base import Rule
from framework.rules.page import text
from framework.validation.checked import Checked
from framework.validation.excerpt import columns
from framework.validation.formats.base import Outcome, uri

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(outcome: Outcome) -> str:
    """One run, with the rules that were met."""
    codes = sorted({problem.code for _, problem in outcome.found})
    run = {
        "tool": {
            "driver": {
                "name": "framework validate",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(RULES[code], outcome.strict) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": {"uri": uri(checked.document.file)}} for checked in outcome.files],
        "results": [_result(checked, problem, codes, outcome.strict) for checked, problem in outcome.found],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _level(code: str, strict: bool) -> str:
    return "error" if RULES[code].is_error or strict else "warning"


def _rule(rule: Rule, strict: bool) -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": rule.why},
        "help": {"text": text(rule)},
        "defaultConfiguration": {"level": _level(rule.code, strict)},
    }


def _result(checked: Checked, problem: Problem, codes: list[str], strict: bool) -> dict[str, Any]:
    start, end = columns(checked, problem)
    region = {"startLine": problem.line, "startColumn": start, "endLine": problem.line, "endColumn": end}
    where = [{"fullyQualifiedName": problem.where}] if problem.where else []
    mark = hashlib.sha256(f"{problem.file}\n{problem.code}\n{problem.where}\n{problem.message}".encode()).hexdigest()
    return {
        "ruleId": problem.code,
        "ruleIndex": codes.index(problem.code),
        "level": _level(problem.code, strict),
        "message": {"text": problem.message},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": uri(problem.file)}, "region": region},
                **({"logicalLocations": where} if where else {}),
            }
        ],
        "partialFingerprints": {"finding/v1": mark},
    }
