"""The shipped sources of public APIs, run against pages of the documented shape on this machine."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import duckdb
import msgspec
import pytest

from framework.project import find
from framework.run import Report, run
from framework.validation.checked import files as _files
from framework.verbs.validate import problems_of
from framework.workspace import Options, Workspace

pytestmark = pytest.mark.slow

SOURCES = Path(__file__).parents[1] / "sources"

SETTINGS = """
version: 1
project: test
sources: {sources}
default_environment: local
environments:
  local:
    stage: {{type: local, path: stage}}
    warehouse: {{type: duckdb, path: warehouse.duckdb}}
    secrets: {{type: env}}
    hosts: {{"{api}": "{place}"}}
    sources:
      {name}: {{config: {config}, rate_limit: {{requests: 6000, per: 1m, concurrency: 2}}}}
"""

Key = tuple[str, frozenset[tuple[str, str]]]


class Page(msgspec.Struct):
    """A page beside a source: the request that it answers, and the answer; the body is sent as it is written."""

    request: str
    status: int
    body: msgspec.Raw
    headers: dict[str, str] = {}


def key_of(target: str) -> Key:
    """A request's path and parameters, their order left out."""
    parts = urlsplit(target)
    return parts.path, frozenset(parse_qsl(parts.query))


@dataclass
class Api(ThreadingHTTPServer):
    """Serves a source's pages, and before them, once each, what is to go wrong."""

    pages: dict[Key, Page]
    once: dict[str, list[tuple[int, dict[str, str], dict[str, str]]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    daemon_threads = True

    def __post_init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)

    def body(self, target: str) -> Any:
        """What is served there."""
        return json.loads(bytes(self.pages[key_of(target)].body), parse_float=Decimal)


class Handler(BaseHTTPRequestHandler):
    """Answers from the server's pages."""

    server: Api
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        faults = self.server.once.get(urlsplit(self.path).path)
        page = self.server.pages.get(key_of(self.path))
        if faults:
            status, headers, problem = faults.pop(0)
            self._send(status, headers, json.dumps(problem).encode())
        elif page is None:
            self.server.unknown.append(self.path)
            self._send(400, {}, b'{"message": "no such page"}')
        else:
            self._send(page.status, page.headers, bytes(page.body))

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@dataclass
class Case:
    """One source in a project of its own, and the API that it talks to."""

    api: Api
    name: str
    folder: Path

    def run(self, now: str) -> Report:
        """`framework run` at that time; every request found its page."""
        moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
        self.api.asked.clear()
        report = run(Workspace(find(self.folder).deployment(self.name), clock=lambda: moment), Options())
        assert self.api.unknown == []
        return report

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """From the warehouse."""
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def raw(self, stream: str) -> list[Any]:
        """The stream's payloads in RAW, oldest first."""
        table = f"RAW_{self.name}_JSON".upper()
        found = self.rows(f"select payload from {table} where _stream = '{stream}' order by _log, _part, _row")
        return [json.loads(row[0], parse_float=Decimal) for row in found]


def started(name: str, address: str, folder: Path, config: str = "{}") -> Case:
    """A project with one source, whose API is played here."""
    pages = [msgspec.json.decode(path.read_bytes(), type=Page) for path in (SOURCES / f"{name}.pages").glob("*.json")]
    api = Api({key_of(page.request): page for page in pages})
    threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    place = f"http://127.0.0.1:{api.server_address[1]}"
    settings = SETTINGS.format(sources=SOURCES, api=address, place=place, name=name, config=config)
    (folder / "framework.yaml").write_text(settings, encoding="utf-8")
    return Case(api, name, folder)


def stopped(case: Case) -> None:
    """Frees the port."""
    case.api.shutdown()
    case.api.server_close()


def failed(report: Report) -> list[str]:
    """Errors and failed checks."""
    errors = [text for part in report.streams.values() for text in part.errors]
    return errors + [f"{check.name}: {check.found}" for check in report.checks if not check.passed]


def test_validate_finds_nothing_and_takes_no_page_for_a_spec() -> None:
    files = list(_files([SOURCES]))
    assert {"pokeapi.yaml", "frankfurter.yaml", "github.yaml"} <= {path.name for path in files}
    assert [str(problem) for path in files for problem in problems_of(path)] == []


@pytest.fixture
def pokeapi(tmp_path: Path) -> Iterator[Case]:
    case = started("pokeapi", "https://pokeapi.co", tmp_path)
    yield case
    stopped(case)


POKEMON = ("bulbasaur", 1), ("charmander", 4), ("squirtle", 7)
TYPES = ("fire", 10), ("grass", 12), ("shadow", 10002), ("water", 11)


def assert_pokemon(case: Case) -> None:
    """CLEAN holds what is served."""
    served = [case.api.body(f"/api/v2/pokemon/{number}/") for _, number in POKEMON]
    assert case.rows(
        "select pokemon_id, name, species, is_default, sort_order, base_experience, height_dm, weight_hg, "
        "abilities, stats, types from CLN_POKEMON order by 1"
    ) == [
        (
            *(p["id"], p["name"], p["species"]["name"], p["is_default"], p["order"], p["base_experience"]),
            *(p["height"], p["weight"]),
            *(json.dumps(p[name], separators=(",", ":")) for name in ("abilities", "stats", "types")),
        )
        for p in served
    ]
    types = [case.api.body(f"/api/v2/type/{number}/") for _, number in TYPES]
    assert case.rows("select name, type_id, generation, damage_class from CLN_POKEMON_TYPE order by 1") == [
        (t["name"], t["id"], t["generation"]["name"], (t["move_damage_class"] or {}).get("name")) for t in types
    ]
    assert case.rows("select type_name, pokemon_name, slot from CLN_POKEMON_TYPE_MEMBER order by 1, 2") == [
        (t["name"], member["pokemon"]["name"], member["slot"]) for t in types for member in t["pokemon"]
    ]


def test_pokeapi(pokeapi: Case) -> None:
    report = pokeapi.run("2025-06-01T04:00:00")
    assert (failed(report), report.status) == ([], "ok")
    assert (report.streams["pokemon"].done, report.streams["pokemon"].skipped) == (3, 1)
    assert report.requests == len(pokeapi.api.asked) == 2 + 4 + 2 + 4 + 4
    assert [row["name"] for row in pokeapi.raw("pokemon_list")] == [name for name, _ in POKEMON] + ["not-there-yet"]
    dropped = {"moves", "sprites", "cries", "game_indices", "held_items"}
    served = [pokeapi.api.body(f"/api/v2/pokemon/{number}/") for _, number in POKEMON]
    kept = [{name: value for name, value in record.items() if name not in dropped} for record in served]
    assert sorted(pokeapi.raw("pokemon"), key=lambda record: record["id"]) == kept
    assert_pokemon(pokeapi)
    assert pokeapi.rows("select type_name, pokemon, average_weight_kg from ANL_POKEMON_BY_TYPE order by 1") == [
        ("fire", 1, 8.5),
        ("grass", 1, 6.9),
        ("water", 1, 9.0),
    ]


def test_pokeapi_again_after_a_change(pokeapi: Case) -> None:
    pokeapi.run("2025-06-01T04:00:00")
    heavier = pokeapi.api.pages[key_of("/api/v2/pokemon/4/")]
    heavier.body = msgspec.Raw(bytes(heavier.body).replace(b'"weight": 85', b'"weight": 86'))
    grass = pokeapi.api.pages[key_of("/api/v2/type/12/")]
    gone = {**json.loads(bytes(grass.body)), "pokemon": []}
    grass.body = msgspec.Raw(json.dumps(gone).encode())
    report = pokeapi.run("2025-07-01T04:00:00")
    assert (failed(report), report.status) == ([], "ok")
    assert pokeapi.rows("select weight_hg from CLN_POKEMON where pokemon_id = 4") == [(86,)]
    assert_pokemon(pokeapi)
    assert len(pokeapi.raw("pokemon")) == 6


@pytest.fixture
def frankfurter(tmp_path: Path) -> Iterator[Case]:
    case = started("frankfurter", "https://api.frankfurter.dev", tmp_path, '{start_date: "2025-06-06"}')
    yield case
    stopped(case)


def assert_rates(case: Case, days: list[str]) -> None:
    """CLEAN holds the rates of these days, digit for digit."""
    served = [(day, case.api.body(f"/v1/{day}..{day}?base=EUR")["rates"][day]) for day in days]
    columns = "usd::varchar, gbp::varchar, chf::varchar, jpy::varchar, rates"
    found = case.rows(f"select rate_date::varchar, base, eur, {columns} from CLN_EXCHANGE_RATE order by 1")
    assert [(day, base, eur) for day, base, eur, *_ in found] == [(day, "EUR", None) for day in days]
    for (_, rates), (*_, usd, gbp, chf, jpy, whole) in zip(served, found, strict=True):
        assert [Decimal(text) for text in (usd, gbp, chf, jpy)] == [
            rates[name] for name in ("USD", "GBP", "CHF", "JPY")
        ]
        assert json.loads(whole, parse_float=Decimal) == rates


def test_frankfurter(frankfurter: Case) -> None:
    report = frankfurter.run("2025-06-09T05:30:00")
    assert (failed(report), report.status) == ([], "ok")
    asked = [f"/v1/2025-06-{day}..2025-06-{day}?base=EUR" for day in ("06", "07", "08")]
    assert sorted(path for path, _ in frankfurter.api.asked) == sorted(
        ["/v1/currencies", *asked, "/v1/latest?base=EUR"]
    )
    assert_rates(frankfurter, ["2025-06-06"])  # a Friday; Saturday and Sunday have its rates
    assert frankfurter.raw("rates")[0]["rates"]["JPY"] == Decimal("164.850")
    codes = frankfurter.api.body("/v1/currencies")
    assert frankfurter.rows("select code from CLN_CURRENCY order by 1") == [(code,) for code in codes]
    latest = frankfurter.api.body("/v1/latest?base=EUR")
    (found,) = frankfurter.rows("select base, rate_date::varchar, amount, rates from CLN_EXCHANGE_RATE_LATEST")
    assert (*found[:3], json.loads(found[3], parse_float=Decimal)) == ("EUR", "2025-06-06", 1, latest["rates"])


def test_frankfurter_goes_on_where_it_stopped(frankfurter: Case) -> None:
    frankfurter.run("2025-06-09T05:30:00")
    report = frankfurter.run("2025-06-11T05:30:00")
    assert (failed(report), report.status) == ([], "ok")
    asked = sorted(path for path, _ in frankfurter.api.asked if ".." in path)
    assert asked == [f"/v1/2025-06-{day}..2025-06-{day}?base=EUR" for day in ("09", "10")]
    assert_rates(frankfurter, ["2025-06-06", "2025-06-09", "2025-06-10"])
    assert frankfurter.rows("select days, round(usd, 6) from ANL_EXCHANGE_RATE_MONTH") == [
        (3, pytest.approx((1.1411 + 1.1415 + 1.1429) / 3, abs=1e-6))
    ]


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    config = '{org: octo-org, repos: [octo-org/hello-world, octo-org/gone], start_date: "2025-05-01"}'
    case = started("github", "https://api.github.com", tmp_path, config)
    yield case
    stopped(case)


ISSUES = "/repos/octo-org/hello-world/issues?state=all&sort=updated&direction=desc&since={}&per_page=100"
FIRST, LATER = ISSUES.format("2025-05-01T00:00:00Z"), ISSUES.format("2025-06-09T08:25:00Z")
SECOND = FIRST.replace("/repos/octo-org/hello-world", "/repositories/1296269") + "&page=2"


def instant(text: str | None) -> datetime | None:
    """As DuckDB gives it."""
    return datetime.fromisoformat(text).replace(tzinfo=None) if text else None


def assert_issues(case: Case, targets: list[str]) -> None:
    """CLEAN holds the newest version of each issue that these pages hold."""
    versions = {record["id"]: record for target in targets for record in case.api.body(target)}
    columns = "issue_id, repository, number, title, state, state_reason, author, comments, pull_request_url"
    found = case.rows(f"select {columns}, created_at, updated_at, closed_at from CLN_GITHUB_ISSUE order by 1")
    assert found == [
        (
            *(issue["id"], "octo-org/hello-world", issue["number"], issue["title"], issue["state"]),
            *(issue["state_reason"], (issue["user"] or {}).get("login"), issue["comments"]),
            (issue.get("pull_request") or {}).get("url"),
            *(instant(issue[name]) for name in ("created_at", "updated_at", "closed_at")),
        )
        for _, issue in sorted(versions.items())
    ]


def assert_repos(case: Case) -> None:
    """CLEAN holds the repositories that are served."""
    first = case.api.body("/orgs/octo-org/repos?type=all&per_page=100")
    second = case.api.body("/organizations/9919/repos?type=all&per_page=100&page=2")
    columns = "repo_id, full_name, owner, description, is_private, is_fork, is_archived, language, license, stars"
    assert case.rows(f"select {columns}, topics, created_at, pushed_at from CLN_GITHUB_REPO order by 1") == [
        (
            *(repo["id"], repo["full_name"], repo["owner"]["login"], repo["description"], repo["private"]),
            *(repo["fork"], repo["archived"], repo["language"], (repo["license"] or {}).get("spdx_id")),
            *(repo["stargazers_count"], json.dumps(repo["topics"], separators=(",", ":"))),
            *(instant(repo[name]) for name in ("created_at", "pushed_at")),
        )
        for repo in first + second
    ]


def test_github(github: Case) -> None:
    report = github.run("2025-06-09T12:00:00")
    assert (failed(report), report.status) == ([], "ok")
    assert (report.streams["issues"].done, report.streams["issues"].skipped) == (1, 1)
    assert [path for path, _ in github.api.asked if path.startswith("/repositories")] == [SECOND]
    assert all(
        (headers["accept"], headers["x-github-api-version"]) == ("application/vnd.github+json", "2022-11-28")
        and "authorization" not in headers
        for _, headers in github.api.asked
    )
    assert_repos(github)
    assert_issues(github, [FIRST, SECOND])
    assert github.rows("select issues, pull_requests from ANL_GITHUB_OPEN_ISSUES") == [(2, 1)]


def test_github_reads_on_from_the_newest_change(github: Case) -> None:
    github.run("2025-06-09T12:00:00")
    report = github.run("2025-06-10T12:00:00")
    assert (failed(report), report.status) == ([], "ok")
    assert len([path for path, _ in github.api.asked if "hello-world" in path]) == 1
    assert report.streams["issues"].records == 3
    assert_repos(github)
    assert_issues(github, [FIRST, SECOND, LATER])
    assert len(github.raw("issues")) == 4 + 3
    assert github.rows("select issues, pull_requests from ANL_GITHUB_OPEN_ISSUES") == [(3, 0)]


def test_github_waits_for_its_limits(github: Case) -> None:
    text = "API rate limit exceeded for 203.0.113.7. (But here's the good news: …)"
    secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    reset = time.time() + 1.2
    limited = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(reset))}
    github.api.once = {
        "/orgs/octo-org/repos": [(429, limited, {"message": text})],
        "/repos/octo-org/hello-world/issues": [
            (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(reset))}, {"message": text}),
            (403, {"Retry-After": "0"}, {"message": secondary}),
        ],
    }
    report = github.run("2025-06-09T12:00:00")
    assert (failed(report), report.status) == ([], "ok")
    assert report.retries == 3
    assert time.time() >= int(reset)
    assert_repos(github)
    assert_issues(github, [FIRST, SECOND])


def test_github_is_refused_what_the_token_may_not_read(github: Case) -> None:
    github.api.once = {"/orgs/octo-org/repos": [(403, {}, {"message": "Resource not accessible by personal token"})]}
    report = github.run("2025-06-09T12:00:00")
    assert report.status == "failed"
    assert "not accessible" in failed(report)[0]
    assert report.retries == 0


def test_github_sends_its_token_to_linked_pages_too(github: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "for-this-test-only")
    report = github.run("2025-06-09T12:00:00")
    assert (failed(report), report.status) == ([], "ok")
    sent = {headers.get("authorization") for _, headers in github.api.asked}
    assert sent == {"Bearer for-this-test-only"}
