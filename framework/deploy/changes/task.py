"""Streams and the tasks that they start."""

from collections.abc import Iterator
from dataclasses import replace

from framework.deploy.actions import Action
from framework.deploy.changes.base import Around, comment_on, differs_only_in, replaced
from framework.deploy.live import Found
from framework.deploy.objects import Object


def task(each: Object, around: Around) -> Iterator[Action]:
    """A task is replaced in one statement, which leaves it suspended; that it runs is a setting of its own."""
    found = around.own(each)
    if isinstance(found, Action):
        yield found
    elif found.definition != each.definition:
        yield around.action(each, "replace", "safe", "another statement, or another schedule", replaced(each))
    elif _is_changed(each, found, around):
        yield around.action(
            each, "replace", "safe", "was changed by hand: as it was again", replaced(each), by_hand=True
        )


def _is_changed(each: Object, found: Found, around: Around) -> bool:
    """By hand, but for being suspended or resumed."""
    if not around.changed_by_hand(each, found):
        return False
    other = {"started": "suspended", "suspended": "started"}[found.facts.get("state", "started").lower()]
    flipped = replace(found, facts={**found.facts, "state": other})
    return around.live.seen[each.id] != flipped.state


def stream(each: Object, around: Around) -> Iterator[Action]:
    """A stream that went stale, or is to follow another table, begins anew with all rows: a merge takes each key once.
    What appends would take rows twice: its table is made anew, which makes the stream anew."""
    found = around.own(each)
    if isinstance(found, Action):
        yield found
    elif begins_anew(each, around) and _appends(each, around):
        return
    elif found.facts.get("stale", "").lower() == "true":
        about = "is stale: Snowflake no longer knows what came since; it begins anew with all rows"
        yield around.action(each, "replace", "guarded", about, replaced(each), by_hand=True)
    elif found.definition != each.definition and differs_only_in(each, found):
        yield around.action(each, "change", "safe", "is described anew", comment_on(each))
    elif found.definition != each.definition:
        about = "another table or other options: it begins anew with all rows"
        yield around.action(each, "replace", "guarded", about, replaced(each))


def begins_anew(each: Object, around: Around) -> bool:
    """Whether a wanted stream that is there can't go on."""
    found = around.live.objects.get(each.id)
    return bool(
        found and found.definition
        and ((found.definition != each.definition and not differs_only_in(each, found))
             or found.facts.get("stale", "").lower() == "true")
    )  # fmt: skip


def _appends(each: Object, around: Around) -> bool:
    tables = (other for other in around.wanted.values() if other.label == each.label and "model" in other.values)
    return any(table.kind == "table" and table.values["model"].mode == "append" for table in tables)
