"""A project's environment in the emulated account: its objects made, its users with keys, its stage in moto's S3."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from framework.deploy.desired import Desired, desired
from framework.project import Project, find
from tests.snowflake.running import BUCKET, Account, key_pair

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
               "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip


def environment(account: Account, load: str, public_key: str, **more: Any) -> dict[str, Any]:
    """What framework.yaml says of it."""
    return {
        "stage": {"type": "s3", "bucket": BUCKET, "prefix": "lake", "endpoint_url": account.s3_endpoint},
        "warehouse": {
            "type": "snowflake", "account": "emulator", "endpoint_url": f"http://127.0.0.1:{account.port}",
            "user": "LOADER", "private_key": "secret:snowflake#private_key", "role": "LOADER", "database": "LAKE",
            "warehouse": "WH",
            "load": load, "load_timeout": "1m",
        },
        "deploy": {
            "storage": {"aws_role_arn": "arn:aws:iam::111122223333:role/snowflake"},
            "users": {"loader": {"public_key": public_key}},
        },
    } | more  # fmt: skip


class Deployed:
    """The account's administrator, beside what is deployed."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._connection = snowflake.connector.connect(**account.parameters)
        self._cursor = self._connection.cursor()

    def apply(self, project: Project, name: str, sources: list[str]) -> Desired:
        """Every statement, in order, by the role that owns what it makes; the bucket's notification too."""
        wanted = desired(project, name, sources)
        role = ""
        self.run("USE ROLE ACCOUNTADMIN")
        for each in wanted.objects:
            if each.owner != role:
                role = each.owner
                self.run(f"USE ROLE {role}")
            self.run(each.ddl)
            if each.kind == "role":  # the administrator of these tests takes every role
                self.run(f"GRANT ROLE {each.name} TO USER ADMIN")
        self.run("USE ROLE ACCOUNTADMIN")
        for pipe in self.run(f"SHOW PIPES IN SCHEMA {wanted.account.schema('RAW')}"):
            channel = [value for value in pipe if str(value).startswith("arn:aws:sqs")]
            if channel:
                self.account.notify(str(channel[0]), f"{wanted.account.folder}source=")
        return wanted

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """One statement by the real connector."""
        return list(self._cursor.execute(statement).fetchall())

    def close(self) -> None:
        """Ends the session."""
        self._connection.close()

    @contextmanager
    def alive(self, seconds: float = 0.3) -> Iterator[None]:
        """Snowflake's own work goes on in the background."""
        done = threading.Event()

        def go() -> None:
            while not done.wait(seconds):
                self.account.pump()

        thread = threading.Thread(target=go)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def with_environment(folder: Path, name: str, settings: dict[str, Any]) -> Project:
    """The project in a folder with one more environment, whose sources are set up as in the first."""
    path = folder / "framework.yaml"
    written = json.loads(path.read_text(encoding="utf-8"))
    first = next(iter(written["environments"].values()))
    written["environments"][name] = {key: first[key] for key in ("hosts", "sources") if key in first} | settings
    path.write_text(json.dumps(written), encoding="utf-8")
    return find(folder)


def credentials(monkeypatch: pytest.MonkeyPatch) -> str:
    """Variables for the stage and the loader's private key; returns its public half."""
    public, private = key_pair()
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    from base64 import b64encode

    monkeypatch.setenv("SNOWFLAKE_PRIVATE_KEY", b64encode(private).decode())
    return public
