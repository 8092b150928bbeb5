"""Cleaning on demand in Snowflake, as statements: what no task can do, and what a task left over.

DDL commits in Snowflake, temporary tables included. So `prepared` makes those, and `applied` is DML only: one
transaction around it, with the ledger's row, counts whole or not at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from framework import sql
from framework.deploy.account import Account
from framework.deploy.sources import Table
from framework.sql import ChildModel


@dataclass(frozen=True)
class Names:
    """What the templates call the tables that they use."""

    table: str
    shadows: str
    raw: str
    prefix: str
    parts: str
    slices: str
    entries: str
    quarantine: str
    fresh: str
    every: str
    versions: str
    read: str
    turned: str
    newest: str


def names_of(account: Account, table: Table) -> Names:
    """Temporary tables lie in OPS, where the loader may make them."""

    def ops(name: str) -> str:
        return account.within("OPS", name)

    model = table.model
    return Names(
        table=table.held,
        shadows=account.within("CLEAN", model.shadows),
        raw=account.within("RAW", model.raw),
        prefix=account.prefix,
        parts=ops("_INGEST_PARTS"),
        slices=ops("_INGEST_SLICES"),
        entries=ops("_INGEST_ENTRIES"),
        quarantine=ops("_INGEST_QUARANTINE"),
        fresh=ops("_FRESH"),
        every=ops("_EVERY"),
        versions=ops("_VERSIONS"),
        read=ops("_READ"),
        turned=ops("_TURNED"),
        newest=ops("_NEWEST"),
    )


def prepared(account: Account, table: Table, after: int, through: int) -> list[str]:
    """The statements that make the temporary tables, for what the ledger holds after one log entry and through
    another."""
    mode = table.model.mode
    templates = {"replace": ["fresh_replace", "prepare_replace"], "history": ["fresh_history", "prepare_history"]}
    return _statements(account, table, templates.get(mode, ["fresh"]), after, through)


def applied(account: Account, table: Table, after: int, through: int) -> list[str]:
    """The statements that change the table, to be run in one transaction."""
    return [*noted(account, table, after), *_statements(account, table, [table.model.mode], after, through)]


def noted(account: Account, table: Table, after: int) -> list[str]:
    """The statements that note what is kept out of the table."""
    return _statements(account, table, ["quarantine"], since(table, after), 0)


def counted(account: Account, table: Table, after: int) -> str:
    """The query for how many records do not fit, by column."""
    (query,) = _statements(account, table, ["unfit_counts"], since(table, after), 0)
    return query


def counted_in(account: Account, table: Table, child: ChildModel, after: int) -> str:
    """The query for how many rows of a child table do not fit, by column."""
    (query,) = _statements(account, table, ["unfit_child_counts"], since(table, after), 0, child=child)
    return query


def since(table: Table, after: int) -> int:
    """The entry after which records are new. A slice is applied when its run is complete, which may be long after it
    was loaded."""
    return -1 if table.model.mode == "replace" else after


def _statements(
    account: Account, table: Table, templates: list[str], after: int, through: int, **more: Any
) -> list[str]:
    values: dict[str, Any] = {
        "model": table.model, "names": names_of(account, table), "after": after, "through": through, **more,
    }  # fmt: skip
    found: list[str] = []
    for template in templates:
        found += split(sql.render("snowflake", template, **values))
    return found


def split(text: str) -> list[str]:
    """The statements of a template: each ends with a semicolon at the end of a line."""
    return list(_each(text))


def _each(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        lines.append(line.rstrip())
        if line.rstrip().endswith(";"):
            yield "\n".join(lines).removesuffix(";").rstrip()
            lines = []
