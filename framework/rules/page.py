"""Rules → a page in Markdown, and one rule as text for the terminal."""

from framework.rules import RULES
from framework.rules.base import GROUPS, Rule
from framework.rules.example import LEFT_OUT, shown

_OPENING = f"""# What `framework validate` reports

An error (E) can't work and stops every run; a warning (W) is advice, which `--strict` makes count. `framework rule
CODE` prints a section of this page. `# noqa: W204 reason` at the end of a line silences a warning there, and on a line
of its own that of the next line; where a text of several lines begins, it is about all of them. {LEFT_OUT}

This page is made by `framework schema` from framework/rules/. Every example on it is run by the tests."""


def page() -> str:
    """docs/reference/rules.md"""
    parts = [_OPENING, _table()]
    for group, title in GROUPS.items():
        parts.append(f"## {title}")
        parts += [_section(rule) for rule in RULES.values() if rule.code.startswith(group)]
    return "\n\n".join(parts) + "\n"


def _table() -> str:
    rows = [f"| [{r.code}](#{r.code.lower()}) | {r.what} | {'yes' if r.fixed else ''} |" for r in RULES.values()]
    return "\n".join(["| code | what is reported | `--fix` |", "|---|---|---|", *rows])


def _section(rule: Rule) -> str:
    bad, good = (f"```yaml\n{shown(text)}```" for text in (rule.bad, rule.good))
    return f"### {rule.code}\n\n**{rule.what}.** {rule.why}\n\nReported:\n\n{bad}\n\nNot reported:\n\n{good}"


def text(rule: Rule) -> str:
    """The same for a terminal."""
    notes = ["`framework validate --fix` mends it where that is safe."] if rule.fixed else []
    notes += [f"`# noqa: {rule.code} reason` silences it at its line."] if rule.silenced else []
    parts = [f"{rule.code}  {rule.what}", rule.why, " ".join(notes)]
    bad, good = (
        "\n".join(f"    {line}".rstrip() for line in shown(text).splitlines()) for text in (rule.bad, rule.good)
    )
    return "\n\n".join([*filter(None, parts), "Reported:", bad, "Not reported:", good])
