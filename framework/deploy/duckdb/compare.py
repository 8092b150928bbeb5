"""Wanted tables and what is there → a plan. Pure. Only RAW can be lost in a DuckDB file: the rest is made of it."""

import re
from collections.abc import Callable, Iterator, Mapping

from framework import sql
from framework.children import VIEW
from framework.clean import rows_in
from framework.deploy.actions import NEW, Action, Build, Fill, Plan, Statement, Step
from framework.deploy.compare import in_order
from framework.deploy.duckdb.live import Live, Table
from framework.deploy.duckdb.wanted import BOOKKEEPING, Object, Wanted
from framework.load import raw_table
from framework.sql import quote_name, quote_text


def planned(wanted: Wanted, live: Live, whole: bool) -> Plan:
    """What makes a file as it is wanted. `whole` says that all sources of the environment are in `wanted`."""
    actions: list[Action] = []
    for each in wanted.objects:
        actions += _RULES[each.kind](each, wanted, live)
    actions += _orphans(wanted, live, whole)
    return Plan(wanted.environment, wanted.place, wanted.sources, live.fingerprint, tuple(in_order(actions)), whole)


def _bookkeeping(each: Object, wanted: Wanted, live: Live) -> Iterator[Action]:
    missing = [name for name in wanted.tables if name.startswith("_ingest_") and name not in live.tables]
    if missing:
        yield Action(BOOKKEEPING, each.name, "create", "safe", NEW, (Statement(each.sql),))


def _raw(each: Object, wanted: Wanted, live: Live) -> Iterator[Action]:
    found = live.tables.get(each.name.lower())
    if found is None:
        if each.source in live.loaded:
            about = "is gone, though parts were loaded: made anew; the next `load` brings all of the log again"
            steps: tuple[Step, ...] = (Statement(_forget(each.source)), Statement(each.sql))
            yield _action(each, "create", "safe", about, *steps, by_hand=True)
        else:
            yield _action(each, "create", "safe", NEW, Statement(each.sql))
    elif differences := _differences(found, wanted.tables[each.name.lower()]):
        about = f"is not as the framework makes it ({'; '.join(differences)}): put it right by hand"
        yield _action(each, "change", "manual", about, by_hand=True)


def _forget(source: str) -> str:
    """What was loaded, as if it had not been."""
    names = ("_INGEST_PARTS", "_INGEST_SLICES", "_INGEST_ENTRIES", "_INGEST_QUARANTINE")
    deletes = "; ".join(f"delete from {name} where source = {quote_text(source)}" for name in names)
    return deletes


def _clean(each: Object, wanted: Wanted, live: Live) -> Iterator[Action]:
    fill = Fill(each.source, each.stream, each.sql)
    found, known = live.tables.get(each.name.lower()), live.cleaned.get(each.name.lower())
    if found is None:
        about = "is gone: made anew from RAW" if known else NEW
        yield _action(each, "create", "safe", about, fill, by_hand=known is not None)
    elif known is None or known.source != each.source:
        yield _foreign(each, known.source if known else "")
    elif known.definition != each.definition:
        yield _redefined(each, found, wanted.tables[each.name.lower()], fill, known.definition)
    else:
        yield from _by_hand(each, found, wanted, live, fill)


def _foreign(each: Object, source: str) -> Action:
    whose = f"that of the source {source}" if source else "not the framework's"
    about = f"a table of this name is there, and it is {whose}: give one of the two another name, or drop that one"
    return _action(each, "adopt", "manual", about)


def _redefined(each: Object, found: Table, new: Table, fill: Fill, before: str) -> Action:
    """The spec changed. All is made anew from RAW at once; what readers would miss has to be allowed."""
    misses = [f"{name} goes" for name in found.columns if name not in new.columns]
    misses += [
        f"{name} becomes {new.columns[name]}, was {kind}"
        for name, kind in found.columns.items()
        if name in new.columns and not _as_wide(new.columns[name], kind)
    ]
    if rows_in(before) not in ("", rows_in(each.definition)):
        misses.append("another mode, key, cursor or condition of deletion")
    gains = [f"{name} is new" for name in new.columns if name not in found.columns]
    about = f"made anew from RAW: {', '.join([*misses, *gains]) or 'its columns come from other fields'}"
    return _action(each, "replace", "guarded" if misses else "safe", about, fill)


