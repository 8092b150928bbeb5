"""The operator of every task: opens the workspace, takes one step, and turns our errors into Airflow's."""

from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dag_factory.shape import Task
from framework.errors import CheckFailed, Conflict, FrameworkError, NotBuilt, SettingsError, SpecError
from framework.window import parse_instant

_TRYING_AGAIN_IS_VAIN = (SpecError, SettingsError, CheckFailed, Conflict, NotBuilt)


class Step(BaseOperator):  # type: ignore[misc]
    """One step of one deployment. Does nothing but keep its arguments until it is executed."""

    def __init__(self, *, step: Task, folder: str, source: str, environment: str, **kwargs: Any) -> None:
        kwargs.setdefault("do_xcom_push", step.verb == "begin")
        super().__init__(task_id=step.id, trigger_rule=step.when, **kwargs)
        self.step, self.folder, self.source, self.environment = step, folder, source, environment

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Takes the step. An error that trying again can't mend fails the task at once."""
        steps = import_module("dag_factory.steps")  # the engine is loaded by a worker, never when a DAG is parsed
        hide = str
        try:
            workspace = steps.open_workspace(self.folder, self.source, self.environment)
            hide = workspace.redactor
            return getattr(steps, self.step.verb)(workspace, **self._arguments(context))
        except _TRYING_AGAIN_IS_VAIN as error:
            raise AirflowFailException(hide(str(error))) from None
        except FrameworkError as error:
            raise AirflowException(hide(str(error))) from None

    def _arguments(self, context: Mapping[str, Any]) -> dict[str, Any]:
        arguments: dict[str, Any] = {"stream": self.step.stream} if self.step.stream else {}
        if self.step.verb in ("plan", "extract"):
            begun = context["ti"].xcom_pull(task_ids="begin")
            if not begun:
                raise SettingsError("this DAG run has no run id: the task `begin` has to succeed first")
            arguments["run"] = begun["run"]
            if self.step.verb == "plan":
                arguments |= {"started": datetime.fromisoformat(begun["started"]), "options": _options(context)}
        return arguments


class End(BaseOperator):  # type: ignore[misc]
    """Green when everything was: gives the DAG run its state. Costs no worker."""

    inherits_from_empty_operator = True

    def execute(self, context: Mapping[str, Any]) -> None:
        """Nothing."""


def _options(context: Mapping[str, Any]) -> Any:
    """What was asked for when the DAG was triggered by hand."""
    params = context["params"]
    return import_module("framework.run").Options(
        since=_instant("since", params.get("since")),
        until=_instant("until", params.get("until")),
        full_refresh=bool(params.get("full_refresh")),
    )


def _instant(name: str, text: str | None) -> datetime | None:
    try:
        return parse_instant(text) if text else None
    except ValueError:
        raise SettingsError(f"{name}: {text!r} is no instant: write 2024-01-31 or 2024-01-31T12:00:00Z") from None
