"""The operators of all tasks: each hands over names, takes one step, and turns our errors into Airflow's."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from airflow.sdk import Asset, BaseOperator, BaseOperatorLink
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from dag_factory.window import asked
from dag_factory.work import Failed, Work, take
from framework.errors import SettingsError
from framework.settings import AirflowTasks

LONG_SECONDS = 60.0
"""A wait that is worth giving the worker back for."""
LONGEST = timedelta(days=1)
"""So long after its start a run waits for an API no more."""
_COLOURS = {
    "begin": "#e8e8e8", "plan": "#fff3c4", "extract": "#cfe8fc", "load": "#d7f0d1", "clean": "#b9e3c6",
    "check": "#f3d9fa", "marts": "#a7d7c5", "report": "#e8e8e8",
}  # fmt: skip


class TryAgain(AirflowException):  # type: ignore[misc]
    """A step that another try may mend."""

    wait_seconds: float | None = None


class DocsLink(BaseOperatorLink):  # type: ignore[misc]
    """The API's own documentation."""

    name = "API documentation"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Where it is."""
        return str(getattr(operator, "docs_url", None) or "")


class Step(BaseOperator):  # type: ignore[misc]
    """One step of one deployment. Does nothing but keep its arguments until it is executed."""

    ui_fgcolor = "#222222"
    operator_extra_links = (DocsLink(),)

    def __init__(
        self, *, verb: str, folder: str, source: str, environment: str, stream: str | None = None,
        cron: str | None = None, zone: str = "UTC", by_interval: bool = False, docs_url: str | None = None,
        isolation: dict[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.verb, self.stream, self.docs_url = verb, stream, docs_url
        self.folder, self.source, self.environment = folder, source, environment
        self.cron, self.zone, self.by_interval, self.isolation = cron, zone, by_interval, isolation or {}

    @property
    def ui_color(self) -> str:
        """By what it does."""
        return _COLOURS[self.verb]

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Takes the step. An error that trying again can't mend fails the task at once; a long wait that the API asks
        for is waited for without a worker."""
        try:
            given = self._given(context)
            work = Work(self.folder, self.source, self.environment, self.verb, self.stream, given)
            result = take(work, AirflowTasks(**self.isolation), os.environ, self.log)
        except (Failed, SettingsError) as error:
            self._fail(error, context)
        self._tell(result, context)
        return result

    def again(self, context: Mapping[str, Any], event: Any = None) -> Any:
        """After a long wait."""
        return self.execute(context)

    def _given(self, context: Mapping[str, Any]) -> dict[str, Any]:
        if self.verb == "begin":
            return {"streams": list(context["params"].get("streams") or [])}
        begun = context["ti"].xcom_pull(task_ids="begin")
        if not begun:
            raise SettingsError("this DAG run has no run id: the task `begin` has to succeed first")
        if self.stream and self.stream not in begun["streams"]:
            raise AirflowSkipException(f"{self.stream} is not among the streams of this run")
        run = context["dag_run"]
        window = asked(
            context["params"], str(getattr(run.run_type, "value", run.run_type)), run.logical_date,
            self.cron, self.zone, self.by_interval,
        )  # fmt: skip
        return {**begun, **window, "last_try": context["ti"].try_number > context["ti"].max_tries}

    def _fail(self, error: Failed | SettingsError, context: Mapping[str, Any]) -> None:
        if error.final:
            raise AirflowFailException(str(error)) from None
        wait = error.wait_seconds
        if wait and wait > LONG_SECONDS and self._may_wait(wait, context):
            self.log.warning("%s\nGoing on in %.0f s; no worker is held until then.", error, wait)
            triggers = import_module("airflow.providers.standard.triggers.temporal")
            self.defer(trigger=triggers.TimeDeltaTrigger(timedelta(seconds=wait)), method_name="again")
        failed = TryAgain(str(error))
        failed.wait_seconds = wait
        raise failed from None

    def _may_wait(self, seconds: float, context: Mapping[str, Any]) -> bool:
        begun = context["ti"].xcom_pull(task_ids="begin")
        if not begun:
            return False
        return datetime.now(UTC) + timedelta(seconds=seconds) < datetime.fromisoformat(begun["started"]) + LONGEST

    def _tell(self, result: Any, context: Mapping[str, Any]) -> None:
        """Puts what is to be known of new data into the events of its assets."""
        for asset in self.outlets:
            if isinstance(asset, Asset) and isinstance(result, dict):
                mine = {"rows": result[asset.extra["table"]]} if asset.extra.get("table") in result else result
                context["outlet_events"][asset].extra = {**mine}


class Extract(Step):
    """A batch of a stream's slices. There is a task for each."""

    def __init__(self, *, batch: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch

    def _given(self, context: Mapping[str, Any]) -> dict[str, Any]:
        return {**super()._given(context), "batch": self.batch}
