"""What takes several files to see. A folder in specs/projects is a project; its files state what must be reported."""

import re
from pathlib import Path

import pytest

from framework.rules import RULES
from framework.validation.together import all_checked
from tests.validation.project import STREAMS, run, said, spec, write

PROJECTS = sorted(path for path in (Path(__file__).parents[1] / "specs" / "projects").iterdir() if path.is_dir())
EXPECT = re.compile(r"# expect: (\d+):(\d+) ([EW]\d{3}) (.+)")


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda path: path.name)
def test_what_is_stated_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for checked in all_checked([Path()]):
        stated = [found.groups() for found in map(EXPECT.fullmatch, checked.lines) if found]
        found = [(str(p.line), str(p.column), p.code, p.message) for p in checked.problems]
        assert found == stated, checked.path


def test_every_rule_across_files_has_an_example() -> None:
    text = "".join(path.read_text(encoding="utf-8") for folder in PROJECTS for path in folder.rglob("*.yaml"))
    wanted = {code for code, rule in RULES.items() if rule.across_files}
    assert wanted - {code for _, _, code, _ in EXPECT.findall(text)} == set()


NEEDS = spec('config: {region: {type: string}}\nstreams: [{name: a, request: {path: "/{{ config.region }}"}}]\n')
SETTINGS = "version: 1\nenvironments: {local: {}}\n"


def test_what_an_environment_lacks_is_said_in_the_spec_where_only_that_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, {"framework.yaml": SETTINGS, "sources/shop.yaml": NEEDS})
    assert said(tmp_path / "sources") == [("shop.yaml", 4, 10, "E404")]
    assert said(tmp_path / "sources" / "shop.yaml") == [("shop.yaml", 4, 10, "E404")]
    assert said(tmp_path) == [("framework.yaml", 2, 16, "E404")]


def test_specs_of_no_project_lack_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"shop.yaml": NEEDS, "elsewhere/framework.yaml": SETTINGS})
    assert said(tmp_path) == []


def test_specs_beside_the_projects_folder_belong_to_nothing(tmp_path: Path) -> None:
    table = STREAMS.replace("/orders}", "/orders}, primary_key: [id], clean: {table: CLN_O}")
    files = {f"{folder}/{name}.yaml": spec(table, name) for folder in ("sources", "drafts") for name in ("a", "b")}
    write(tmp_path, {"framework.yaml": SETTINGS, **files})
    assert said(tmp_path) == [("b.yaml", 4, 86, "E402")]
    assert said(tmp_path / "drafts") == []


def test_what_is_given_is_checked_together(tmp_path: Path) -> None:
    table = STREAMS.replace("/orders}", "/orders}, primary_key: [id], clean: {table: CLN_O}")
    write(tmp_path, {"a.yaml": spec(table, "a"), "b.yaml": spec(table, "b")})
    assert said(tmp_path / "a.yaml") == said(tmp_path / "b.yaml") == []
    assert said(tmp_path / "b.yaml", tmp_path / "a.yaml") == said(tmp_path) == [("b.yaml", 4, 86, "E402")]


def test_framework_yaml_alone_knows_the_specs_it_speaks_of(tmp_path: Path) -> None:
    text = "version: 1\nenvironments: {local: {sources: {shop: {config: {regoin: eu}}, nobody: {}}}}\n"
    write(tmp_path, {"framework.yaml": text, "sources/shop.yaml": NEEDS})
    assert [code for *_, code in said(tmp_path / "framework.yaml")] == ["E405", "E403"]


def test_a_framework_yaml_that_is_wrong_keeps_no_spec_from_being_checked(tmp_path: Path) -> None:
    write(tmp_path, {"framework.yaml": "version: 1\nenviroments: {}\n", "sources/shop.yaml": spec("x: 1\n" + STREAMS)})
    assert [code for *_, code in said(tmp_path)] == ["E101", "E105", "E101"]


CLEAN = (
    "streams:\n"
    "  - name: orders\n"
    "    request: {path: /orders}\n"
    "    primary_key: [id]\n"
    "    clean: {table: CLN_O, columns: {id: {from: id}, total: {from: total, type: float}}}\n"
    "analytics:\n"
)
SQL = {
    "all is right": ("select id, sum(total) as t from {{ ref('CLN_O') }} group by 1", []),
    "of RAW": ("select payload, _part from RAW_SHOP_JSON", []),
    "a column of the framework's own": ("select _cursor, _log from {{ ref('CLN_O') }}", []),
    "a table that others make": ("select * from {{ ref('CLN_O') }} join DIM_DATE using (id)", []),
    "a schema that others make": ("select * from other.DIM_DATE", []),
    "a file, which is not read": ("select * from read_csv('/etc/passwd')", []),
    "an extension": ("select * from read_parquet('s3://acme/a.parquet')", []),
    "a column that is not there": ("select totl from {{ ref('CLN_O') }}", [(10, 45, "E317")]),
    "one behind an alias": ("select o.totl from {{ ref('CLN_O') }} o", [(10, 45, "E317")]),
    "a type that does not fit": (
        "select sum(id) as s, total + 'x'::date as y from {{ ref('CLN_O') }}",
        [(10, 36, "E317")],
    ),
    "a group that is missing": ("select id, sum(total) from {{ ref('CLN_O') }}", [(10, 36, "E317")]),
    "no SQL": ("select from where {{ ref('CLN_O') }}", [(10, 43, "E309")]),
    "a quote": ("select ''' from {{ ref('CLN_O') }}", [(10, 36, "E309")]),
    "two statements": ("select 1 as a; drop table CLN_O", [(10, 36, "E309")]),
    "too many rows to count": ("select count(*) as n from range(1000000000000000)", []),
}


