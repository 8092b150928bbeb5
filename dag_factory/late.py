"""Who is told of a DAG run that is not over in time, and of tasks that fail: the environment's own alerts."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier

from framework.alerts.base import post
from framework.model import Redactor
from framework.project import Deployment, find, resolve


async def late(folder: str, source: str, environment: str, context: Any = None, **more: Any) -> None:
    """The DAG's deadline has passed. Runs in the triggerer."""
    run = (context or {}).get("dag_run") or {}
    run_id = (
        run.get("dag_run_id") or run.get("run_id") or "" if isinstance(run, Mapping) else getattr(run, "run_id", "")
    )
    await asyncio.to_thread(
        _tell, folder, source, environment, "is late",
        f"The DAG run {run_id} is not over yet, and a stream's freshness allows no more time.",
    )  # fmt: skip


class Alert(BaseNotifier):  # type: ignore[misc]
    """Tells the environment's alerts, from any DAG: `on_failure_callback=Alert(folder=…, source=…, environment=…)`."""

    template_fields = ("text",)

    def __init__(self, *, folder: str, source: str, environment: str, text: str = "{{ ti.task_id }} failed") -> None:
        super().__init__()
        self.folder, self.source, self.environment, self.text = folder, source, environment, text

    def notify(self, context: Any) -> None:
        """Sends it."""
        _tell(self.folder, self.source, self.environment, "failed", self.text)


def _tell(folder: str, source: str, environment: str, what: str, text: str) -> None:
    deployment: Deployment = find(Path(folder)).deployment(source, environment)
    redactor = Redactor()
    for alert in deployment.environment.alerts:
        post(resolve(alert.url, deployment, redactor), alert.message(f"{source} ({environment}) {what}", text))
