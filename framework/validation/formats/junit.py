"""For CI servers that show tests: a test for each file that is fine and for each problem, as JUnit's XML."""

from framework.rules import RULES
from framework.validation.formats.base import Outcome


def junit(outcome: Outcome) -> str:
    """Errors are failures; warnings are too where they count, else tests that passed and said something."""
    cases = []
    for checked in outcome.files:
        if not checked.problems:
            cases.append(f"    <testcase classname={_attribute(checked.document.file)} name={_attribute('valid')}/>")
    failures = 0
    for _, problem in outcome.found:
        counts = RULES[problem.code].is_error or outcome.strict
        failures += counts
        name = f"{problem.code} {problem.line}:{problem.column}"
        opening = f"    <testcase classname={_attribute(problem.file)} name={_attribute(name)}>"
        said = _attribute(problem.message)
        inside = f"<failure type={_attribute(problem.code)} message={said}/>"
        if not counts:
            inside = f"<properties><property name={_attribute('warning')} value={said}/></properties>"
        cases.append(f"{opening}{inside}</testcase>")
    counts_of = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    suite = [f'  <testsuite name="framework validate" {counts_of}>', *cases, "  </testsuite>"]
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', f"<testsuites {counts_of}>", *suite, "</testsuites>"])


_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def _attribute(text: str) -> str:
    """Characters that XML can't hold are shown as a question mark."""
    held = ("?" if sign < " " or sign in "\ufffe\uffff" or "\ud800" <= sign <= "\udfff" else sign for sign in text)
    return f'"{"".join(_NAMED.get(real, shown) for real, shown in zip(text, held, strict=True))}"'
