"""Tasks: run on demand or when their stream has data, in the owner's role, each run remembered."""

from typing import TYPE_CHECKING, Any

from . import scripting
from .catalog import Thing
from .errors import SnowflakeError, compilation, denied
from .translate import scalar

if TYPE_CHECKING:
    from .account import Account, Session


def execute(session: "Session", task: Thing) -> None:
    """EXECUTE TASK: at once, whether suspended or not; WHEN is asked all the same."""
    if not _may(session.account, session.role, task):
        session.need("OPERATE", task)
    run(session.account, task)


def _may(account: "Account", role: str, task: Thing) -> bool:
    return account.access.has(role, "OPERATE", "TASK", task.path)


def resume(session: "Session", task: Thing) -> None:
    """Its owner must hold EXECUTE TASK; EXECUTE MANAGED TASK where it names no warehouse."""
    access = session.account.access
    needed = ["EXECUTE TASK"] + ([] if "WAREHOUSE" in task.options else ["EXECUTE MANAGED TASK"])
    for privilege in needed:
        if not access.has(task.owner, privilege, "ACCOUNT", ()):
            message = f"Cannot execute task, {privilege} privilege must be granted to owner role"
            raise SnowflakeError(91089, "23001", message)
    if task.facts.get("manual"):
        raise compilation(f"Task {task.name} has no SCHEDULE, AFTER or WHEN: it cannot be resumed.", 91091, "23001")
    task.facts["state"] = "started"


def run(account: "Account", task: Thing) -> dict[str, Any]:
    """One run and, after it, those of the tasks that follow it."""
    scheduled = account.now()
    session = account.session("SYSTEM", task.owner, *task.path[:2], task.options.get("WAREHOUSE"))
    made: dict[str, Any] = {
        "QUERY_ID": None, "NAME": task.name, "DATABASE_NAME": task.path[0], "SCHEMA_NAME": task.path[1],
        "QUERY_TEXT": task.facts["body"], "CONDITION_TEXT": task.facts["condition"], "STATE": "SUCCEEDED",
        "ERROR_CODE": None, "ERROR_MESSAGE": None, "SCHEDULED_TIME": scheduled, "QUERY_START_TIME": account.now(),
        "COMPLETED_TIME": None, "RETURN_VALUE": None,
    }  # fmt: skip
    account.runs.append(made)
    try:
        _privileged(account, task)
        if task.facts["condition"] and not scalar(session, task.facts["condition"]):
            made["STATE"] = "SKIPPED"
            made["ERROR_MESSAGE"] = "Conditional expression for task evaluated to false."
        else:
            scripting.run(session, task.facts["body"])
            session.commit()
            task.facts["failures"] = 0
    except SnowflakeError as problem:
        session.rollback()
        made.update(STATE="FAILED", ERROR_CODE=f"{problem.code:06d}", ERROR_MESSAGE=problem.message)
        _failed(task)
    finally:
        made["COMPLETED_TIME"] = account.now()
        account.sessions.pop(session.token, None)
        session.duck.close()
    if made["STATE"] == "SUCCEEDED":
        for child in list(account.catalog.of("TASK")):
            if task.path in child.facts["after"] and child.facts["state"] == "started":
                run(account, child)
    return made


def _privileged(account: "Account", task: Thing) -> None:
    """What the owner lost since the task was made, its runs lack."""
    name = task.options.get("WAREHOUSE")
    if name and not account.access.has(task.owner, "USAGE", "WAREHOUSE", (name,)):
        raise denied("warehouse", name)


def _failed(task: Thing) -> None:
    """SUSPEND_TASK_AFTER_NUM_FAILURES, 10 when not said; 0 is never."""
    task.facts["failures"] = task.facts.get("failures", 0) + 1
    limit = task.options.get("SUSPEND_TASK_AFTER_NUM_FAILURES", 10)
    if limit and task.facts["failures"] >= limit:
        task.facts["state"] = "suspended"


def run_triggered(account: "Account") -> None:
    """A round of the pump: each started task with a condition that holds."""
    for task in list(account.catalog.of("TASK")):
        if task.facts["state"] != "started" or not task.facts["condition"] or task.facts["after"]:
            continue
        session = account.session("SYSTEM", task.owner, *task.path[:2], None)
        try:
            ready = scalar(session, task.facts["condition"])
        except SnowflakeError:
            ready = True  # the run says what is wrong
        finally:
            account.sessions.pop(session.token, None)
            session.duck.close()
        if ready:
            run(account, task)
