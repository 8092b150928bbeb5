"""SHOW and DESCRIBE."""

import re
from typing import TYPE_CHECKING, Any

from . import grammar, grants, shown
from .catalog import RELATIONS, Column, Path, Thing, depth
from .errors import missing, unsupported
from .files import root
from .lexer import Reader
from .login import fingerprint
from .results import Result

if TYPE_CHECKING:
    from .account import Session

SHOW_TYPE, DESC_TYPE = 0x4400, 0x4500
PLURALS = {kind[:-1] + "IES" if kind.endswith("POLICY") else kind + "S": (kind,) for kind in shown.SHOW} | {
    "TABLES": ("TABLE", "DYNAMIC TABLE"),
    "VIEWS": ("VIEW", "MATERIALIZED VIEW"),
    "STORAGE INTEGRATIONS": ("INTEGRATION",),
    "NOTIFICATION INTEGRATIONS": ("INTEGRATION",),
}


def like(text: str) -> re.Pattern[str]:
    """A LIKE pattern of SHOW: without case."""
    parts = re.escape(text).replace("%", ".*").replace("_", ".").replace(r"\%", ".*")
    return re.compile(parts, re.I | re.S)


def show(session: "Session", reader: Reader) -> Result:
    reader.expect("SHOW")
    reader.accept("TERSE")
    if reader.accept("GRANTS"):
        found = grants.show(session, reader, future=False)
        reader.end()
        return found
    if reader.accept("FUTURE", "GRANTS"):
        found = grants.show(session, reader, future=True)
        reader.end()
        return found
    if reader.accept("COLUMNS"):
        return columns(session, reader)
    if reader.accept("PARAMETERS"):
        return parameters(session, reader)
    plural = next((each for each in sorted(PLURALS, key=len, reverse=True) if reader.accept(*each.split())), None)
    if not plural:
        raise reader.unexpected()
    reader.accept("HISTORY")
    pattern, within, start, limit, after = _filters(session, reader, PLURALS[plural][0])
    things = shown.visible(session, PLURALS[plural], within)
    if plural in ("STORAGE INTEGRATIONS", "NOTIFICATION INTEGRATIONS"):
        things = [thing for thing in things if thing.facts["category"] == plural.split()[0]]
    things = [
        thing for thing in things if (not pattern or pattern.fullmatch(thing.name)) and thing.name.startswith(start)
    ]
    things = [thing for thing in things if not after or thing.name > after][:limit]
    cells = shown.SHOW[PLURALS[plural][0]]
    rows = [tuple(cell(session, thing) for cell in cells.values()) for thing in things]
    return Result(
        list(cells), rows, statement=SHOW_TYPE, types={name: "timestamp_ltz" for name in cells if name.endswith("_on")}
    )


def _filters(session: "Session", reader: Reader, kind: str) -> tuple[re.Pattern[str] | None, Path, str, int, str]:
    pattern, within, start, limit, after = None, (), "", shown.LIMIT, ""
    scope: Path | None = None
    while not reader.done:
        if reader.accept("LIKE"):
            pattern = like(reader.string())
        elif reader.accept("IN"):
            scope = _scope(session, reader, kind)
        elif reader.accept("STARTS", "WITH"):
            start = reader.string()
        elif reader.accept("LIMIT"):
            limit = min(limit, reader.integer())
            if reader.accept("FROM"):
                after = reader.string()
        else:
            raise reader.unexpected()
    if scope is None and depth(kind) > 0 and session.database:
        scope = (session.database,) if depth(kind) == 1 or not session.schema else (session.database, session.schema)
    within = scope or ()
    return pattern, within, start, limit, after


