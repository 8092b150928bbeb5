"""Stages as tables: SELECT $1 FROM @stage, DIRECTORY(@stage), and LIST, REMOVE."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from . import formats, options
from .catalog import Thing
from .files import File, root
from .lexer import Reader, name_of
from .results import Result

if TYPE_CHECKING:
    from .account import Session


def split(session: "Session", reference: str) -> tuple[Thing, str]:
    """@DB.SCHEMA.STAGE/path → the stage and the path, if this role may use it."""
    name, _, path = reference.lstrip("@").partition("/")
    stage = session.account.catalog.get("STAGE", session.path("STAGE", name_of(name)))
    session.need("USAGE" if stage.options.get("URL") else "READ", stage)
    return stage, path


def place(stage: Thing) -> str:
    """A stage in a load's history: its URL, or an internal stage's name."""
    return root(stage) or stage.full


def listed(session: "Session", reader: Reader) -> tuple[Thing, list[File]]:
    """@stage/path [PATTERN = '…']; here the pattern is matched with the path in the bucket."""
    token = reader.take()
    stage, path = split(session, token.value if token.kind == "string" else token.text)
    pattern = ""
    if reader.accept("PATTERN", "="):
        pattern = reader.string()
    reader.end()
    files = session.account.storage.files(stage, path)
    return stage, [file for file in files if not pattern or formats.matches(pattern, file.key)]


def run_list(session: "Session", reader: Reader) -> Result:
    stage, files = listed(session, reader)
    before = root(stage)
    inner = "" if before else stage.name.lower() + "/"
    rows = [
        (f"{before}{inner}{file.path}", file.size, file.etag, f"{file.modified:%a, %d %b %Y %H:%M:%S GMT}")
        for file in files
    ]
    return Result(["name", "size", "md5", "last_modified"], rows, types={"size": "fixed"})


def run_remove(session: "Session", reader: Reader) -> Result:
    stage, files = listed(session, reader)
    for file in files:
        session.account.storage.remove(stage, file)
    return Result(["name", "result"], [(file.path, "removed") for file in files])


def directory(session: "Session", reference: str) -> pa.Table:
    stage, path = split(session, reference)
    files = list(session.account.storage.files(stage, path))
    return pa.table({
        "RELATIVE_PATH": pa.array([file.path for file in files], pa.string()),
        "SIZE": pa.array([file.size for file in files], pa.int64()),
        "LAST_MODIFIED": pa.array([file.modified for file in files], pa.timestamp("us", "UTC")),
        "ETAG": pa.array([file.etag for file in files], pa.string()),
        "FILE_URL": pa.array([root(stage) + file.path for file in files], pa.string()),
    })  # fmt: skip


def select(session: "Session", reader: Reader) -> pa.Table:
    """@stage/path (FILE_FORMAT => '…', PATTERN => '…') in a FROM."""
    stage, path = split(session, reader.take().text)
    given: dict[str, Any] = {}
    if reader.accept("("):
        while not reader.accept(")"):
            name = reader.take().upper
            reader.expect("=>")
            given[name] = options.anything(reader, name)
            reader.accept(",")
    pattern = given.get("PATTERN")
    format_ = formats.chosen(session, stage, {"FORMAT_NAME": given["FILE_FORMAT"]} if "FILE_FORMAT" in given else {})
    parts = [formats.read(session.account, stage, file, format_)
             for file in session.account.storage.files(stage, path)
             if not pattern or formats.matches(pattern, file.key)]  # fmt: skip
    return formats.table(parts, session.account.now())
