"""A step in this process, by another Python, in a container: the same answer."""

import json
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest

from dag_factory.work import Failed, Work, command_of, main, take
from framework.errors import SettingsError
from framework.settings import AirflowTasks, Resources
from tests.dag_factory.tiny import Api, project, serving

_log = logging.getLogger("test")
ELSEWHERE = AirflowTasks(isolation="virtualenv", python=sys.executable)


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path, api: Api) -> str:
    return str(project(tmp_path, api.address))


@pytest.mark.slow
@pytest.mark.parametrize("how", [AirflowTasks(), ELSEWHERE], ids=["here", "another Python"])
def test_steps_of_a_run(folder: str, how: AirflowTasks, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    given = take(Work(folder, "tiny", "local", "begin"), how, os.environ, _log)
    (batch,) = take(Work(folder, "tiny", "local", "plan", "orders", given), how, os.environ, _log)
    given["batch"] = batch
    assert take(Work(folder, "tiny", "local", "extract", "orders", given), how, os.environ, _log) == 5
    assert "5 records" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("how", [AirflowTasks(), ELSEWHERE], ids=["here", "another Python"])
def test_errors_say_whether_to_try_again(folder: str, api: Api, how: AirflowTasks) -> None:
    with pytest.raises(Failed, match="there is no environment 'lokal'") as caught:
        take(Work(folder, "tiny", "lokal", "begin"), how, os.environ, _log)
    assert (caught.value.final, caught.value.wait_seconds) == (True, None)
    api.broken, api.status, api.headers = {"/orders"}, 429, {"Retry-After": "7200"}
    given = take(Work(folder, "tiny", "local", "begin"), how, os.environ, _log)
    (given["batch"],) = take(Work(folder, "tiny", "local", "plan", "orders", given), how, os.environ, _log)
    with pytest.raises(Failed, match="429") as caught:
        take(Work(folder, "tiny", "local", "extract", "orders", given), how, os.environ, _log)
    assert (caught.value.final, caught.value.wait_seconds) == (False, 7200.0)


def test_a_process_that_gives_no_answer(folder: str) -> None:
    work = Work(folder, "tiny", "local", "begin")
    with pytest.raises(Failed, match=r"can't start .*nowhere") as caught:
        take(work, AirflowTasks(isolation="virtualenv", python="/nowhere/python"), os.environ, _log)
    assert caught.value.final
    with pytest.raises(Failed, match="ended with status 0 and gave no answer"):
        take(work, AirflowTasks(isolation="virtualenv", python="/bin/true"), os.environ, _log)


def test_a_container_gets_the_project_and_names_of_variables_but_no_values() -> None:
    how = AirflowTasks(isolation="docker", image="ingest:1", resources=Resources(cpu="2", memory="1g"))
    environment = {"SHOP_KEY": "hush", "AWS_REGION": "eu", "HOME": "/home/me"}
    work = Work("/srv/ingest", "shop", "production", "plan", "orders", {"run": "r"})
    command = command_of(work, how, environment)
    assert command is not None
    assert command[:3] == ["docker", "run", "--rm"]
    assert "/srv/ingest:/srv/ingest" in command
    named = [word for flag, word in pairwise(command) if flag == "--env"]
    assert named == ["AWS_REGION", "SHOP_KEY"]
    assert "hush" not in " ".join(command)
    assert (command[command.index("--cpus") + 1], command[command.index("--memory") + 1]) == ("2", "1g")
    assert command[-4:-1] == ["ingest:1", "-m", "dag_factory.work"]
    assert Work(**json.loads(command[-1])) == work


@pytest.mark.parametrize("isolation", ["virtualenv", "docker"])
def test_what_an_isolation_needs(isolation: str) -> None:
    with pytest.raises(SettingsError, match="needs `airflow"):
        command_of(Work("/x", "s", "e", "plan"), AirflowTasks.model_validate({"isolation": isolation}), {})


def test_the_command_line_answers_in_one_line(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([json.dumps(asdict(Work(folder, "tiny", "local", "begin")))]) == 0
    assert json.loads(capsys.readouterr().out)["result"]["streams"] == ["orders", "events", "lines"]
