"""`framework explain`: what is said, that it is what a run would do, and that it needs neither network nor secrets."""

import json
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from framework.cli import main
from framework.explain import key
from framework.explain.place import path_at
from framework.explain.schedule import about, cron_in_words, next_runs
from framework.explain.source import explained
from framework.explain.stand_in import hidden
from framework.explain.text import text
from framework.plan import Request
from framework.project import find
from framework.spec import Schedule, Source
from framework.spec_file import load

ROOT = Path(__file__).parents[2]
FILES = sorted(path for part in ("sources", "tests/specs/good") for path in (ROOT / part).glob("*.yaml"))
SHOP = ROOT / "sources" / "shop.yaml"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, and no secret to be had."""

    def refuse(*_: Any) -> NoReturn:
        raise AssertionError("explain must not open a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr("framework.secrets.env._Environment.get", refuse)
    monkeypatch.setenv("COLUMNS", "100")


def said(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main(["explain", *map(str, words)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def facts(path: Path, asked: Request | None = None) -> dict[str, Any]:
    deployment = find(path.parent).deployment(str(path))
    return explained(deployment, NOW, asked or Request())


def stream(path: Path, name: str, asked: Request | None = None) -> dict[str, Any]:
    return next(each for each in facts(path, asked)["streams"] if each["name"] == name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_explained(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, path)
    held = facts(path)
    assert all(f"\n{each['name']}" in out and each["requests"] for each in held["streams"])
    assert not [line for line in out.splitlines() if len(line) > 100 and "←" not in line]
    for letter in "kQ":
        assert letter * 8 not in json.dumps(held), "what stands in for secrets is seen"
    assert "~" not in json.dumps([each["requests"] for each in held["streams"]]), "a stand-in is not shown as one"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_line_of_every_file_is_explained(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines, 1) if re.match(r"\w+:", line))
    document = load(path).document
    for number in range(first, len(lines) + 1):
        at = path_at(document, number)
        told = key.explained(Source, document.values, at)
        assert told, f"line {number}: {at}"
        assert told["means"]
    for number in {first, len(lines) // 2, len(lines)}:
        assert said(capsys, f"{path}:{max(number, first)}", "--format", "json").startswith("{")


def test_the_first_requests_are_those_of_a_run() -> None:
    asked = Request(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 10, tzinfo=UTC))
    orders = stream(SHOP, "orders", asked)
    base = "https://eu.shop.example/v2/orders?status=any"
    window = "updated_since=2026-01-01T00:00:00Z&updated_before=2026-01-08T00:00:00Z&limit=500"
    assert [request["url"] for request in orders["requests"]] == [
        f"{base}&{window}",
        f"{base}&{window}&cursor=<meta.next_cursor>",
    ]
    assert orders["slices"] == {
        "count": 2,
        "words": "2 slices",
        "first": [
            "[2026-01-01T00:00:00Z, 2026-01-08T00:00:00Z)",
            "[2026-01-08T00:00:00Z, 2026-01-10T00:00:00Z)",
        ],
    }


def test_a_child_is_explained_before_its_parent_was_read() -> None:
    lines = stream(SHOP, "order_lines")
    assert lines["requests"][0]["url"] == "https://eu.shop.example/v2/orders/<order.id>/lines?limit=500"
    assert lines["slices"]["words"] == "1 slice for each record of orders"
    assert lines["repeated_for"] == ["each record of orders that changed since it last got through, as order"]


def test_values_and_stand_ins_together() -> None:
    issues = stream(ROOT / "tests/specs/good/for_each_products.yaml", "issues")
    assert issues["slices"]["first"] == ['repo=<repo>, state="open"', 'repo=<repo>, state="closed"']
    assert issues["requests"][0]["url"].endswith("/repos/<org.login>/<repo.name>/issues?state=open&plan=<org.plan>")


def test_the_steps_of_a_job() -> None:
    found = stream(ROOT / "tests/specs/good/job.yaml", "report")["requests"]
    assert [(each["what"], each["method"], each["url"]) for each in found] == [
        ("job: create", "POST", "https://api.acme.example/v1/exports"),
        ("job: poll", "GET", "https://api.acme.example/v1/exports/<job.created.id>"),
        ("first page", "GET", "<job.polled.url>"),
    ]


def test_tables_and_columns_are_those_that_are_made() -> None:
    table = stream(SHOP, "stock")["table"]
    assert (table["name"], table["mode"]) == ("CLN_STOCK", "replace")
    assert [column["name"] for column in table["columns"]] == ["warehouse", "sku", "location", "payload"]


SECRETIVE = """
version: 1
name: acme
secrets: [token, user]
config: {{region: {{type: string}}}}
http:
  base_url: https://api.acme.example
  headers: {{X-Signed: "{{{{ (secrets.user ~ ':' ~ secrets.token) | b64encode }}}}", X-Plain: "a"}}
  auth: {auth}
