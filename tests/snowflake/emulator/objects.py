"""CREATE of what holds no rows: how each kind's text is read, and what it starts with."""

import hashlib
import re
from typing import TYPE_CHECKING

from . import formats, grammar, login, options, policies, scripting
from .catalog import Thing
from .errors import compilation, invalid_value, missing, unsupported
from .lexer import Reader, quote_name

if TYPE_CHECKING:
    from .account import Session


def plain(session: "Session", reader: Reader, thing: Thing) -> None:
    """Options, tags, nothing else."""
    kind = thing.facts["created_as"]
    while not reader.done:
        if reader.accept("WITH", "TAG") or reader.accept("TAG"):
            thing.tags = tagged(session, reader)
        elif reader.accept("WITH") and reader.done:
            raise reader.unexpected()
        else:
            thing.options |= options.parse(reader, grammar.CREATE[kind], kind, stop=("WITH", "TAG"))


def tagged(session: "Session", reader: Reader) -> dict[str, str]:
    """( tag = 'value' ): each must be there, and allow the value."""
    found = {}
    for name, value in options.tags(reader).items():
        tag = session.find("TAG", name)
        tag_value(tag, value)
        found[tag.full] = value
    return found


def tag_value(tag: Thing, value: str) -> None:
    allowed = tag.facts.get("allowed")
    if allowed and value not in allowed:
        raise compilation(f"Tag value '{value}' is not an allowed value for tag '{tag.name}'.", 391801, "22023")


def container(session: "Session", reader: Reader, thing: Thing) -> None:
    if reader.peek() == "CLONE":
        raise unsupported(f"CREATE {thing.kind} … CLONE")
    while not reader.done:
        if thing.kind == "SCHEMA" and reader.accept("WITH", "MANAGED"):
            reader.expect("ACCESS")
            thing.facts["managed"] = True
        elif reader.accept("WITH", "TAG") or reader.accept("TAG"):
            thing.tags = tagged(session, reader)
        else:
            thing.options |= options.parse(reader, grammar.CREATE[thing.kind], thing.kind, stop=("WITH", "TAG"))


def contained(session: "Session", thing: Thing) -> None:
    """A new database or schema becomes the session's own."""
    catalog = session.account.catalog
    if thing.kind == "DATABASE":
        public = catalog.add(Thing("SCHEMA", (*thing.path, "PUBLIC"), thing.owner))
        session.duck.execute(f"CREATE SCHEMA {quote_name(public.full)}")
        session.database, session.schema = thing.name, "PUBLIC"
    else:
        session.duck.execute(f"CREATE SCHEMA {quote_name(thing.full)}")
        session.database, session.schema = thing.path


def warehouse(session: "Session", reader: Reader, thing: Thing) -> None:
    reader.accept("WITH")
    plain(session, reader, thing)
    thing.facts["state"] = "SUSPENDED" if thing.options.pop("INITIALLY_SUSPENDED", False) else "STARTED"
    if "RESOURCE_MONITOR" in thing.options:
        session.find("RESOURCE MONITOR", thing.options["RESOURCE_MONITOR"])


def monitor(session: "Session", reader: Reader, thing: Thing) -> None:
    reader.accept("WITH")
    thing.options = options.parse(reader, grammar.MONITOR, "RESOURCE MONITOR", stop=("TRIGGERS", "ON"))
    thing.facts["triggers"] = triggers(reader)


def triggers(reader: Reader) -> list[tuple[int, str]]:
    """TRIGGERS ON 75 PERCENT DO NOTIFY ON …"""
    found = []
    if reader.accept("TRIGGERS") and reader.peek() != "ON":
        raise reader.unexpected()
    while reader.accept("ON"):
        percent = reader.integer()
        reader.expect("PERCENT", "DO")
        action = reader.take().upper
        if action not in ("NOTIFY", "SUSPEND", "SUSPEND_IMMEDIATE"):
            raise invalid_value(action, "TRIGGERS")
        found.append((percent, action))
    return found


def user(session: "Session", reader: Reader, thing: Thing) -> None:
    plain(session, reader, thing)
    check_user(session, thing)


def check_user(session: "Session", thing: Thing) -> None:
    """A service has no password and no name of a person; keys must be what they say they are."""
    if thing.options.get("TYPE") == "SERVICE":
        for name in ("PASSWORD", "FIRST_NAME", "LAST_NAME", "MUST_CHANGE_PASSWORD", "MINS_TO_UNLOCK"):
            if name in thing.options:
                raise compilation(f"Property '{name}' cannot be set for a user of TYPE = SERVICE.", 3550, "22023")
    if "NETWORK_POLICY" in thing.options:
        session.find("NETWORK POLICY", thing.options["NETWORK_POLICY"])
    for name in ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2"):
        if name in thing.options:
            login.fingerprint(thing.options[name])


