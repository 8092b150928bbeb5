"""A moto server for tests: S3, SQS, Secrets Manager, SSM, IAM on a free loopback port, in a process of its own."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_CODE = """
import sys, threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
ROOT = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Moto:
    """A running server."""

    def __init__(self, address: str) -> None:
        self.address = address

    def client(self, service: str, **named: Any) -> Any:
        """A client with all rights."""
        import boto3

        return boto3.client(service, endpoint_url=self.address, **{**ROOT, **named})

    def enforce(self, after: int = 0) -> None:
        """From so many requests on, policies and signatures count."""
        request = urllib.request.Request(
            f"{self.address}/moto-api/reset-auth", str(after).encode(), {"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(request).close()

    def trust(self) -> None:
        """Everybody may do everything, as at the start."""
        self.enforce(1_000_000_000)


@contextmanager
def serving(python: str = sys.executable) -> Iterator[Moto]:
    """The server, for as long as the block lasts, by a Python that has moto."""
    words = [python, "-W", "ignore", "-c", _CODE]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, text=True, **pipes) as process:
        try:
            line = process.stdout.readline()
            assert line, "moto did not start"
            yield Moto(f"http://127.0.0.1:{int(line)}")
        finally:
            process.stdin.close()
            process.wait(20)
            process.stdout.close()


def until(what: Any, seconds: float = 30.0) -> Any:
    """What a call returns once it returns something."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")
