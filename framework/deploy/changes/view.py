"""Views, dynamic tables, and marts that a task fills: what they hold is made of other tables, so nothing is lost."""

from collections.abc import Iterator

from framework.deploy.actions import Action
from framework.deploy.changes.base import Around, comment_on, differs_only_in, replaced
from framework.deploy.changes.table import aside
from framework.deploy.live import Found
from framework.deploy.objects import Object
from framework.snowflake_words import quote_text


def view(each: Object, around: Around) -> Iterator[Action]:
    """A view is made anew with its grants."""
    found = _own(each, around)
    if isinstance(found, Action):
        yield found
    elif found.definition != each.definition or around.changed_by_hand(each, found):
        by_hand = found.definition == each.definition
        about = "was changed by hand: as it was again" if by_hand else "another query"
        yield around.action(each, "replace", "safe", about, each.ddl, by_hand=by_hand)


def dynamic_table(each: Object, around: Around) -> Iterator[Action]:
    """Its lag and its warehouse are altered; another query makes it anew, which costs a full refresh."""
    found = _own(each, around)
    if isinstance(found, Action):
        yield found
        return
    by_hand = around.changed_by_hand(each, found)
    if found.definition == each.definition and not by_hand:
        return
    lag, warehouse = found.facts["target_lag"], found.facts["warehouse"]
    if by_hand or differs_only_in(each, found, lag=lag, warehouse=warehouse):
        altered, told = [], []
        if lag != each.values["lag"]:
            altered.append(f"TARGET_LAG = '{each.values['lag']}'")
            told.append(f"a lag of {each.values['lag']} instead of {lag}")
        if warehouse != each.values["warehouse"].strip('"'):
            altered.append(f"WAREHOUSE = {each.values['warehouse']}")
            told.append(f"the warehouse {each.values['warehouse']} instead of {warehouse}")
        if altered or not by_hand:
            statements = [f"ALTER DYNAMIC TABLE {each.name} SET {' '.join(altered)}"] if altered else []
            about = ", ".join(told) or "is described anew"
            yield around.action(each, "change", "safe", about, *statements, _described(each), by_hand=by_hand)
            return
    about = "another query: made anew, which takes a full refresh" if not by_hand else "was changed by hand: made anew"
    yield around.action(each, "replace", "guarded", about, _with_grants(each), by_hand=by_hand)


def mart_table(each: Object, around: Around) -> Iterator[Action]:
    """A mart that a task fills: another query makes it anew, with the rows of that query."""
    found = _own(each, around)
    if isinstance(found, Action):
        yield found
    elif found.definition != each.definition:
        if differs_only_in(each, found):
            yield around.action(each, "change", "safe", "is described anew", comment_on(each))
            return
        query = each.values["query"]
        made = replaced(each).partition(" AS\n")[0] + f" COPY GRANTS AS\n{query}"
        yield around.action(each, "replace", "guarded", "another query: made anew, with its rows", made)


def _own(each: Object, around: Around) -> Found | Action:
    """As of any object; another kind of relation that has its name makes room, if it is the framework's."""
    other = None if each.id in around.live.objects else around.live.relation(each.name)
    if other is None:
        return around.own(each)
    return aside(each, other, around) if other.definition else around.foreign(each, other)


def _described(each: Object) -> str:
    return f"ALTER DYNAMIC TABLE {each.name} SET COMMENT = {quote_text(each.comment)}"


def _with_grants(each: Object) -> str:
    """CREATE OR REPLACE DYNAMIC TABLE … COPY GRANTS …"""
    return replaced(each).replace("\nCOMMENT = ", "\nCOPY GRANTS COMMENT = ", 1)