@pytest.mark.parametrize("name", SQL)
def test_sql_of_marts(tmp_path: Path, name: str) -> None:
    sql, wanted = SQL[name]
    write(tmp_path, {"shop.yaml": spec(CLEAN + f'  - {{table: ANL_O, refresh: 1h, sql: "{sql}"}}\n')})
    found = [problem[1:] for problem in said(tmp_path)]
    assert [(line, code) for line, _, code in found] == [(line - 0, code) for line, _, code in wanted]


def test_a_mart_of_a_mart_that_is_wrong_is_not_wrong_too(tmp_path: Path) -> None:
    marts = (
        "  - {table: ANL_B, sql: \"select s from {{ ref('ANL_A') }}\"}\n"
        "  - {table: ANL_A, sql: \"select totl as s from {{ ref('CLN_O') }}\"}\n"
    )
    write(tmp_path, {"shop.yaml": spec(CLEAN + marts)})
    assert [problem[1:] for problem in said(tmp_path)] == [(11, 33, "E317")]


WRONG_SQL = CLEAN + "  - {table: ANL_A, sql: \"select totl from {{ ref('CLN_O') }}\"}\n"
SNOWFLAKE = "{type: snowflake, account: a, user: U, database: D, warehouse: W, role: R}"


def test_another_warehouses_sql_is_left_to_it(tmp_path: Path) -> None:
    stage = "stage: {type: s3, bucket: acme}"
    settings = f"version: 1\nenvironments: {{local: {{{stage}, warehouse: {SNOWFLAKE}}}}}\n"
    write(tmp_path, {"framework.yaml": settings, "sources/shop.yaml": spec(WRONG_SQL)})
    assert said(tmp_path) == []


def test_where_warehouses_differ_it_is_said_which_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = "stage: {type: s3, bucket: acme}"
    settings = f"version: 1\nenvironments: {{local: {{}}, prod: {{{stage}, warehouse: {SNOWFLAKE}}}}}\n"
    write(tmp_path, {"framework.yaml": settings, "sources/shop.yaml": spec(WRONG_SQL)})
    assert "E317 analytics[0].sql: on duckdb, there is no column 'totl'" in run(capsys, tmp_path)[1]


def test_sql_with_a_value_that_no_default_gives_is_not_judged(tmp_path: Path) -> None:
    rest = "config: {zone: {type: string}}\n" + WRONG_SQL.replace("totl", "total, '{{ config.zone }}' as z, totl")
    write(tmp_path, {"shop.yaml": spec(rest)})
    assert said(tmp_path) == []


def test_specs_checked_in_one_run_do_not_see_each_others_tables(tmp_path: Path) -> None:
    mart = "  - {table: ANL_A, sql: \"select id from {{ ref('CLN_O') }}\"}\n"
    one = spec(
        CLEAN.replace("CLN_O", "CLN_P").replace("{id: {from: id},", "{nr: {from: id},") + mart.replace("_O", "_P")
    )
    two = spec(CLEAN + mart.replace("ANL_A", "ANL_B"), "store")
    write(tmp_path, {"shop.yaml": one.replace("primary_key: [id]", "primary_key: [id2]"), "store.yaml": two})
    assert [problem[3] for problem in said(tmp_path)] == ["E317"]


PLANTED = """\
verion: 1
version: 1
name: Planted
title: 42
secrets: [token, Old]
config:
  region: {type: strng, default: eu}
  days: {type: integer, default: "30"}
http:
  base_url: "https://{{ config.regoin }}.shop.example"
  timeout: 30 seconds
  headers: {X-Version: 1.10, X-Api-Key: "{{ secrets.token }}"}
  auth: {type: bearer, token: not-a-real-token}
  retry: {attempts: "6"}
schedule: {cron: "0 25 * * *", timezone: Europe/Amsterdm}
streams:
  - name: orders
    request: {path: /orders, parms: {limit: 1}}
    pagination: {type: cusor, next: next}
    records: $.data
    incremental: {cursor: created_at, start: yesterday, window: 7d, format: "%Y-%m-%dT%H:%M:%SZ"}
    clean: {table: CLN_ORDER, mode: upsert}
  - name: lines
    for_each: {stream: order, as: order}
    request: {path: "/orders/{{ ordr.id }}/lines", path: /lines}
  - name: stock
    request: {path: /stock}
    clean: {table: cln_order, columns: {Sku: {from: sku, type: string}}}
    checks: {unique: [skuu]}
  - name: stock
    request: {pth: /stock}
analytics:
  - {table: ANL_A, sql: "select 1 from {{ ref('CLN_ORDRE') }}"}
"""
MISTAKES = [
    *[(1, "E101"), (3, "E105"), (4, "E103"), (5, "E105"), (7, "E308"), (8, "E308"), (10, "E202"), (11, "E105")],
    *[(12, "E103"), (12, "W206"), (13, "E319"), (14, "E103"), (15, "E307"), (15, "E307"), (18, "E101"), (19, "E104")],
    *[(20, "E203"), (21, "W204"), (21, "E313"), (21, "W205"), (22, "E104"), (24, "E301"), (25, "E002"), (28, "E105")],
    *[(28, "E104"), (28, "E304"), (30, "E303"), (31, "E101"), (33, "E310")],
]


def test_planted_mistakes_are_all_found_in_one_run(tmp_path: Path) -> None:
    """Of all layers at once: syntax, types, templates, sense, tables, advice."""
    path = tmp_path / "planted.yaml"
    path.write_text(PLANTED, encoding="utf-8")
    found = [(line, code) for _, line, _, code in said(path)]
    missing = [each for each in MISTAKES if each not in found]
    assert missing == []
    assert len(MISTAKES) >= 25
