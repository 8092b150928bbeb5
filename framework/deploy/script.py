"""Objects → files to read and run: the administrator's SQL, the deployer's, and the steps by hand."""

from collections.abc import Iterable
from textwrap import indent

from framework.deploy.desired import Desired
from framework.deploy.objects import Object
from framework.deploy.steps import Step, steps

ADMIN, SHARED, STEPS = "1_admin.sql", "2_shared.sql", "4_steps.md"


def files(wanted: Desired) -> dict[str, str]:
    """Name → text, in the order in which they are run."""
    account = wanted.account
    place = f"the environment {account.environment}: {account.url} → {account.database}"
    shared = [each for each in wanted.of("deployer") if not each.source]
    told = {
        ADMIN: sql_text(f"For an administrator, once, for {place}.", wanted.of("admin")),
        SHARED: sql_text(f"For {account.deployer}: what all sources share, of {place}.", shared),
    }
    for source in wanted.sources:
        opening = f"For {account.deployer}: the source {source}, of {place}."
        told[f"3_{source}.sql"] = sql_text(opening, wanted.of("deployer", source))
    told[STEPS] = steps_text(place, steps(wanted))
    return told


def sql_text(opening: str, objects: Iterable[Object]) -> str:
    """One script. The role is named wherever it changes."""
    lines, role = [f"-- {opening}"], ""
    for each in objects:
        if each.owner != role:
            role = each.owner
            lines.append(f"\nUSE ROLE {role};")
        if each.kind not in ("grant", "setting"):
            lines.append("")
        lines.append(f"{each.ddl};")
    return "\n".join(lines) + "\n"


def steps_text(place: str, found: Iterable[Step]) -> str:
    """Markdown."""
    sections = [f"## {number}. {step.title}\n\n{_markdown(step.text)}" for number, step in enumerate(found, 1)]
    return "\n\n".join([f"# By hand, for {place}", *sections]) + "\n"


def _markdown(text: str) -> str:
    """A paragraph's indented lines as a block of code: Markdown wants an empty line before and after."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and line.startswith("    ") != lines[-1].startswith("    ") and lines[-1]:
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


def whole(told: dict[str, str]) -> str:
    """All files as one script: what is no SQL is commented out."""
    parts = [f"-- {name}\n{text if name.endswith('.sql') else _commented(text)}" for name, text in told.items()]
    return "\n".join(parts)


def _commented(text: str) -> str:
    return indent(text, "-- ", lambda _: True).replace("-- \n", "--\n")
