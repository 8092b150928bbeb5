"""Snowpipe's REST endpoint: insertFiles, insertReport, loadHistoryScan, with a key-pair JWT."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import login, pipes
from .catalog import Thing
from .errors import SnowflakeError
from .history import Load
from .lexer import name_of

if TYPE_CHECKING:
    from .account import Account

MAX_FILES, MAX_EVENTS = 5000, 10_000
REPORTED, SCANNED = timedelta(minutes=10), timedelta(days=14)
ACCOUNT = "EMULATOR"
Answer = tuple[int, dict[str, Any]]


def pipe_of(account: "Account", headers: Mapping[str, str], name: str, verb: str) -> tuple[Thing, str]:
    """The pipe, and the role; to whom it is not granted it is not told that it is there."""
    bearer, _, token = headers.get("Authorization", "").partition(" ")
    if bearer != "Bearer" or headers.get("X-Snowflake-Authorization-Token-Type") != "KEYPAIR_JWT":
        raise login.refused("JWT token is invalid.", 390144)
    user = login.by_token(account, token, ACCOUNT)
    found = account.catalog.find("PIPE", name_of(name))
    role = login.role(account, user, None)
    privilege = "OPERATE" if verb == "insertFiles" else "MONITOR"
    if not found or not account.access.has(role, privilege, "PIPE", found.path):
        raise SnowflakeError(
            390404, "02000", f"Specified object does not exist or not authorized. Pipe not found: {name}"
        )
    return found, role


def insert_files(account: "Account", pipe: Thing, body: dict[str, Any], request: str) -> Answer:
    """Queue files by their paths from the pipe's stage location."""
    files = body.get("files")
    if not isinstance(files, list) or not all(isinstance(each, dict) and each.get("path") for each in files):
        return 400, {"code": "390103", "message": "Missing or malformed list of files", "requestId": request}
    if len(files) > MAX_FILES:
        return 413, {"code": "390104", "message": f"More than {MAX_FILES} files", "requestId": request}
    if pipe.facts["paused"]:
        return 409, {"code": "390405", "message": "Pipe is paused", "requestId": request}
    stage = pipes.stage_of(account, pipe)
    for each in files:
        path = pipe.facts["path"] + str(each["path"])
        found = account.storage.find(stage, path) if stage else None
        if found and pipes.wants(account, pipe, path):
            pipes.enqueue(account, pipe, found)
    return 200, {"requestId": request, "responseCode": "SUCCESS"}


def insert_report(account: "Account", pipe: Thing, mark: str) -> Answer:
    """The last events, within ten minutes; beginMark goes on from the last answer."""
    loads = [load for load in account.loads if load.pipe_number == pipe.number]
    first = int(mark) if mark.isdigit() else 0
    after = loads[first:]
    told = [load for load in after if load.at > account.now() - REPORTED][-MAX_EVENTS:]
    return 200, {
        "pipe": pipe.full,
        "completeResult": len(told) == len(after),
        "nextBeginMark": str(len(loads)),
        "files": [_file(pipe, load) for load in told],
        "statistics": {"activeFilesCount": len(pipe.facts["queue"])},
    }


def history_scan(account: "Account", pipe: Thing, start: str, end: str) -> Answer:
    since, until = _moment(start), _moment(end) if end else account.now()
    if since < account.now() - SCANNED:
        return 400, {"code": "390108", "message": "startTimeInclusive is more than 14 days ago"}
    loads = [load for load in account.loads if load.pipe_number == pipe.number and since <= load.at <= until]
    more = len(loads) > MAX_EVENTS
    if more:
        loads, until = loads[:MAX_EVENTS], loads[MAX_EVENTS].at
    return 200, {
        "pipe": pipe.full,
        "completeResult": not more,
        "startTimeInclusive": start,
        "endTimeExclusive": end,
        "rangeStartTime": start,
        "rangeEndTime": f"{until:%Y-%m-%dT%H:%M:%S.%fZ}",
        "files": [_file(pipe, load) for load in loads],
    }


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _file(pipe: Thing, load: Load) -> dict[str, Any]:
    status = {"Loaded": "LOADED", "Partially loaded": "PARTIALLY_LOADED", "Load failed": "LOAD_FAILED"}[load.status]
    at = f"{load.at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    out: dict[str, Any] = {
        "path": load.file.path.removeprefix(pipe.facts["path"]),
        "stageLocation": load.stage + pipe.facts["path"],
        "fileSize": load.file.size,
        "timeReceived": at,
        "lastInsertTime": at,
        "rowsInserted": load.loaded,
        "rowsParsed": load.parsed,
        "errorsSeen": load.errors,
        "errorLimit": load.error_limit,
        "complete": True,
        "status": status,
    }
    if load.first_error:
        out |= {
            "firstError": load.first_error,
            "firstErrorLineNum": load.first_line,
            "firstErrorCharacterPos": load.first_character,
            "firstErrorColumnName": load.first_column or "",
            "systemError": "",
        }
    return out
