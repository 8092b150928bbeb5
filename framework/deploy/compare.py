"""Wanted objects and what is there → a plan. Pure."""

from collections.abc import Callable, Iterable, Iterator

from framework.deploy.actions import Action, Plan, Statement, Verb
from framework.deploy.changes import pipe, rights, table, task, view
from framework.deploy.changes.base import Around, plain
from framework.deploy.changes.orphans import orphans
from framework.deploy.desired import Desired
from framework.deploy.live import Live, grants_of
from framework.deploy.objects import Object

Rules = Callable[[Object, Around], Iterator[Action]]
_RULES: dict[str, Rules] = {
    "schema": plain, "database role": plain, "file format": plain, "tag": plain, "table": table.changes,
    "view": view.view, "dynamic table": view.dynamic_table, "pipe": pipe.changes, "stage": pipe.stage,
    "stream": task.stream, "task": task.task, "masking policy": rights.masking_policy, "grant": rights.grant,
}  # fmt: skip
_SEEN_BY_ALL = ("database", "role", "warehouse", "storage integration", "notification integration")
"""What of the administrator's objects the deployer can see; of the others it can't tell whether they are there."""


def planned(wanted: Desired, live: Live, whole: bool = True) -> Plan:
    """What makes an account as it is wanted. `whole` says that all sources of the environment are in `wanted`."""
    account = wanted.account
    everything = {each.id: each for each in wanted.objects}
    around = Around(account, everything, live, frozenset(wanted.sources), whole)
    actions = list(_of_the_administrator(wanted, around))
    mine = wanted.of("deployer")
    for each in mine:
        if each.kind != "setting":
            actions += _rules(each)(each, around)
    touched = frozenset(_lose_their_settings(actions))
    for each in mine:
        if each.kind == "setting":
            actions += rights.setting(each, around, touched)
    actions += [*rights.excess(around), *orphans(around), *pipe.takes_over(around)]
    place = f"{account.warehouse.account}/{account.database}"
    ordered = tuple(in_order(actions))
    return Plan(account.environment, place, wanted.sources, live.fingerprint, ordered, whole)


def _rules(each: Object) -> Rules:
    if each.kind == "table" and "query" in each.values:
        return view.mart_table
    return _RULES[each.kind]


def _lose_their_settings(actions: Iterable[Action]) -> Iterator[str]:
    """Of new and replaced objects tags are gone, and tasks are suspended, as they are where an action says so."""
    for each in actions:
        if each.verb in ("create", "replace"):
            yield each.object
        for text in each.statements:
            if text.startswith("ALTER TASK IF EXISTS ") and text.endswith(" SUSPEND"):
                yield f"task {text.removeprefix('ALTER TASK IF EXISTS ').removesuffix(' SUSPEND')}"


def _of_the_administrator(wanted: Desired, around: Around) -> Iterator[Action]:
    """What is missing or another one, for whoever may do it."""
    for each in wanted.of("admin"):
        found = around.live.objects.get(each.id)
        if each.kind == "grant":
            held = each.values["to"] == f"ROLE {around.account.deployer}" and "role" not in each.values
            if not held or grants_of(each) <= around.live.grants:
                continue
            about = "the deployer lacks it"
        elif each.kind not in _SEEN_BY_ALL or (found and found.definition in (each.definition, None)):
            continue
        elif found:
            about = "has another definition: alter it as `framework deploy render` shows it; it is never made anew"
        else:
            about = "is not there"
        steps = () if found else (Statement(each.ddl),)
        verb: Verb = "change" if found else "create"
        yield Action(each.id, each.name, verb, "manual", about, steps, each.definition, role=each.owner)


def in_order(actions: Iterable[Action]) -> Iterator[Action]:
    """Each after those that it needs, otherwise as they come: what destroys comes last."""
    waiting = sorted(actions, key=lambda each: each.grade == "destructive")
    by_object: dict[str, list[Action]] = {}
    for each in waiting:
        by_object.setdefault(each.object, []).append(each)
    done: set[int] = set()

    def visit(each: Action) -> Iterator[Action]:
        if id(each) in done:
            return
        done.add(id(each))
        for need in each.needs:
            for other in by_object.get(need, ()):
                if other.grade != "destructive":
                    yield from visit(other)
        yield each

    for each in waiting:
        yield from visit(each)


def held_back(plan: Plan, may: Callable[[Action], bool]) -> list[Action]:
    """The actions that are not performed: those that may not be, and those that need what they would have made.
    Destructive ones hold nothing back: what is no longer wanted may stay."""
    held: list[Action] = []
    blocked: set[str] = set()
    for each in plan.actions:
        if not may(each) or blocked & set(each.needs):
            held.append(each)
            if each.grade != "destructive" and (each.grade, each.verb) != ("manual", "change"):
                blocked.add(each.object)
    return held
