"""The session: who signs in, what is tried again, what refusals say; with both majors of the connector."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from framework.errors import SecretError, SettingsError
from framework.snowflake_session import Login, _parameters, is_read, key_in_der, tag_text, what_became
from framework.warehouses.snowflake import SnowflakeWarehouse
from tests.snowflake import running

CONNECTORS = {"4": str(running.PYTHON), "5": sys.executable}


@pytest.mark.slow
@pytest.mark.parametrize("major", CONNECTORS)
def test_a_session(account: running.Account, major: str) -> None:
    command = [CONNECTORS[major], "-m", "tests.snowflake.sessions", str(account.port), account.s3_endpoint]
    done = subprocess.run(command, cwd=running.ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["connector"].startswith(major + ".")
    assert seen["who"] == [["SVC", "Some Role", 1, "it's ? %s"]]
    assert "S" in seen["shown"]
    first, last = seen["tags"]
    assert first == {"by": "ingestion_framework", "project": "p"}
    assert last == {**first, "source": "shop", "run": "R1"}
    assert seen["retagged"] == 1
    assert seen["refused"].startswith("WarehouseError: Snowflake refused a statement: 002003 (02000)")
    assert seen["refused"].endswith("(in: SELECT * FROM D.S.NOPE)")
    assert seen["waited for a refusal"] == 0
    assert seen["read anew"] == [["lost once"]]
    if major == "5":
        assert "Invalid Snowflake response" in seen["lost"]
        assert seen["rows after a lost answer"] == [[1]], "it was run, and not a second time"
    assert seen["kept"] == [[2]]
    assert seen["signed in anew"] == [["Some Role"]]
    assert seen["waited for a session"] == 1
    assert "JWT token is invalid" in seen["wrong key"]
    assert "RSA_PUBLIC_KEY" in seen["wrong key"]
    assert "with the role SYSADMIN" in seen["wrong role"]
    assert "Grant the role" in seen["wrong role"]
    assert seen["no key"] == "SettingsError: the user SVC signs in by key_pair, which needs `private_key`"
    assert not seen["secrets"]


def test_a_private_key_is_taken_as_people_keep_it() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    bare = "".join(line for line in pem.splitlines() if not line.startswith("-----"))
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass")).decode()
    for text in (pem, pem.replace("\n", "\\n"), bare, "\n".join(bare[i : i + 64] for i in range(0, len(bare), 64))):
        assert key_in_der(text) == der
    assert key_in_der(locked, "pass") == der
    for text, passphrase in ((locked, None), (locked, "wrong"), (pem, "pass"), ("nothing", None), ("", None)):
        with pytest.raises(SecretError, match="can't be read") as caught:
            key_in_der(text, passphrase)
        assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "reads"),
    [("SHOW TABLES", True), ("\n select 1", True), ("DESC STAGE X", True), ("INSERT INTO T", False), ("", False)],
)
def test_what_only_reads(sql: str, reads: bool) -> None:
    assert is_read(sql) is reads


@pytest.mark.parametrize(
    ("name", "number", "kind"),
    [
        ("ProgrammingError", 390114, "gone"),
        ("DatabaseError", 603, "not done"),
        ("ProgrammingError", 625, "not done"),
        ("ProgrammingError", 630, "refused"),
        ("ProgrammingError", 1003, "refused"),
        ("OperationalError", 250003, "lost"),
        ("InternalError", 6, "lost"),
        ("DatabaseError", 290503, "lost"),
    ],
)
def test_what_became_of_a_statement(name: str, number: int, kind: str) -> None:
    error = type(name, (Exception,), {"errno": number, "sqlstate": None})()
    assert what_became(error) == kind


def test_the_ways_to_sign_in() -> None:
    asked = {
        "type": "snowflake", "account": "env:A", "user": "L", "database": "D", "warehouse": "W", "role": "R",
    }  # fmt: skip

    def proof(cloud: str = "aws", **more: object) -> dict[str, object]:
        login = SnowflakeWarehouse.model_validate({**asked, **more}).login(
            lambda text: text.removeprefix("env:").removeprefix("secret:"), {}, cloud
        )
        found = _parameters(login, {})
        return {key: value for key, value in found.items() if "auth" in key or key in ("token",) or "identity" in key}

    oauth = {"client_id": "c", "client_secret": "secret:s#x", "token_url": "https://idp/token"}
    assert proof(authenticator="oauth", token="secret:t") == {"authenticator": "OAUTH", "token": "t"}
    assert proof(authenticator="oauth", oauth_client=oauth) == {
        "authenticator": "OAUTH_CLIENT_CREDENTIALS", "oauth_client_id": "c", "oauth_client_secret": "s#x",
        "oauth_token_request_url": "https://idp/token",
    }  # fmt: skip
    aws = {"authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": "AWS"}
    assert proof(authenticator="workload_identity") == aws
    assert proof("azure", authenticator="workload_identity") == {**aws, "workload_identity_provider": "AZURE"}
    assert proof(authenticator="workload_identity", identity="oidc", token="secret:t")["token"] == "t"
    for more in ({"authenticator": "oauth"}, {"authenticator": "workload_identity", "identity": "oidc"}, {}):
        with pytest.raises(SettingsError, match="which needs"):
            proof(**more)


def test_the_account_may_answer_elsewhere() -> None:
    login = Login("a", "u", authenticator="oauth", token="t", url="https://a.privatelink.snowflakecomputing.com")
    found = SimpleNamespace(**_parameters(login, {}))
    assert (found.host, found.port, found.protocol) == ("a.privatelink.snowflakecomputing.com", 443, "https")
    assert "role" not in vars(found)
    assert len(tag_text({"source": "x" * 9000})) <= 2000
