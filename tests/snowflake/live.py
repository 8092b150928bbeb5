"""An account of one's own, named by variables: what is made in it has a name of its own and is taken away again."""

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import snowflake.connector
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from framework.deploy.desired import Desired, desired
from framework.project import Project
from tests.snowflake.deployed import with_environment
from tests.snowflake.running import EXPLICIT, ROOT, key_pair

NEEDED = {
    "SNOWFLAKE_LIVE_ACCOUNT": "the account's identifier, ORGANISATION-ACCOUNT",
    "SNOWFLAKE_LIVE_USER": "a user with the role ACCOUNTADMIN",
    "SNOWFLAKE_LIVE_PRIVATE_KEY_FILE": "the user's private key, PKCS#8 in PEM without a passphrase",
    "SNOWFLAKE_LIVE_INTEGRATION": "a storage integration that may read the bucket",
    "SNOWFLAKE_LIVE_BUCKET": "an S3 bucket that is used for nothing else",
    "SNOWFLAKE_LIVE_REGION": "the bucket's region",
}
"""docs/snowflake-live.md tells how to get each."""
OTHERWISE = ("SNOWFLAKE_LIVE_ENDPOINT_URL", "SNOWFLAKE_LIVE_S3_ENDPOINT_URL")
"""Where the account and the store are, when that is not Snowflake's and AWS's own address."""


def missing(given: Mapping[str, str]) -> str:
    """What is not said, in words; empty if all is."""
    names = [f"{name} ({meaning})" for name, meaning in NEEDED.items() if not given.get(name)]
    return f"not set: {', '.join(names)}; see docs/snowflake-live.md" if names else ""


