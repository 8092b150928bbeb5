"""The wire: login, queries, sessions, Snowpipe's REST endpoint, and what tests ask of the emulator itself."""

import asyncio
import gzip
import json
import traceback
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from fakesnow.converter import from_binding
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import login, pump, results, run, snowpipe_rest
from .account import Account, Asked, Session
from .errors import SnowflakeError
from .files import Storage
from .lexer import Reader, quote

GONE = {"code": "390104", "message": "User must login again to access the service.", "success": False, "data": None}


@dataclass
class Trouble:
    """What a test wants to go wrong: at the n-th statement from now, how."""

    at: int = 0
    how: str = "refuse"
    """refuse: it is not run. lose: it is run, its answer is lost. hold: it is run, the answer waits for ever."""
    matching: str = ""
    """Count only statements that hold this text."""


@dataclass
class Emulator:
    """One account behind one port."""

    storage: Storage
    account: Account = field(init=False)
    trouble: Trouble = field(default_factory=Trouble)
    pumping: float = 0

    def __post_init__(self) -> None:
        self.account = Account(self.storage)


async def body_of(request: Request) -> dict[str, Any]:
    data = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        data = gzip.decompress(data)
    return dict(json.loads(data or b"{}"))


def emulator_of(request: Request) -> Emulator:
    found: Emulator = request.app.state.emulator
    return found


def refusal(problem: SnowflakeError, query: str | None = None) -> JSONResponse:
    code = f"{problem.code:06d}"
    data = {"errorCode": code, "sqlState": problem.state, "queryId": query, "internalError": False}
    return JSONResponse({"data": data, "code": code, "message": problem.message, "success": False, "headers": None})


