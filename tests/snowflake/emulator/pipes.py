"""Pipes: what is queued, what is loaded, what SYSTEM$PIPE_STATUS says."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from . import copy_statement, copying, formats, history, staged
from .catalog import Thing
from .errors import SnowflakeError, compilation, missing
from .files import File
from .functions import instant
from .lexer import Reader
from .results import Result

if TYPE_CHECKING:
    from .account import Account, Session

REFRESH_DAYS, STALE_DAYS = 7, 14
QUEUE = "sf-snowpipe-emulator"
FORBIDDEN = ("FILES", "VALIDATION_MODE", "PURGE", "FORCE", "SIZE_LIMIT", "RETURN_FAILED_ONLY")


def parsed(thing: Thing) -> copy_statement.Copy:
    return copy_statement.parse(Reader(thing.facts["copy"]))


def check(session: "Session", thing: Thing) -> None:
    """The body is a COPY that its owner may run; what auto-ingest needs is there."""
    reader = Reader(thing.facts["copy"])
    if reader.peek() != "COPY":
        raise reader.unexpected()
    copy = copy_statement.parse(reader)
    for name in FORBIDDEN:
        if name in copy.options:
            raise compilation(f"COPY option '{name}' is not supported in a pipe.", 1102, "0A000")
    if "CURRENT_TIMESTAMP" in copy.select.upper():
        raise compilation(
            "CURRENT_TIMESTAMP in a pipe is the time at which it was compiled; use METADATA$START_SCAN_TIME.",
            1103,
            "0A000",
        )
    if str(copy.options.get("ON_ERROR", "SKIP_FILE")).upper() == "ABORT_STATEMENT":
        raise compilation("ON_ERROR = ABORT_STATEMENT is not supported in a pipe.", 1104, "0A000")
    table = copy_statement.target(session, copy)
    session.need("SELECT", table)
    thing.facts.update(queue=[], held=[], paused=False, table=table.path, events=0)
    if copy.streaming:
        return
    stage, path = staged.split(session, copy.reference)
    thing.facts.update(stage=stage.path, stage_number=stage.number, path=path, url=stage.options.get("URL", ""))
    _integrations(session, thing, stage, copy)


def _integrations(session: "Session", thing: Thing, stage: Thing, copy: copy_statement.Copy) -> None:
    given = thing.options
    azure = str(stage.options.get("URL", "")).startswith("azure://")
    if given.get("AUTO_INGEST") and azure and "INTEGRATION" not in given:
        raise compilation("Pipe with AUTO_INGEST = TRUE on an Azure stage requires INTEGRATION.", 2077, "22023")
    if given.get("AUTO_INGEST") and not stage.options.get("URL"):
        raise compilation("AUTO_INGEST needs an external stage.", 1105, "0A000")
    for name in ("INTEGRATION", "ERROR_INTEGRATION"):
        if name in given:
            made = session.account.catalog.find("INTEGRATION", (given[name],))
            if not made:
                raise missing("integration", given[name])
            session.need("USAGE", made)
            outbound = made.options.get("DIRECTION", "INBOUND") == "OUTBOUND"
            if made.facts["category"] != "NOTIFICATION" or outbound != (name == "ERROR_INTEGRATION"):
                raise compilation(f"Integration '{given[name]}' is not of the right type for {name}.", 3503, "22023")
    if "ERROR_INTEGRATION" in given and str(copy.options.get("ON_ERROR", "SKIP_FILE")).upper() != "SKIP_FILE":
        raise compilation("Error notifications are sent with ON_ERROR = SKIP_FILE only.", 1106, "0A000")


def made(session: "Session", thing: Thing) -> None:
    """An S3 pipe listens to the account's queue, which is made for the first of them."""
    thing.facts["paused_at"] = None
    if thing.options.get("AUTO_INGEST") and thing.facts.get("url", "").startswith("s3://"):
        thing.facts["channel"] = channel(session.account)
        topic = thing.options.get("AWS_SNS_TOPIC")
        if topic:
            try:
                sns = session.account.storage.aws("sns", topic.split(":")[3])
                sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=thing.facts["channel"])
            except ClientError as problem:
                raise compilation(f"Pipe cannot subscribe to '{topic}': {problem}", 1109, "22023") from None


def channel(account: "Account") -> str:
    """The ARN of the queue that a bucket's notifications go to."""
    sqs = account.storage.aws("sqs")
    url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def stage_of(account: "Account", pipe: Thing) -> Thing | None:
    """Its stage, unless that was made anew: then the pipe points nowhere."""
    stage = account.catalog.find("STAGE", pipe.facts.get("stage", ()))
    return stage if stage and stage.number == pipe.facts["stage_number"] else None


def wants(account: "Account", pipe: Thing, path: str) -> bool:
    """Is this path, from the stage's root, what the pipe loads? Its PATTERN is matched with that path."""
    pattern = parsed(pipe).options.get("PATTERN")
    return path.startswith(pipe.facts["path"]) and (not pattern or formats.matches(pattern, path))


