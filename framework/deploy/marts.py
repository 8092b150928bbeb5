"""The tables of ANALYTICS: dynamic tables, tables that a task makes anew, or views."""

from collections.abc import Iterator, Mapping
from typing import Any

from framework.deploy.account import Account
from framework.deploy.objects import Kind, Object, make, setting, statement
from framework.deploy.sources import lag, tables_of, task
from framework.errors import SpecError
from framework.names import refs
from framework.spec import Mart, Source
from framework.template import render_text

_KINDS: dict[str, Kind] = {"dynamic_table": "dynamic table", "table": "table", "view": "view"}


def mart_objects(account: Account, source: Source, config: Mapping[str, Any]) -> Iterator[Object]:
    """Each with what fills it."""
    names: dict[str, tuple[Kind, str]] = {
        table.model.table: (table.kind, table.name) for table in tables_of(account, source)
    }
    names |= {
        child.table: ("view", account.within("CLEAN", child.table))
        for table in tables_of(account, source)
        for child in table.model.children
    }
    names |= {mart.table: (_KINDS[mart.as_], account.within("ANALYTICS", mart.table)) for mart in source.analytics}
    for mart in source.analytics:
        yield from _mart(account, source, mart, config, names)


def _mart(
    account: Account, source: Source, mart: Mart, config: Mapping[str, Any], names: Mapping[str, tuple[Kind, str]]
) -> Iterator[Object]:
    def ref(table: str) -> str:
        if table not in names:
            raise SpecError(f"{source.name}: {mart.table}: ref: there is no table {table!r} in this source")
        return names[table][1]

    text = mart.snowflake or mart.sql
    query = render_text(text, {"config": config, "ref": ref}).strip().rstrip(";")
    kind, name = names[mart.table]
    needs = [
        f"schema {account.schema('ANALYTICS')}",
        *(f"{names[t][0]} {names[t][1]}" for t in refs(text) if t in names),
    ]
    about = mart.description or f"{source.title or source.name}."
    yield make(
        kind, name, account.deployer, f"mart_{mart.as_}", about, query=query, lag=lag(mart.refresh),
        warehouse=account.compute, refresh_mode=mart.refresh_mode, needs=tuple(needs), source=source.name,
    )  # fmt: skip
    tag = account.within("OPS", "SOURCE")
    ddl = f"ALTER {kind.upper()} {name} SET TAG {tag} = '{source.name}'"
    marks = (f"{kind} {name}", f"tag {tag}")
    yield setting(ddl, account.deployer, marks, source=source.name, tag=tag, value=source.name, table=name)
    if mart.as_ == "table":
        filler = account.within("ANALYTICS", f"TSK_{mart.table}")
        body = statement("mart_fill", table=name, query=query)
        yield task(
            account, filler, f"Makes {mart.table} anew.", body, [f"{kind} {name}"], source.name, every=lag(mart.refresh)
        )
        yield setting(
            f"ALTER TASK {filler} RESUME", account.deployer, [f"task {filler}"], source=source.name, task=filler
        )
