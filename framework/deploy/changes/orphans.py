"""What the framework made and nobody wants any more: what holds data stays until it is named."""

from collections.abc import Iterator

from framework.deploy.actions import Action, Grade, Statement, Step
from framework.deploy.changes import pipe, rights
from framework.deploy.changes.base import Around
from framework.deploy.changes.table import taken_along
from framework.deploy.live import Found
from framework.snowflake_words import quote_text

_GRADES: dict[str, Grade] = {
    "table": "destructive", "dynamic table": "destructive", "view": "guarded", "pipe": "guarded", "stream": "safe",
    "task": "safe", "masking policy": "guarded",
}  # fmt: skip


def orphans(around: Around) -> Iterator[Action]:
    """Tasks first, which would go on working, then what they read and fill."""
    order = list(_GRADES)[::-1]
    found = [each for each in around.live.objects.values() if each.kind in order and _is_ours(each, around)]
    renamed = taken_along(around)
    for each in sorted(found, key=lambda each: (order.index(each.kind), each.name)):
        if each.id not in around.wanted and each.id not in renamed:
            yield _drop(each, around)


def _is_ours(each: Found, around: Around) -> bool:
    """Made here, no other kind of object takes its name, and, where only some sources are planned, for one of them."""
    source = each.label.partition(".")[0]
    taken = any(f"{kind} {each.name}" in around.wanted for kind in ("table", "view", "dynamic table"))
    return each.definition is not None and not taken and (around.whole or source in around.sources)


def _drop(each: Found, around: Around) -> Action:
    grade, about = _GRADES[each.kind], "is no longer wanted"
    steps: list[Step] = [Statement(f"DROP {each.kind.upper()} IF EXISTS {each.name}")]
    if each.kind == "view" and each.name.startswith(around.account.schema("OPS") + "."):
        grade = "safe"
    if each.kind == "table":
        table = each.name.rsplit(".", 1)[1].strip('"')
        ledger = around.account.within("OPS", "_INGEST_CLEANED")
        if f"table {ledger}" in around.live.objects and "._OLD_" not in each.name:
            names = f"{quote_text(table)}, {quote_text(table.removeprefix('_'))}"
            steps.insert(0, Statement(f"DELETE FROM {ledger} WHERE UPPER(TABLE_NAME) IN ({names})"))
        about = f"is no longer wanted: its {each.rows} rows would be lost"
    if each.kind == "pipe":
        steps, about = pipe.removed(each, around), "is no longer wanted: paused, drained, counted, dropped"
    if each.kind == "masking policy":
        drop = rights.unmasked(each.name, around.account.within("OPS", "PERSONAL_DATA"))
        steps = [Statement(text) for text in drop if each.name in around.live.masks or text.startswith("DROP")]
        about = "is no longer wanted: personal data is read as it is"
    needs = tuple(other.id for other in around.wanted.values() if other.label == each.label and each.label)
    source = each.label.partition(".")[0]
    return Action(each.id, around.short(each.name), "drop", grade, about, tuple(steps), "", needs, source)
