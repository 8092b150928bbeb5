"""The published schema and reference pages: fresh, valid, and of one mind with the types."""

import json
import re
import shutil
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import jsonschema
import pytest
from pydantic import BaseModel

from framework import examples
from framework.cli import main
from framework.problem import Problem
from framework.reference import files
from framework.repeats import repeated
from framework.schema import help_of, help_of_kind, keys, places
from framework.settings import Settings
from framework.spec import Source
from framework.spec_file import parse_document
from framework.yaml_file import read


def is_one_of_several(kind: type[BaseModel]) -> bool:
    """Whether `type` tells it from others."""
    field = kind.model_fields.get("type")
    return field is not None and get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
SCHEMAS = {
    kind: json.loads((REFERENCE / f"{name}.schema.json").read_text(encoding="utf-8"))
    for kind, name in ((Source, "source"), (Settings, "framework"))
}
VALIDATORS = {kind: jsonschema.Draft202012Validator(schema) for kind, schema in SCHEMAS.items()}
EXAMPLES = sorted(
    path for part in ("tests/specs/good", "tests/specs/bad", "sources") for path in (ROOT / part).glob("**/*.y*ml")
)

STRUCTURE = {"E101", "E102", "E103", "E104", "E105", "E106"}

BEYOND = [
    (
        r"E104 'decimal\((\d|[12]\d|3[0-8]),([12]?\d|3[0-8])\)' is no type",
        "digits and decimals are two numbers to compare",
    ),
    (r"E103 \d+\.0+ stands where a whole number is wanted", "to JSON Schema 1.0 is the whole number 1"),
    (r"E104 the version is a whole number: 1\. 1\.0", "to JSON Schema 1.0 is the whole number 1"),
    (r"E105 .* is longer than can be counted", "how long a duration is takes arithmetic"),
    (r"E105 .* is no regular expression", "JSON Schema knows patterns of another kind"),
    (r"E105 '.*\\n' is no ", "`$` of Python's patterns lets a line break pass at the end; that of editors does not"),
]
"""What the types refuse and JSON Schema can't: a pattern of code, message and what the file says there; the reason."""


def is_beyond(problem: Problem, text: str) -> bool:
    """Whether JSON Schema can't say it."""
    written = text.split("\n")[problem.line - 1][problem.column - 1 :]
    return any(re.match(pattern, f"{problem.code} {problem.message} {written}") for pattern, _ in BEYOND)


def verdicts(text: str, kind: type[BaseModel]) -> tuple[list[Problem], list[str]]:
    """What the types say of a file's structure, and what the schema says; nothing of what can't be read."""
    document = repeated(read("example.yaml", text))
    if document.problems or document.values is None:
        return [], []
    _, problems = parse_document(document, kind)
    found = [problem for problem in problems if problem.code in STRUCTURE and not is_beyond(problem, text)]
    return found, [
        f"{error.json_path}: {error.message[:200]}" for error in VALIDATORS[kind].iter_errors(document.values)
    ]


