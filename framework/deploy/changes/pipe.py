"""Pipes. Replacing one forgets what it has loaded, so what it loads again is what RAW lacks, part by part."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from framework.deploy import loading
from framework.deploy.account import STAGE
from framework.deploy.actions import Action, Drain, Reconcile, Refresh, Statement, Step
from framework.deploy.changes.base import Around, differs_only_in, replaced
from framework.deploy.live import Found
from framework.deploy.objects import UNFINISHED, Object, marked, unmarked
from framework.snowflake_words import quote_text


def changes(each: Object, around: Around) -> Iterator[Action]:
    """What is to be done to a wanted pipe."""
    found = around.live.objects.get(each.id)
    raw = around.live.objects.get(f"table {each.values['table']}")
    if found is None:
        switch = switched(each.source, around)
        if not switch and (raw is None or not raw.rows):
            yield around.create(each)
        else:
            about = "is new, and RAW holds parts already: it is told of those that RAW lacks"
            if switch:
                about = f"loads {each.source} instead of COPY: no COPY counts any more, and it is told what RAW lacks"
            steps = [*switch, Statement(_unfinished(each, each.ddl)), *_caught_up(each, around)]
            yield around.action(each, "create", "guarded", about, *steps, by_hand=each.id in around.live.seen)
    elif found.definition is None:
        yield around.foreign(each, found)
    elif found.definition == each.definition:
        if around.changed_by_hand(each, found) and found.facts.get("paused") == "true":
            resume = f"ALTER PIPE {each.name} SET PIPE_EXECUTION_PAUSED = FALSE"
            about = "was paused by hand: it loads again"
            yield around.action(each, "set", "guarded", about, resume, by_hand=True)
        elif around.changed_by_hand(each, found):
            yield _replace(each, around, "was changed by hand", by_hand=True)
    elif _is_altered_only(each, found):
        errors = each.values.get("errors")
        told = f"SET ERROR_INTEGRATION = {errors} " if errors else "SET "
        text = f"ALTER PIPE {each.name} {told}COMMENT = {quote_text(each.comment)}"
        unset = [f"ALTER PIPE {each.name} UNSET ERROR_INTEGRATION"] if found.facts.get("error_integration") else []
        about = "is described anew, or says elsewhere what fails"
        yield around.action(each, "change", "safe", about, *([] if errors else unset), text)
    else:
        why = "was left half replaced" if found.definition == UNFINISHED else "another definition"
        yield _replace(each, around, why)


def switched(source: str, around: Around) -> list[Step]:
    """The statement that lets a source be loaded the way that the environment says, where its parts came another way
    so far. A pipe takes over before it is there: whoever still copies then is told so and undoes what it did."""
    way = around.account.warehouse.load
    before = [known for name, known in around.live.ways if name == source and loading.is_switch(known, way)]
    return [Statement(loading.switched(around.account, source, way))] if before else []


def takes_over(around: Around) -> Iterator[Action]:
    """Where COPY is to load what a pipe loaded, and that pipe is gone already, as where a deployment broke off."""
    for source in sorted(around.sources):
        name = around.account.within("RAW", f"PIPE_{source.upper()}")
        there = f"pipe {name}" in around.live.objects or f"pipe {name}" in around.wanted
        steps = () if there else tuple(switched(source, around))
        if steps:
            about = f"is gone, and COPY loads {source} from now on"
            yield Action(f"pipe {name}", around.short(name), "drop", "guarded", about, steps, source=source)


def _is_altered_only(each: Object, found: Found) -> bool:
    return differs_only_in(each, found, errors=found.facts.get("error_integration") or None)


def _replace(each: Object, around: Around, why: str, by_hand: bool = False) -> Action:
    about = f"{why}: paused, drained, replaced, and told of the parts that RAW lacks"
    steps: list[Step] = [
        Statement(f"ALTER PIPE {each.name} SET PIPE_EXECUTION_PAUSED = TRUE"),
        Drain(each.name),
        Statement(_unfinished(each, replaced(each))),
    ]
    return around.action(each, "replace", "guarded", about, *steps, *_caught_up(each, around), by_hand=by_hand)


def _caught_up(each: Object, around: Around) -> list[Step]:
    """Told of what RAW lacks, counted against the ledger, and only then marked as done."""
    return [
        Refresh(each.name, str(each.values["location"]), str(each.values["table"])),
        Reconcile(around.account.within("OPS", f"RECONCILE_{each.source.upper()}")),
        Statement(f"ALTER PIPE {each.name} SET COMMENT = {quote_text(each.comment)}"),
    ]


def _unfinished(each: Object, ddl: str) -> str:
    """The statement with a mark that says: not done yet."""
    return ddl.replace(f"[ingest:{each.definition}", f"[ingest:{UNFINISHED}", 1)


def removed(old: Found, around: Around) -> list[Step]:
    """A live pipe that is no longer wanted, as where COPY loads now: nothing that it was told of is lost. COPY takes
    over when it is gone."""
    source = old.label
    steps: list[Step] = [
        Statement(f"ALTER PIPE {old.name} SET PIPE_EXECUTION_PAUSED = TRUE"),
        Drain(old.name),
    ]
    view = around.account.within("OPS", f"RECONCILE_{source.upper()}")
    if f"view {view}" in around.live.objects:
        steps.append(Reconcile(view))
    last = switched(source, around) if source in around.sources else []
    return [*steps, Statement(f"DROP PIPE IF EXISTS {old.name}"), *last]


def stage(each: Object, around: Around) -> Iterator[Action]:
    """The stage. Another place or integration cuts its pipes off: they are marked, and replaced after it."""
    found = around.own(each)
    if isinstance(found, Action):
        yield found
        return
    there = (found.facts["url"], found.facts["storage_integration"])
    wanted = (str(each.values["url"]), str(each.values["integration"]).strip('"'))
    if there == wanted:
        if found.definition != each.definition:
            text = f"FILE_FORMAT = (FORMAT_NAME = {quote_text(each.values['file_format'])})"
            text = f"ALTER STAGE {each.name} SET {text} COMMENT = {quote_text(each.comment)}"
            yield around.action(each, "change", "safe", "is described anew", text)
        return
    steps: list[Step] = []
    for pipe in pipes_of(each, around):
        mark = marked(unmarked(pipe.comment), UNFINISHED, pipe.label)
        steps.append(Statement(f"ALTER PIPE {pipe.name} SET PIPE_EXECUTION_PAUSED = TRUE"))
        steps.append(Statement(f"ALTER PIPE {pipe.name} SET COMMENT = {quote_text(mark)}"))
    steps += [Drain(pipe.name) for pipe in pipes_of(each, around)]
    steps += [Statement(moved) for moved in _moved(there[0], wanted[0], around)]
    changed = f"URL = {quote_text(wanted[0])} STORAGE_INTEGRATION = {each.values['integration']}"
    steps.append(Statement(f"ALTER STAGE {each.name} SET {changed} COMMENT = {quote_text(each.comment)}"))
    what = f"{there[0]} by {there[1]}" if there[1] != wanted[1] else there[0]
    about = f"{wanted[0]} by {wanted[1]} instead of {what}: its pipes are paused, drained and replaced after it"
    about += "; move the log and the parts there first"
    by_hand = found.definition == each.definition
    yield around.action(each, "change", "guarded", about, *steps, by_hand=by_hand)


def _moved(old: str, new: str, around: Around) -> Iterator[str]:
    """RAW says of each row which part it came from, by its path in the bucket: where that is another one from now on,
    the rows say so too, or no part of the ledger would be found in RAW."""
    before, after = (urlsplit(url).path.lstrip("/") for url in (old, new))
    if around.account.on_azure:  # the container is no part of it
        before, after = (path.partition("/")[2] for path in (before, after))
    if before == after:
        return
    for table in around.live.objects.values():
        if table.kind == "table" and table.definition and around.short(table.name).startswith("RAW.RAW_"):
            moved = f"{quote_text(after)} || SUBSTR(SRC_FILENAME, {len(before) + 1})"
            not_yet = f"NOT STARTSWITH(SRC_FILENAME, {quote_text(after)})"
            of_old = f"STARTSWITH(SRC_FILENAME, {quote_text(before)}) AND {not_yet}"
            yield f"UPDATE {table.name} SET SRC_FILENAME = {moved} WHERE {of_old}"


def pipes_of(each: Object, around: Around) -> list[Found]:
    """The live pipes of the environment, if the stage is theirs."""
    if not each.name.endswith(f".{STAGE}"):
        return []
    return [pipe for pipe in around.live.objects.values() if pipe.kind == "pipe" and pipe.definition]
