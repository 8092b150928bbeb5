"""COPY INTO a table: which files, which rows, what happens to bad ones, and what is remembered of them."""

import dataclasses
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

from . import formats, grammar, history, options, staged, tables
from .account import table_name
from .catalog import Thing
from .errors import SnowflakeError, compilation, invalid_value, missing, unsupported
from .files import File, root
from .history import Load
from .lexer import Reader, quote_name
from .results import Result
from .translate import Query

if TYPE_CHECKING:
    from .account import Session

MAX_FILES = 1000
ALLOWED = {
    "ARRAY_CONSTRUCT",
    "ARRAY_SIZE",
    "ASCII",
    "CASE",
    "CAST",
    "TRY_CAST",
    "CEIL",
    "CHAR",
    "CHECK_JSON",
    "CHECK_XML",
    "COLLATE",
    "CONCAT",
    "CONVERT_TIMEZONE",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DATEADD",
    "DATEDIFF",
    "DATE_TRUNC",
    "DATE_PART",
    "DAYNAME",
    "DECODE",
    "ENDSWITH",
    "EXTRACT",
    "FLOOR",
    "GET",
    "GET_PATH",
    "HASH",
    "HEX_DECODE_STRING",
    "HEX_ENCODE",
    "IFF",
    "IFNULL",
    "INITCAP",
    "LEFT",
    "LENGTH",
    "LOWER",
    "LPAD",
    "LTRIM",
    "MD5",
    "MD5_HEX",
    "MONTHNAME",
    "NULLIF",
    "NULLIFZERO",
    "NVL",
    "NVL2",
    "OBJECT_CONSTRUCT",
    "PARSE_JSON",
    "TRY_PARSE_JSON",
    "PARSE_URL",
    "POSITION",
    "RANDOM",
    "REGEXP_COUNT",
    "REGEXP_INSTR",
    "REGEXP_LIKE",
    "REGEXP_REPLACE",
    "REGEXP_SUBSTR",
    "REPLACE",
    "REVERSE",
    "RIGHT",
    "ROUND",
    "RPAD",
    "RTRIM",
    "SHA1",
    "SHA1_HEX",
    "SHA2",
    "SHA2_HEX",
    "SPLIT",
    "SPLIT_PART",
    "STARTSWITH",
    "STRIP_NULL_VALUE",
    "SUBSTR",
    "SUBSTRING",
    "SYSDATE",
    "TO_ARRAY",
    "TO_BINARY",
    "TO_BOOLEAN",
    "TO_CHAR",
    "TO_DATE",
    "TO_DECIMAL",
    "TO_DOUBLE",
    "TO_JSON",
    "TO_NUMBER",
    "TO_NUMERIC",
    "TO_OBJECT",
    "TO_TIME",
    "TO_TIMESTAMP",
    "TO_TIMESTAMP_LTZ",
    "TO_TIMESTAMP_NTZ",
    "TO_TIMESTAMP_TZ",
    "TO_VARCHAR",
    "TO_VARIANT",
    "TRIM",
    "TRUNC",
    "TRY_TO_BINARY",
    "TRY_TO_BOOLEAN",
    "TRY_TO_DATE",
    "TRY_TO_DECIMAL",
    "TRY_TO_DOUBLE",
    "TRY_TO_NUMBER",
    "TRY_TO_NUMERIC",
    "TRY_TO_TIME",
    "TRY_TO_TIMESTAMP",
    "TRY_TO_TIMESTAMP_LTZ",
    "TRY_TO_TIMESTAMP_NTZ",
    "TRY_TO_TIMESTAMP_TZ",
    "TYPEOF",
    "UPPER",
    "UUID_STRING",
    "ZEROIFNULL",
    "NUMBER",
    "VARCHAR",
    "DECIMAL",
    "TIMESTAMP_NTZ",
    "TIMESTAMP_LTZ",
    "TIMESTAMP_TZ",
}
"""Functions (and sized types) that may stand in the SELECT of a COPY."""
METADATA = (
    "METADATA$FILENAME",
    "METADATA$FILE_ROW_NUMBER",
    "METADATA$FILE_CONTENT_KEY",
    "METADATA$FILE_LAST_MODIFIED",
    "METADATA$START_SCAN_TIME",
)


@dataclass(frozen=True)
class Copy:
    """A COPY INTO table, as written."""

    table: tuple[str, ...]
    columns: list[str]
    select: str
    """The SELECT's expressions with $1 → EMU_COLUMN_1; empty when there is none."""
    reference: str
    options: dict[str, Any] = field(default_factory=dict)
    streaming: bool = False


def parse(reader: Reader) -> Copy:
    reader.expect("COPY", "INTO")
    table = reader.name()
    columns = options.names(reader, "columns") if reader.peek() == "(" else []
    reader.expect("FROM")
    select, reference, streaming = "", "", False
    if reader.accept("("):
        select, reference, streaming = _select(reader)
    else:
        reference = _reference(reader)
    given = options.parse(reader, grammar.COPY, "COPY")
    reader.end()
    _check(given, bool(select))
    return Copy(table, [column.upper() for column in columns], select, reference, given, streaming)


