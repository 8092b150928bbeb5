"""A session in a Snowflake account, by its own connector: who signs in, what is tried again, what refusals mean.

Both majors of the connector are known: 4 and 5 name their time limits differently and report lost answers differently.
"""

import base64
import json
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from framework.errors import SecretError, SettingsError, WarehouseError
from framework.snowflake_words import quote_name, quote_text

Rows = list[tuple[Any, ...]]
TRIES = 4
WAIT_SECONDS = 1.0
"""Before the second try; twice as long before each further one."""
LOGIN_SECONDS = 60
GRACE_SECONDS = 60
"""How much longer than the account's own limit on a statement its answer is waited for."""
_SESSION_GONE = {390104, 390110, 390111, 390112, 390113, 390114, 390115, 390195, 390318}
"""Nothing was run: the session or its token is over. It takes a new one."""
_NOT_DONE = {603, 625}
"""Nothing came of it, and another try may go through: an incident inside Snowflake, too many waiting for a lock."""
_OF_THE_WIRE = ("OperationalError", "InternalError", "InterfaceError", "HttpError")
_READS = ("SELECT", "SHOW", "DESC", "DESCRIBE", "LIST", "LS", "EXPLAIN", "WITH", "USE")


@dataclass(frozen=True)
class Login:
    """Who signs in to which account, and how. Names are as in framework.yaml; nothing secret is shown by `repr`."""

    account: str
    user: str
    authenticator: str = "key_pair"
    """key_pair, workload_identity or oauth."""
    role: str | None = None
    warehouse: str | None = None
    url: str | None = None
    """Where the account answers, if not where its name says."""
    private_key: str | None = field(default=None, repr=False)
    """In PEM, or PKCS#8 as base64."""
    private_key_passphrase: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    """An OAuth access token, or that of an OIDC identity."""
    identity: str | None = None
    """For workload_identity: aws, azure, gcp or oidc."""
    client: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For OAuth by client credentials: oauth_client_id, oauth_client_secret, oauth_token_request_url, oauth_scope."""
    tag: Mapping[str, str] = field(default_factory=dict)
    """What QUERY_TAG says of every statement: project, source, run …"""
    statement_seconds: int = 3600
    """A statement that takes longer is cancelled."""


class Session:
    """An open session. Used by one thread."""

    def __init__(self, login: Login, sleep: Callable[[float], None] = time.sleep) -> None:
        """Signs in. Raises SettingsError, SecretError or WarehouseError."""
        self.login, self._sleep = login, sleep
        self.url = f"snowflake://{login.account}"
        self._within = False
        self._tag = dict(login.tag)
        self._connection, self._failure = connect(login, self._tag)

    def execute(self, sql: str, params: Sequence[Any] = (), *, repeatable: bool | None = None) -> Rows:
        """One statement and its rows; `?` stands for a parameter. What Snowflake certainly did not do is tried again;
        what it may have done (its answer was lost) only where that is `repeatable`, as reading is. Inside a transaction
        nothing is tried again. Raises WarehouseError."""
        return self._run(sql, params, repeatable)[0]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a SHOW, DESC or SELECT by the names of their columns, in small letters."""
        found, names = self._run(sql, (), None)
        return [dict(zip(names, row, strict=True)) for row in found]

    def _run(self, sql: str, params: Sequence[Any], repeatable: bool | None) -> tuple[Rows, list[str]]:
        may_repeat = is_read(sql) if repeatable is None else repeatable
        for attempt in range(1, TRIES + 1):
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(sql, tuple(params) or None)
                    rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
                    return rows, [column[0].lower() for column in cursor.description or ()]
            except self._failure as error:
                kind = what_became(error)
                transient = kind in ("gone", "not done") or (kind == "lost" and may_repeat)
                if self._within or not transient or attempt == TRIES:
                    raise WarehouseError(refusal(error, sql)) from None
                self._sleep(WAIT_SECONDS * 2 ** (attempt - 1))
                if kind != "not done":
                    self._renew()
        raise AssertionError("unreachable")

    def _renew(self) -> None:
        self.close()
        self._connection, self._failure = connect(self.login, self._tag)

    def tag(self, **facts: str) -> None:
        """What QUERY_TAG says of the statements to come, beside what it says of all."""
        wanted = {**self.login.tag, **facts}
        if wanted != self._tag:
            self._tag = wanted
            self.execute(f"ALTER SESSION SET QUERY_TAG = {quote_text(tag_text(wanted))}", repeatable=True)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN … COMMIT, ROLLBACK on any exception. DDL inside would commit it."""
        self.execute("BEGIN", repeatable=True)
        self._within = True
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            with suppress(WarehouseError):  # it is gone where the session broke
                self.execute("ROLLBACK")
            raise
        finally:
            self._within = False

    def close(self) -> None:
        """Ends the session."""
        with suppress(self._failure):
            self._connection.close()


def connect(login: Login, tag: Mapping[str, str]) -> tuple[Any, type[Exception]]:
    """A connection, and what it raises. Raises SettingsError, SecretError or WarehouseError."""
    parameters = _parameters(login, tag)
    try:
        import snowflake.connector as driver  # noqa: PLC0415 - a driver is loaded where it connects
    except ImportError:
        raise SettingsError(
            "Snowflake needs its connector, which is not installed: pip install 'api-ingestion-framework[snowflake]'"
        ) from None
    limit = login.statement_seconds + GRACE_SECONDS
    if int(driver.__version__.partition(".")[0]) >= 5:
        parameters |= {"query_timeout": limit, "enable_server_session_keep_alive_auto_detection": False}
    else:
        parameters |= {"network_timeout": limit}
    try:
        return driver.connect(**parameters), driver.errors.Error
    except driver.errors.Error as error:
        raise WarehouseError(_no_login(error, login)) from None


def _parameters(login: Login, tag: Mapping[str, str]) -> dict[str, Any]:
    session: dict[str, Any] = {
        "QUERY_TAG": tag_text(tag),
        "TIMEZONE": "UTC",
        "STATEMENT_TIMEOUT_IN_SECONDS": login.statement_seconds,
        "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
        "CLIENT_TELEMETRY_ENABLED": False,
    }
    found = {
        "account": login.account, "user": login.user, "paramstyle": "qmark", "application": "ingestion_framework",
        "login_timeout": LOGIN_SECONDS, "client_session_keep_alive": True, "session_parameters": session,
    }  # fmt: skip
    if login.role:
        found["role"] = quote_name(login.role)
    if login.warehouse:
        found["warehouse"] = quote_name(login.warehouse)
    if login.url:
        place = urlsplit(login.url)
        port = place.port or (80 if place.scheme == "http" else 443)
        found |= {"host": place.hostname, "port": port, "protocol": place.scheme}
    return found | _proof(login)


def _proof(login: Login) -> dict[str, Any]:
    """What the connector needs to prove who it is."""
    if login.authenticator == "oauth":
        if login.client:
            return {"authenticator": "OAUTH_CLIENT_CREDENTIALS", **login.client}
        return {"authenticator": "OAUTH", "token": _given(login.token, "token", login)}
    if login.authenticator == "workload_identity":
        identity = _given(login.identity, "identity", login)
        found = {"authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": identity.upper()}
        return found | ({"token": _given(login.token, "token", login)} if identity == "oidc" else {})
    key = _given(login.private_key, "private_key", login)
    return {"authenticator": "SNOWFLAKE_JWT", "private_key": key_in_der(key, login.private_key_passphrase)}


def _given(value: str | None, key: str, login: Login) -> str:
    if not value:
        raise SettingsError(f"the user {login.user} signs in by {login.authenticator}, which needs `{key}`")
    return value


def key_in_der(text: str, passphrase: str | None = None) -> bytes:
    """A private key in PEM, or in PKCS#8 as base64, as the connector takes it. Raises SecretError."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - part of the driver: slow to load
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    written = textwrap.dedent(text).replace("\\n", "\n").strip()
    password = passphrase.encode() if passphrase else None
    try:
        if written.startswith("-----BEGIN"):
            key = serialization.load_pem_private_key(written.encode(), password)
        else:
            der = base64.b64decode("".join(written.split()), validate=True)
            key = serialization.load_der_private_key(der, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        reason = "it is encrypted, and no private_key_passphrase is given" if isinstance(error, TypeError) else "no key"
        if isinstance(error, TypeError) and passphrase:
            reason = "it is not encrypted, and a private_key_passphrase is given"
        raise SecretError(
            f"the private key for Snowflake can't be read: {reason}. It is to be PKCS#8 in PEM, with its lines, or the "
            "base64 between them."
        ) from None
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def tag_text(tag: Mapping[str, str]) -> str:
    """QUERY_TAG: JSON, which Snowflake's history can be searched by."""
    return json.dumps({"by": "ingestion_framework", **tag}, ensure_ascii=False)[:2000]


def is_read(sql: str) -> bool:
    """Whether a statement changes nothing."""
    return sql.lstrip("( \n").partition(" ")[0].partition("\n")[0].upper() in _READS


def what_became(error: Exception) -> str:
    """Of a statement that failed: `gone` (its session is over, nothing was run), `not done` (nothing came of it),
    `lost` (no answer came, it may have been run), `refused`."""
    number = getattr(error, "errno", None)
    if number in _SESSION_GONE:
        return "gone"
    if number in _NOT_DONE:
        return "not done"
    if isinstance(number, int) and (250000 <= number < 252000 or 290000 <= number < 291000):
        return "lost"
    return "lost" if type(error).__name__ in _OF_THE_WIRE else "refused"


def refusal(error: Exception, sql: str) -> str:
    """What Snowflake says, and of which statement."""
    first = sql.strip().splitlines()[0][:200] if sql.strip() else ""
    return f"Snowflake refused a statement: {_told(error)} (in: {first})"


def _told(error: Exception) -> str:
    return " ".join(str(getattr(error, "msg", None) or error).split())[:1000]


def _no_login(error: Exception, login: Login) -> str:
    role = f" with the role {login.role}" if login.role else ""
    who = f"{login.user} can't sign in to the Snowflake account {login.account}{role}: {_told(error)}"
    return f"{who}{_REMEDIES.get(getattr(error, 'errno', None) or 0, '')}"


_REMEDIES = {
    390144: " Set the user's RSA_PUBLIC_KEY to the public half of `private_key`, and this machine's clock right.",
    390189: " Grant the role to the user, or name another one.",
    250001: " Check `account`, and that this machine reaches it.",
}