@pytest.mark.parametrize("name", list(files()))
def test_committed_files_are_fresh(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == files()[name], "run `framework schema`"


@pytest.mark.parametrize("kind", [Source, Settings])
def test_schema_is_itself_valid(kind: type[BaseModel]) -> None:
    schema = SCHEMAS[kind]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("root", [Source, Settings])
def test_every_key_has_its_help(root: type[BaseModel]) -> None:
    kinds = {kind for kind, _ in places(root)}
    silent = [f"{kind.__name__}.{key}" for kind in kinds for key, name in keys(kind).items() if not help_of(kind)[name]]
    assert not silent
    assert all(help_of_kind(kind) for kind in kinds)


def objects(schema: Any) -> list[dict[str, Any]]:
    """Every schema of an object inside this one."""
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    own = [schema] if isinstance(schema, dict) and schema.get("type") == "object" else []
    return own + [found for part in inner for found in objects(part)]


@pytest.mark.parametrize("kind", [Source, Settings])
def test_objects_take_no_unknown_keys(kind: type[BaseModel]) -> None:
    for found in objects(SCHEMAS[kind]):
        free = found.get("additionalProperties")
        assert free is False or "properties" not in found
        assert free is False or "patternProperties" not in found


def test_help_and_defaults_come_from_the_types() -> None:
    found = SCHEMAS[Source]["$defs"]
    assert found["RateLimit"]["properties"]["per"] == {
        "description": "… in any span of this length.",
        "type": "string",
        "pattern": r"^(?:(?=.*[1-9])(\d+(ms|s|m|h|d|w))+)$",
        "default": "1m",
    }
    assert found["CursorPagination"]["properties"]["page_size"]["description"] == "Ask for this many records per page."
    assert found["NextUrlPagination"]["properties"]["type"]["const"] == "next_url"
    kinds = found["Stream"]["properties"]["pagination"]["oneOf"]
    assert {"$ref": "#/$defs/NextUrlPagination"} in kinds
    assert {"type": "null"} in kinds


def test_headings_of_a_page_are_unique_and_links_lead_somewhere() -> None:
    for name, text in files().items():
        if name.endswith(".md"):
            headings = re.findall(r"^###? (.*)$", text, re.MULTILINE)
            anchors = [re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert len(set(anchors)) == len(anchors)
            assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= set(anchors)


def test_verb_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "reference"
    assert main(["schema", "--to", str(folder), "--check"]) == 1
    assert not folder.exists()
    assert main(["schema", "--to", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(files())
    assert main(["schema", "--to", str(folder), "--check"]) == 0
    capsys.readouterr()
    (folder / "source.md").write_text("old", encoding="utf-8")
    assert main(["schema", "--to", str(folder), "--check"]) == 1
    assert capsys.readouterr().err == f"{folder / 'source.md'} is stale: run `framework schema`\n"
    shutil.rmtree(folder)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_types_and_schema_agree_over_the_examples(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return  # nothing that either of them ever sees
    by_types, by_schema = verdicts(text, Settings if path.name.startswith("framework") else Source)
    assert bool(by_types) == bool(by_schema), f"types: {by_types}\nschema: {by_schema}"


SOURCE = """
version: 1
name: shop
http: {{base_url: "https://shop.example"{http}}}
streams:
  - {{name: orders, request: {{path: /orders}}{stream}}}
{top}
"""

GOOD = [
    {"http": ", auth: {type: bearer, token: '{{ secrets.token }}', optional: true}"},
    {"http": ", auth: {type: api_key, value: x, header: X-Key}"},
    {"http": ", auth: {type: api_key, value: x, header: X-Key, param: null}"},
    {"http": ", auth: null"},
    {"http": ", timeout: 1h30m, rate_limit: {requests: 5, per: 1s}"},
    {"http": ", responses: [{when: {status: [429]}, then: wait, wait: {header: X-Reset, as: epoch}}]"},
    {"http": ", responses: [{when: {body: a}, then: fail, message: m}, {when: {body: b}, then: skip, wait: null}]"},
    {"stream": ", records: data.items"},
    {"stream": ", records: {path: data, explode: lines, carry: [id]}"},
    {"stream": ", records: {carry: []}"},
    {"stream": ", records: {wrap: id, keyed_by: null, header_row: false}"},
    {"stream": ", records: {header_row: true, rename: {Order ID: order.id}, flatten: 2}"},
    {"stream": ", format: {type: csv, delimiter: ';', quote: null, names: [a], compression: zip, members: '*.csv'}"},
    {"stream": ", format: {type: xml, namespaces: keep, members: null}"},
    {"stream": ", for_each: {values: [a, 1], as: x}"},
    {"stream": ", for_each: {values: '{{ config.x }}', as: x}"},
    {"stream": ", for_each: {stream: parents, as: x, only_changed: true}"},
    {"stream": ", pagination: {type: cursor, next: meta.next, param: cursor, page_size: {param: n, value: 1}}"},
    {"stream": ", pagination: {type: cursor, next: null, header: X-Next, param: cursor}"},
    {"stream": ", pagination: {type: none}"},
    {"stream": ", incremental: {cursor: at, start: '2024-01-01', format: '%Y-%m', lookback: 0s, precision: 1ms}"},
    {"stream": ", clean: {table: CLN_X, columns: {a: {from: a.b, type: 'decimal(38,2)'}, b: {from: b}}}"},
    {"stream": ", primary_key: null"},
    {"top": "config: {a: {type: string, default: x}}"},
    {"top": "analytics: [{table: ANL_X, sql: select 1, refresh: 1h}]"},
]

BAD = [
    {"http": ", auth: {type: beerer, token: x}"},
    {"http": ", auth: {token: x}"},
    {"http": ", auth: {type: api_key, value: x}"},
    {"http": ", auth: {type: api_key, value: x, header: A, param: b}"},
    {"http": ", timeout: 0s"},
    {"http": ", timeout: 30"},
    {"http": ", timeout: soon"},
    {"http": ", rate_limit: {concurrency: 65}"},
    {"http": ", rate_limit: {requests: '5'}"},
    {"http": ", rate_limit: null"},
    {"http": ", responses: [{when: {status: 404}, then: wait}]"},
    {"http": ", responses: [{when: {status: 404}, then: skip, wait: {header: A}}]"},
    {"http": ", responses: [{when: {status: 404}, then: skip, message: no}]"},
    {"http": ", responses: [{when: {}, then: skip}]"},
    {"http": ", responses: [{when: {status: null}, then: skip}]"},
    {"http": ", responses: [{when: {status: 99}, then: skip}]"},
    {"http": ", responses: [{when: {status: []}, then: skip}]"},
    {"stream": ", records: 5"},
    {"stream": ", records: null"},
    {"stream": ", records: {path: data, carry: [id]}"},
    {"stream": ", records: {pth: data}"},
    {"stream": ", records: {wrap: id, header_row: true}"},
    {"stream": ", records: {wrap: a.b}"},
    {"stream": ", records: {flatten: 21}"},
    {"stream": ", records: {rename: {a: ''}}"},
    {"stream": ", format: csv"},
    {"stream": ", format: {type: csv, delimiter: '||'}"},
    {"stream": ", format: {type: csv, names: []}"},
    {"stream": ", format: {type: csv, compression: gzip, members: a}"},
    {"stream": ", for_each: {as: x}"},
    {"stream": ", for_each: {values: [a], stream: b, as: x}"},
    {"stream": ", for_each: {values: [true], as: x}"},
    {"stream": ", for_each: {values: [a], as: X}"},
    {"stream": ", pagination: {type: cursor, param: cursor}"},
    {"stream": ", pagination: {type: next_url, next_path: a}"},
    {"stream": ", pagination: none"},
    {"stream": ", primary_key: []"},
    {"stream": ", primary_key: [a..b]"},
    {"stream": ", incremental: {cursor: at, start: '2024-01-01', format: iso}"},
    {"stream": ", incremental: {cursor: at, start: 2024}"},
    {"stream": ", incremental: {cursor: at, start: '2024-01-01', bounds: '[start;end]'}"},
    {"stream": ", clean: {table: CLN-X}"},
    {"stream": ", clean: {table: CLN_X, columns: {A: {from: a}}}"},
    {"stream": ", clean: {table: CLN_X, columns: {a: {from: a, type: int}}}"},
    {"stream": ", clean: {table: CLN_X, columns: {a: {from: a, type: 'decimal(39,2)'}}}"},
    {"stream": ", clean: {table: CLN_X, allow_empty: no}"},
    {"top": "config: {a: text}"},
    {"top": "config: {A: {}}"},
    {"top": "secrets: {a: b}"},
    {"top": "secrets: null"},
    {"top": "title: 5"},
    {"top": "extra: 1"},
    {"top": "schedule: {timezone: UTC}"},
]

SETTINGS_GOOD = [
    "project: acme",
    "environments: {local: {}}",
    "environments: {prod: {stage: {type: s3, bucket: acme}, secrets: {type: env}, hosts: {'https://a': 'http://b'}}}",
    "environments: {prod: {sources: {shop_eu: {spec: shop, config: {region: eu}, schedule: {cron: '@daily'}}}}}",
]
SETTINGS_BAD = [
    "version: 2",
    "version: true",
    "environments: {}",
    "environments: {Prod: {}}",
    "environments: {prod: {stage: {type: ftp}}}",
    "environments: {prod: {stage: {path: a}}}",
    "environments: {prod: {warehouse: {type: duckdb}}}",
    "environments: {prod: {alerts: [{type: pager}]}}",
    "environments: {prod: {sources: {shop: {config: 5}}}}",
]

PARTS = {"http": "", "stream": "", "top": ""}
CASES = [
    *((SOURCE.format(**PARTS | case), Source, True) for case in GOOD),
    *((SOURCE.format(**PARTS | case), Source, False) for case in BAD),
    *((text, Settings, True) for text in SETTINGS_GOOD),
    *((text, Settings, False) for text in SETTINGS_BAD),
]
NAMES = [*(next(iter(case.values())) for case in (*GOOD, *BAD)), *SETTINGS_GOOD, *SETTINGS_BAD]


@pytest.mark.parametrize(("text", "kind", "good"), CASES, ids=NAMES)
def test_types_and_schema_agree_over_small_cases(text: str, kind: type[BaseModel], good: bool) -> None:
    by_types, by_schema = verdicts(text, kind)
    assert bool(by_types) == bool(by_schema) == (not good), f"types: {by_types}\nschema: {by_schema}"


BEYOND_CASES = [
    SOURCE.format(**PARTS | {"stream": ", clean: {table: C, columns: {a: {from: a, type: 'decimal(2,5)'}}}"}),
    SOURCE.format(**PARTS | {"http": ", rate_limit: {concurrency: 5.0}"}),
    SOURCE.format(**PARTS | {"http": ", timeout: 99999999999999w"}),
    SOURCE.format(**PARTS | {"stream": ', primary_key: ["id\\n"]'}),
    SOURCE.format(**PARTS).replace("version: 1", "version: 1.0"),
]


@pytest.mark.parametrize("text", BEYOND_CASES)
def test_what_is_beyond_the_schema_is_refused_by_the_types_alone(text: str) -> None:
    document = read("example.yaml", text)
    _, problems = parse_document(document, Source)
    assert problems
    assert all(is_beyond(problem, text) for problem in problems)
    assert not list(VALIDATORS[Source].iter_errors(document.values)), "no exception is needed here any more"


KINDS = {kind.__name__: kind for root in (Source, Settings) for kind, _ in places(root) if is_one_of_several(kind)}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_has_an_example_that_is_right(name: str) -> None:
    assert name in examples.EXAMPLES, "write one in framework/examples.py"
    document = read("example.yaml", examples.EXAMPLES[name])
    assert document.problems == []
    (value,) = document.values.values()
    KINDS[name].model_validate(value[0] if isinstance(value, list) else value, by_alias=True, by_name=False)


def test_no_example_is_left_over() -> None:
    assert set(examples.EXAMPLES) <= set(KINDS)
