"""What one source needs: RAW and what loads it, CLEAN and what fills it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from framework.clean import model_of
from framework.deploy.account import FILE_FORMAT, STAGE, Account
from framework.deploy.children import child_objects, personal_data
from framework.deploy.columns import RAW, bookkeeping, clean_columns
from framework.deploy.objects import Kind, Object, make, setting, statement
from framework.load import raw_table
from framework.snowflake_words import quote_name
from framework.spec import Source, Stream
from framework.sql import CleanModel
from framework.tables import Clean

PATTERN = ".*[.]jsonl[.]gz"
STREAM_PATTERN, RUN_PATTERN = "part-([a-z0-9_]+)-", "part-[a-z0-9_]+-([a-z0-9]+)-"
"""A part is called part-STREAM-RUN-BATCH-NUMBER.jsonl.gz, in the folder source=NAME of the project."""


@dataclass(frozen=True)
class Table:
    """A stream's CLEAN table: what is in it, and by what it is filled."""

    stream: Stream
    clean: Clean
    model: CleanModel
    by: Literal["task", "dynamic_table", "run"]
    name: str
    """What people read."""
    held: str
    """The table that is filled: another one where deleted keys are kept in it."""

    @property
    def kind(self) -> Kind:
        """What people read it as."""
        if self.held != self.name:
            return "view"
        return "dynamic table" if self.by == "dynamic_table" else "table"


def tables_of(account: Account, source: Source) -> list[Table]:
    """The CLEAN tables of a source."""
    found = []
    for stream in map(source.filled, source.streams):
        if stream.clean is None:
            continue
        model = model_of(source.name, stream)
        by = filled_by(stream, stream.clean)
        name = account.within("CLEAN", model.table)
        marks = model.mode == "merge" and model.delete_when and by != "dynamic_table"
        held = account.within("CLEAN", f"_{model.table}") if marks else name
        found.append(Table(stream, stream.clean, model, by, name, held))
    return found


def filled_by(stream: Stream, clean: Clean) -> Literal["task", "dynamic_table", "run"]:
    """As the spec says; without a word, a task where it can keep every promise by itself."""
    if clean.refreshed_by:
        return clean.refreshed_by
    contract = stream.contract
    strict = contract and "fail" in (contract.new_fields, contract.type_changes)
    return "task" if clean.mode in ("append", "merge") and not strict else "run"


def source_objects(account: Account, source: Source) -> Iterator[Object]:
    """All of it but the marts."""
    yield from _raw(account, source)
    for table in tables_of(account, source):
        yield from _clean(account, source, table)


def _raw(account: Account, source: Source) -> Iterator[Object]:
    owner, name = account.deployer, account.within("RAW", raw_table(source.name))
    about = f"{source.title or source.name}: records as the API sent them."
    columns = tuple((column.name, column.type) for column in RAW)
    needs = (f"schema {account.schema('RAW')}",)
    yield make(
        "table", name, owner, "table", about, listed=RAW, columns=columns, tracked=True, needs=needs, source=source.name
    )
    yield _tagged(account, "table", name, source)
    if account.warehouse.load != "copy":
        yield _pipe(account, source, name)
    parts = account.within("OPS", "_INGEST_PARTS")
    view = account.within("OPS", f"RECONCILE_{source.name.upper()}")
    yield make(
        "view", view, owner, "reconciliation", "Rows of each part: in the log, and in RAW.", parts=parts, raw=name,
        prefix=account.prefix, source_name=source.name, source=source.name, needs=(f"table {parts}", f"table {name}"),
    )  # fmt: skip