streams:
  - name: things
    request:
      path: /things
      method: POST
      params: {{region: "{{{{ config.region }}}}"}}
      json: {{by: "{{{{ secrets.user }}}}", of: {{k: "user-{{{{ secrets.user }}}}/x"}}}}
"""


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ('{type: bearer, token: "{{ secrets.token }}", prefix: SSWS}', "bearer: A token in the Authorization header – "
         "token=***, prefix=SSWS"),
        ('{type: api_key, param: key, value: "{{ secrets.token }}"}', "api_key: A key in a header or a query "
         "parameter: write `header` or `param` – value=***, param=key"),
    ],
)  # fmt: skip
def test_secrets_are_stars_whatever_is_made_of_them(tmp_path: Path, auth: str, words: str) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(SECRETIVE.format(auth=auth), encoding="utf-8")
    held = facts(path)
    request = held["streams"][0]["requests"][0]
    assert request["url"] == "https://api.acme.example/things?region=<config.region>"
    assert request["headers"] == {"X-Signed": "***", "X-Plain": "a"}
    assert request["json"] == {"by": "***", "of": {"k": "user-***/x"}}
    assert words in held["api"]


def test_hidden_keeps_what_is_common() -> None:
    assert hidden("Bearer kkkk", "Bearer QQQQ") == "Bearer ***"
    assert hidden("same", "same") == "same"
    assert hidden("https://a/kk/b", "https://a/QQ/b") == "https://a/***/b"
    assert hidden("kk", "QQ") == "***"
    assert hidden("kka", "QQQa") == "***"


def test_a_hook_is_named_and_not_called(tmp_path: Path) -> None:
    (tmp_path / "acme.py").write_text("def change(request, values):\n    raise SystemExit\n", encoding="utf-8")
    spec = "version: 1\nname: acme\nhttp: {base_url: https://a.example}\nstreams:\n"
    path = tmp_path / "acme.yaml"
    path.write_text(f"{spec}  - {{name: a, request: {{path: /a, hook: 'acme.py:change'}}}}\n", encoding="utf-8")
    assert facts(path)["streams"][0]["requests"][0]["hook"] == "acme.py:change"


def test_a_template_that_calculates_with_what_is_unknown_is_shown_as_written(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(
        "version: 1\nname: acme\nhttp: {base_url: https://a.example}\nstreams:\n"
        "  - {name: a, request: {path: /a}, primary_key: [id]}\n"
        "  - {name: b, for_each: {stream: a, as: a}, request: {path: '/b/{{ a.id + 1 }}'}}\n",
        encoding="utf-8",
    )
    request = facts(path)["streams"][1]["requests"][0]
    assert (request["url"], "problem" in request) == ("/b/{{ a.id + 1 }}", True)


def test_the_environment_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "acme.yaml").write_text(
        "version: 1\nname: acme\nconfig: {region: {type: string, default: eu}}\n"
        "http: {base_url: 'https://{{ config.region }}.example'}\nstreams: [{name: a, request: {path: /a}}]\n",
        encoding="utf-8",
    )
    (tmp_path / "framework.yaml").write_text(
        "version: 1\nsources: .\ndefault_environment: dev\n"
        "environments: {dev: {}, prod: {sources: {acme: {config: {region: us}, schedule: {cron: '@daily'}}}}}\n",
        encoding="utf-8",
    )
    assert "GET https://eu.example/a" in said(capsys, tmp_path / "acme.yaml")
    assert "GET https://us.example/a" in said(capsys, tmp_path / "acme.yaml", "--env", "prod")


def test_a_file_with_errors_is_not_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text("version: 1\nname: acme\nhttp:\n  base_url: ftp://x\nstreams: []\n", encoding="utf-8")
    assert main(["explain", str(path)]) == 1
    assert "acme.yaml:4:13: E105" in capsys.readouterr().err
    assert "What every stream's path is appended to." in said(capsys, f"{path}:4")


# A line


KEYS = {
    "lookback": ("streams[0].incremental.lookback", ["Read this much again", "default      0s", "in force     1h"]),
    "  auth:": ("http.auth", ["client_credentials", "scopes: [\"read\"]", "prefix: Bearer (default)"]),
    "cron:": ("schedule.cron", ["Minute, hour, day of month", "none: it must be written", "15 * * * *"]),
    "mode: merge": ("streams[0].clean.mode", ["append · merge · replace · history", "default      merge"]),
    "pagination: {type: cursor": ("defaults.pagination", ["page_size: {\"param\": \"limit\", \"value\": 500}"]),
    "customer_id:": ("streams[0].clean.columns.customer_id", ["from: customer.id", "type: integer"]),
}  # fmt: skip


@pytest.mark.parametrize("word", KEYS)
def test_a_key_by_its_line(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = SHOP.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if word in line)
    name, wanted = KEYS[word]
    out = said(capsys, f"{SHOP}:{number}")
    assert out.startswith(f"{name}  {SHOP}:{number}\n")
    assert [each for each in wanted if each not in out] == []


def test_a_column_tells_keys_of_one_line_apart(capsys: pytest.CaptureFixture[str]) -> None:
    lines = SHOP.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "checks: {" in line)
    column = lines[number - 1].index("unique") + 3
    assert said(capsys, f"{SHOP}:{number}:{column}").startswith("streams[0].checks.unique  ")


def test_the_line_of_a_stream_explains_the_stream(capsys: pytest.CaptureFixture[str]) -> None:
    lines = SHOP.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "- name: stock" in line)
    out = said(capsys, f"{SHOP}:{number}")
    assert out.startswith("stock\n")
    assert "customers" not in out


def test_settings_are_explained_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "framework.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "warehouse:" in line)
    assert said(capsys, f"{path}:{number}").startswith("environments.local.warehouse  ")
    assert main(["explain", str(path)]) == 1


def test_a_key_that_nobody_knows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text("version: 1\nnmae: acme\n", encoding="utf-8")
    assert main(["explain", f"{path}:2"]) == 1
    assert "nmae is no key that is known" in capsys.readouterr().err


def test_a_secret_written_out_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(
        "version: 1\nname: acme\nhttp:\n  base_url: https://a.example\n  auth:\n    type: bearer\n"
        "    token: opensesame42\nstreams: [{name: a, request: {path: /a}}]\n",
        encoding="utf-8",
    )
    for line in (3, 5, 7):
        assert "opensesame" not in said(capsys, f"{path}:{line}")
    assert main(["explain", str(path)]) == 1
    assert "opensesame" not in "".join(capsys.readouterr())


# The schedule


CRONS = {
    "15 * * * *": "every hour at minute 15",
    "0 * * * *": "every hour, on the hour",
    "*/10 * * * *": "every 10 minutes",
    "0 6 * * *": "every day at 06:00",
    "30 6,18 * * *": "every day at 06:30 and 18:30",
    "0 */4 * * *": "every 4 hours, at minute 0",
    "0 6 * * 1": "every Monday at 06:00",
    "0 6 * * mon-fri": "from Monday to Friday at 06:00",
    "0 6 * * 6,0": "every Saturday and Sunday at 06:00",
    "0 4 1 * *": "on day 1 of every month at 04:00",
    "0 4 1 1 *": "on day 1 of January at 04:00",
    "0 8-18 * * *": "every hour from 08:00 to 18:00",
    "@daily": "every day at 00:00",
    "@hourly": "every hour, on the hour",
    "*/7 3-9/2 * * *": "by the cron expression */7 3-9/2 * * *",
    "0 6 1 * 1": "by the cron expression 0 6 1 * 1",
    "0 6 * * 1#2": "by the cron expression 0 6 * * 1#2",
}


@pytest.mark.parametrize("cron", CRONS)
def test_a_cron_expression_in_words(cron: str) -> None:
    assert cron_in_words(cron) == CRONS[cron]


def test_ticks_are_those_of_the_zone_over_the_change_of_its_clocks() -> None:
    schedule = Schedule(cron="30 6 * * *", timezone="Europe/Amsterdam")
    found = list(next_runs(schedule, datetime(2026, 3, 28, 0, 0, tzinfo=UTC)))
    assert [tick.isoformat() for tick in found] == [
        "2026-03-28T06:30:00+01:00",
        "2026-03-29T06:30:00+02:00",
        "2026-03-30T06:30:00+02:00",
    ]


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=5), "1 minute"),
        (timedelta(minutes=43), "43 minutes"),
        (timedelta(minutes=89), "89 minutes"),
        (timedelta(hours=5), "5 hours"),
        (timedelta(days=9), "9 days"),
    ],
)
def test_about(span: timedelta, words: str) -> None:
    assert about(span) == words


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = text(facts(SHOP), width, colours=False).splitlines()
    assert max(len(line) for line in lines) <= width
