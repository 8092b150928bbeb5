"""The emulated Snowflake account and its cloud, started, asked and stopped: what tests of other parts use too."""

import base64
import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-snowflake" / "bin" / "python"
"""The emulator's own environment; it also holds the older connector."""
BUCKET = "landing"
EXPLICIT: dict[str, Any] = {"enable_server_session_keep_alive_auto_detection": False}
"""What the newer connector wants to be told."""
if int(version("snowflake-connector-python").split(".")[0]) < 5:
    EXPLICIT.clear()
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"  # the connector asks for the cloud it runs on


@dataclass
class Account:
    """An emulated account: how to connect to it, and what a test may ask of the emulator itself."""

    port: int
    s3_endpoint: str
    parameters: dict[str, Any] = field(init=False)
    """For snowflake.connector.connect: the account's admin."""

    def __post_init__(self) -> None:
        self.parameters = {
            "account": "emulator", "user": "ADMIN", "password": "any", "host": "127.0.0.1", "port": self.port,
            "protocol": "http", "login_timeout": 30,
            "session_parameters": {"CLIENT_TELEMETRY_ENABLED": False},
        }  # fmt: skip
        self.parameters |= EXPLICIT

    def client(self, service: str) -> Any:
        """boto3's s3, sqs, sns of the account's cloud."""
        return boto3.client(service, endpoint_url=self.s3_endpoint, region_name="us-east-1",
                            aws_access_key_id="test", aws_secret_access_key="test")  # fmt: skip

    def ask(self, verb: str, body: Any = None, method: str = "POST") -> Any:
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/emulator/{verb}", data, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def statements(self) -> list[dict[str, Any]]:
        """Every statement since the last `forget`: id, sql, user, role, tag, error."""
        return list(self.ask("statements", method="GET"))

    def forget(self) -> None:
        self.ask("statements", method="DELETE")

    def trouble(self, at: int, how: str = "refuse", matching: str = "") -> None:
        """At the n-th statement from now (of those that hold `matching`): `refuse` it, run it and `lose` the answer,
        or run it and `hold` the answer, so that the client can be killed. at=0: no trouble."""
        self.ask("trouble", {"at": at, "how": how, "matching": matching})

    def pump(self) -> dict[str, int]:
        """Let Snowflake's own work be done: events → pipes → triggered tasks → dynamic tables."""
        return dict(self.ask("pump"))

    def pass_time(self, *, days: float = 0, seconds: float = 0) -> None:
        self.ask("clock", {"seconds": days * 86400 + seconds})

    def now(self) -> str:
        """The account's own time, ISO 8601."""
        return str(self.ask("clock", {"seconds": 0})["now"])

    def reset(self) -> None:
        """An empty account and an empty cloud with one bucket."""
        self.ask("reset")
        urllib.request.urlopen(urllib.request.Request(f"{self.s3_endpoint}/moto-api/reset", b""), timeout=60).close()
        self.client("s3").create_bucket(Bucket=BUCKET)

    def notify(self, channel: str, prefix: str, suffix: str = ".jsonl.gz") -> None:
        """The bucket's events of a prefix → a pipe's notification_channel: the step that a cloud's admin does."""
        rules = [{"Name": "prefix", "Value": prefix}, {"Name": "suffix", "Value": suffix}]
        made = {"QueueArn": channel, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
        self.client("s3").put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [made]}
        )


@contextmanager
def process(*command: str) -> Iterator[str]:
    """A server that prints its port and is stopped at the end; gives its first line."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        try:
            line = running.stdout.readline().strip()
            assert line, f"{command} did not start"
            yield line
        finally:
            running.terminate()
            running.wait(timeout=30)


@contextmanager
def account(*options: str) -> Iterator[Account]:
    """moto and the emulator, each its own process."""
    assert PYTHON.exists(), "make .venv-snowflake/.ready sets up what the emulator needs"
    with process(str(ROOT / ".venv" / "bin" / "python"), "-m", "tests.snowflake.cloud") as cloud:
        endpoint = f"http://127.0.0.1:{cloud}"
        with process(str(PYTHON), "-m", "tests.snowflake.emulator", "--s3-endpoint", endpoint, *options) as port:
            yield Account(int(port), endpoint)


def key_pair() -> tuple[str, bytes]:
    """A new RSA key: what RSA_PUBLIC_KEY takes, and the private key in DER as the connector takes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(public).decode(), private