def _scope(session: "Session", reader: Reader, kind: str) -> Path:
    if reader.accept("ACCOUNT"):
        return ()
    word = reader.accept_one("DATABASE", "SCHEMA", "TABLE")
    if reader.done:
        return (session.database or "",) if word == "DATABASE" else (session.database or "", session.needed_schema())
    name = reader.name()
    if not word:
        word = (
            "DATABASE"
            if depth(kind) == 1 or (len(name) == 1 and session.account.catalog.find("DATABASE", name))
            else "SCHEMA"
        )
    return session.find(word, name).path


def data_type(column: Column) -> dict[str, Any]:
    base, numbers = column.type.partition("(")[0], [int(each) for each in re.findall(r"\d+", column.type)]
    names = {"NUMBER": "FIXED", "VARCHAR": "TEXT", "FLOAT": "REAL"}
    out: dict[str, Any] = {"type": names.get(base, base), "nullable": column.nullable}
    if base == "NUMBER":
        out |= {"precision": numbers[0], "scale": numbers[1]}
    elif base in ("VARCHAR", "BINARY"):
        out |= {"length": numbers[0], "byteLength": min(numbers[0] * 4, 16777216), "fixed": False}
    elif numbers:
        out |= {"precision": 0, "scale": numbers[0]}
    return out


def columns(session: "Session", reader: Reader) -> Result:
    pattern = like(reader.string()) if reader.accept("LIKE") else None
    reader.expect("IN")
    word = reader.accept_one("TABLE", "VIEW", "SCHEMA", "DATABASE")
    name = reader.name()
    reader.end()
    if word in ("SCHEMA", "DATABASE"):
        things = shown.visible(session, RELATIONS, session.find(word, name).path)
    else:
        things = [_relation(session, name)]
    names = [
        "table_name",
        "schema_name",
        "column_name",
        "data_type",
        "null?",
        "default",
        "kind",
        "expression",
        "comment",
        "database_name",
        "autoincrement",
        "schema_evolution_record",
    ]
    rows = [
        (
            thing.name,
            thing.schema,
            column.name,
            data_type(column),
            str(column.nullable).lower(),
            column.default or "",
            "COLUMN",
            "",
            column.comment or "",
            thing.database,
            column.default if (column.default or "").startswith("IDENTITY") else "",
            None,
        )
        for thing in things
        for column in thing.columns
        if not pattern or pattern.fullmatch(column.name)
    ]
    return Result(names, rows, statement=SHOW_TYPE)


def parameters(session: "Session", reader: Reader) -> Result:
    pattern = like(reader.string()) if reader.accept("LIKE") else None
    if reader.accept("IN"):
        reader.rest()
    known = {"TIMEZONE": "Etc/UTC", "QUERY_TAG": "", "STATEMENT_TIMEOUT_IN_SECONDS": 172800} | session.parameters
    rows = [
        (name, str(value), "", "SESSION" if name in session.parameters else "", "", "STRING")
        for name, value in sorted(known.items())
        if not pattern or pattern.fullmatch(name)
    ]
    return Result(["key", "value", "default", "level", "description", "type"], rows, statement=SHOW_TYPE)


def _relation(session: "Session", name: Path) -> Thing:
    path = session.path("TABLE", name)
    thing = session.account.catalog.relation(path)
    if not thing or not session.account.access.sees(session.role, thing):
        raise missing("object", ".".join(path))
    return thing


KINDS = sorted([*grammar.CREATE, "INTEGRATION"], key=len, reverse=True)


def describe(session: "Session", reader: Reader) -> Result:
    reader.accept_one("DESC", "DESCRIBE")
    kind = next((kind for kind in KINDS if reader.accept(*kind.split())), "TABLE")
    kind = "INTEGRATION" if kind.endswith("INTEGRATION") else kind
    name = reader.name()
    if kind == "PROCEDURE" and reader.peek() == "(":
        reader.parenthesised()
    if reader.accept("TYPE", "="):
        reader.take()
    reader.end()
    if kind in RELATIONS:
        return _columns(_relation(session, name))
    thing = session.find(kind, name)
    teller = DESCRIBE.get(kind)
    if teller:
        found = teller(session, thing)
        found.statement = DESC_TYPE
        return found
    if kind in ("PIPE", "STREAM", "TASK", "ALERT"):
        cells = shown.SHOW[kind]
        row = tuple(cell(session, thing) for cell in cells.values())
        return Result(
            list(cells),
            [row],
            statement=DESC_TYPE,
            types={name: "timestamp_ltz" for name in cells if name.endswith("_on")},
        )
    raise unsupported(f"DESCRIBE {kind}")


