"""Types → reference pages in Markdown: a section for each record, a row for each key."""

import json
import re
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator
from pydantic_core import PydanticUndefined

from framework.examples import EXAMPLES
from framework.hooks import Hook
from framework.incremental import Length
from framework.model import (
    Count,
    Duration,
    ElementPath,
    FieldPath,
    InstantForm,
    JmesPath,
    Name,
    Regex,
    Scalar,
    Sent,
    Span,
    TableName,
    Template,
)
from framework.rules import page as rules
from framework.schema import (
    Kind,
    default_of,
    has_default,
    help_of,
    help_of_kind,
    is_required,
    json_schema,
    keys,
    places,
)
from framework.settings import Settings
from framework.spec import Source
from framework.tables import ColumnType

_WORDS: list[tuple[Any, str, str]] = [
    (Template, "template", "Text that may hold Jinja expressions, such as `{{ config.region }}`. A value that is one "
     "whole expression keeps its type; in a text, null is an error."),
    (Scalar, "value", "A template, a number, true, false or null."),
    (Sent, "value or list of value", ""),
    (JmesPath, "JMESPath", "An expression on JSON, such as `data.items` (https://jmespath.org)."),
    (FieldPath, "field", "A field of a record: names joined by dots, such as `customer.id`."),
    (ElementPath, "field or @", ""),
    (Name, "name", "A small letter, then small letters, digits and `_`."),
    (TableName, "table name", "Letters, digits and `_`, a letter first."),
    (Duration, "duration", "A number and a unit, such as `30s`, `5m`, `1h30m`, `7d` or `2w`; `ms` too."),
    (Span, "duration", ""),
    (Hook, "hook", "FILE.py:FUNCTION, a Python function in a file beside the spec: see docs/hooks.md."),
    (Length, "length", "A duration, or months and years of the calendar: `1mo`, `3mo`, `1y`."),
    (Regex, "pattern", "A regular expression as Python knows them (https://docs.python.org/3/library/re.html), found "
     "anywhere in the text; a plain word is one too. `(?i)` at its start ignores case."),
    (InstantForm, "form", "`iso8601`, `date`, `epoch`, `epoch_ms`, `epoch_us` or a pattern such as `%Y-%m-%d`."),
    (ColumnType, "column type", "`integer`, `float`, `boolean`, `text`, `date`, `timestamp`, `json` or "
     "`decimal(digits,decimals)`."),
    (Count, "whole number, 1 or more", ""),
    (str, "text", ""), (int, "whole number", ""), (float, "number", ""), (bool, "true or false", ""),
    (Any, "anything", ""), (type(None), "null", ""),
]  # fmt: skip
"""What an annotation is called, and what the word means."""


def page(root: Kind, title: str, opening: str) -> str:
    """The page of a YAML file's type."""
    names = _headings(root)
    sections = "\n".join(_section(kind, names) for kind in names)
    words = [f"- **{word}**: {meaning}" for _, word, meaning in _WORDS if meaning and _uses(sections, word)]
    return "\n".join([f"# {title}", "", opening, "", sections, "## The words", "", *words, ""])


def _uses(sections: str, word: str) -> bool:
    return re.search(rf"^\| `\w+` \|[^|]*\b{word}\b", sections, re.MULTILINE) is not None


def _section(kind: Kind, names: dict[Kind, tuple[str, list[str]]]) -> str:
    heading, stands = names[kind]
    hints = get_type_hints(kind, include_extras=True)
    told = dict(help_of(kind)) | ({"type": "Names the kind."} if _kind(kind) else {})
    rows = [
        f"| `{key}` | {_cell(_type(hints[name], names))} | {_default(kind, name)} | {_cell(told.get(name, ''))} |"
        for key, name in keys(kind).items()
    ]
    where = f"\n\nStands at {', '.join(f'`{place}`' for place in stands)}." if any(stands) else ""
    table = "\n".join(["| key | type | default | what it means |", "|---|---|---|---|", *rows])
    written = EXAMPLES.get(kind.__name__, "").strip()
    example = f"\n```yaml\n{written}\n```\n" if written else ""
    return f"## {heading}\n\n{help_of_kind(kind)}{where}\n\n{table}\n{example}"