@dataclass
class Live:
    """The account's administrator, and the names of what is made for one test."""

    load: str
    given: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    name: str = field(default_factory=lambda: f"INGEST_LIVE_{secrets.token_hex(4).upper()}")
    project: Project | None = None

    def __post_init__(self) -> None:
        key = load_pem_private_key(Path(self.given["SNOWFLAKE_LIVE_PRIVATE_KEY_FILE"]).read_bytes(), None)
        parameters: dict[str, Any] = {
            "account": self.given["SNOWFLAKE_LIVE_ACCOUNT"], "user": self.given["SNOWFLAKE_LIVE_USER"],
            "authenticator": "SNOWFLAKE_JWT", "role": "ACCOUNTADMIN",
            "private_key": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            "session_parameters": {"CLIENT_TELEMETRY_ENABLED": False, "QUERY_TAG": self.name},
            **EXPLICIT,
        }  # fmt: skip
        if self._endpoint:
            at = urlsplit(self._endpoint)
            parameters |= {"protocol": at.scheme, "host": at.hostname, "port": at.port}
        self._connection = snowflake.connector.connect(**parameters)
        self._cursor = self._connection.cursor()
        self._role = "ACCOUNTADMIN"

    @property
    def _endpoint(self) -> str:
        return self.given.get("SNOWFLAKE_LIVE_ENDPOINT_URL", "")

    @property
    def _s3(self) -> Any:
        endpoint = self.given.get("SNOWFLAKE_LIVE_S3_ENDPOINT_URL") or None
        return boto3.client("s3", region_name=self.given["SNOWFLAKE_LIVE_REGION"], endpoint_url=endpoint)

    def settings(self) -> tuple[dict[str, Any], dict[str, str]]:
        """The environment for framework.yaml, and the secrets that it names."""
        users, keys = {}, {}
        for who in ("loader", "deployer"):
            public, private = key_pair()
            users[who] = {"public_key": public}
            keys[f"SNOWFLAKE_{who.upper()}"] = base64.b64encode(private).decode()
        stage = {"type": "s3", "bucket": self.given["SNOWFLAKE_LIVE_BUCKET"], "prefix": self.name.lower(),
                 "region": self.given["SNOWFLAKE_LIVE_REGION"]}  # fmt: skip
        warehouse = {
            "type": "snowflake", "account": self.given["SNOWFLAKE_LIVE_ACCOUNT"], "user": f"{self.name}_LOADER",
            "role": f"{self.name}_LOADER", "private_key": "secret:snowflake#loader", "database": self.name,
            "warehouse": self.name, "load": self.load, "load_timeout": "10m",
            "storage_integration": self.given["SNOWFLAKE_LIVE_INTEGRATION"],
        }  # fmt: skip
        if self._endpoint:
            warehouse["endpoint_url"] = self._endpoint
        if self.given.get("SNOWFLAKE_LIVE_S3_ENDPOINT_URL"):
            stage["endpoint_url"] = self.given["SNOWFLAKE_LIVE_S3_ENDPOINT_URL"]
        deploy = {"private_key": "secret:snowflake#deployer", "users": users, "user": f"{self.name}_DEPLOYER",
                  "role": f"{self.name}_DEPLOYER", "analysts": {"role": f"{self.name}_ANALYST"}}  # fmt: skip
        return {"stage": stage, "warehouse": warehouse, "deploy": deploy}, keys

    def administer(self, folder: Path) -> Desired:
        """Runs the administrator's script for the project in a folder, which gets environments `snow` and `duck`."""
        settings, keys = self.settings()
        self.project = with_environment(folder, "snow", settings)
        with_environment(folder, "duck", {"stage": settings["stage"]})
        with (folder / ".env").open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in keys.items())
        wanted = desired(self.project, "snow", ["shop"])
        for each in wanted.of("admin"):
            self.run(each.ddl, each.owner)
        for role in (each.name for each in wanted.of("admin") if each.kind == "role"):
            self.run(f"GRANT ROLE {role} TO USER {self.given['SNOWFLAKE_LIVE_USER']}", "ACCOUNTADMIN")
        self.run(f"GRANT USAGE ON INTEGRATION {self.given['SNOWFLAKE_LIVE_INTEGRATION']} TO ROLE {self.name}_DEPLOYER")
        return wanted

    def deploy(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """`framework deploy …` as its user types it."""
        command = [sys.executable, "-m", "framework.cli", "deploy", *words, "--env", "snow", "--project", str(folder)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)

    def subscribe(self) -> None:
        """The bucket's events of these parts → the pipe's queue: the one step outside Snowflake."""
        rows = self.run(f"SHOW PIPES IN DATABASE {self.name}", f"{self.name}_DEPLOYER")
        (channel,) = {str(value) for row in rows for value in row if str(value).startswith("arn:aws:sqs:")}
        rules = [{"Name": "prefix", "Value": f"{self.name.lower()}/"}]
        made = {"QueueArn": channel, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
        self._s3.put_bucket_notification_configuration(
            Bucket=self.given["SNOWFLAKE_LIVE_BUCKET"], NotificationConfiguration={"QueueConfigurations": [made]}
        )

    def run(self, sql: str, role: str = "ACCOUNTADMIN") -> list[tuple[Any, ...]]:
        """One statement, by a role."""
        if role != self._role:
            self._cursor.execute(f"USE ROLE {role}")
            self._role = role
        return list(self._cursor.execute(sql).fetchall())

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """A query, as the deployer sees things, in this test's own warehouse."""
        self.run(f"USE WAREHOUSE {self.name}", f"{self.name}_DEPLOYER")
        return self.run(sql, f"{self.name}_DEPLOYER")

    def close(self) -> None:
        """Takes away what was made, here and in the bucket, and ends the session."""
        try:
            self.run(f"DROP DATABASE IF EXISTS {self.name}")
            for kind, suffix in (("USER", "_LOADER"), ("USER", "_DEPLOYER"), ("ROLE", "_LOADER"),
                                 ("ROLE", "_DEPLOYER"), ("ROLE", "_ANALYST"), ("WAREHOUSE", "")):  # fmt: skip
                self.run(f"DROP {kind} IF EXISTS {self.name}{suffix}")
            bucket, s3 = self.given["SNOWFLAKE_LIVE_BUCKET"], self._s3
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{self.name.lower()}/"):
                for each in page.get("Contents", []):
                    s3.delete_object(Bucket=bucket, Key=each["Key"])
            s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
        finally:
            self._connection.close()


@contextmanager
def account(load: str) -> Iterator[Live]:
    """An account, cleared up in the end."""
    live = Live(load)
    try:
        yield live
    finally:
        live.close()
