"""What a grammar can't know of SQL for Snowflake: rules, each with its reason, as value → findings."""

import re
from collections.abc import Iterator

Finding = tuple[str, str]
"""A rule's name, and what is wrong."""

IN_COPY = {
    "REGEXP_SUBSTR", "REGEXP_REPLACE", "SUBSTR", "SUBSTRING", "NVL", "IFNULL", "IFF", "CONCAT", "UPPER", "LOWER",
    "TRIM", "LTRIM", "RTRIM", "SPLIT_PART", "TO_VARCHAR", "TO_NUMBER", "TO_DATE", "TO_TIMESTAMP_NTZ", "TRY_TO_NUMBER",
    "TRY_TO_DATE", "TRY_TO_TIMESTAMP_NTZ", "TRY_TO_BOOLEAN", "PARSE_JSON", "TRY_PARSE_JSON", "NULLIF", "CAST",
}  # fmt: skip
"""Functions that the transformation of a COPY may call, of those that anyone here would:
https://docs.snowflake.com/en/user-guide/data-load-transform"""
TASK_OPTIONS = {
    "WAREHOUSE", "SCHEDULE", "CONFIG", "ALLOW_OVERLAPPING_EXECUTION", "USER_TASK_TIMEOUT_MS",
    "SUSPEND_TASK_AFTER_NUM_FAILURES", "ERROR_INTEGRATION", "SUCCESS_INTEGRATION", "LOG_LEVEL", "COMMENT", "FINALIZE",
    "TASK_AUTO_RETRY_ATTEMPTS", "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS", "TARGET_COMPLETION_INTERVAL",
    "SERVERLESS_TASK_MIN_STATEMENT_SIZE", "SERVERLESS_TASK_MAX_STATEMENT_SIZE",
    "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE", "TIMEZONE", "TIMESTAMP_INPUT_FORMAT",
}  # fmt: skip
"""https://docs.snowflake.com/en/sql-reference/sql/create-task; the last two are session parameters."""


def findings(statement: str) -> list[Finding]:
    """All rules over one statement."""
    plain = without_texts(statement)
    return [
        found
        for rule in (replaced, copied, piped, merged, inserted, tasked, flattened, named)
        for found in rule(statement, plain)
    ]


def without_texts(sql: str) -> str:
    """Capitals, one space at a time, texts emptied, no comments."""
    sql = re.sub(r"'(?:[^'\\]|''|\\.)*'", "''", sql)
    return " ".join(re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL).split()).upper()


def replaced(statement: str, plain: str) -> Iterator[Finding]:
    """What loses something when it is replaced: rows, load history, offsets, links."""
    if re.match(r"CREATE OR REPLACE \w+( \w+)* IF NOT EXISTS", plain):
        yield "replaced", "OR REPLACE and IF NOT EXISTS exclude each other"
    kept = (
        "TABLE|PIPE|STREAM|STAGE|DATABASE|SCHEMA|WAREHOUSE|ROLE|DATABASE ROLE|USER|TASK|DYNAMIC TABLE|FILE FORMAT|TAG"
    )
    if re.match(rf"CREATE OR REPLACE (TRANSIENT )?({kept}|\w+ INTEGRATION|MASKING POLICY|NETWORK POLICY)\b", plain):
        yield "replaced", "this loses what belongs to the object: create it IF NOT EXISTS, and alter it"
    if re.match(r"CREATE OR ALTER", plain):
        yield "replaced", "this drops columns that are left out: alter by name"
    if re.match(r"CREATE OR REPLACE (SECURE )?VIEW", plain) and " COPY GRANTS " not in plain:
        yield "replaced", "a view that is replaced loses its grants without COPY GRANTS"


def copied(statement: str, plain: str) -> Iterator[Finding]:
    """What the SELECT inside a COPY may not do."""
    found = re.search(r"COPY INTO [\w.\"]+ ?(\([^)]*\) ?)?FROM \(\s*(SELECT .*?FROM @[^ )]+.*?)\)", plain)
    if not found:
        return
    inner = found[2]
    for word in ("WHERE", "ORDER BY", "GROUP BY", "JOIN", "FLATTEN", "LIMIT", "DISTINCT", "QUALIFY"):
        if re.search(rf"\b{word}\b", inner):
            yield "copied", f"{word} is not allowed in the transformation of a COPY"
    for name in re.findall(r"\b([A-Z_]+)\(", inner):
        if name not in IN_COPY:
            yield "copied", f"{name} is none of the functions that a COPY may call"
    if "MATCH_BY_COLUMN_NAME" in plain:
        yield "copied", "MATCH_BY_COLUMN_NAME and a SELECT exclude each other"