def _columns(thing: Thing) -> Result:
    names = [
        "name",
        "type",
        "kind",
        "null?",
        "default",
        "primary key",
        "unique key",
        "check",
        "expression",
        "comment",
        "policy name",
        "privacy domain",
        "schema_evolution_record",
    ]
    rows = [
        (
            column.name,
            column.type,
            "COLUMN",
            "Y" if column.nullable else "N",
            column.default,
            "Y" if column.key else "N",
            "N",
            None,
            None,
            column.comment,
            column.policy,
            None,
            None,
        )
        for column in thing.columns
    ]
    return Result(names, rows, statement=DESC_TYPE)


PROPERTIES = ["property", "property_type", "property_value", "property_default"]


def _property(name: str, value: Any, default: Any = "") -> tuple[str, str, str, str]:
    kind = (
        "Boolean"
        if isinstance(value, bool)
        else "Integer" if isinstance(value, int) else "List" if isinstance(value, list) else "String"
    )
    text = str(value).lower() if isinstance(value, bool) else ",".join(value) if isinstance(value, list) else str(value)
    return name, kind, text, str(default)


def _integration(session: "Session", thing: Thing) -> Result:
    given, storage = thing.options, thing.facts["category"] == "STORAGE"
    rows = [_property("ENABLED", given["ENABLED"], "false")]
    skip = ("ENABLED", "COMMENT", "TYPE", "STORAGE_AWS_EXTERNAL_ID", "NOTIFICATION_PROVIDER")
    rows += [_property(name, value) for name, value in given.items() if name not in skip]
    if storage and given["STORAGE_PROVIDER"] == "S3":
        rows.append(_property("STORAGE_AWS_IAM_USER_ARN", "arn:aws:iam::000000000000:user/emulator"))
        rows.append(_property("STORAGE_AWS_EXTERNAL_ID", thing.facts["external_id"]))
    if given.get("NOTIFICATION_PROVIDER") == "AWS_SNS":
        rows.append(_property("SF_AWS_IAM_USER_ARN", "arn:aws:iam::000000000000:user/emulator"))
        rows.append(_property("SF_AWS_EXTERNAL_ID", f"EMULATOR_SFCRole={thing.number}"))
    if "AZURE_TENANT_ID" in given:
        tenant = given["AZURE_TENANT_ID"]
        rows.append(
            _property(
                "AZURE_CONSENT_URL",
                f"https://login.microsoftonline.com/{tenant}/oauth2/authorize?client_id=emulator&response_type=code",
            )
        )
        rows.append(_property("AZURE_MULTI_TENANT_APP_NAME", "emulator_000000000000"))
    rows.append(_property("COMMENT", thing.comment))
    return Result(PROPERTIES, rows)


def _format(session: "Session", thing: Thing) -> Result:
    known = ["TYPE", *grammar.FORMATS[thing.options["TYPE"]]]
    return Result(
        PROPERTIES, [_property(name, thing.options.get(name, _default(name)), _default(name)) for name in known]
    )


def _default(name: str) -> Any:
    if name in ("COMPRESSION", "DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT"):
        return "AUTO"
    return {
        "SKIP_BYTE_ORDER_MARK": True,
        "BINARY_FORMAT": "HEX",
        "NULL_IF": [],
        "SKIP_HEADER": 0,
        "FIELD_DELIMITER": ",",
        "RECORD_DELIMITER": "\\n",
        "ENCODING": "UTF8",
        "TYPE": "CSV",
    }.get(name, False)