def enqueue(account: "Account", pipe: Thing, file: File) -> bool:
    """Queue a file unless its name is known to this pipe. A paused pipe holds it until it is resumed."""
    stage, facts = stage_of(account, pipe), pipe.facts
    if not stage or any(file.path == each.path for each in (*facts["queue"], *facts["held"])):
        return False
    if history.piped_before(account, pipe, staged.place(stage), file):
        return False
    facts["held" if facts["paused"] else "queue"].append(file)
    facts["last_received"] = account.now()
    return True


def refresh(session: "Session", pipe: Thing, reader: Reader) -> Result:
    """ALTER PIPE … REFRESH [PREFIX = '…'] [MODIFIED_AFTER = '…']: the files of the last 7 days."""
    prefix, after = "", None
    while not reader.done:
        if reader.accept("PREFIX", "="):
            prefix = reader.string()
        else:
            reader.expect("MODIFIED_AFTER", "=")
            after = instant(reader.string(), None)
    account = session.account
    stage = stage_of(account, pipe)
    if not stage:
        raise SnowflakeError(
            2003, "02000", f"SQL compilation error:\nStage of pipe '{pipe.name}' does not exist or not authorized."
        )
    since = max(account.now() - timedelta(days=REFRESH_DAYS), after or datetime.min.replace(tzinfo=UTC))
    files = [file for file in account.storage.files(stage, pipe.facts["path"] + prefix)
             if file.modified >= since.replace(microsecond=0) and wants(account, pipe, file.path)]  # fmt: skip
    return Result(["File", "Status"], [(file.path, "SENT") for file in files if enqueue(account, pipe, file)])


def run(account: "Account", pipe: Thing) -> list[history.Load]:
    """Load what is queued, as the pipe's owner; where it is paused, what was queued before that."""
    if not pipe.facts["queue"]:
        return []
    waiting, pipe.facts["queue"] = pipe.facts["queue"], []
    stage, table = stage_of(account, pipe), account.catalog.find("TABLE", pipe.facts["table"])
    if not stage or not table:
        pipe.facts["queue"] = waiting
        pipe.facts["error"] = "stage or table is gone"
        return []
    copy = parsed(pipe)
    session = account.session("SYSTEM", pipe.owner, *pipe.path[:2], None)
    try:
        session.begin()
        on_error = str(copy.options.get("ON_ERROR", "SKIP_FILE")).upper()
        session.need("INSERT", table)
        loads = copying.load(session, copy, table, stage, _there(account, stage, waiting), pipe, on_error)
        session.commit()
        return loads
    except SnowflakeError as problem:
        session.rollback()
        pipe.facts["queue"], pipe.facts["error"] = waiting, problem.message
        return []
    finally:
        account.sessions.pop(session.token, None)
        session.duck.close()


def _there(account: "Account", stage: Thing, files: list[File]) -> list[File]:
    """A file that was removed since it was queued is left out."""
    return [found for file in files if (found := account.storage.find(stage, file.path))]


def status(session: "Session", pipe: Thing) -> dict[str, Any]:
    account, facts = session.account, pipe.facts
    if not stage_of(account, pipe) and facts.get("url") is not None:
        state = "STOPPED_STAGE_DROPPED"
    elif facts["paused"]:
        state = "STALLED_COMPILATION_ERROR" if facts.get("error") else "PAUSED"
    else:
        state = "STALLED_EXECUTION_ERROR" if facts.get("error") else "RUNNING"
    found: dict[str, Any] = {"executionState": state, "pendingFileCount": len(facts["queue"])}
    if facts.get("channel"):
        found["notificationChannelName"] = facts["channel"]
        found["numOutstandingMessagesOnChannel"] = facts.get("events", 0)
    if facts.get("last_received"):
        found["lastReceivedMessageTimestamp"] = f"{facts['last_received']:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    if facts.get("error"):
        found["error"] = facts["error"]
    return found


def pause(session: "Session", pipe: Thing, paused: bool) -> None:
    account = session.account
    if paused and not pipe.facts["paused"]:
        pipe.facts["paused_at"] = account.now()
    elif not paused and pipe.facts["paused"] and account.now() - pipe.facts["paused_at"] > timedelta(days=STALE_DAYS):
        raise compilation(f"Pipe '{pipe.name}' is stale: resume it with SYSTEM$PIPE_FORCE_RESUME.", 1107, "55000")
    _set(pipe, paused)


def _set(pipe: Thing, paused: bool) -> None:
    pipe.facts["paused"] = paused
    if not paused:
        pipe.facts["queue"] += pipe.facts["held"]
        pipe.facts["held"] = []


def force_resume(session: "Session", pipe: Thing, how: str) -> None:
    account = session.account
    stale = pipe.facts["paused"] and account.now() - pipe.facts["paused_at"] > timedelta(days=STALE_DAYS)
    if stale and "STALENESS_CHECK_OVERRIDE" not in how.upper():
        raise compilation(f"Pipe '{pipe.name}' is stale: give STALENESS_CHECK_OVERRIDE.", 1107, "55000")
    _set(pipe, False)
