"""DESCRIBE."""

from typing import TYPE_CHECKING, Any

from . import columns, grammar, shown
from .catalog import RELATIONS, Thing
from .errors import unsupported
from .files import root
from .lexer import Reader
from .login import fingerprint
from .results import DESCRIBE, Result

if TYPE_CHECKING:
    from .account import Session


def run(session: "Session", reader: Reader) -> Result:
    reader.accept_one("DESC", "DESCRIBE")
    kind = next((kind for kind in grammar.KINDS if reader.accept(*kind.split())), "TABLE")
    kind = "INTEGRATION" if kind.endswith("INTEGRATION") else kind
    name = reader.name()
    if kind == "PROCEDURE" and reader.peek() == "(":
        reader.parenthesised()
    if reader.accept("TYPE", "="):
        reader.take()
    reader.end()
    if kind in RELATIONS:
        return columns.describe(columns.relation(session, name))
    thing = session.find(kind, name)
    teller = TELLERS.get(kind)
    if teller:
        found = teller(session, thing)
        found.statement = DESCRIBE
        return found
    if kind in ("PIPE", "STREAM", "TASK", "ALERT"):
        cells = shown.SHOW[kind]
        row = tuple(cell(session, thing) for cell in cells.values())
        return Result(
            list(cells),
            [row],
            statement=DESCRIBE,
            types={name: "timestamp_ltz" for name in cells if name.endswith("_on")},
        )
    raise unsupported(f"DESCRIBE {kind}")


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


TELLERS = {
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