def network_policy(session: "Session", reader: Reader, thing: Thing) -> None:
    plain(session, reader, thing)
    for name in ("ALLOWED_NETWORK_RULE_LIST", "BLOCKED_NETWORK_RULE_LIST"):
        for rule in thing.options.get(name, []):
            session.find("NETWORK RULE", rule)


def integration(session: "Session", reader: Reader, thing: Thing) -> None:
    plain(session, reader, thing)
    given, storage = thing.options, thing.facts["created_as"].startswith("STORAGE")
    thing.facts["category"] = "STORAGE" if storage else "NOTIFICATION"
    if storage:
        needed = {"S3": ("STORAGE_AWS_ROLE_ARN",), "AZURE": ("AZURE_TENANT_ID",)}.get(
            given.get("STORAGE_PROVIDER", ""), ()
        )
        foreign = {"S3": ("AZURE_TENANT_ID",), "AZURE": ("STORAGE_AWS_ROLE_ARN", "STORAGE_AWS_EXTERNAL_ID")}
        wrong = foreign.get(given.get("STORAGE_PROVIDER", ""), ())
        digest = hashlib.sha256(thing.name.encode()).hexdigest()
        thing.facts["external_id"] = given.get("STORAGE_AWS_EXTERNAL_ID") or f"EMULATOR_SFCRole={digest[:24]}"
        start = {"S3": "s3://", "AZURE": "azure://"}.get(given.get("STORAGE_PROVIDER", ""), "")
        for url in [*given.get("STORAGE_ALLOWED_LOCATIONS", []), *given.get("STORAGE_BLOCKED_LOCATIONS", [])]:
            if url != "*" and not url.startswith(start):
                raise invalid_value(url, "STORAGE_ALLOWED_LOCATIONS")
    else:
        provider = given.get("NOTIFICATION_PROVIDER", "")
        needed = {
            "AZURE_STORAGE_QUEUE": ("AZURE_STORAGE_QUEUE_PRIMARY_URI", "AZURE_TENANT_ID"),
            "AZURE_EVENT_GRID": ("AZURE_EVENT_GRID_TOPIC_ENDPOINT", "AZURE_TENANT_ID", "DIRECTION"),
            "AWS_SNS": ("AWS_SNS_TOPIC_ARN", "AWS_SNS_ROLE_ARN", "DIRECTION"),
        }.get(provider, ())
        wrong = ()
        if given.get("TYPE") == "QUEUE" and not provider:
            needed = ("NOTIFICATION_PROVIDER",)
    for name in needed:
        if name not in given:
            raise compilation(f"Missing option(s): [{name}]", 2077, "22023")
    for name in wrong:
        if name in given:
            raise compilation(f"invalid property '{name}' for 'INTEGRATION'", 1420, "22023")


def format_(session: "Session", reader: Reader, thing: Thing) -> None:
    plain(session, reader, thing)
    thing.options.setdefault("TYPE", "CSV")
    formats.check(thing.options)


def stage(session: "Session", reader: Reader, thing: Thing) -> None:
    plain(session, reader, thing)
    check_stage(session, thing)


def check_stage(session: "Session", thing: Thing) -> None:
    """The integration must be there, usable, and allow the URL."""
    given = thing.options
    url = given.get("URL", "")
    if url and not re.match(r"(s3|s3gov|azure|gcs)://.+", url):
        raise invalid_value(url, "URL")
    formats.check(given.get("FILE_FORMAT", {}))
    if "FORMAT_NAME" in given.get("FILE_FORMAT", {}):
        session.find("FILE FORMAT", given["FILE_FORMAT"]["FORMAT_NAME"])
    name = given.get("STORAGE_INTEGRATION")
    if not name:
        return
    if not url:
        raise compilation("STORAGE_INTEGRATION needs a URL.", 2077, "22023")
    made = session.account.catalog.get("INTEGRATION", (name,))
    session.need("USAGE", made)
    if made.facts["category"] != "STORAGE":
        raise invalid_value(name, "STORAGE_INTEGRATION")
    if not covers(made, url):
        raise compilation(f"Location '{url}' is not allowed by integration '{name}'. Please use DESC INTEGRATION to "
                          "check out allowed and blocked locations.", 3501, "22023")  # fmt: skip
    if not made.options.get("ENABLED"):
        raise compilation(f"Integration '{name}' is not enabled.", 3502, "22023")