def _pipe(account: Account, source: Source, raw: str) -> Object:
    """It knows the source's name, and nothing else of it."""
    pipe, stage = account.within("RAW", f"PIPE_{source.name.upper()}"), account.within("RAW", STAGE)
    file_format = account.within("RAW", FILE_FORMAT)
    watches = account.warehouse.load == "snowpipe"
    events = account.events if watches and account.on_azure else None
    needs = [f"table {raw}", f"stage {stage}", f"file format {file_format}"]
    needs += [f"notification integration {each}" for each in (account.errors, events) if each]
    return make(
        "pipe", pipe, account.deployer, "pipe", f"Parts of the source {source.name}.", auto_ingest=watches,
        errors=account.errors, events=events and events.strip('"'),
        sns_topic_arn=account.deploy.storage.aws_sns_topic_arn if watches and not account.on_azure else None,
        needs=tuple(needs), source=source.name, **copy_values(account, source.name, "SKIP_FILE"),
    )  # fmt: skip


def copy_values(
    account: Account, source: str, on_error: Literal["SKIP_FILE", "ABORT_STATEMENT"], files: tuple[str, ...] = ()
) -> dict[str, object]:
    """What the template of COPY wants; `files` are keys of parts below the source's folder."""
    return {
        "table": account.within("RAW", raw_table(source)),
        "location": f"@{account.within('RAW', STAGE)}/source={source}/",
        "file_format": account.within("RAW", FILE_FORMAT),
        "stream_pattern": STREAM_PATTERN,
        "run_pattern": RUN_PATTERN,
        "pattern": PATTERN,
        "files": files,
        "on_error": on_error,
    }


def _clean(account: Account, source: Source, table: Table) -> Iterator[Object]:
    owner, model, label = account.deployer, table.model, f"{source.name}.{table.stream.name}"
    about = table.stream.description or f"{source.title or source.name}: {table.stream.name}."
    tags, tag = personal_data(model, table.clean), account.within("OPS", "PERSONAL_DATA")
    read = clean_columns(model, tags, tag)
    raw = account.within("RAW", model.raw)
    needs = (f"schema {account.schema('CLEAN')}",)
    if table.by == "dynamic_table":
        yield _dynamic_table(account, source, table, about)
    else:
        listed = [*read, *bookkeeping(model)]
        columns = tuple((column.name, column.type) for column in listed)
        yield make(
            "table", table.held, owner, "table", about, listed=listed, columns=columns, tracked=True, needs=needs,
            source=source.name, label=label, made_by=made_by(model), model=model, raw=raw,
        )  # fmt: skip
        if model.has_shadows:
            shadows = account.within("CLEAN", model.shadows)
            yield make(
                "table", shadows, owner, "table", f"Rows of {model.table} whose key is another partition's for now.",
                listed=listed, columns=columns, tracked=False, needs=needs, source=source.name,
                label=f"{label}.shadows",
            )  # fmt: skip
        for column in read:
            if column.tag:
                yield setting(
                    f"ALTER TABLE {table.held} MODIFY COLUMN {column.name} SET TAG {tag} = '{column.tagged}'",
                    owner, (f"table {table.held}", f"tag {tag}"), source=source.name,
                    tag=tag, value=column.tagged, column=f"{table.held}.{column.name}",
                )  # fmt: skip
    if table.held != table.name:
        arrays = {quote_name(child.held.name) for child in model.children}
        yield make(
            "view", table.name, owner, "clean_view", about, table=table.held,
            listed=[*(column for column in read if column.name not in arrays), *bookkeeping(model)[1:]],
            needs=(f"table {table.held}",), source=source.name, label=label,
        )  # fmt: skip
    kind: Kind = "dynamic table" if table.by == "dynamic_table" else "table"
    yield from child_objects(
        account, source, model, table.clean, label, table.held, kind, marks=table.held != table.name
    )
    yield _tagged(account, kind, table.held, source)
    if table.by == "task":
        yield from _task(account, source, table)
    yield make(
        "view", account.within("OPS", f"UNFIT_{model.table}"), owner, "unfit",
        f"Records that do not fit {model.table}.", model=model, rows=_rows(model, raw),
        needs=(f"schema {account.schema('OPS')}", f"table {raw}"), source=source.name, label=label,
    )  # fmt: skip