def _reference(reader: Reader) -> str:
    token = reader.take()
    if token.kind == "stage":
        return token.text
    if token.kind == "string" and token.value.startswith("@"):
        return token.value
    raise unsupported("COPY FROM anything but a stage") if token.kind == "string" else reader.unexpected()


def _select(reader: Reader) -> tuple[str, str, bool]:
    """SELECT expression, … FROM @stage [alias] ) — nothing else may stand in it."""
    reader.expect("SELECT")
    out, depth = [], 0
    while depth or reader.peek() != "FROM":
        token = reader.take()
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        _allowed(reader, token.upper, token.kind)
        out.append(token)
    reader.expect("FROM")
    if reader.peek() == "TABLE":
        reader.take()
        reader.parenthesised()
        reader.expect(")")
        return _text(reader, out), "", True
    reference = _reference(reader)
    if reader.peek() == "(":
        reader.parenthesised()
    if reader.accept("AS") or (
        reader.peek_kind() == "word" and reader.peek() not in ("WHERE", "JOIN", "ORDER", "GROUP", "LIMIT")
    ):
        reader.identifier()
    if not reader.accept(")"):
        if reader.peek() in ("WHERE", "JOIN", "ORDER", "GROUP", "LIMIT", "QUALIFY", "LEFT", "INNER", "HAVING", ","):
            raise compilation(
                f"COPY statement only supports simple SELECT from stage statements for import; found {reader.peek()}.",
                1100,
                "0A000",
            )
        raise reader.unexpected()
    return _text(reader, out), reference, False


def _allowed(reader: Reader, word: str, kind: str) -> None:
    if kind == "word" and reader.peek() == "(" and word not in ALLOWED and word not in ("IN", "AND", "OR", "NOT", "AS"):
        raise compilation(f"Function '{word}' is not supported in the SELECT of a COPY statement.", 1101, "0A000")
    if word in ("DISTINCT", "SELECT", "OVER"):
        raise compilation(
            f"COPY statement only supports simple SELECT from stage statements for import; found {word}.", 1100, "0A000"
        )


def _text(reader: Reader, found: list[Any]) -> str:
    """$1, t.$1 → EMU_COLUMN_1; METADATA$… must be one that there is."""
    words: list[str] = []
    for index, token in enumerate(found):
        before = reader.sql[found[index - 1].end : token.start] if index else ""
        text = token.text
        if token.kind == "column":
            text = f"EMU_COLUMN_{token.text[1:]}"
        if token.upper.startswith("METADATA$") and token.upper not in METADATA:
            raise compilation(f"invalid identifier '{token.upper}'", 904, "42000")
        words += [" " if before else "", text]
    return "".join(words)


def _check(given: dict[str, Any], selects: bool) -> None:
    error = str(given.get("ON_ERROR", "")).upper()
    if error and not re.fullmatch(r"CONTINUE|ABORT_STATEMENT|SKIP_FILE(_\d+%?)?", error):
        raise invalid_value(error, "ON_ERROR")
    if len(given.get("FILES", [])) > MAX_FILES:
        raise compilation(f"Maximum number of files ({MAX_FILES}) exceeded in the FILES list.", 1005, "42601")
    if "FILES" in given and "PATTERN" in given:
        raise compilation("FILES and PATTERN cannot be combined.", 1006, "42601")
    if selects and given.get("MATCH_BY_COLUMN_NAME", "NONE") != "NONE":
        raise compilation("MATCH_BY_COLUMN_NAME copy option is not supported with copy transforms.", 1007, "0A000")
    if selects and "VALIDATION_MODE" in given:
        raise compilation("VALIDATION_MODE does not support COPY statements that transform data.", 1009, "0A000")
    file_format(given.get("FILE_FORMAT", {}))


def file_format(given: dict[str, Any]) -> None:
    """Options of another type of file are refused."""
    kind = given.get("TYPE")
    if "FORMAT_NAME" in given and kind:
        raise compilation("FORMAT_NAME and TYPE are mutually exclusive.", 1010, "42601")
    for name in given:
        if kind and name not in ("TYPE", "COMMENT") and name not in grammar.FORMATS[kind]:
            raise compilation(f"invalid property '{name}' for 'FILE_FORMAT' of type {kind}", 1420, "22023")


def target(session: "Session", copy: Copy) -> Thing:
    """The table, its columns checked, INSERT allowed."""
    thing = session.account.catalog.relation(session.path("TABLE", copy.table))
    if not thing or thing.kind != "TABLE":
        raise missing("table", ".".join(session.path("TABLE", copy.table)))
    session.need("INSERT", thing)
    known = {column.name for column in thing.columns}
    for name in copy.columns:
        if name not in known:
            raise compilation(f"invalid identifier '{name}'", 904, "42000")
    return thing


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
        _probe(session, copy, table, parts)
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
        _insert(session, copy, table, good)
    except duckdb.Error as problem:
        raise _bad_value(problem) from None
    for part, made in zip(parts, loads, strict=True):
        made.loaded = 0 if made.status == "Load failed" else len(part.rows)
    account.loads += loads
    session.on_rollback.append(lambda: [account.loads.remove(each) for each in loads])  # type: ignore[func-returns-value]
    return loads


