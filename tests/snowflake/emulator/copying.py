"""COPY INTO a table: which files, what happens to bad ones, and what is remembered of them."""

import re
from typing import TYPE_CHECKING, Any

import duckdb

from . import copy_rows, formats, history, staged
from .catalog import Thing
from .copy_statement import Copy, parse, target
from .errors import SnowflakeError
from .files import File, root
from .history import Load
from .lexer import Reader
from .results import Result

if TYPE_CHECKING:
    from .account import Session


def run(session: "Session", reader: Reader) -> Result:
    copy = parse(reader)
    table = target(session, copy)
    stage, path = staged.split(session, copy.reference)
    files = _files(session, copy, stage, path)
    if copy.options.get("VALIDATION_MODE"):
        return _validated(session, copy, stage, files)
    force, names = copy.options.get("FORCE"), copy.options.get("FILES")
    skipped = (
        []
        if force
        else [file for file in files if history.loaded_before(session.account, table, staged.place(stage), file)]
    )
    fresh = [file for file in files if file not in skipped]
    loads = load(session, copy, table, stage, fresh, None, str(copy.options.get("ON_ERROR", "ABORT_STATEMENT")).upper())
    if copy.options.get("PURGE"):
        for each in loads:
            if each.status == "Loaded":
                session.on_commit.append(lambda file=each.file: session.account.storage.remove(stage, file))
    rows = [_row(stage, each) for each in loads]
    if names:
        rows += [
            (root(stage) + file.path, "LOAD_SKIPPED", 0, 0, 1, 1, "File was loaded before.", None, None, None)
            for file in skipped
        ]
    if not rows:
        return Result(["status"], [("Copy executed with 0 files processed.",)])
    columns = [
        "file",
        "status",
        "rows_parsed",
        "rows_loaded",
        "error_limit",
        "errors_seen",
        "first_error",
        "first_error_line",
        "first_error_character",
        "first_error_column_name",
    ]
    return Result(columns, rows, types=dict.fromkeys((*columns[2:6], *columns[7:9]), "fixed"))


def _files(session: "Session", copy: Copy, stage: Thing, path: str) -> list[File]:
    storage = session.account.storage
    names = copy.options.get("FILES")
    if names:
        start = path if not path or path.endswith("/") else path + "/"
        there = {file.path: file for file in storage.files(stage, path)}
        for name in names:
            if (
                start + name not in there
                and str(copy.options.get("ON_ERROR", "ABORT_STATEMENT")).upper() == "ABORT_STATEMENT"
            ):
                raise SnowflakeError(
                    91016,
                    "22000",
                    f"Remote file '{root(stage)}{start}{name}' was not found. "
                    "There are several potential causes. The file might not exist.",
                )
        return [there[start + name] for name in names if start + name in there]
    pattern = copy.options.get("PATTERN")
    return [file for file in storage.files(stage, path) if not pattern or formats.matches(pattern, file.key)]


def _validated(session: "Session", copy: Copy, stage: Thing, files: list[File]) -> Result:
    chosen = formats.chosen(session, stage, copy.options.get("FILE_FORMAT", {}))
    rows = [
        (message, file.path, line, 1, 0, "parsing", 100069, "22P02", None, line, line, text)
        for file in files
        for line, message, text in formats.read(session.account, stage, file, chosen).bad
    ]
    columns = [
        "ERROR",
        "FILE",
        "LINE",
        "CHARACTER",
        "BYTE_OFFSET",
        "CATEGORY",
        "CODE",
        "SQL_STATE",
        "COLUMN_NAME",
        "ROW_NUMBER",
        "ROW_START_LINE",
        "REJECTED_RECORD",
    ]
    return Result(columns, rows)


def _row(stage: Thing, load: Load) -> tuple[Any, ...]:
    status = {"Loaded": "LOADED", "Partially loaded": "PARTIALLY_LOADED", "Load failed": "LOAD_FAILED"}[load.status]
    return (
        root(stage) + load.file.path,
        status,
        load.parsed,
        load.loaded,
        load.error_limit,
        load.errors,
        load.first_error,
        load.first_line,
        load.first_character,
        load.first_column,
    )


def load(
    session: "Session", copy: Copy, table: Thing, stage: Thing, files: list[File], pipe: Thing | None, on_error: str
) -> list[Load]:
    """Load these files; remember each. With the transaction rolled back, nothing is remembered."""
    account = session.account
    chosen = formats.chosen(session, stage, copy.options.get("FILE_FORMAT", {}))
    parts = [formats.read(account, stage, file, chosen) for file in files]
    if on_error != "ABORT_STATEMENT":
        copy_rows.probe(session, copy, table, parts)
    loads = []
    for part in parts:
        made = Load(
            table.path,
            table.number,
            staged.place(stage),
            part.file,
            pipe.path if pipe else None,
            pipe.number if pipe else 0,
            account.now(),
            account.now(),
            parsed=part.parsed,
        )
        loads.append(made)
        if part.bad:
            _judge(made, part, on_error, stage)
    good = [part for part, made in zip(parts, loads, strict=True) if made.status != "Load failed"]
    try:
        copy_rows.insert(session, copy, table, good)
    except duckdb.Error as problem:
        raise copy_rows.bad_value(problem) from None
    for part, made in zip(parts, loads, strict=True):
        made.loaded = 0 if made.status == "Load failed" else len(part.rows)
    account.loads += loads
    session.on_rollback.append(lambda: [account.loads.remove(each) for each in loads])  # type: ignore[func-returns-value]
    return loads


def _judge(made: Load, part: formats.Part, on_error: str, stage: Thing) -> None:
    """What ON_ERROR makes of a file with bad lines."""
    line, message, _ = part.bad[0]
    if on_error == "ABORT_STATEMENT":
        raise SnowflakeError(
            100069,
            "22P02",
            f"{message}\n  File '{part.file.path}', line {line}, character 1\n"
            "  If you would like to continue loading when an error is encountered, use other values "
            "such as 'SKIP_FILE' or 'CONTINUE' for the ON_ERROR option.",
        )
    made.errors, made.lines = len(part.bad), part.bad
    made.first_error, made.first_line, made.first_character = message, line, 1
    limit = re.fullmatch(r"SKIP_FILE_(\d+)(%?)", on_error)
    if limit:
        allowed = int(limit[1]) * (part.parsed if limit[2] else 1) / (100 if limit[2] else 1)
        skip = len(part.bad) > allowed if limit[2] else len(part.bad) >= allowed
        made.error_limit = max(1, int(allowed))
    else:
        skip = on_error == "SKIP_FILE"
        made.error_limit = 1 if skip else part.parsed
    made.status = "Load failed" if skip or not part.rows else "Partially loaded"
