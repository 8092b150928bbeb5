"""A desired object of the warehouse as a value: what renders it, plans it and applies it reads only this."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from framework import sql

Bundle = Literal["admin", "deployer"]
"""Who may run its statement: an administrator, once, or the deployer, as often as specs change."""

Kind = Literal[
    "database", "schema", "warehouse", "resource monitor", "role", "database role", "user", "network policy",
    "storage integration", "notification integration", "file format", "stage", "table", "view", "dynamic table",
    "pipe", "stream", "task", "tag", "masking policy", "grant", "setting",
]  # fmt: skip
"""What Snowflake calls it; a grant and a setting (an ALTER that sets one property) are objects here too."""

_MARK = re.compile(r" \[ingest:([0-9a-f]{12}|unfinished)(?: ([a-z0-9_.]+)(?: ([0-9a-f]{12}))?)?\]$")
UNFINISHED = "unfinished"
"""Stands in the place of the hash until the last step on an object is taken."""


@dataclass(frozen=True)
class Object:
    """One object as it should be."""

    kind: Kind
    name: str
    """Fully qualified; of a grant or setting the statement's own words."""
    owner: str
    """The role that runs the statement, and owns what it makes."""
    ddl: str
    """One statement, without a semicolon, that does nothing where the object is there."""
    definition: str = ""
    """A hash of the statement, which stands in the object's comment too; none for a grant."""
    needs: tuple[str, ...] = ()
    """The ids of the objects that must be there before it."""
    bundle: Bundle = "deployer"
    source: str = ""
    """The source that it is for; none where it is for all of them."""
    columns: tuple[tuple[str, str], ...] = ()
    """Of a table: name and type of each column, in order."""
    label: str = ""
    """Whose it is, in its comment: SOURCE or SOURCE.STREAM. So what is no longer wanted is known by its last owner."""
    made_by: str = ""
    """Of a CLEAN table: a hash of what its rows are (mode, keys …), and one of where its columns come from."""
    values: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What its statement was rendered from."""

    @property
    def comment(self) -> str:
        """Its comment, with its mark."""
        return marked(str(self.values.get("comment", "")), self.definition, self.label, self.made_by)

    @property
    def id(self) -> str:
        """Tells it from every other object of the environment."""
        return f"{self.kind} {self.name}"


def make(kind: Kind, name: str, owner: str, template: str, about: str = "", **values: Any) -> Object:
    """The object whose statement that template renders. Where the statement has a comment, the hash of its definition
    stands at the comment's end."""
    known = {key: values.pop(key) for key in _KNOWN if key in values}
    known["label"] = known.get("label") or known.get("source", "")
    made_by = known.get("made_by", "")
    definition = definition_of(template, name, about, made_by, values)
    ddl = statement(template, name=name, comment=marked(about, definition, known["label"], made_by), **values)
    held = {**values, "comment": about, "template": template}
    return Object(kind, name, owner, ddl, definition, values=held, **known)


_KNOWN = ("needs", "bundle", "source", "columns", "label", "made_by")


def definition_of(template: str, name: str, about: str, made_by: str, values: Mapping[str, Any]) -> str:
    """The hash of what a statement says, whatever its comment's mark."""
    plain = statement(template, **{**values, "name": name, "comment": about})
    return hashlib.sha256((plain + made_by).encode()).hexdigest()[:12]


def marked(about: str, definition: str, label: str = "", made_by: str = "") -> str:
    """A comment with the mark of what is the framework's own at its end."""
    return f"{about} [ingest:{' '.join(each for each in (definition, label, made_by) if each)}]".strip()


def unmarked(comment: str) -> str:
    """A comment without its mark."""
    return _MARK.sub("", f" {comment}").strip()


def definition_in(comment: str | None) -> str | None:
    """The hash that stands in a live object's comment; None where the object is someone else's."""
    found = _MARK.search(f" {comment or ''}")
    return found[1] if found else None


def label_in(comment: str | None) -> str:
    """Whose a live object is, by its comment."""
    found = _MARK.search(f" {comment or ''}")
    return found[2] or "" if found else ""


def rows_in(comment: str | None) -> str:
    """How the rows of a live CLEAN table come to be, by its comment."""
    found = _MARK.search(f" {comment or ''}")
    return found[3] or "" if found else ""


def statement(template: str, **values: Any) -> str:
    """One statement of sql_templates/snowflake/, without empty lines."""
    text = sql.render("snowflake", template, **values)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def grant(
    privileges: str, on: str, to: str, owner: str, bundle: Bundle = "deployer", needs: Iterable[str] = ()
) -> Object:
    """A grant; all three are words of SQL, their names quoted."""
    ddl = f"GRANT {privileges} ON {on} TO {to}"
    values = {"privileges": privileges.split(", "), "on": on, "to": to}
    return Object("grant", ddl.removeprefix("GRANT "), owner, ddl, needs=tuple(needs), bundle=bundle, values=values)


def granted_role(role: str, to: str, owner: str, bundle: Bundle = "deployer", needs: Iterable[str] = ()) -> Object:
    """A role given to another one: `ROLE X`, `DATABASE ROLE X`."""
    ddl = f"GRANT {role} TO {to}"
    values = {"role": role, "to": to}
    return Object("grant", ddl.removeprefix("GRANT "), owner, ddl, needs=tuple(needs), bundle=bundle, values=values)


def setting(
    ddl: str, owner: str, needs: Iterable[str], bundle: Bundle = "deployer", source: str = "", **values: str
) -> Object:
    """An ALTER that sets one property, again and again to the same effect. `values` say how the live one is asked for:
    of a tag its name, its value, and the table or column that has it; of a task or a policy its name."""
    definition = hashlib.sha256(ddl.encode()).hexdigest()[:12]
    return Object("setting", ddl, owner, ddl, definition, tuple(needs), bundle, source, values=values)


def in_order(objects: Iterable[Object]) -> Iterator[Object]:
    """Each after what it needs, otherwise as they come; what is not among them is there already."""
    waiting = {each.id: each for each in objects}
    done: set[str] = set()

    def visit(each: Object) -> Iterator[Object]:
        if each.id in done:
            return
        done.add(each.id)
        for need in each.needs:
            if need in waiting:
                yield from visit(waiting[need])
        yield each

    for each in waiting.values():
        yield from visit(each)