def _stage(session: "Session", thing: Thing) -> Result:
    names = ["parent_property", "property", "property_type", "property_value", "property_default"]
    given = thing.options
    rows: list[tuple[str, ...]] = []
    for name, value in (given.get("FILE_FORMAT") or {"TYPE": "CSV"}).items():
        rows.append(("STAGE_FILE_FORMAT", *_property(name, value, _default(name))))
    rows.append(("STAGE_LOCATION", *_property("URL", f'["{root(thing)}"]' if given.get("URL") else "")))
    if given.get("STORAGE_INTEGRATION"):
        rows.append(("STAGE_INTEGRATION", *_property("STORAGE_INTEGRATION", given["STORAGE_INTEGRATION"])))
    directory = given.get("DIRECTORY", {})
    rows.append(("DIRECTORY", *_property("ENABLE", bool(directory.get("ENABLE")), "false")))
    rows.append(("DIRECTORY", *_property("AUTO_REFRESH", bool(directory.get("AUTO_REFRESH")), "false")))
    channel = shown.directory_channel(session, thing)
    if channel:
        rows.append(("DIRECTORY", *_property("DIRECTORY_NOTIFICATION_CHANNEL", channel)))
    return Result(names, rows)


def _user(session: "Session", thing: Thing) -> Result:
    rows = [("NAME", thing.name, None, "Name")]
    for name, value in thing.options.items():
        text = "********" if name == "PASSWORD" else str(value)
        rows.append((name, text.lower() if isinstance(value, bool) else text, None, ""))
        if name in ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2"):
            rows.append(
                (
                    name.replace("PUBLIC_KEY", "PUBLIC_KEY_FP") if name.endswith("KEY") else "RSA_PUBLIC_KEY_2_FP",
                    fingerprint(value),
                    None,
                    "",
                )
            )
    return Result(["property", "value", "default", "description"], rows)


def _policy(session: "Session", thing: Thing) -> Result:
    signature = ", ".join(
        f"{name} {kind.partition('(')[0]}"
        for name, kind in zip(thing.facts["arguments"], thing.facts["types"], strict=True)
    )
    return Result(
        ["name", "signature", "return_type", "body"],
        [(thing.name, f"({signature})", thing.facts["returns"], thing.facts["body"])],
    )


def _network(session: "Session", thing: Thing) -> Result:
    return Result(
        ["name", "value"],
        [
            (name, ",".join(value) if isinstance(value, list) else value)
            for name, value in thing.options.items()
            if name != "COMMENT"
        ],
    )


def _inside(session: "Session", thing: Thing) -> Result:
    kinds = ("SCHEMA",) if thing.kind == "DATABASE" else ("TABLE", "VIEW", "DYNAMIC TABLE", "MATERIALIZED VIEW")
    return Result(
        ["created_on", "name", "kind"],
        [(each.created, each.name, each.kind) for each in shown.visible(session, kinds, thing.path)],
    )


def _warehouse(session: "Session", thing: Thing) -> Result:
    return Result(["created_on", "name", "kind"], [(thing.created, thing.name, "WAREHOUSE")])


def _procedure(session: "Session", thing: Thing) -> Result:
    return Result(
        ["property", "value"],
        [("signature", "()"), ("returns", thing.facts["returns"]), ("language", "SQL"), ("body", thing.facts["body"])],
    )


DESCRIBE = {
    "INTEGRATION": _integration,
    "FILE FORMAT": _format,
    "STAGE": _stage,
    "USER": _user,
    "MASKING POLICY": _policy,
    "ROW ACCESS POLICY": _policy,
    "NETWORK POLICY": _network,
    "NETWORK RULE": _network,
    "DATABASE": _inside,
    "SCHEMA": _inside,
    "WAREHOUSE": _warehouse,
    "PROCEDURE": _procedure,
}