async def log_in(request: Request) -> JSONResponse:
    account = emulator_of(request).account
    data, asked = (await body_of(request))["data"], request.query_params
    try:
        with account.lock:
            user = login.authenticate(account, data)
            login.network(account, user, request.client.host if request.client else "127.0.0.1")
            role = login.role(account, user, asked.get("roleName"))
            session = account.session(user.name, role, None, None, None)
            _context(session, user.options, asked)
            session.parameters |= {str(k).upper(): v for k, v in (data.get("SESSION_PARAMETERS") or {}).items()}
    except SnowflakeError as problem:
        return refusal(problem)
    answer = {
        "token": session.token, "masterToken": f"master-{session.token}", "validityInSeconds": 3600,
        "masterValidityInSeconds": 14400, "serverVersion": "9.40.0", "displayUserName": user.name, "firstLogin": False,
        "remMeToken": None, "remMeValidityInSeconds": 0, "healthCheckInterval": 45, "newClientForUpgrade": None,
        "sessionId": 1 + len(account.sessions), "idToken": None, "idTokenValidityInSeconds": 0,
        "parameters": [{"name": "AUTOCOMMIT", "value": True}, {"name": "TIMEZONE", "value": "Etc/UTC"},
                       {"name": "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "value": 3600},
                       {"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 0},
                       {"name": "CLIENT_TELEMETRY_ENABLED", "value": False}],
        "sessionInfo": {"databaseName": session.database, "schemaName": session.schema,
                        "warehouseName": session.warehouse, "roleName": session.role},
    }  # fmt: skip
    return JSONResponse({"data": answer, "success": True, "code": None, "message": None})


def _context(session: Session, options: dict[str, Any], asked: Any) -> None:
    """Database, schema and warehouse that are asked for or the user's own, if they are there for this role."""
    catalog, access = session.account.catalog, session.account.access

    def named(kind: str, text: str | None, above: tuple[str, ...] = ()) -> str | None:
        name = text.strip('"') if text and text.startswith('"') else (text or "").upper()
        thing = catalog.find(kind, (*above, name)) if name else None
        return name if thing and access.sees(session.role, thing) else None

    space = str(options.get("DEFAULT_NAMESPACE", "")).split(".")
    session.database = named("DATABASE", asked.get("databaseName") or space[0])
    if session.database:
        wanted = asked.get("schemaName") or (space[1] if len(space) > 1 else "PUBLIC")
        session.schema = named("SCHEMA", wanted, (session.database,))
    session.warehouse = named("WAREHOUSE", asked.get("warehouse") or options.get("DEFAULT_WAREHOUSE"))
    session.tell()


def session_of(request: Request) -> Session | None:
    token = request.headers.get("Authorization", "").removeprefix('Snowflake Token="').rstrip('"')
    return emulator_of(request).account.sessions.get(token)


async def query(request: Request) -> Response:
    emulator, session = emulator_of(request), session_of(request)
    if not session:
        return JSONResponse(GONE)
    body = await body_of(request)
    text, bindings, number = str(body["sqlText"]), body.get("bindings") or {}, str(uuid.uuid4())
    asked = Asked(number, text, session.user, session.role, str(session.parameters.get("QUERY_TAG", "")))
    emulator.account.asked.append(asked)
    how = _trouble(emulator, text)
    if how == "refuse":
        asked.error = "refused by the test"
        return refusal(SnowflakeError(604, "57014", "SQL execution canceled"), number)
    try:
        result = await run_in_threadpool(_locked, session, text, bindings)
    except SnowflakeError as problem:
        asked.error = problem.message
        answer: Response = refusal(problem, number)
    # the emulator's own fault is said at once: at HTTP 500 the connector would try for minutes
    except Exception as problem:  # noqa: BLE001
        traceback.print_exc()
        asked.error = f"emulator: {type(problem).__name__}: {problem}"
        answer = refusal(SnowflakeError(603, "XX000", f"SQL execution internal error:\n{asked.error}"), number)
    else:
        emulator.account.results[number] = result
        session.last_query = number
        answer = JSONResponse(
            {"data": _answer(session, result, number), "success": True, "code": None, "message": None}
        )
    if how == "hold":
        await asyncio.Event().wait()
    return Response(status_code=400) if how == "lose" else answer


def _trouble(emulator: Emulator, text: str) -> str:
    trouble = emulator.trouble
    if not trouble.at or trouble.matching.upper() not in text.upper():
        return ""
    trouble.at -= 1
    return "" if trouble.at else trouble.how


def _locked(session: Session, text: str, bindings: dict[str, Any]) -> results.Result:
    """One statement at a time in the whole account; an array binding is one statement for each row."""
    with session.account.lock:
        lists = [binding["value"] for binding in bindings.values() if isinstance(binding["value"], list)]
        if not lists:
            return run.one(session, _bound(text, bindings, None))
        total = 0
        for row in range(len(lists[0])):
            total += int(run.one(session, _bound(text, bindings, row)).rows[0][0])
        return results.Result(
            ["number of rows inserted"], [(total,)], statement=0x3100, types={"number of rows inserted": "fixed"}
        )


def _bound(text: str, bindings: dict[str, Any], row: int | None) -> str:
    """? → the value, as a literal."""
    if not bindings:
        return text
    out, at, place = [], 0, 0
    for token in Reader(text).tokens:
        if token.text == "?":
            place += 1
            binding = bindings[str(place)]
            value = binding["value"] if row is None else binding["value"][row]
            shown = "NULL" if value is None else _literal(from_binding({**binding, "value": value}))
            out += [text[at : token.start], shown]
            at = token.end
    return "".join(out) + text[at:]


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return str(value) if isinstance(value, int) else quote(value.isoformat() if hasattr(value, "isoformat") else value)


def _answer(session: Session, result: results.Result, number: str) -> dict[str, Any]:
    return {
        "parameters": [{"name": "TIMEZONE", "value": "Etc/UTC"}], "total": result.total, "returned": result.total,
        "queryId": number, "statementTypeId": result.statement or 0x1000, "databaseProvider": None,
        "finalDatabaseName": session.database, "finalSchemaName": session.schema,
        "finalWarehouseName": session.warehouse, "finalRoleName": session.role, **results.payload(result),
    }  # fmt: skip


async def end_session(request: Request) -> JSONResponse:
    session = session_of(request)
    if not session:
        return JSONResponse(GONE)
    if request.query_params.get("delete"):
        with session.account.lock:
            session.rollback()
            session.account.sessions.pop(session.token, None)
            session.duck.close()
    return JSONResponse({"data": None, "code": None, "message": None, "success": True})


async def status(request: Request) -> JSONResponse:
    known = emulator_of(request).account.results.get(request.path_params["id"])
    return JSONResponse({"data": {"queries": [{"status": "SUCCESS"}] if known else []}, "success": True})


async def snowpipe(request: Request) -> JSONResponse:
    account, request_id = emulator_of(request).account, request.query_params.get("requestId", str(uuid.uuid4()))
    try:
        with account.lock:
            verb = request.path_params["verb"]
            pipe, _ = snowpipe_rest.pipe_of(account, request.headers, request.path_params["pipe"], verb)
    except SnowflakeError as problem:
        code = 404 if problem.code == 390404 else 401
        return JSONResponse(
            {"code": f"{problem.code:06d}", "message": problem.message, "data": None, "success": False}, code
        )
    asked = request.query_params
    body = await body_of(request) if request.method == "POST" else {}

    def answered() -> snowpipe_rest.Answer:
        with account.lock:
            if verb == "insertFiles" and request.method == "POST":
                return snowpipe_rest.insert_files(account, pipe, body, request_id)
            if verb == "insertReport":
                return snowpipe_rest.insert_report(account, pipe, asked.get("beginMark", ""))
            if verb == "loadHistoryScan":
                return snowpipe_rest.history_scan(
                    account, pipe, asked["startTimeInclusive"], asked.get("endTimeExclusive", "")
                )
        return 404, {"code": "390404", "message": "no such call"}

    code, found = await run_in_threadpool(answered)
    return JSONResponse(found, code)


async def statements(request: Request) -> JSONResponse:
    """GET: the statements so far. DELETE: forget them."""
    account = emulator_of(request).account
    if request.method == "DELETE":
        account.asked.clear()
    return JSONResponse([asdict(each) for each in account.asked])


async def trouble(request: Request) -> JSONResponse:
    emulator_of(request).trouble = Trouble(**await body_of(request))
    return JSONResponse({})


async def pumped(request: Request) -> JSONResponse:
    account = emulator_of(request).account
    return JSONResponse(await run_in_threadpool(pump.round_, account))


async def reset(request: Request) -> JSONResponse:
    """A new, empty account."""
    emulator = emulator_of(request)
    with emulator.account.lock:
        emulator.account, emulator.trouble = Account(emulator.storage), Trouble()
    return JSONResponse({})


async def forget_sessions(request: Request) -> JSONResponse:
    """Every session, or every one of a user, is over, as after four hours without a word, or five minutes where its
    transaction stands in the way of another."""
    account, user = emulator_of(request).account, (await body_of(request)).get("user")
    with account.lock:
        for token, session in list(account.sessions.items()):
            if user in (None, session.user):
                session.rollback()
                session.duck.close()
                del account.sessions[token]
    return JSONResponse({})


async def clock(request: Request) -> JSONResponse:
    """Let so many seconds go by."""
    account = emulator_of(request).account
    account.seconds_ahead += float((await body_of(request))["seconds"])
    return JSONResponse({"now": account.now().isoformat()})


async def accepted(request: Request) -> JSONResponse:
    """Telemetry, abort: nothing to do."""
    return JSONResponse({"data": None, "success": True, "code": None, "message": None})


ROUTES = [
    Route("/session/v1/login-request", log_in, methods=["POST"]),
    Route("/session", end_session, methods=["POST"]),
    Route("/session/heartbeat", end_session, methods=["POST"]),
    Route("/queries/v1/query-request", query, methods=["POST"]),
    Route("/queries/v1/abort-request", accepted, methods=["POST"]),
    Route("/telemetry/send", accepted, methods=["POST"]),
    Route("/monitoring/queries/{id}", status, methods=["GET"]),
    Route("/v1/data/pipes/{pipe}/{verb}", snowpipe, methods=["GET", "POST"]),
    Route("/emulator/statements", statements, methods=["GET", "DELETE"]),
    Route("/emulator/trouble", trouble, methods=["POST"]),
    Route("/emulator/pump", pumped, methods=["POST"]),
    Route("/emulator/reset", reset, methods=["POST"]),
    Route("/emulator/forget_sessions", forget_sessions, methods=["POST"]),
    Route("/emulator/clock", clock, methods=["POST"]),
]


def application(storage: Storage) -> Starlette:
    app = Starlette(routes=ROUTES)
    app.state.emulator = Emulator(storage)
    return app