def piped(statement: str, plain: str) -> Iterator[Finding]:
    """Pipes load what comes: their text must mean the same for each file and at each time."""
    if not re.match(r"CREATE (OR REPLACE )?PIPE", plain):
        return
    if not re.search(r"\bAS COPY INTO\b", plain):
        yield "piped", "a pipe's definition is AS COPY INTO …"
    if "CURRENT_TIMESTAMP" in plain or "SYSDATE" in plain:
        yield "piped", "the time is METADATA$START_SCAN_TIME: another one is that of the pipe's compilation"
    if "ERROR_INTEGRATION" in plain and not re.search(r"ON_ERROR = '?SKIP_FILE\b", plain):
        yield "piped", "errors are told only with ON_ERROR = SKIP_FILE"
    if "AUTO_INGEST = TRUE" in plain and not re.search(r"PATTERN = '[^']*\bjsonl", statement):
        yield "piped", "a pipe that loads by itself says which files, or it loads bookkeeping too"
    for word in ("FILES", "PURGE", "FORCE", "VALIDATION_MODE"):
        if re.search(rf"\b{word} = ", plain):
            yield "piped", f"{word} is not allowed in a pipe"


def merged(statement: str, plain: str) -> Iterator[Finding]:
    """Two source rows for one target row are an error on Snowflake, and one of them wins elsewhere."""
    for found in re.finditer(r"MERGE INTO (\S+) AS (\w+) USING (.*)\) AS (\w+) ON (.*?) WHEN", plain):
        target, source = found[2], found[4]
        keys = re.findall(rf"\b{target}\.(\"?\w+\"?) = {source}\.\1", found[5])
        taken = re.findall(r"QUALIFY ROW_NUMBER\(\) OVER \(PARTITION BY (.*?) ORDER BY", found[3])
        if not taken or {key.strip() for key in taken[-1].split(",")} != set(keys):
            yield "merged", f"its source is to be one row for each of {keys}: QUALIFY by exactly these"


def inserted(statement: str, plain: str) -> Iterator[Finding]:
    """As many values as columns."""
    for found in re.finditer(r"INSERT \(([^()]*)\) VALUES \(", plain):
        values = _inside(plain, found.end())
        if len(found[1].split(",")) != len(_split(values)):
            yield "inserted", f"{len(found[1].split(','))} columns and {len(_split(values))} values"


def tasked(statement: str, plain: str) -> Iterator[Finding]:
    """A task's options, and what it must say."""
    found = re.match(r"CREATE (?:OR REPLACE )?TASK (?:IF NOT EXISTS )?\S+ (.*?)(?: WHEN .*?)? AS ", plain)
    if not found:
        return
    for option in re.findall(r"\b(\w+) = ", found[1]):
        if option not in TASK_OPTIONS:
            yield "tasked", f"{option} is no option of a task"
    if "TIMEZONE" not in found[1]:
        yield "tasked", "a task that names no time zone runs in the account's"


def flattened(statement: str, plain: str) -> Iterator[Finding]:
    """FLATTEN takes its arguments by =>."""
    if re.search(r"FLATTEN\(\s*\w+ = ", plain):
        yield "flattened", "write INPUT => …"


def named(statement: str, plain: str) -> Iterator[Finding]:
    """Names are not too long, and objects are named in full."""
    for name in re.findall(r"[\w$]{256,}", plain):
        yield "named", f"{name[:20]}… is longer than 255 characters"
    kinds = "TABLE|VIEW|PIPE|STREAM|TASK|STAGE|FILE FORMAT|DYNAMIC TABLE|TAG|MASKING POLICY"
    found = re.match(rf"CREATE (?:OR REPLACE )?(?:{kinds}) (?:IF NOT EXISTS )?(\S+)", plain)
    if found and found[1].count(".") != 2:
        yield "named", f"{found[1]} is not DATABASE.SCHEMA.NAME"


def _inside(text: str, start: int) -> str:
    depth = 1
    for end in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return text[start:end]
    return text[start:]


def _split(text: str) -> list[str]:
    depth, parts = 0, [""]
    for sign in text:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
