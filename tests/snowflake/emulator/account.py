"""The emulated account: its objects, its data, its load histories, its sessions."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from . import functions
from .access import Access
from .catalog import Catalog, Path, Thing, depth
from .errors import SnowflakeError, missing, unsupported
from .files import Storage
from .lexer import name_of, quote_name

ADMIN = "ADMIN"
"""The user of a new account: role ACCOUNTADMIN, any password."""


@dataclass
class Asked:
    """A statement that a client sent."""

    id: str
    sql: str
    user: str
    role: str
    tag: str
    error: str = ""


@dataclass
class Account:
    storage: Storage
    seconds_ahead: float = 0
    """The account's clock runs this far ahead of the machine's: how tests let 14 days go by."""
    catalog: Catalog = field(default_factory=Catalog)
    access: Access = field(init=False)
    duck: duckdb.DuckDBPyConnection = field(default_factory=functions.database)
    lock: threading.RLock = field(default_factory=threading.RLock)
    loads: list[Any] = field(default_factory=list)
    """Every file that COPY or a pipe touched, oldest first (history.Load)."""
    runs: list[dict[str, Any]] = field(default_factory=list)
    """Every run of a task."""
    asked: list[Asked] = field(default_factory=list)
    sessions: "dict[str, Session]" = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    name: str = "EMULATOR"

    def __post_init__(self) -> None:
        self.access = Access(self.catalog)
        self.catalog.add(Thing("USER", (ADMIN,), "ACCOUNTADMIN", {"DEFAULT_ROLE": "ACCOUNTADMIN", "TYPE": "PERSON"}))
        self.access.members.append(("ACCOUNTADMIN", "USER", ADMIN))
        options = {"WAREHOUSE_SIZE": "XSMALL", "AUTO_SUSPEND": 600, "AUTO_RESUME": True}
        self.catalog.add(Thing("WAREHOUSE", ("COMPUTE_WH",), "ACCOUNTADMIN", options, facts={"state": "SUSPENDED"}))

    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.seconds_ahead, UTC)

    def session(
        self, user: str, role: str, database: str | None, schema: str | None, warehouse: str | None
    ) -> "Session":
        session = Session(self, user, role, database, schema, warehouse, self.duck.cursor())
        session.duck.execute("SET TimeZone = 'UTC'")
        session.tell()
        self.sessions[session.token] = session
        return session


def table_name(path: Path) -> str:
    """Where DuckDB keeps a relation: one schema for each of Snowflake's, so that a transaction may span databases."""
    return quote_name(".".join(path[:2]), path[2])


@dataclass
class Session:
    """One connection: its context, its parameters, its transaction."""

    account: Account
    user: str
    role: str
    database: str | None
    schema: str | None
    warehouse: str | None
    duck: duckdb.DuckDBPyConnection
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    parameters: dict[str, Any] = field(default_factory=dict)
    transaction: bool = False
    on_commit: list[Callable[[], None]] = field(default_factory=list)
    on_rollback: list[Callable[[], None]] = field(default_factory=list)
    last_query: str = ""
    variables: dict[str, Any] = field(default_factory=dict)

    def tell(self) -> None:
        """What CURRENT_ROLE() and its kin answer, views and policies included."""
        held = ",".join(sorted(self.account.access.roles_of(self.role)))
        known = {"role": self.role, "user": self.user, "warehouse": self.warehouse, "database": self.database,
                 "schema": self.schema, "roles": held, "account": self.account.name}  # fmt: skip
        for name, value in known.items():
            text = "NULL::VARCHAR" if value is None else "'" + value.replace("'", "''") + "'"
            self.duck.execute(f"SET VARIABLE emu_{name} = {text}")

    def path(self, kind: str, name: tuple[str, ...] | str) -> Path:
        """A name as written → the object's full path, by the session's database and schema."""
        if isinstance(name, str):
            name = name_of(name)
        want = depth(kind) + 1
        if len(name) > want:
            raise SnowflakeError(1003, "42000", f"SQL compilation error:\nsyntax error unexpected '{name[-1]}'.")
        if len(name) == want:
            return tuple(name)
        if self.database is None:
            verb = "This session does not have a current database. Call 'USE DATABASE', or use a qualified name."
            raise SnowflakeError(90105, "22000", f"Cannot perform operation. {verb}")
        if want - len(name) == 2 or (want == 2 and len(name) == 1):
            above: Path = (self.database,) if want == 2 else (self.database, self.needed_schema())
        else:
            above = (self.database,)
        return above + tuple(name)

    def needed_schema(self) -> str:
        if self.schema is None:
            verb = "This session does not have a current schema. Call 'USE SCHEMA', or use a qualified name."
            raise SnowflakeError(90106, "22000", f"Cannot perform operation. {verb}")
        return self.schema

    def find(self, kind: str, name: tuple[str, ...] | str) -> Thing:
        """The object, if it is there and this role may know of it."""
        thing = self.account.catalog.get(kind, self.path(kind, name))
        if not self.account.access.sees(self.role, thing):
            raise missing(kind, thing.full)
        return thing

    def need(self, privilege: str, thing: Thing) -> None:
        self.account.access.need(self.role, privilege, thing)

    def first(self, sql: str) -> tuple[Any, ...] | None:
        """The first row; the others are read too: DuckDB runs nothing else on a connection before."""
        rows = self.duck.execute(sql).fetchall()
        return rows[0] if rows else None

    def begin(self) -> None:
        if not self.transaction:
            self.duck.begin()
            self.transaction = True

    def commit(self) -> None:
        """Snowflake keeps what went well before a statement failed. DuckDB cannot: refused, not lost unsaid."""
        if not self.transaction:
            return
        try:
            self.duck.execute("SELECT 1").fetchall()
        except duckdb.TransactionException:
            self.rollback()
            raise unsupported("COMMIT after a statement of the transaction has failed") from None
        self.duck.commit()
        self.settle(self.on_commit)

    def rollback(self) -> None:
        if self.transaction:
            self.duck.rollback()
            self.settle(list(reversed(self.on_rollback)))

    def settle(self, calls: list[Callable[[], None]]) -> None:
        self.transaction = False
        for call in calls:
            call()
        self.on_commit, self.on_rollback = [], []
