"""A file's bytes → rows: JSON in lines or in one array, CSV; each row with its place."""

import csv
import io
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from . import grammar
from .catalog import Thing
from .errors import compilation, unsupported
from .files import File
from .functions import variant

if TYPE_CHECKING:
    from .account import Account, Session


@dataclass
class Part:
    """A file as read: its good rows with their numbers, its bad lines with the reason."""

    file: File
    rows: list[tuple[int, list[str | None]]] = field(default_factory=list)
    bad: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def parsed(self) -> int:
        return len(self.rows) + len(self.bad)


def chosen(session: "Session", stage: Thing, given: dict[str, Any]) -> dict[str, Any]:
    """The format of a COPY: its own, else the stage's, else CSV."""
    options = given or stage.options.get("FILE_FORMAT") or {}
    name = options.get("FORMAT_NAME")
    if name:
        made = session.account.catalog.get("FILE FORMAT", session.path("FILE FORMAT", name))
        session.need("USAGE", made)
        options = {**made.options, **{key: value for key, value in options.items() if key != "FORMAT_NAME"}}
    return {"TYPE": "CSV", **options}


def matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error as problem:
        raise compilation(f"Invalid regular expression: '{pattern}', {problem}", 100048, "2201B") from None


def read(account: "Account", stage: Thing, file: File, format_: dict[str, Any]) -> Part:
    data = account.storage.read(stage, file)
    if format_["TYPE"] == "JSON":
        return _json(file, data, format_)
    if format_["TYPE"] == "CSV":
        return _csv(file, data, format_)
    raise unsupported(f"loading {format_['TYPE']}")


def _json(file: File, data: bytes, format_: dict[str, Any]) -> Part:
    """One document after another, lines or not: a document that spans lines counts as one row."""
    part = Part(file)
    try:
        text = data.decode("utf-8-sig", "replace" if format_.get("REPLACE_INVALID_CHARACTERS") else "strict")
    except UnicodeDecodeError:
        text = data.decode("utf-8-sig", "surrogateescape")
    number = 0
    for line in _documents(text):
        number += 1
        try:
            line.encode("utf-8")
            value = variant(line, bool(format_.get("ALLOW_DUPLICATE")), bool(format_.get("STRIP_NULL_VALUES")))
        except UnicodeEncodeError:
            part.bad.append((number, "Invalid UTF8 detected in string", ascii(line)))
            continue
        except (ValueError, ArithmeticError, RecursionError) as problem:
            part.bad.append((number, f"Error parsing JSON: {problem}", line))
            continue
        if format_.get("STRIP_OUTER_ARRAY") and value and value.startswith("["):
            part.rows += [(number + at, [variant(json.dumps(each))]) for at, each in enumerate(json.loads(value))]
            number += len(json.loads(value)) - 1
        else:
            part.rows.append((number, [value]))
    return part


def _documents(text: str) -> list[str]:
    """Lines that are whole documents; or, where the first is not, the whole text as one."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and lines[0].strip() in ("[", "{"):
        return [text]
    return [line.rstrip("\r") for line in lines]


def _csv(file: File, data: bytes, format_: dict[str, Any]) -> Part:
    part = Part(file)
    text = data.decode(str(format_.get("ENCODING", "utf-8")))
    delimiter, quote = str(format_.get("FIELD_DELIMITER", ",")), format_.get("FIELD_OPTIONALLY_ENCLOSED_BY")
    enclosed = quote not in (None, "NONE")
    lines = csv.reader(io.StringIO(text), delimiter=delimiter, quotechar=str(quote) if enclosed else None,
                       quoting=csv.QUOTE_MINIMAL if enclosed else csv.QUOTE_NONE)  # fmt: skip
    nulls = set(format_.get("NULL_IF", ["\\N"])) | {""}
    skip = int(format_.get("SKIP_HEADER") or 0)
    for number, row in enumerate(lines, 1):
        if number > skip and row:
            part.rows.append((number - skip, [None if value in nulls else value for value in row]))
    return part


def table(parts: list[Part], now: datetime) -> pa.Table:
    """Rows of many files as COPY's SELECT sees them: $1 …, METADATA$…."""
    width = max((len(row) for part in parts for _, row in part.rows), default=1)
    columns: dict[str, list[Any]] = {f"${index + 1}": [] for index in range(width)}
    facts: dict[str, list[Any]] = {"METADATA$FILENAME": [], "METADATA$FILE_ROW_NUMBER": [],
                                   "METADATA$FILE_CONTENT_KEY": [], "METADATA$FILE_LAST_MODIFIED": []}  # fmt: skip
    for part in parts:
        for number, row in part.rows:
            for index in range(width):
                columns[f"${index + 1}"].append(row[index] if index < len(row) else None)
            facts["METADATA$FILENAME"].append(part.file.key)
            facts["METADATA$FILE_ROW_NUMBER"].append(number)
            facts["METADATA$FILE_CONTENT_KEY"].append(part.file.etag)
            facts["METADATA$FILE_LAST_MODIFIED"].append(part.file.modified.astimezone(UTC).replace(tzinfo=None))
    count = len(facts["METADATA$FILENAME"])
    kinds = {"METADATA$FILE_ROW_NUMBER": pa.int64(), "METADATA$FILE_LAST_MODIFIED": pa.timestamp("us")}
    arrays = {f"EMU_COLUMN_{name[1:]}": pa.array(values, pa.string()) for name, values in columns.items()}
    arrays |= {name: pa.array(values, kinds.get(name, pa.string())) for name, values in facts.items()}
    arrays["METADATA$START_SCAN_TIME"] = pa.array([now] * count, pa.timestamp("us", "UTC"))
    return pa.table(arrays)


def check(given: dict[str, Any]) -> None:
    """Options of another type of file are refused."""
    kind = given.get("TYPE")
    if "FORMAT_NAME" in given and kind:
        raise compilation("FORMAT_NAME and TYPE are mutually exclusive.", 1010, "42601")
    for name in given:
        if kind and name not in ("TYPE", "COMMENT") and name not in grammar.FORMATS[kind]:
            raise compilation(f"invalid property '{name}' for 'FILE_FORMAT' of type {kind}", 1420, "22023")
