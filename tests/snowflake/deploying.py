"""A project whose environment is an emulated account: its administrator, its deployer, and what is in it."""

import base64
import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import snowflake.connector
import yaml

from framework.deploy.desired import desired
from framework.project import Project, find
from tests.snowflake.running import BUCKET, ROOT, Account, key_pair

ROLE_ARN = "arn:aws:iam::111122223333:role/snowflake"
SPEC: dict[str, Any] = {
    "version": 1, "name": "api", "http": {"base_url": "https://api.example"},
    "streams": [
        {
            "name": "items", "request": {"path": "/items"}, "primary_key": ["id"],
            "clean": {"table": "CLN_ITEM", "columns": {
                "id": {"from": "id", "type": "integer"}, "amount": {"from": "amount", "type": "decimal(9,2)"},
            }},
        },
        {
            "name": "notes", "request": {"path": "/notes"}, "primary_key": ["id"],
            "clean": {"table": "CLN_NOTE", "refreshed_by": "run", "columns": {
                "id": {"from": "id"}, "text": {"from": "text", "personal_data": "free_text"},
            }},
        },
        {
            "name": "lags", "request": {"path": "/lags"}, "primary_key": ["id"],
            "clean": {"table": "CLN_LAG", "refreshed_by": "dynamic_table", "columns": {"id": {"from": "id"}}},
        },
        {
            "name": "gone", "request": {"path": "/gone"}, "primary_key": ["id"],
            "clean": {"table": "CLN_GONE", "delete_when": "deleted", "columns": {"id": {"from": "id"}}},
        },
    ],
    "analytics": [
        {"table": "ANL_TOTAL", "sql": "select sum(amount) as total from {{ ref('CLN_ITEM') }}"},
        {"table": "ANL_VIEW", "as": "view", "sql": "select id from {{ ref('CLN_GONE') }}"},
        {"table": "ANL_TABLE", "as": "table", "sql": "select id, amount from {{ ref('CLN_ITEM') }}"},
    ],
}  # fmt: skip
"""A source with every kind of object."""


@dataclass
class Site:
    """One project in one emulated account."""

    folder: Path
    account: Account
    environment: dict[str, Any]
    specs: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        return find(self.folder)

    def write(self, *specs: dict[str, Any], **environment: Any) -> None:
        """framework.yaml with these changes, and exactly these specs."""
        for key, value in environment.items():
            self.environment[key] = {**self.environment[key], **value}
        sources = self.folder / "sources"
        sources.mkdir(parents=True, exist_ok=True)
        for old in sources.glob("*.yaml"):
            old.unlink()
        for spec in specs:
            (sources / f"{spec['name']}.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
        written = {"version": 1, "project": "lake", "default_environment": "snow", "environments": {
            "snow": self.environment}}  # fmt: skip
        (self.folder / "framework.yaml").write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")

    @contextmanager
    def admin(self) -> Iterator[Any]:
        with snowflake.connector.connect(**self.account.parameters) as connection, connection.cursor() as cursor:
            yield cursor

    def administer(self) -> None:
        """What the administrator's script says, each statement by the role that it names."""
        wanted = desired(self.project, "snow")
        with self.admin() as cursor:
            for each in wanted.of("admin"):
                cursor.execute(f"USE ROLE {each.owner}")
                cursor.execute(each.ddl)

    def framework(self, *words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
        """`framework deploy …` as a process."""
        command = [python, "-m", "framework.cli", "deploy", *words, "--project", str(self.folder)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    def run(self, sql: str, role: str = "LAKE_DEPLOYER") -> list[tuple[Any, ...]]:
        """One statement by a role."""
        with self.admin() as cursor:
            cursor.execute(f"USE ROLE {role}")
            return list(cursor.execute(sql).fetchall())

    def land(self, name: str, stream: str, *records: dict[str, Any], day: str = "") -> str:
        """A part in the bucket. Returns its key."""
        lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)
        at = day or self.account.now()[:10]
        key = f"lake/source=api/dt={at}/hour=00/part-{stream}-{name}-0-0.jsonl.gz"
        self.account.client("s3").put_object(Bucket=BUCKET, Key=key, Body=gzip.compress(lines))
        return key

    def subscribe(self) -> None:
        """The bucket's events go to the pipes' queue."""
        with self.admin() as cursor:
            cursor.execute("USE ROLE LAKE_DEPLOYER")
            rows = cursor.execute("SHOW PIPES IN DATABASE LAKE").fetchall()
            names = [column[0] for column in cursor.description]
        self.account.notify(dict(zip(names, rows[0], strict=True))["notification_channel"], "lake/source=")

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Snowflake does its own work meanwhile."""
        over = threading.Event()

        def work() -> None:
            while not over.wait(0.3):
                self.account.pump()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def changes(self) -> list[str]:
        """The statements since the last `forget` that change something, without the journal's own."""
        return [
            each["sql"]
            for each in self.account.statements()
            if each["sql"].split(" ", 1)[0].upper() not in ("SELECT", "SHOW", "DESC", "LIST", "USE", "BEGIN", "COMMIT")
            and "ALTER SESSION" not in each["sql"]
            and not each["sql"].startswith("INSERT INTO LAKE.OPS._INGEST_DEPLOYMENTS")
        ]


def site(folder: Path, account: Account, *specs: dict[str, Any], load: str = "snowpipe", **deploy: Any) -> Site:
    """Written and administered; nothing is deployed yet."""
    users: dict[str, Any] = {}
    lines = []
    for who in ("loader", "deployer"):
        public, private = key_pair()
        users[who] = {"public_key": public}
        lines.append(f"SNOWFLAKE_{who.upper()}={base64.b64encode(private).decode()}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".env").write_text("\n".join(lines) + "\n", encoding="utf-8")
    environment = {
        "stage": {"type": "s3", "bucket": BUCKET},
        "warehouse": {
            "type": "snowflake", "account": "emulator", "user": "LOADER", "private_key": "secret:snowflake#loader",
            "database": "LAKE", "warehouse": "WH", "role": "LOADER", "load": load,
            "endpoint_url": f"http://127.0.0.1:{account.port}",
        },
        "deploy": {"private_key": "secret:snowflake#deployer", "users": users, "storage": {"aws_role_arn": ROLE_ARN},
                   **deploy},
    }  # fmt: skip
    made = Site(folder, account, environment)
    made.write(*specs)
    made.administer()
    account.forget()
    return made