def made_by(model: CleanModel) -> str:
    """Two hashes: of what a CLEAN table's rows are, and of where their columns come from. Where the first one changes,
    it is another table; where the second one does, its rows are read anew."""
    rows = (model.mode, model.scope, model.keys, model.cursor, model.cursor_form, model.delete_when)
    columns = [(column.name, column.path, column.type, column.form) for column in model.columns]
    return "".join(hashlib.sha256(repr(each).encode()).hexdigest()[:6] for each in (rows, (columns, model.payload)))


def _dynamic_table(account: Account, source: Source, table: Table, about: str) -> Object:
    model, raw, tag = table.model, account.within("RAW", table.model.raw), account.within("OPS", "PERSONAL_DATA")
    tags = personal_data(model, table.clean)
    own = [column for column in bookkeeping(model) if column.name != "_DELETED"]
    listed = [*clean_columns(model, tags, tag), *own]
    return make(
        "dynamic table", table.name, account.deployer, "dynamic_table", about, listed=listed, model=model,
        rows=_rows(model, raw), lag=lag(table.clean.refresh), warehouse=account.compute,
        refresh_mode=table.clean.refresh_mode, columns=tuple((column.name, column.type) for column in listed),
        needs=(f"schema {account.schema('CLEAN')}", f"table {raw}", f"tag {tag}"), source=source.name,
        label=f"{source.name}.{table.stream.name}",
    )  # fmt: skip


def _task(account: Account, source: Source, table: Table) -> Iterator[Object]:
    """The stream of new rows, and the task that they start. A task is made suspended: resuming it is a step of its
    own."""
    owner, model, raw = account.deployer, table.model, account.within("RAW", table.model.raw)
    stream = account.within("RAW", f"STM_{source.name.upper()}_{table.stream.name.upper()}")
    yield make(
        "stream", stream, owner, "stream", f"What came since {model.table} was filled.", table=raw,
        needs=(f"table {raw}",), source=source.name, label=f"{source.name}.{table.stream.name}",
    )  # fmt: skip
    template = "append_into" if model.mode == "append" else "merge_into"
    body = statement(template, table=table.held, model=model, rows=_rows(model, stream))
    name = account.within("CLEAN", f"TSK_{model.table}")
    needs = [f"table {table.held}", f"stream {stream}", f"warehouse {account.compute}"]
    label = f"{source.name}.{table.stream.name}"
    yield task(account, name, f"Fills {model.table}.", body, needs, source.name, stream=stream, label=label)
    yield setting(f"ALTER TASK {name} RESUME", owner, [f"task {name}"], source=source.name, task=name)


def task(
    account: Account,
    name: str,
    about: str,
    body: str,
    needs: list[str],
    source: str,
    stream: str = "",
    every: str = "",
    label: str = "",
) -> Object:
    """A task that new rows of a stream start, or the clock."""
    tasks = account.deploy.tasks
    if account.errors:
        needs = [*needs, f"notification integration {account.errors}"]
    return make(
        "task", name, account.deployer, "task", about, body=body, stream=stream, every=every, tasks=tasks,
        warehouse=None if tasks.serverless else account.compute, size=account.deploy.compute.size,
        errors=account.errors, needs=tuple(needs), source=source, label=label,
    )  # fmt: skip


def _rows(model: CleanModel, table: str) -> str:
    """The rows of RAW, or of a stream over it, that belong to the model's stream."""
    return statement("rows", model=model, raw=table)


def _tagged(account: Account, kind: Kind, name: str, source: Source) -> Object:
    tag = account.within("OPS", "SOURCE")
    ddl = f"ALTER {kind.upper()} {name} SET TAG {tag} = '{source.name}'"
    needs = (f"{kind} {name}", f"tag {tag}")
    return setting(ddl, account.deployer, needs, source=source.name, tag=tag, value=source.name, table=name)


def lag(span: timedelta) -> str:
    """A length of time in Snowflake's words: a minute or more."""
    seconds = max(60, int(span.total_seconds()))
    return f"{seconds // 60} minutes" if seconds % 60 == 0 else f"{seconds} seconds"