def covers(made: Thing, url: str) -> bool:
    whole = url if url.endswith("/") else url + "/"
    blocked = any(whole.startswith(each) for each in made.options.get("STORAGE_BLOCKED_LOCATIONS", []))
    return not blocked and any(
        each == "*" or whole.startswith(each if each.endswith("/") else each + "/")
        for each in made.options["STORAGE_ALLOWED_LOCATIONS"]
    )


def tag(session: "Session", reader: Reader, thing: Thing) -> None:
    if reader.accept("ALLOWED_VALUES"):
        thing.facts["allowed"] = [reader.string()]
        while reader.accept(","):
            thing.facts["allowed"].append(reader.string())
    plain(session, reader, thing)


def policy(session: "Session", reader: Reader, thing: Thing) -> None:
    reader.expect("AS")
    thing.facts["arguments"], thing.facts["types"] = policies.signature(reader)
    reader.expect("RETURNS")
    thing.facts["returns"] = policies.returned(reader)
    if thing.kind == "ROW ACCESS POLICY" and thing.facts["returns"] != "BOOLEAN":
        raise invalid_value(thing.facts["returns"], "RETURNS")
    reader.expect("->")
    first, found = reader.tokens[reader.at], reader.tokens[reader.at :]
    end = len(reader.sql)
    for index, token in enumerate(found):
        if token.upper == "COMMENT" and index + 1 < len(found) and found[index + 1].text == "=":
            end = token.start
            reader.at += index
            thing.facts["body"] = reader.sql[first.start : end].strip()
            plain(session, reader, thing)
            return
    thing.facts["body"] = reader.rest()
    policies.check(thing.facts["body"])


def procedure(session: "Session", reader: Reader, thing: Thing) -> None:
    """Snowflake Scripting only."""
    if reader.parenthesised().strip():
        raise unsupported("procedures with arguments")
    reader.expect("RETURNS")
    thing.facts["returns"] = policies.returned(reader)
    while not reader.accept("AS"):
        if reader.accept("LANGUAGE"):
            if reader.take().upper != "SQL":
                raise unsupported("procedures in other languages than SQL")
        elif not (reader.accept("EXECUTE", "AS", "OWNER") or reader.accept("EXECUTE", "AS", "CALLER")):
            thing.options |= options.parse(reader, grammar.COMMENT, "PROCEDURE", stop=("AS", "LANGUAGE", "EXECUTE"))
    text = reader.string() if reader.peek_kind() in ("string", "dollar") else reader.rest()
    thing.facts["body"] = text
    scripting.check(text)


def alert(session: "Session", reader: Reader, thing: Thing) -> None:
    thing.options = options.parse(reader, grammar.CREATE["ALERT"], "ALERT", stop=("IF",))
    reader.expect("IF", "(", "EXISTS")
    thing.facts["condition"] = reader.parenthesised()
    reader.expect(")", "THEN")
    thing.facts["action"], thing.facts["state"] = reader.rest(), "suspended"


def sequence(session: "Session", reader: Reader, thing: Thing) -> None:
    plain(session, reader, thing)


def sequence_made(session: "Session", thing: Thing) -> None:
    start, step = thing.options.get("START", 1), thing.options.get("INCREMENT", 1)
    name = quote_name(".".join(thing.path[:2]), thing.name)
    session.duck.execute(f"CREATE OR REPLACE SEQUENCE {name} START {start} INCREMENT {step}")


def warehouse_there(session: "Session", thing: Thing) -> None:
    name = thing.options.get("WAREHOUSE")
    if name:
        made = session.account.catalog.find("WAREHOUSE", (name,))
        if not made:
            raise missing("warehouse", name)
        session.need("USAGE", made)


MAKERS = {
    "DATABASE": container, "SCHEMA": container, "WAREHOUSE": warehouse, "RESOURCE MONITOR": monitor, "ROLE": plain,
    "DATABASE ROLE": plain, "USER": user, "NETWORK RULE": plain, "NETWORK POLICY": network_policy,
    "STORAGE INTEGRATION": integration, "NOTIFICATION INTEGRATION": integration, "FILE FORMAT": format_,
    "STAGE": stage, "TAG": tag, "MASKING POLICY": policy, "ROW ACCESS POLICY": policy, "PROCEDURE": procedure,
    "ALERT": alert, "SEQUENCE": sequence,
}  # fmt: skip
EFFECTS = {"DATABASE": contained, "SCHEMA": contained, "SEQUENCE": sequence_made}
