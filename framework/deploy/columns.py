"""The columns of tables: names and types as Snowflake writes them."""

from collections.abc import Iterable
from dataclasses import dataclass

from framework.snowflake_words import quote_name
from framework.sql import CleanModel, ColumnModel, split_type

_TYPES = {
    "integer": "NUMBER(38,0)", "float": "FLOAT", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP_NTZ(6)",
    "json": "VARIANT", "text": "VARCHAR",
    "list": "VARIANT",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    """Quoted where it must be."""
    type: str
    about: str = ""
    required: bool = False
    tag: str = ""
    """A tag's full name, and the value that it has here."""
    tagged: str = ""


RAW = (
    Column("PAYLOAD", "VARIANT", "The record as the API sent it.", True),
    Column("SRC_STREAM", "VARCHAR", "The stream that it belongs to.", True),
    Column("SRC_RUN_ID", "VARCHAR", "The run that read it.", True),
    Column("SRC_FILENAME", "VARCHAR", "The part, from the bucket or container on.", True),
    Column("SRC_FILE_ROW_NUMBER", "NUMBER(38,0)", "Its line in the part, from 1.", True),
    Column("SRC_FILE_CONTENT_KEY", "VARCHAR", "The part's checksum in the store."),
    Column("SRC_FILE_LAST_MODIFIED", "TIMESTAMP_NTZ(6)", "When the part was written."),
    Column("LOADED_AT", "TIMESTAMP_LTZ(6)", "When Snowflake began to read the part."),
)

_OPS: dict[str, tuple[str, str]] = {
    "_INGEST_PARTS": (
        "Parts in RAW by the log: the ledger.",
        "SOURCE VARCHAR, STREAM VARCHAR, LOG NUMBER, PART VARCHAR, ROW_COUNT NUMBER, BYTES NUMBER, SHA256 VARCHAR, "
        "RUN_ID VARCHAR, LOADED_AT TIMESTAMP",
    ),
    "_INGEST_LOADING": (
        "How far each stream is loaded, and which way.",
        "SOURCE VARCHAR, STREAM VARCHAR, LOG NUMBER, LOADED_BY VARCHAR, RUN_ID VARCHAR, LOADED_AT TIMESTAMP",
    ),
    "_INGEST_SLICES": (
        "What each slice left behind.",
        "SOURCE VARCHAR, STREAM VARCHAR, LOG NUMBER, SLICE NUMBER, RUN_ID VARCHAR, STARTED TIMESTAMP, "
        "PARTITION VARCHAR, WINDOW_START TIMESTAMP, WINDOW_END TIMESTAMP, STATUS VARCHAR, ROW_COUNT NUMBER, "
        "PART VARCHAR, FIRST_ROW NUMBER, PART_ROWS NUMBER",
    ),
    "_INGEST_ENTRIES": (
        "The entries of the logs.",
        "SOURCE VARCHAR, STREAM VARCHAR, LOG NUMBER, KIND VARCHAR, RUN_ID VARCHAR, STARTED TIMESTAMP, "
        "COMPLETE BOOLEAN, LOADED_AT TIMESTAMP",
    ),
    "_INGEST_CLEANED": (
        "How far each CLEAN table has got.",
        "TABLE_NAME VARCHAR, SOURCE VARCHAR, STREAM VARCHAR, LOG NUMBER, DEFINITION VARCHAR, CLEANED_AT TIMESTAMP",
    ),
    "_INGEST_QUARANTINE": (
        "Records that are kept out of CLEAN, and why.",
        "TABLE_NAME VARCHAR, SOURCE VARCHAR, STREAM VARCHAR, PART VARCHAR, ROW_NUMBER NUMBER, UNFIT VARCHAR, "
        "CLEANED_AT TIMESTAMP",
    ),
    "_INGEST_RUNS": (
        "What each run did.",
        "RUN_ID VARCHAR, SOURCE VARCHAR, ENVIRONMENT VARCHAR, STARTED_AT TIMESTAMP, FINISHED_AT TIMESTAMP, "
        "STATUS VARCHAR, REQUESTS NUMBER, RETRIES NUMBER, RECORDS NUMBER, PARTS NUMBER, REPORT VARIANT",
    ),
    "_INGEST_DEPLOYMENTS": (
        "Each statement that a deployment ran.",
        "DEPLOYMENT_ID VARCHAR, NUMBER_IN_PLAN NUMBER, VERSION VARCHAR, OBJECT VARCHAR, DEFINITION VARCHAR, "
        "ACTION VARCHAR, STATEMENT VARCHAR, STATUS VARCHAR, ERROR VARCHAR, STARTED_AT TIMESTAMP, FINISHED_AT TIMESTAMP",
    ),
}
_OPS_TYPES = {"NUMBER": "NUMBER(38,0)", "TIMESTAMP": "TIMESTAMP_NTZ(6)"}


HISTORY = (
    Column("VALID_FROM", "TIMESTAMP_NTZ(6)", "When this version began."),
    Column("VALID_TO", "TIMESTAMP_NTZ(6)", "When it ended; null while it holds."),
    Column("IS_CURRENT", "BOOLEAN", "Whether it holds."),
)


def ops_tables() -> dict[str, tuple[str, list[Column]]]:
    """What the framework remembers: name → what it is, and its columns."""
    found = {}
    for name, (about, text) in _OPS.items():
        pairs = [pair.split(" ") for pair in text.split(", ")]
        found[name] = (about, [Column(name, _OPS_TYPES.get(kind, kind)) for name, kind in pairs])
    return found


def type_of(kind: str) -> str:
    """A column type of a spec in Snowflake's words."""
    name, size = split_type(kind)
    return f"NUMBER{size}" if name == "decimal" else _TYPES[name]


def clean_columns(model: CleanModel, tags: dict[str, str], tag: str) -> list[Column]:
    """Those of a CLEAN table that hold its records; `tags` holds the kind of personal data of those that have some."""
    columns = tagged(model.columns, tags, tag)
    if model.payload:
        columns.append(Column("PAYLOAD", "VARIANT", "The whole record."))
    if model.mode == "history":
        columns += HISTORY
    return columns


def tagged(columns: Iterable[ColumnModel], tags: dict[str, str], tag: str) -> list[Column]:
    """The columns of a spec, each with the tag of its personal data."""
    return [
        Column(
            quote_name(column.name),
            type_of(column.type),
            column.description,
            tag=tag if column.name in tags else "",
            tagged=tags.get(column.name, ""),
        )
        for column in columns
    ]


def bookkeeping(model: CleanModel) -> list[Column]:
    """The framework's own columns of a CLEAN table, in the order of the templates."""
    own = [Column("_CURSOR", "TIMESTAMP_NTZ(6)"), Column("_PART", "VARCHAR"), Column("_ROW", "NUMBER(38,0)")]
    if model.mode == "replace":
        own.insert(0, Column("_PARTITION", "VARCHAR"))
    if model.delete_when and model.mode == "merge":
        own.insert(0, Column("_DELETED", "BOOLEAN", required=True))
    return own
