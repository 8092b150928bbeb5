"""Grants, settings and masking policies: what is given, what is set, who reads unmasked."""

from collections.abc import Iterator

from framework.deploy.account import SCHEMAS
from framework.deploy.actions import NEW, RESUMED, Action, Statement
from framework.deploy.changes.base import Around, differs_only_in
from framework.deploy.live import grants_of
from framework.deploy.objects import Object
from framework.snowflake_words import quote_text


def grant(each: Object, around: Around) -> Iterator[Action]:
    """Given where a part of it is missing: a grant that is there already does no harm."""
    if not grants_of(each) <= around.live.grants:
        yield around.action(each, "grant", "safe", NEW, each.ddl, name=each.name)


def setting(each: Object, around: Around, touched: frozenset[str]) -> Iterator[Action]:
    """Set where it does not hold, or no longer will: `touched` are the objects that lose their settings."""
    if each.id in around.live.settings and not touched & set(each.needs[:1]):
        return
    if "tag" in each.values and "policy" not in each.values:
        about = f"is tagged {each.values['value']}"
        name = str(each.values.get("column") or each.values["table"])
    elif "policy" in each.values:
        name, about = str(each.values["tag"]), f"masks by {around.short(each.values['policy'])}"
    else:
        name, about = str(each.values.get("task", each.name)), RESUMED
    was = each.id in around.live.seen and not touched & set(each.needs[:1])
    yield around.action(each, "set", "safe", about, each.ddl, by_hand=was, name=around.short(name))


def masking_policy(each: Object, around: Around) -> Iterator[Action]:
    """Its body can be set in place."""
    found = around.own(each)
    if isinstance(found, Action):
        yield found
    elif found.definition != each.definition:
        steps = [f"ALTER MASKING POLICY {each.name} SET COMMENT = {quote_text(each.comment)}"]
        about = "is described anew"
        if not differs_only_in(each, found):
            body = each.ddl.split(" ->\n", 1)[1].rsplit("\nCOMMENT = ", 1)[0]
            steps.insert(0, f"ALTER MASKING POLICY {each.name} SET BODY ->\n{body}")
            about = "another rule of who reads what"
        yield around.action(each, "change", "guarded", about, *steps)


def excess(around: Around) -> Iterator[Action]:
    """What the environment's own database roles hold, or who holds them, beyond what is wanted."""
    if not around.whole:
        return
    wanted = set().union(*(grants_of(each) for each in around.wanted.values() if each.kind == "grant"))
    mine = {f"DATABASE ROLE {around.account.access(schema, level)}".replace('"', "") for schema in SCHEMAS
            for level in ("R", "W")}  # fmt: skip
    for privilege, on, to in sorted(around.live.grants - wanted):
        if not (to in mine or (privilege == "" and on in mine)) or privilege == "OWNERSHIP" or _comes_along(on, to):
            continue
        words = f"{privilege} ON {on} FROM {to}" if privilege else f"{on} FROM {to}"
        yield Action(
            f"grant {words}", words, "revoke", "guarded", "is given, and not wanted", (Statement(f"REVOKE {words}"),),
            by_hand=True,
        )  # fmt: skip


def _comes_along(on: str, to: str) -> bool:
    """The database role of a whole database comes with it."""
    return on.startswith("DATABASE ") and not on.startswith("DATABASE ROLE ")


def unmasked(name: str, tag: str) -> list[str]:
    """A masking policy that is no longer wanted is taken off its tag, then dropped."""
    return [f"ALTER TAG {tag} UNSET MASKING POLICY {name}", f"DROP MASKING POLICY IF EXISTS {name}"]