def _bad_value(problem: duckdb.Error) -> SnowflakeError:
    text = str(problem).split("\n")[0]
    if "NOT NULL" in text:
        return SnowflakeError(100072, "22000", f"NULL result in a non-nullable column: {text}")
    return SnowflakeError(100038, "22018", text)


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


def _insert(session: "Session", copy: Copy, table: Thing, parts: list[formats.Part], into: str = "") -> None:
    """All rows of these files by one INSERT."""
    if not any(part.rows for part in parts):
        return
    query = Query(session, mask=False)
    with query.made:
        staged_rows = query.table(formats.table(parts, session.account.now()))
        columns, body = _body(copy, table, parts)
        tree = query.parse(f"SELECT {body} FROM {staged_rows}")
        query.resolve(tree)
        names = ", ".join(quote_name(name) for name in columns)
        session.duck.execute(f"INSERT INTO {into or table_name(table.path)} ({names}) {query.sql(tree)}")
    tables.check_lengths(session, table, into)


def _body(copy: Copy, table: Thing, parts: list[formats.Part]) -> tuple[list[str], str]:
    """The columns that are filled and the expressions that fill them."""
    json = len(table.columns) == 1 or bool(copy.select)
    body = re.sub(r"\bEMU_COLUMN_(\d+)\b", r"EMU_COLUMN_\1::VARIANT", copy.select) if json else copy.select
    names = [column.name for column in table.columns]
    match = copy.options.get("MATCH_BY_COLUMN_NAME", "NONE")
    if match != "NONE":
        facts = dict(re.findall(r"(\w+)\s*=\s*(METADATA\$\w+)", copy.options.get("INCLUDE_METADATA", "")))
        keys = {name: name for name in names} if match == "CASE_SENSITIVE" else {name: name.lower() for name in names}
        shown = [
            facts.get(name) or f"GET(EMU_COLUMN_1::VARIANT, '{keys[name]}')::{_sized(table, name)}" for name in names
        ]
        return names, ", ".join(shown)
    if copy.select:
        count = _expressions(body)
        columns = copy.columns or names[:count]
        if len(columns) != count:
            raise compilation(
                f"Insert value list does not match column list expecting {len(columns)} but got {count}", 2020, "21S01"
            )
        return columns, body
    width = max(len(row) for part in parts for _, row in part.rows)
    columns = copy.columns or names
    if width == 1 and len(columns) > 1:
        raise compilation(
            "JSON file format can produce one and only one column of variant, object, or array type. "
            "Use CSV file format if you want to load more than one column.",
            2019,
            "0A000",
        )
    return columns[:width], ", ".join(f"EMU_COLUMN_{index + 1}" for index in range(min(width, len(columns))))


def _sized(table: Thing, name: str) -> str:
    return next(column.type for column in table.columns if column.name == name)


def _expressions(body: str) -> int:
    depth, count = 0, 1
    for token in Reader(body).tokens:
        depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(token.text, 0)
        count += token.text == "," and not depth
    return count


def _probe(session: "Session", copy: Copy, table: Thing, parts: list[formats.Part]) -> None:
    """Move the rows whose values would not fit to the file's bad lines: tried on a copy of the table."""
    trial = dataclasses.replace(session, duck=session.account.duck.cursor(), on_commit=[], on_rollback=[])
    twin = dataclasses.replace(table, path=("temp", "main", f"EMU_PROBE_{table.number}"))
    columns = ", ".join(tables.definition(session, table, column, default=False) for column in table.columns)
    trial.duck.execute(f"CREATE OR REPLACE TEMP TABLE {twin.name} ({columns})")
    if _fits(trial, copy, twin, parts):
        return
    for part in parts:
        if _fits(trial, copy, twin, [part]):
            continue
        for number, row in list(part.rows):
            problem = _problem(trial, copy, twin, formats.Part(part.file, [(number, row)]))
            if problem:
                part.rows.remove((number, row))
                part.bad.append((number, problem.message, str(row[0])))


def _fits(trial: "Session", copy: Copy, twin: Thing, parts: list[formats.Part]) -> bool:
    return (
        all(_problem(trial, copy, twin, part) is None for part in parts)
        if len(parts) == 1
        else _together(trial, copy, twin, parts)
    )


def _together(trial: "Session", copy: Copy, twin: Thing, parts: list[formats.Part]) -> bool:
    try:
        _insert(trial, copy, twin, parts, twin.name)
    except (duckdb.Error, SnowflakeError):
        return False
    return True


def _problem(trial: "Session", copy: Copy, twin: Thing, part: formats.Part) -> SnowflakeError | None:
    try:
        _insert(trial, copy, twin, [part], twin.name)
    except duckdb.Error as problem:
        return _bad_value(problem)
    except SnowflakeError as problem:
        return problem
    return None
