"""Tables: columns are added and widened in place; one whose rows mean something else is made anew, the old one kept.

A comment is written last. So what a broken deployment left half done is seen by the next one, and done.
"""

import re
from collections.abc import Iterator

from framework.deploy.actions import Action
from framework.deploy.changes.base import Around, comment_on, replaced
from framework.deploy.changes.task import begins_anew
from framework.deploy.live import Found
from framework.deploy.objects import Object, statement
from framework.snowflake_words import qualified, quote_text


def changes(each: Object, around: Around) -> Iterator[Action]:
    """What is to be done to a wanted table."""
    found, other = around.live.objects.get(each.id), around.live.relation(each.name)
    if found is None and other is None:
        old = before_renaming(each, around)
        yield _rename(each, old, around) if old else around.create(each, *anew(each, around))
    elif found is None and other is not None:
        yield aside(each, other, around) if other.definition else around.foreign(each, other)
    elif found is not None and found.definition is None:
        yield around.foreign(each, found)
    elif found is not None:
        yield from _altered(each, found, around)


def _altered(each: Object, found: Found, around: Around) -> Iterator[Action]:
    why = _is_another(each, found) or _cut_off(each, around)
    if why:
        yield aside(each, found, around, why)
        return
    statements, told = _columns(each, found)
    if each.made_by and (statements or (found.made_by and found.made_by[6:] != each.made_by[6:])):
        statements += filled(each)
        told.append("its rows are read anew from RAW")
    comments = _comments(each, found)
    by_hand = found.definition == each.definition
    if statements or comments or not by_hand:
        about = "; ".join(told) or "is described anew"
        yield around.action(
            each, "change", "safe", about, *statements, *comments, comment_on(each), by_hand=by_hand and bool(told)
        )
    wanted = {name for name, _ in each.columns}
    for column in found.columns:
        if column.name not in wanted and each.columns:
            place = f"{each.name}.{column.name}"
            yield around.action(
                each, "drop", "destructive", f"the column {column.name} is no longer wanted: its values would be lost",
                f"ALTER TABLE {each.name} DROP COLUMN IF EXISTS {column.name}", name=around.short(place),
                by_hand=by_hand,
            )  # fmt: skip


def _columns(each: Object, found: Found) -> tuple[list[str], list[str]]:
    """Columns to add and to widen: statements, and words."""
    there = {column.name: column.type for column in found.columns}
    listed = {column.name: column for column in each.values.get("listed", ())}
    statements, told = [], []
    for name, kind in each.columns:
        if name not in there:
            column = listed[name]
            rule = " NOT NULL DEFAULT FALSE" if column.required and kind == "BOOLEAN" else ""
            about = f" COMMENT {quote_text(column.about)}" if column.about else ""
            statements.append(f"ALTER TABLE {each.name} ADD COLUMN IF NOT EXISTS {name} {kind}{rule}{about}")
            told.append(f"adds the column {name} {kind}")
        elif there[name] != kind:
            statements.append(f"ALTER TABLE {each.name} ALTER COLUMN {name} SET DATA TYPE {kind}")
            told.append(f"widens {name} from {there[name]} to {kind}")
    return statements, told


def _comments(each: Object, found: Found) -> list[str]:
    there = {column.name: column.about for column in found.columns}
    return [
        f"COMMENT ON COLUMN {each.name}.{column.name} IS {quote_text(column.about)}"
        for column in each.values.get("listed", ())
        if column.name in there and there[column.name] != column.about
    ]


def _is_another(each: Object, found: Found) -> str:
    """Why the live table can't become the wanted one in place; nothing if it can."""
    if each.made_by and found.made_by and each.made_by[:6] != found.made_by[:6]:
        return "its rows mean something else (mode, key, cursor or deletions changed)"
    there = {column.name: column.type for column in found.columns}
    for name, kind in each.columns:
        if name in there and there[name] != kind and not widens(there[name], kind):
            return f"{name} can't become {kind} from {there[name]} in place"
    return ""


def _cut_off(each: Object, around: Around) -> str:
    """Rows are appended by a stream that can't go on: one that begins anew would append them twice."""
    if not each.made_by or each.values["model"].mode != "append":
        return ""
    streams = _of_label(each, around, "stream")
    return "its stream is stale or another one" if any(begins_anew(stream, around) for stream in streams) else ""


