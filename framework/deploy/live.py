"""What is there: the objects of an account, as SHOW, INFORMATION_SCHEMA and its functions tell it to the deployer."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from framework.deploy import loading
from framework.deploy.account import SCHEMAS, Account
from framework.deploy.objects import Object, definition_in, label_in, rows_in
from framework.errors import WarehouseError
from framework.snowflake_session import Session
from framework.snowflake_words import exact_name, quote_text

MOST = 10_000
"""SHOW gives no more rows than that."""
BATCH = 100
_IN_ACCOUNT = {"role": "ROLES", "warehouse": "WAREHOUSES", "database": "DATABASES"}
_IN_DATABASE = {
    "schema": "SCHEMAS", "database role": "DATABASE ROLES", "file format": "FILE FORMATS", "stage": "STAGES",
    "table": "TABLES", "view": "VIEWS", "dynamic table": "DYNAMIC TABLES", "pipe": "PIPES", "stream": "STREAMS",
    "task": "TASKS", "tag": "TAGS", "masking policy": "MASKING POLICIES",
}  # fmt: skip
_FACTS = {
    "schema": ("options",),
    "warehouse": ("size", "auto_suspend"),
    "stage": ("url", "storage_integration"),
    "view": ("text",),
    "dynamic table": ("target_lag", "warehouse", "refresh_mode", "text"),
    "pipe": ("definition", "integration", "error_integration"),
    "stream": ("table_name", "mode", "stale"),
    "task": ("definition", "condition", "warehouse", "schedule", "state"),
    "file format": ("format_options",),
}
"""What is compared of each kind, beside its comment."""
_DEFAULT_LENGTH = 16_777_216


@dataclass(frozen=True)
class LiveColumn:
    """A column of a table."""

    name: str
    """As it is to be written."""
    type: str
    about: str


@dataclass(frozen=True)
class Found:
    """One object that is there."""

    kind: str
    name: str
    comment: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[LiveColumn, ...] = ()
    rows: int = 0
    """Of a table; not compared."""

    @property
    def id(self) -> str:
        """As that of an Object."""
        return f"{self.kind} {self.name}"

    @property
    def definition(self) -> str | None:
        """The hash that stands in its comment; None where it is someone else's."""
        return definition_in(self.comment)

    @property
    def label(self) -> str:
        """Whose it is."""
        return label_in(self.comment)

    @property
    def made_by(self) -> str:
        """How its rows come to be, as its comment says."""
        return rows_in(self.comment)

    @property
    def state(self) -> str:
        """A hash of all that is compared of it."""
        told = [self.comment, sorted(self.facts.items()), [(c.name, c.type, c.about) for c in self.columns]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Live:
    """All that is there."""

    objects: Mapping[str, Found] = field(default_factory=dict)
    grants: frozenset[tuple[str, str, str]] = frozenset()
    """(privilege or role, on what, to whom), without quotes."""
    settings: frozenset[str] = frozenset()
    """The settings that hold, of those that were asked for."""
    masks: frozenset[str] = frozenset()
    """The masking policies that the tag of personal data carries."""
    seen: Mapping[str, str] = field(default_factory=dict)
    """The state that the last deployment left each object in, by its journal."""
    ways: frozenset[tuple[str, str]] = frozenset()
    """(source, the way that its parts came so far)."""

    def relation(self, name: str) -> Found | None:
        """The table, view or dynamic table of that name."""
        kinds = ("table", "view", "dynamic table")
        return next((self.objects[f"{kind} {name}"] for kind in kinds if f"{kind} {name}" in self.objects), None)

    @property
    def fingerprint(self) -> str:
        """A hash of it all: the same as long as nothing was changed."""
        told = [sorted((id, each.state) for id, each in self.objects.items()), sorted(self.grants)]
        return hashlib.sha256(json.dumps([*told, sorted(self.settings)]).encode()).hexdigest()[:16]


def read(session: Session, account: Account, wanted: Sequence[Object]) -> Live:
    """What the deployer sees of what is wanted, and all that is in the environment's schemas."""
    found = {each.id: each for each in _objects(session, account)}
    if f"database {account.database}" not in found:
        return Live(found)
    masks = _masks(session, account, found)
    settings = _settings(session, wanted, found, masks)
    known = account.within("OPS", loading.TABLE)
    ways = session.execute(loading.ways_of(account)) if f"table {known}" in found else []
    return Live(
        found, frozenset(_grants(session, account, found)), settings, masks, seen(session, account, found),
        frozenset((str(source), str(way)) for source, way in ways),
    )  # fmt: skip


def _objects(session: Session, account: Account) -> Iterator[Found]:
    for kind, plural in _IN_ACCOUNT.items():
        for row in session.rows(f"SHOW {plural}"):
            yield _found(kind, exact_name(row["name"]), row)
    for row in session.rows("SHOW INTEGRATIONS"):
        yield _found(f"{str(row['category']).lower()} integration", exact_name(row["name"]), row)
    database = account.database
    if not any(exact_name(row["name"]) == database for row in session.rows("SHOW DATABASES")):
        return
    columns = _columns(session, account)
    for kind, plural in _IN_DATABASE.items():
        for row in _shown(session, account, plural):
            if kind == "table" and row.get("is_dynamic") == "Y":
                continue
            schema = row["name"] if kind == "schema" else row.get("schema_name")
            if kind != "database role" and schema not in SCHEMAS:
                continue
            parts = [row["name"]] if kind in ("schema", "database role") else [row["schema_name"], row["name"]]
            name = ".".join([database, *map(exact_name, parts)])
            yield _found(kind, name, row, columns.get(name, ()), _pipe_state(session, kind, name))


def _pipe_state(session: Session, kind: str, name: str) -> dict[str, str]:
    if kind != "pipe":
        return {}
    told = json.loads(session.execute(f"SELECT SYSTEM$PIPE_STATUS({quote_text(name)})")[0][0])
    return {"paused": "true" if told.get("executionState") == "PAUSED" else "false"}


def _shown(session: Session, account: Account, plural: str) -> list[dict[str, Any]]:
    """All of a kind; schema by schema where there are more than one SHOW gives."""
    rows = session.rows(f"SHOW {plural} IN DATABASE {account.database}")
    if len(rows) < MOST or plural in ("SCHEMAS", "DATABASE ROLES"):
        return rows
    rows = []
    for schema in SCHEMAS:
        part = session.rows(f"SHOW {plural} IN SCHEMA {account.schema(schema)}")
        if len(part) >= MOST:
            raise WarehouseError(
                f"{account.schema(schema)} has {MOST} {plural.lower()} or more: SHOW does not list them"
            )
        rows += part
    return rows


def _found(
    kind: str, name: str, row: Mapping[str, Any], columns: tuple[LiveColumn, ...] = (), more: Mapping[str, str] = {}
) -> Found:
    facts = {key: str(row[key] or "") for key in _FACTS.get(kind, ()) if key in row}
    rows = int(row["rows"] or 0) if kind == "table" and "rows" in row else 0
    return Found(kind, name, str(row.get("comment") or ""), {**facts, **more}, columns, rows)


def _columns(session: Session, account: Account) -> dict[str, tuple[LiveColumn, ...]]:
    listed = ", ".join(map(quote_text, SCHEMAS))
    rows = session.rows(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, NUMERIC_PRECISION, NUMERIC_SCALE, "
        "CHARACTER_MAXIMUM_LENGTH, DATETIME_PRECISION, COMMENT "
        f"FROM {account.database}.INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA IN ({listed}) "
        "ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"
    )
    found: dict[str, list[LiveColumn]] = {}
    for row in rows:
        name = ".".join([account.database, exact_name(row["table_schema"]), exact_name(row["table_name"])])
        column = LiveColumn(exact_name(row["column_name"]), _type(row), str(row["comment"] or ""))
        found.setdefault(name, []).append(column)
    return {name: tuple(columns) for name, columns in found.items()}


def _type(row: Mapping[str, Any]) -> str:
    """A column's type as columns.py writes it."""
    kind = str(row["data_type"])
    if kind in ("TEXT", "VARCHAR"):
        length = int(row["character_maximum_length"] or _DEFAULT_LENGTH)
        return "VARCHAR" if length >= _DEFAULT_LENGTH else f"VARCHAR({length})"
    if kind == "NUMBER":
        return f"NUMBER({row['numeric_precision']},{row['numeric_scale']})"
    if kind.startswith("TIMESTAMP"):
        return f"{kind}({row['datetime_precision']})"
    return kind


def _grants(session: Session, account: Account, found: Mapping[str, Found]) -> Iterator[tuple[str, str, str]]:
    """What the environment's database roles hold and who holds them; what the deployer itself holds."""
    roles = [each.name for each in found.values() if each.kind == "database role"]
    for role in roles:
        to = f"DATABASE ROLE {role}"
        for row in session.rows(f"SHOW GRANTS TO DATABASE ROLE {role}"):
            if row["granted_on"] in ("SCHEMA", "DATABASE"):
                yield _plain(row["privilege"], f"{row['granted_on']} {row['name']}", to)
        for row in session.rows(f"SHOW GRANTS OF DATABASE ROLE {role}"):
            yield _plain("", to, f"{str(row['granted_to']).replace('_', ' ')} {row['grantee_name']}")
    for schema in SCHEMAS:
        place = account.schema(schema)
        if f"schema {place}" not in found:
            continue
        for row in session.rows(f"SHOW FUTURE GRANTS IN SCHEMA {place}"):
            kind = str(row["grant_on"]).replace("_", " ")
            to = str(row["grantee_name"])
            held = f"DATABASE ROLE {to if '.' in to else f'{account.database}.{to}'}"
            if str(row["grant_to"]).replace("_", " ") != "DATABASE ROLE":
                held = f"ROLE {to}"
            yield _plain(row["privilege"], f"FUTURE {kind}S IN SCHEMA {place}", held)
    for row in session.rows(f"SHOW GRANTS TO ROLE {account.deployer}"):
        on = str(row["granted_on"]).replace("_", " ")
        if on in ("DATABASE", "WAREHOUSE", "INTEGRATION", "ACCOUNT"):
            yield _plain(row["privilege"], on if on == "ACCOUNT" else f"{on} {row['name']}", f"ROLE {account.deployer}")


def _plain(*texts: object) -> tuple[str, str, str]:
    first, second, third = (str(text).replace('"', "") for text in texts)
    return first, second, third


def grants_of(each: Object) -> set[tuple[str, str, str]]:
    """A wanted grant in the same words."""
    if "role" in each.values:
        return {_plain("", each.values["role"], each.values["to"])}
    return {_plain(privilege, each.values["on"], each.values["to"]) for privilege in each.values["privileges"]}


def _settings(
    session: Session, wanted: Sequence[Object], found: Mapping[str, Found], masks: frozenset[str]
) -> frozenset[str]:
    """The ids of the wanted settings that hold."""
    asked = [each for each in wanted if each.kind == "setting" and each.bundle == "deployer"]
    holding = {each.id for each in asked if "task" in each.values and _is_started(found, each.values["task"])}
    tagged = [each for each in asked if "tag" in each.values and "policy" not in each.values]
    tagged = [each for each in tagged if all(need in found for need in each.needs)]
    tagged = [each for each in tagged if "column" not in each.values or _has_column(found, each.values["column"])]
    for start in range(0, len(tagged), BATCH):
        part = tagged[start : start + BATCH]
        values = session.execute(f"SELECT {', '.join(map(_tag_asked, part))}")[0]
        holding |= {each.id for each, value in zip(part, values, strict=True) if value == each.values["value"]}
    return frozenset(holding | {each.id for each in asked if each.values.get("policy") in masks})


def _masks(session: Session, account: Account, found: Mapping[str, Found]) -> frozenset[str]:
    tag = account.within("OPS", "PERSONAL_DATA")
    if f"tag {tag}" not in found or not any(each.kind == "masking policy" for each in found.values()):
        return frozenset()
    rows = session.execute(
        "SELECT POLICY_DB, POLICY_SCHEMA, POLICY_NAME FROM TABLE("
        f"{account.database}.INFORMATION_SCHEMA.POLICY_REFERENCES("
        f"REF_ENTITY_NAME => {quote_text(tag)}, REF_ENTITY_DOMAIN => 'TAG'))"
    )
    return frozenset(".".join(map(exact_name, row)) for row in rows)


def _is_started(found: Mapping[str, Found], task: str) -> bool:
    there = found.get(f"task {task}")
    return bool(there and there.facts.get("state", "").lower() == "started")


def _has_column(found: Mapping[str, Found], column: str) -> bool:
    table, _, name = column.rpartition(".")
    there = found.get(f"table {table}")
    return bool(there and any(each.name == name for each in there.columns))


def _tag_asked(each: Object) -> str:
    place = each.values.get("column") or each.values["table"]
    kind = "COLUMN" if "column" in each.values else "TABLE"
    return f"SYSTEM$GET_TAG({quote_text(each.values['tag'])}, {quote_text(place)}, {quote_text(kind)})"


def seen(session: Session, account: Account, found: Iterable[str]) -> dict[str, str]:
    """The state that the journal has of each object."""
    journal = account.within("OPS", "_INGEST_DEPLOYMENTS")
    if f"table {journal}" not in found:
        return {}
    rows = session.execute(
        f"SELECT OBJECT, STATEMENT FROM {journal} WHERE ACTION = 'seen' "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY OBJECT ORDER BY FINISHED_AT DESC) = 1"
    )
    return {str(object): str(state) for object, state in rows}