def _by_hand(each: Object, found: Table, wanted: Wanted, live: Live, fill: Fill) -> Iterator[Action]:
    new = wanted.tables[each.name.lower()]
    for name in found.columns:
        if name not in new.columns:
            drop = f"alter table {quote_name(found.name)} drop column {quote_name(name)}"
            yield Action(f"column {found.name}.{name}", f"{found.name}.{name}", "drop", "destructive",
                         "was added by hand", (Statement(drop),), source=each.source, by_hand=True)  # fmt: skip
    wrong = [name for name, kind in new.columns.items() if found.columns.get(name) != kind]
    if wrong:
        about = f"{', '.join(wrong)} not as it was made: made anew from RAW"
        extra = [name for name in found.columns if name not in new.columns]
        about += f", and {', '.join(extra)} lost" if extra else ""
        drop = f"drop table {quote_name(found.name)}"
        yield _action(each, "replace", "destructive" if extra else "safe", about, Statement(drop), fill, by_hand=True)
        return
    for view in each.views:
        there = live.tables.get(view.lower())
        if there is None or there.query.lower() != wanted.tables[view.lower()].query.lower():
            about = "not as it was made" if there else "is gone: made anew"
            yield Action(f"view {view}", view, "replace", "safe", about, (Statement(each.sql),),
                         needs=(each.id,), source=each.source, by_hand=True)  # fmt: skip
    for table in (each.name, *each.views):
        yield from _comments(each, live.tables.get(table.lower()), wanted.tables[table.lower()])


def _comments(each: Object, found: Table | None, new: Table) -> Iterator[Action]:
    if found is None:
        return
    kind = "view" if new.is_view else "table"
    said = [(f"{kind} {quote_name(new.name)}", found.comment, new.comment)]
    said += [
        (f"column {quote_name(new.name)}.{quote_name(name)}", found.comments.get(name, ""), new.comments.get(name, ""))
        for name in new.columns
    ]
    steps = [Statement(f"comment on {what} is {quote_text(now) if now else 'null'}") for what, old, now in said
             if old != now]  # fmt: skip
    if steps:
        yield Action(f"{kind} {new.name}", new.name, "change", "safe", "another description", tuple(steps),
                     source=each.source, by_hand=True)  # fmt: skip


def _mart(each: Object, wanted: Wanted, live: Live) -> Iterator[Action]:
    build = Build(each.source, each.name, each.sql)
    found, known = live.tables.get(each.name.lower()), live.cleaned.get(each.name.lower())
    if found is None:
        yield _action(each, "create", "safe", "is gone: made anew" if known else NEW, build, by_hand=known is not None)
    elif known is None or known.source != each.source:
        yield _foreign(each, known.source if known else "")
    elif known.definition != each.definition:
        new = wanted.tables[each.name.lower()].columns
        gone = [name for name, kind in found.columns.items() if not _as_wide(new.get(name, ""), kind)]
        about = f"another query; {', '.join(gone)} goes or becomes another type" if gone else "another query"
        yield _action(each, "replace", "guarded" if gone else "safe", about, build)


def _orphans(wanted: Wanted, live: Live, whole: bool) -> Iterator[Action]:
    """What the framework made and no spec wants any more."""
    names = {name.lower() for each in wanted.objects for name in (each.name, *each.views)}
    for name, known in live.cleaned.items():
        if name in names or not (whole or known.source in wanted.sources):
            continue
        kind = "view" if known.definition == VIEW else "table"
        forget = f'delete from _INGEST_CLEANED where lower("table") = lower({quote_text(known.name)})'
        drops = [f"drop {kind} if exists {quote_name(known.name)}"]
        if kind == "table" and known.stream:
            drops += [f"drop table if exists {quote_name(f'{prefix}{known.name}')}" for prefix in sql.BESIDE]
        yield Action(f"{kind} {known.name}", known.name, "drop", "destructive", "no spec wants it any more",
                     (Statement("; ".join([*drops, forget])),), source=known.source)  # fmt: skip
    for source in sorted(live.loaded - set(wanted.sources)) if whole else ():
        name = raw_table(source)
        if name.lower() in live.tables:
            steps = (Statement(f"drop table {quote_name(name)}; {_forget(source)}"),)
            about = f"no spec of a source {source} is there any more"
            yield Action(f"table {name}", name, "drop", "destructive", about, steps, source=source)


def _action(each: Object, verb: str, grade: str, about: str, *steps: Step, by_hand: bool = False) -> Action:
    return Action(each.id, each.name, verb, grade, about, steps, each.definition,  # type: ignore[arg-type]
                  each.needs, each.source, by_hand=by_hand)  # fmt: skip


def _differences(found: Table, new: Table) -> list[str]:
    ours, theirs = dict(new.columns), dict(found.columns)
    return [
        f"{name}: {theirs.get(name, 'missing')}" for name in {**ours, **theirs} if theirs.get(name) != ours.get(name)
    ]


def _as_wide(new: str, old: str) -> bool:
    """Whether every value of the old type is one of the new."""
    if new == old:
        return True
    sizes = [re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", each) for each in (new, old)]
    if not all(sizes):
        return False
    (digits, decimals), (old_digits, old_decimals) = ((int(each[1]), int(each[2])) for each in sizes if each)
    return decimals >= old_decimals and digits - decimals >= old_digits - old_decimals


_RULES: Mapping[str, Callable[[Object, Wanted, Live], Iterator[Action]]] = {
    "bookkeeping": _bookkeeping,
    "raw": _raw,
    "clean": _clean,
    "mart": _mart,
}