def widens(old: str, new: str) -> bool:
    """Whether a column of one type can become one of the other where it is, and every value stays."""
    numbers = [re.fullmatch(r"NUMBER\((\d+),(\d+)\)", kind) for kind in (old, new)]
    if numbers[0] and numbers[1]:
        (digits, scale), (more, new_scale) = (map(int, found.groups()) for found in numbers if found)
        return scale == new_scale and more >= digits
    return old.startswith("VARCHAR(") and new == "VARCHAR"


def filled(each: Object) -> list[str]:
    """The statement that reads the rows' columns anew from RAW."""
    model = each.values.get("model")
    if model is None or not (model.payload or len(model.columns) > len(model.keys)):
        return []
    rows = statement("rows", model=model, raw=each.values["raw"])
    return [statement("backfill", table=each.name, model=model, rows=rows)]


def anew(each: Object, around: Around) -> list[str]:
    """What must come before a CLEAN table is made where its source has been loaded already: then all of RAW is read
    again, by its task, whose stream begins anew, or by the next `clean`."""
    if not each.made_by:
        return []
    found: list[str] = []
    for stream in _of_label(each, around, "stream"):
        if stream.id in around.live.objects:
            found += [f"ALTER TASK IF EXISTS {task.name} SUSPEND" for task in _of_label(each, around, "task")]
            found.append(replaced(stream))
    ledger = around.account.within("OPS", "_INGEST_CLEANED")
    there = around.live.objects.get(f"table {ledger}")
    if there and there.rows:
        table = quote_text(each.values["model"].table)
        found.append(f"DELETE FROM {ledger} WHERE UPPER(TABLE_NAME) = UPPER({table})")
    return found


def aside(each: Object, old: Found, around: Around, why: str = "") -> Action:
    """The old table gets another name and stays; the new one is filled from RAW. A view of our own has nothing to
    lose."""
    if old.kind == "view":
        drop = f"DROP VIEW IF EXISTS {old.name}"
        return around.action(
            each, "replace", "guarded", "takes the place of a view", drop, *anew(each, around), each.ddl
        )
    database, schema, name = old.name.split(".", 2)
    kept = qualified(database, schema, f"_OLD_{name.strip(chr(34)).lstrip('_')}_{old.definition}")
    while around.live.relation(kept):
        kept += "_"
    about = f"{why or f'takes the place of a {old.kind}'}: the old one is kept as {around.short(kept)}"
    return around.action(
        each, "replace", "guarded", f"{about}, this one is made of RAW",
        f"ALTER {old.kind.upper()} {old.name} RENAME TO {kept}", *anew(each, around), each.ddl,
    )  # fmt: skip


def taken_along(around: Around) -> set[str]:
    """The ids of the live tables that wanted ones are by an old name."""
    new = [
        each for each in around.wanted.values()
        if each.kind == "table" and each.id not in around.live.objects and around.live.relation(each.name) is None
    ]  # fmt: skip
    return {old.id for each in new if (old := before_renaming(each, around))}


def before_renaming(each: Object, around: Around) -> Found | None:
    """The one live table of the same owner that nobody wants any more: this one by its old name."""
    if not each.label or not each.made_by:
        return None
    schema = each.name.rsplit(".", 1)[0]
    found = [
        old
        for old in around.live.objects.values()
        if old.kind == "table" and old.label == each.label and old.id not in around.wanted
        and old.name.rsplit(".", 1)[0] == schema and old.made_by == each.made_by and "._OLD_" not in old.name
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _rename(each: Object, old: Found, around: Around) -> Action:
    """With its rows. What says how far it is cleaned follows it first."""
    ledger = around.account.within("OPS", "_INGEST_CLEANED")
    was, now = (name.rsplit(".", 1)[1].strip('"').lstrip("_") for name in (old.name, each.name))
    tasks = [f"ALTER TASK IF EXISTS {task.name} SUSPEND" for task in old_tasks(each, around)]
    return around.action(
        each, "rename", "guarded", f"was {around.short(old.name)}: renamed, with its rows; whoever reads it by the old "
        "name no longer finds it",
        *tasks,
        f"UPDATE {ledger} SET TABLE_NAME = {quote_text(now)} WHERE UPPER(TABLE_NAME) = UPPER({quote_text(was)})",
        f"ALTER TABLE {old.name} RENAME TO {each.name}", comment_on(each),
    )  # fmt: skip


def old_tasks(each: Object, around: Around) -> list[Found]:
    """The live tasks of the same owner that nobody wants any more."""
    return [
        old
        for old in around.live.objects.values()
        if old.kind == "task" and old.label == each.label and old.id not in around.wanted
    ]


def _of_label(each: Object, around: Around, kind: str) -> list[Object]:
    return [other for other in around.wanted.values() if other.kind == kind and other.label == each.label]
