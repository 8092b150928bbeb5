"""OAuth 2.0 against an authorization server that is not ours: npm oidc-provider, with rotation and short tokens."""

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from framework.project import find
from framework.run import Report, run
from framework.workspace import Options, Workspace
from tests.api import project, rows

FOLDER = Path(__file__).parent / "oidc"
NODE = shutil.which("node")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        NODE is None or not (FOLDER / "node_modules").is_dir(), reason="`make test-core` gets oidc-provider by npm"
    ),
]
LIFE = 3.0


class Server:
    """A running oidc-provider and the API beside it."""

    def __init__(self, told: dict[str, str]) -> None:
        self.address, self.refresh_token, self.secret = told["address"], told["refresh_token"], told["client_secret"]

    def seen(self) -> Any:
        """What was asked of it."""
        with urllib.request.urlopen(f"{self.address}/seen") as answer:
            return json.load(answer)


@contextmanager
def serving(life: float, pause_ms: int) -> Iterator[Server]:
    """The server, for as long as the block lasts."""
    words = [str(NODE), "server.mjs", f"{life:g}", str(pause_ms)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, cwd=FOLDER, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield Server(json.loads(line))
        finally:
            process.stdin.close()
            process.wait(10)


def spec(server: Server, slices: int, pages: int, **auth: Any) -> dict[str, Any]:
    """A stream of that many slices, each of that many pages."""
    client = {"token_url": f"{server.address}/token", "client_id": "ingestion"}
    return {
        "version": 1,
        "name": "api",
        "secrets": ["client_secret", "refresh_token"],
        "http": {
            "base_url": f"{server.address}/api",
            "rate_limit": {"concurrency": 8},
            "auth": {"type": "oauth2", "client_secret": "{{ secrets.client_secret }}", **client, **auth},
        },
        "streams": [
            {
                "name": "items",
                "for_each": {"values": [f"s{number}" for number in range(slices)], "as": "part"},
                "request": {"path": "/{{ part }}", "params": {"pages": pages}},
                "records": "items",
                "primary_key": ["id"],
                "pagination": {"type": "cursor", "next": "next", "param": "page"},
            }
        ],
    }


CONSENT = {"grant": "refresh_token", "refresh_token": "{{ secrets.refresh_token }}"}


def placed(folder: Path, source: dict[str, Any], server: Server) -> Path:
    """A project with the secrets that the server gave."""
    lines = [f"API_CLIENT_SECRET={server.secret}", f"API_REFRESH_TOKEN={server.refresh_token}", ""]
    project(folder, source)
    (folder / ".env").write_text("\n".join(lines), encoding="utf-8")
    return folder


def ran(folder: Path) -> Report:
    """One run, in this process."""
    return run(Workspace(find(folder).deployment("api")), Options())


def test_eight_slices_with_three_second_tokens_use_no_refresh_token_twice(tmp_path: Path) -> None:
    with serving(LIFE, 150) as server:
        folder = placed(tmp_path, spec(server, 8, 45, **CONSENT), server)
        began = time.monotonic()
        report = ran(folder)
        took = time.monotonic() - began
        seen = server.seen()
        assert report.status == "ok", report.problems()
        assert len(rows(folder, "select 1 from RAW_API_JSON")) == 360
        spent = [exchange["spent"] for exchange in seen["exchanges"]]
        assert seen["errors"] == []
        assert len(set(spent)) == len(spent), "a refresh token was used twice"
        assert spent[0] == server.refresh_token
        assert seen["refused"] <= 2, "each token was renewed before it expired, but for a machine that stalls"
        assert took > 2 * LIFE, "the test is to outlive several tokens"
        assert 3 <= len(spent) <= 1 + took / (LIFE * 0.75), f"needless refreshes: {len(spent)} in {took:.1f} s"
        assert 3 <= len(seen["tokens"]) <= len(spent)

        again = ran(folder)  # another process, as it were: it goes on where the first one ended
        assert again.status == "ok", again.problems()
        spent = [exchange["spent"] for exchange in server.seen()["exchanges"]]
        assert len(set(spent)) == len(spent)
        assert server.seen()["errors"] == []
        kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != ".env")
        assert not [word for word in [*spent, *seen["tokens"], server.secret] if word.encode() in kept]


def test_two_processes_share_one_chain(tmp_path: Path) -> None:
    with serving(LIFE, 100) as server:
        folder = placed(tmp_path, spec(server, 4, 20, **CONSENT), server)
        code = "import sys; from tests.auth.test_oidc_provider import tokens; tokens(sys.argv[1])"
        words = [sys.executable, "-c", code, str(folder)]
        processes = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(3)]
        ended = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
        assert ended == [("", 0)] * 3
        seen = server.seen()
        spent = [exchange["spent"] for exchange in seen["exchanges"]]
        assert seen["errors"] == []
        assert len(set(spent)) == len(spent)
        assert seen["refused"] <= 2
        first, last = seen["exchanges"][0]["at"], seen["exchanges"][-1]["at"]
        assert len(spent) <= 2 + (last - first) / 1000 / (LIFE * 0.75), "three processes refresh no more than one"


def tokens(folder: str) -> None:
    """Asks for pages for seven seconds: what a process of the test above does."""
    workspace = Workspace(find(Path(folder)).deployment("api"))
    client = workspace.client("run", workspace.now())
    ends = time.monotonic() + 7
    while time.monotonic() < ends:
        client.fetch(client.request("GET", "/s1"), [], json.loads)
    client.close()


def test_client_credentials(tmp_path: Path) -> None:
    with serving(LIFE, 100) as server:
        source = spec(server, 8, 12, grant="client_credentials", client_auth="post")
        source["secrets"] = ["client_secret"]
        source["http"]["auth"]["client_auth"] = "basic"
        folder = placed(tmp_path, source, server)
        report = ran(folder)
        seen = server.seen()
        assert report.status == "ok", report.problems()
        assert seen["errors"] == []
        assert seen["refused"] == 0
        assert 1 <= len(seen["exchanges"]) <= 3


def test_a_refresh_token_that_was_used_elsewhere_is_said(tmp_path: Path) -> None:
    with serving(LIFE, 10) as server:
        other = placed(tmp_path / "other", spec(server, 1, 1, **CONSENT), server)
        assert ran(other).status == "ok"
        report = ran(placed(tmp_path / "one", spec(server, 4, 1, **CONSENT), server))
        assert report.status == "failed"
        assert any("invalid_grant" in text and "new refresh token by consent" in text for text in report.problems())
        assert len(server.seen()["errors"]) == 1, "the server is asked once, not once a slice"
