"""The tables of nested arrays: views of the CLEAN table that holds the arrays."""

from collections.abc import Iterator

from framework.deploy.account import Account
from framework.deploy.columns import HISTORY, Column, tagged, type_of
from framework.deploy.objects import Kind, Object, make
from framework.snowflake_words import quote_name
from framework.spec import Source
from framework.sql import ChildModel, CleanModel
from framework.tables import Clean


def personal_data(model: CleanModel, clean: Clean) -> dict[str, str]:
    """The kind of personal data of each column that has some; of an array all that its child table has."""
    found = {name: column.personal_data for name, column in clean.columns.items() if column.personal_data}
    for child in model.children:
        kinds = {each.personal_data for each in clean.child_tables[child.table].columns.values() if each.personal_data}
        if kinds:
            found[child.held.name] = ", ".join(sorted(kinds))
    return found


def child_objects(
    account: Account, source: Source, model: CleanModel, clean: Clean, label: str, held: str, kind: Kind, marks: bool
) -> Iterator[Object]:
    """Each view, and the one of what does not fit. `held` is the table that holds the arrays, `marks` whether deleted
    keys stay in it."""
    tag = account.within("OPS", "PERSONAL_DATA")
    for child in model.children:
        name = account.within("CLEAN", child.table)
        tags = {
            column: each.personal_data
            for column, each in clean.child_tables[child.table].columns.items()
            if each.personal_data
        }
        about = child.description or f"{source.title or source.name}: each of {'.'.join(child.held.path)}."
        yield make(
            "view", name, account.deployer, "child_view", about, child=child, model=model, table=held, marks=marks,
            listed=_columns(model, child, tags, tag), source=source.name, label=label,
            needs=(f"{kind} {held}", f"tag {tag}"),
        )  # fmt: skip
        if child.may_fail:
            yield make(
                "view", account.within("OPS", f"UNFIT_{child.table}"), account.deployer, "unfit_child",
                f"Rows that do not fit {child.table}.", child=child, table=held, marks=marks, source=source.name,
                label=label, needs=(f"schema {account.schema('OPS')}", f"{kind} {held}"),
            )  # fmt: skip


def _columns(model: CleanModel, child: ChildModel, tags: dict[str, str], tag: str) -> list[Column]:
    """Those of the view."""
    columns = [Column(quote_name(key.name), type_of(key.type), key.description) for key in child.keys]
    columns.append(Column(quote_name(child.ordinal), "NUMBER(38,0)", "The place in the array, from 1."))
    columns += tagged(child.columns, tags, tag)
    if child.payload:
        columns.append(Column("PAYLOAD", "VARIANT", "The whole element."))
    if model.mode == "history":
        columns += HISTORY
    return [*columns, Column("_PART", "VARCHAR"), Column("_ROW", "NUMBER(38,0)")]
