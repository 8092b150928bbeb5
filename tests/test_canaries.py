"""A value of chance in every secret: after runs that went well and that failed, no file, table, page, output or command
line of a process holds it."""

import base64
import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from dag_factory.render import render
from tests import moto
from tests.api import Answer, Seen, project, serving, spec
from tests.stages import places

pytestmark = pytest.mark.slow
NAMES = ("client_id", "client_secret", "refresh_token", "header", "webhook")


def shapes(value: str) -> list[bytes]:
    """As it is, in a URL, and in base64 at any offset."""
    encoded = [base64.b64encode(b"x" * pad + value.encode())[pad + 2 : -4] for pad in range(3)]
    return [value.encode(), quote(value, safe="").encode(), *encoded]


def leaks(text: bytes, canaries: dict[str, str]) -> list[str]:
    """The names of the secrets that a text holds."""
    return [name for name, value in canaries.items() if any(shape in text for shape in shapes(value))]


class Api:
    """OAuth with tokens that rotate, and records; what it hands out is secret too."""

    def __init__(self, canaries: dict[str, str]) -> None:
        self.canaries, self.count = canaries, 0
        self.commands: set[bytes] = set()
        self.refuse = False

    def __call__(self, seen: Seen) -> Any:
        self.commands |= commands()
        if seen.path == "/token":
            self.count += 1
            access, refresh = f"access+{secrets.token_hex(12)}", f"refresh/{secrets.token_hex(12)}"
            self.canaries |= {f"access {self.count}": access, f"refresh {self.count}": refresh}
            return {"access_token": access, "refresh_token": refresh, "expires_in": 3600}
        if self.refuse:  # an API that says back what it was sent
            told = " ".join([*seen.headers.values(), *seen.params.values()])
            return Answer({"error": f"refused {told}"}, status=403)
        return {"items": [{"id": 1}, {"id": 2}]}


def commands() -> set[bytes]:
    """The command lines of all processes of this user, as ps shows them."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.add(path.read_bytes())
        except OSError:
            continue
    return found


def source(address: str) -> dict[str, Any]:
    """Secrets in every place that takes one."""
    auth = {
        "type": "oauth2", "grant": "refresh_token", "token_url": f"{address}/token",
        "client_id": "{{ secrets.client_id }}", "client_secret": "{{ secrets.client_secret }}",
        "refresh_token": "{{ secrets.refresh_token }}",
    }  # fmt: skip
    made = spec(address, {"request": {"path": "/items", "params": {"key": "{{ secrets.header }}"}}})
    made["secrets"] = ["client_id", "client_secret", "refresh_token", "header"]
    made["http"] |= {"auth": auth, "headers": {"X-Key": "{{ secrets.header }}"}}
    return made


def everything(folder: Path, stage: Any) -> bytes:
    """All that a run leaves behind: the project's files, the database among them, and the stage's objects."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return b"\n".join([*files, *stage])


def test_no_secret_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canaries = {name: f"{name[:3]}+canary/{secrets.token_hex(12)}" for name in NAMES}
    api = Api(canaries)
    with moto.serving() as aws, places.s3(aws) as place, serving(api) as served:
        store = {"type": "aws_secrets_manager", "endpoint_url": aws.address, "write_back": True}
        client = aws.client("secretsmanager")
        client.create_secret(Name="api", SecretString=json.dumps(canaries))
        keys = {"access_key_id": f"AK{secrets.token_hex(8)}", "secret_access_key": secrets.token_hex(20)}
        canaries |= keys
        client.create_secret(Name="aws", SecretString=json.dumps(keys))
        client.create_secret(Name="alerts", SecretString=json.dumps({"url": f"{served.address}/{canaries['webhook']}"}))
        stage = place.settings | {name: f"secret:aws#{name}" for name in keys}
        alerts = [{"type": "slack", "url": "secret:alerts#url"}]
        folder = project(tmp_path / "project", source(served.address), stage=stage, secrets=store, alerts=alerts)
        environment = {**os.environ, **place.environment, "PYTHONPATH": str(Path.cwd())}
        said = b""
        for refuse, verbs in ((False, ["run api", "doctor", "policy"]), (True, ["run api", "plan api", "check api"])):
            api.refuse = refuse
            for verb in verbs:
                words = [sys.executable, "-m", "framework.cli", *verb.split(), "--project", str(folder)]
                done = subprocess.run(words, env=environment, capture_output=True, check=False)
                said += done.stdout + done.stderr
                assert done.returncode == int(refuse and verb in ("run api",)), done.stderr.decode()
                assert leaks(done.stdout + done.stderr, canaries) == [], verb
        assert b"403" in said, "the refusal was told, less what it held"
        render(folder, None, folder / "dags")
        listed = aws.client("s3")
        objects = [
            listed.get_object(Bucket=stage["bucket"], Key=found["Key"])["Body"].read() + found["Key"].encode()
            for found in listed.list_objects_v2(Bucket=stage["bucket"])["Contents"]
        ]
        assert len(objects) > 3
        assert leaks(everything(folder, objects), canaries) == []
        assert api.count == 1, "the second run goes on with the token that was kept"
        assert any(b"framework.cli" in each for each in api.commands)
        assert leaks(b"\n".join(api.commands), canaries) == []
        kept = json.loads(client.get_secret_value(SecretId="api")["SecretString"])
        assert kept["refresh_token"] == canaries["refresh 1"], "it was put back into the store"
        assert kept["client_id"] == canaries["client_id"]
        assert re.search(rb"\*\*\*", said), "secrets print as ***"
