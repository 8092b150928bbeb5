"""What APIs and machines do wrong: one clear message, nothing half loaded, and the next run makes it whole."""

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.api import Answer, Seen, framework, project, raw, rows, serving, spec

pytestmark = pytest.mark.slow

GOOD = {"items": [{"id": 1}, {"id": 2}]}
PACKED = gzip.compress(json.dumps(GOOD).encode())
HALF = gzip.compress(b'{"items": [{"id": 1}') + gzip.compress(b', {"id": 2}]}')
GZIP = {"Content-Encoding": "gzip"}
CURSOR = {"pagination": {"type": "cursor", "next": "next", "param": "cursor"}}
OTHER = {"name": "others", "request": {"path": "/others"}}


def repeated(seen: Seen) -> Any:
    """The cursor of the second page leads to the second page."""
    return {"items": [{"id": seen.params.get("cursor", "0")}], "next": "again"}


CASES: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "a wrong path": ({"data": {"rows": []}}, {}, ["no records at 'items'", "the body has 'data'", "Correct `records`"]),
    "a path to no list": ({"items": 3}, {}, ["no records at 'items'"]),
    "records that are no objects": ({"items": [1]}, {}, ["record 1 of the page is a plain value", "check `records`"]),
    "HTML": (b"<!DOCTYPE html><title>Log in</title>", {}, ["HTML page titled 'Log in'", "after 1 tr"]),
    "nothing": (b"", {}, ["the body is empty"]),
    "half a page": (b'{"items": [{"id"', {}, ["ends in the middle of the JSON"]),
    "not UTF-8": (b'{"items": [{"id": "\xff"}]}', {}, ["the body is not UTF-8"]),
    "a broken connection": (Answer(GOOD, send=9), {}, ["the connection broke"]),
    "a broken chunk": (Answer(GOOD, send=9, chunked=True), {}, ["the connection broke"]),
    "half a gzip": (Answer(PACKED[:-9], headers=GZIP), {}, ["the gzip body ends too early"]),
    "a gzip cut between members": (Answer(HALF[:60], headers=GZIP), {}, ["gzip body"]),
    "no gzip": (Answer(b'{"items": []}', headers=GZIP), {}, ["can't be unpacked as gzip"]),
    "a cursor that repeats": (repeated, CURSOR, ["the cursor repeats", "cursor=again"]),
    "a page that repeats": (
        lambda seen: {"items": [{"id": 1}], "next": len(api_seen)},
        CURSOR,
        ["the same as on the page before"],
    ),
    "no key": ({"items": [{"id": 1}, {"nr": 2}]}, {}, ["record 2 of the page has no 'id'", "primary_key"]),
    "a key that is null": ({"items": [{"id": None}]}, {}, ["record 1 of the page has no 'id'"]),
    "fewer records than the total": (
        lambda seen: {"items": [{"id": 1}] if seen.params["page"] == "1" else [], "total": 7},
        {"pagination": {"type": "page_number", "param": "page", "total_records": "total"}},
        ["the API says 7 records and sent 1"],
    ),
    "not found": (Answer({"error": "no such thing"}, 404), {}, ["status 404 Not Found", "no such thing"]),
    "forbidden": (Answer(b"", 403), {}, ["403", "check their scopes"]),
    "unauthorized": (Answer(b"", 401), {}, ["401", "check `http.auth`"]),
    "down": (Answer(b"", 503), {}, ["503", "gave up after 1"]),
    "a long pause": (Answer(b"", 429, {"Retry-After": "9999"}), {"attempts": 3}, ["asks to wait 9999 s", "max_wait"]),
}
api_seen: list[Any] = []


