"""Deployment → the DAG's page in Airflow, as Markdown."""

from framework.project import Deployment
from framework.spec import Stream
from framework.window import show_duration


def doc(deployment: Deployment) -> str:
    """What the source is, what each stream becomes, and how it may be run by hand."""
    source = deployment.source
    lines = [f"### {source.title or deployment.name}", ""]
    if source.description:
        lines += [source.description, ""]
    lines += [f"Spec `{deployment.spec_path.name}`, environment `{deployment.environment_name}`.", ""]
    if source.docs_url:
        lines += [f"[The API's documentation]({source.docs_url})", ""]
    lines += ["| stream | follows | is read | CLEAN table |", "|---|---|---|---|"]
    for stream in source.in_order():
        table = f"{stream.clean.table} ({stream.clean.mode})" if stream.clean else ""
        lines.append(f"| {stream.name} | {', '.join(stream.parents)} | {_reading(stream)} | {table} |")
    if source.analytics:
        lines += ["", f"ANALYTICS: {', '.join(mart.table for mart in source.analytics)}"]
    limit = source.http.rate_limit
    budget = f"{limit.requests} requests in {show_duration(limit.per)}, " if limit.requests else ""
    lines += ["", f"The API is asked for at most {budget}{limit.concurrency} at once, over all workers."]
    return "\n".join(lines) + "\n"


def _reading(stream: Stream) -> str:
    return f"by {stream.incremental.cursor}" if stream.incremental else "whole"