def _headings(root: Kind) -> dict[Kind, tuple[str, list[str]]]:
    """Each record's heading and the places where it may stand, in the order of the page."""
    found: dict[Kind, list[str]] = {}
    for kind, place in dict.fromkeys(places(root)):
        found.setdefault(kind, []).append(place)
    headings: dict[str, Kind] = {}
    for kind, held in found.items():
        heading = _heading(kind, held[0])
        headings[heading if heading not in headings else f"{_above(held[0])}: {heading}"] = kind
    return {kind: (heading, found[kind]) for heading, kind in headings.items()}


def _above(place: str) -> str:
    """The key under which a record's own key stands."""
    return re.sub(r"\[\]|\.NAME", "", place).split(".")[-2]


def _heading(kind: Kind, place: str) -> str:
    key = re.sub(r"\[\]|\.NAME$", "", place).rpartition(".")[2]
    told_by = [word for word in ("stream", "values") if key == "for_each" and word in kind.model_fields]
    own = _kind(kind) or "".join(told_by)
    return f"{key}: {own}" if own else key or "The file"


def _kind(kind: Kind) -> str:
    """The word under `type` that tells the record from others of its family."""
    field = kind.model_fields.get("type")
    words = get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
    return str(words[0]) if len(words) == 1 else ""


def _type(annotation: Any, names: dict[Kind, tuple[str, list[str]]]) -> str:
    for known, word, _ in _WORDS:
        if annotation == known:
            return word
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        heading = names[annotation][0]
        return f"[{heading}](#{re.sub(r'[^a-z0-9_ -]', '', heading.lower()).replace(' ', '-')})"
    if origin is Literal:
        return " · ".join(f"`{word}`" for word in inner)
    if origin is list:
        return f"list of {_type(inner[0], names)}"
    if origin is dict:
        return f"mapping of {_type(inner[0], names)} to {_type(inner[1], names)}"
    if origin is Annotated:
        written = [item.json_schema_input_type for item in inner[1:] if isinstance(item, BeforeValidator)]
        if written and written[0] is not PydanticUndefined:
            return _type(written[0], names)
        return _type(inner[0], names) + _limits(inner[1:])
    parts = dict.fromkeys(_type(part, names) for part in inner if part is not type(None))
    return " or ".join(parts)


def type_in_words(annotation: Any) -> str:
    """What a key takes, as plain text."""
    return re.sub(r"\[([^\]]+)\]\(#[^)]*\)", r"\1", _type(annotation, _Any())).replace("`", "")


class _Any(dict[Kind, tuple[str, list[str]]]):
    """Headings of records, wherever they stand."""

    def __missing__(self, kind: Kind) -> tuple[str, list[str]]:
        word = _kind(kind) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
        return f"{{type: {word}, …}}" if _kind(kind) else f"mapping ({word})", []


def _limits(metadata: tuple[Any, ...]) -> str:
    marks = [mark for item in metadata for mark in (item, *getattr(item, "metadata", []))]
    least = next((mark.ge for mark in marks if hasattr(mark, "ge")), None)
    most = next((mark.le for mark in marks if hasattr(mark, "le")), None)
    return f", {least} to {most}" if most is not None else f", {least} or more" if least is not None else ""


def _default(kind: Kind, name: str) -> str:
    if is_required(kind, name):
        return "**required**"
    default = default_of(kind, name)
    if not has_default(kind, name) or default in ("", [], {}):
        return ""
    return _cell(f"`{default if isinstance(default, str) else json.dumps(default)}`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def files() -> dict[str, str]:
    """All generated files of docs/reference by name."""
    return {
        "source.schema.json": _json(json_schema(Source, "A source")),
        "framework.schema.json": _json(json_schema(Settings, "framework.yaml")),
        "source.md": page(Source, "A source's YAML", _SOURCE),
        "framework.md": page(Settings, "framework.yaml", _SETTINGS),
        "rules.md": rules.page(),
    }


def _json(schema: Any) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


_MADE = "This page is made by `framework schema` from the types; edit the text under the field instead."
_SOURCE = f"""What to ingest: one file for each API, `sources/NAME.yaml`. {_MADE}

An editor completes and checks the file by its first line:

```yaml
# yaml-language-server: $schema=../docs/reference/source.schema.json
```

`framework validate` says what the schema can't: names that do not exist, templates and JMESPath that do not parse, and
what is legal and likely not meant."""
_SETTINGS = f"""Where things are: one file for each project, an environment for each place to run in. {_MADE}

An editor completes and checks the file by its first line:

```yaml
# yaml-language-server: $schema=docs/reference/framework.schema.json
```

A project without the file runs in one environment, `local`, where everything is as its default says."""