@pytest.mark.parametrize("case", CASES)
def test_a_failed_slice_says_why_and_loads_nothing(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, stream, wanted = CASES[case]
    attempts = stream.get("attempts", 1)
    stream = {key: value for key, value in stream.items() if key != "attempts"}

    def answer(seen: Seen) -> Any:
        if seen.path == "/others":
            return GOOD
        return bad(seen) if callable(bad) else bad

    with serving(answer) as api:
        global api_seen  # noqa: PLW0603 - a page that repeats counts its requests
        api_seen = api.seen
        http = {"retry": {"attempts": attempts, "max_wait": "1s"}}
        project(tmp_path, spec(api.address, stream, OTHER, http=http))
        assert framework(tmp_path, "run", "api") == 1
        said = capsys.readouterr().out
        about = [line for line in said.splitlines() if "✗ api.items" in line]
        assert len(about) == 1, said
        for text in (*wanted, "GET http://127.0.0.1"):
            assert text in about[0]
        assert raw(tmp_path) == []
        assert len(raw(tmp_path, "others")) == 2  # what failed holds nothing else back

        api.answer = lambda seen: GOOD
        project(tmp_path, spec(api.address, {}, OTHER))
        assert framework(tmp_path, "run", "api") == 0
        assert raw(tmp_path) == ['{"id": 1}', '{"id": 2}']


def test_an_empty_page_in_the_middle_ends_nothing(tmp_path: Path) -> None:
    pages = {"": ([1], "b"), "b": ([], "c"), "c": ([2], None)}

    def answer(seen: Seen) -> Any:
        ids, following = pages[seen.params.get("cursor", "")]
        return {"items": [{"id": number} for number in ids], "next": following}

    with serving(answer) as api:
        project(tmp_path, spec(api.address, CURSOR))
        assert framework(tmp_path, "run", "api") == 0
    assert raw(tmp_path) == ['{"id": 1}', '{"id": 2}']


@pytest.mark.parametrize("scope", ["stream", "partition"])
def test_an_empty_answer_does_not_empty_a_table(scope: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean = {"table": "CLN_ITEM", "mode": "replace", "scope": scope}
    stream = {"clean": clean} | ({"for_each": {"values": ["x"], "as": "x"}} if scope == "partition" else {})
    with serving(lambda seen: GOOD) as api:
        project(tmp_path, spec(api.address, stream))
        assert framework(tmp_path, "run", "api") == 0
        api.answer = lambda seen: {"items": []}
        assert framework(tmp_path, "run", "api") == 0
        assert "old rows are kept" in capsys.readouterr().out
        assert rows(tmp_path, "select count(*) from CLN_ITEM") == [(2,)]
        clean["allow_empty"] = True  # type: ignore[assignment]
        project(tmp_path, spec(api.address, stream))
        assert framework(tmp_path, "run", "api") == 0
    assert rows(tmp_path, "select count(*) from CLN_ITEM") == [(0,)]


OAUTH = {
    "auth": {
        "type": "oauth2",
        "grant": "client_credentials",
        "token_url": "{{ config.address }}/token",
        "client_id": "me",
        "client_secret": "{{ secrets.client_secret }}",
    }
}


def test_a_token_that_expires_mid_run_is_renewed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_CLIENT_SECRET", "not-to-be-seen")
    tokens: list[str] = []

    def answer(seen: Seen) -> Any:
        if seen.path == "/token":
            tokens.append(f"token-{len(tokens)}")
            return {"access_token": tokens[-1], "expires_in": 3600}
        if seen.headers["authorization"] != f"Bearer {tokens[-1]}" or (seen.params["x"] == "7" and len(tokens) == 1):
            return Answer({"error": "expired"}, 401)
        return {"items": [{"id": seen.params["x"]}]}

    values = [str(number) for number in range(30)]
    stream = {"for_each": {"values": values, "as": "x"}, "request": {"path": "/items", "params": {"x": "{{ x }}"}}}
    with serving(answer) as api:
        config = {"address": {"type": "string", "default": api.address}}
        project(tmp_path, spec(api.address, stream, http=OAUTH, config=config, secrets=["client_secret"]))
        assert framework(tmp_path, "run", "api") == 0
    assert len(tokens) == 2
    assert len(raw(tmp_path)) == 30


def test_a_secret_is_hidden_in_every_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_KEY", "not to/be seen")
    http = {"auth": {"type": "api_key", "param": "key", "value": "{{ secrets.key }}"}}
    with serving(lambda seen: Answer({"you sent": seen.params}, 400)) as api:
        project(tmp_path, spec(api.address, {}, http=http, secrets=["key"]))
        assert framework(tmp_path, "run", "api") == 1
    said = capsys.readouterr()
    assert "***" in said.out
    for path in [tmp_path / "framework.yaml", *(tmp_path / ".data").rglob("*")]:
        text = path.read_bytes().decode(errors="replace") if path.is_file() else ""
        for shape in ("not to/be seen", "not%20to%2Fbe%20seen", "not+to%2Fbe+seen", "not%20to/be"):
            assert shape not in text + said.out + said.err


def test_a_missing_secret_is_said_before_anything_is_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    http = {"auth": {"type": "bearer", "token": "{{ secrets.token }}"}}
    with serving(lambda seen: GOOD) as api:
        project(tmp_path, spec(api.address, {}, http=http, secrets=["token"]))
        assert framework(tmp_path, "run", "api") == 1
        assert api.seen == []
    said = capsys.readouterr()
    assert "API_TOKEN" in said.out + said.err


CHILD = [sys.executable, "-m", "framework.cli"]


def limited() -> None:
    """No file may grow beyond 256 KB: what a full disk does to a write, without filling one."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 << 10, 256 << 10))


def test_a_full_disk_is_said_and_nothing_half_stays(tmp_path: Path) -> None:
    page = {"items": [{"id": number, "noise": os.urandom(64).hex()} for number in range(10_000)]}
    with serving(lambda seen: page) as api:
        project(tmp_path, spec(api.address, {}))
        words = [*CHILD, "run", "api", "--project", str(tmp_path)]
        done = subprocess.run(words, preexec_fn=limited, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "api.items: " in done.stderr
        assert "Free some space and run again" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert not list((tmp_path / ".data").rglob("*.jsonl.gz"))
        assert framework(tmp_path, "run", "api") == 0
    assert len(raw(tmp_path)) == 10_000


def test_the_second_of_two_runs_at_the_same_time_is_refused(tmp_path: Path) -> None:
    """Both read the same window; the one that commits later finds that out."""
    both = threading.Barrier(2, timeout=30)

    def answer(seen: Seen) -> Any:
        both.wait()
        return {"items": [{"id": 1, "at": "2026-01-01T00:00:00Z"}]}

    stream = {
        "request": {"path": "/items", "params": {"since": "{{ window.start }}", "until": "{{ window.end }}"}},
        "incremental": {"cursor": "at", "start": "2026-01-01"},
    }
    with serving(answer) as api:
        project(tmp_path, spec(api.address, stream))
        words = [*CHILD, "run", "api", "--project", str(tmp_path)]
        runs = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        said = [run.communicate(timeout=60) for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 1], said
    refused = next(text for run, (_, text) in zip(runs, said, strict=True) if run.returncode)
    assert "worked on the same data at the same time" in refused
    assert "api.items" in refused
    assert len(list((tmp_path / ".data").rglob("*.jsonl.gz"))) == 1
    assert len(raw(tmp_path)) == 1


def test_ctrl_c_keeps_what_is_committed_and_the_next_run_goes_on(tmp_path: Path) -> None:
    slow = threading.Event()

    def answer(seen: Seen) -> Any:
        if seen.params["x"] == "3" and not slow.is_set():
            slow.wait(20)
        return {"items": [{"id": seen.params["x"]}]}

    values = [str(number) for number in range(4)]
    stream = {"for_each": {"values": values, "as": "x"}, "request": {"path": "/items", "params": {"x": "{{ x }}"}}}
    with serving(answer) as api:
        project(tmp_path, spec(api.address, stream, http={"rate_limit": {"concurrency": 1}}))
        words = [*CHILD, "run", "api", "--project", str(tmp_path)]
        with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
            while len(api.seen) < 4:
                time.sleep(0.02)
            run.send_signal(signal.SIGINT)
            time.sleep(1.5)
            slow.set()
            _, said = run.communicate(timeout=60)
        assert run.returncode == 130
        assert "Stopped. What is committed stays" in said
        assert "Traceback" not in said
        logged = [json.loads(path.read_text()) for path in (tmp_path / ".data").rglob("0000*.json")]
        assert [len(entry["slices"]) for entry in logged if entry["kind"] == "slices"] == [3]
        assert framework(tmp_path, "run", "api") == 0
    assert {json.loads(text)["id"] for text in raw(tmp_path)} == {"0", "1", "2", "3"}
