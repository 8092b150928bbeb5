"""The container files: pinned, not root, and every name in them leads somewhere. No container engine is needed."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from framework.project import find

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def test_services_wait_for_services_that_there_are(compose: Any) -> None:
    services = compose["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, name
            assert how["condition"] != "service_healthy" or "healthcheck" in services[other], (name, other)
        for volume in service.get("volumes", []):
            place = volume.partition(":")[0]
            assert (ROOT / place).exists() if place.startswith(".") else place in compose["volumes"], volume


def test_what_is_listened_to_is_listened_to_on_this_machine_alone(compose: Any) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_are_pinned(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert "build" in service or re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", service["image"]), name
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (python,) = re.findall(r"^ARG PYTHON=(.*)$", text, re.M)
    assert re.fullmatch(r"\d+\.\d+\.\d+-slim-\w+", python)
    assert "--require-hashes" in text


def test_the_image_runs_as_nobody_special() -> None:
    stages = (ROOT / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")[2:]
    assert len(stages) == 2
    for stage in stages:
        assert re.findall(r"^USER (.*)$", stage, re.M) == ["ingest"], "and nothing after it is root's"


def test_every_file_that_an_image_copies_exists_and_is_sent_to_the_builder() -> None:
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.M):
        for path in line.split()[:-1]:
            assert (ROOT / path).exists(), path
            assert f"!{path}" in sent or (path.endswith(".lock") and "!requirements*.lock" in sent), path


def test_the_bundle_and_the_project_are_as_airflow_and_the_framework_read_them(compose: Any, tmp_path: Path) -> None:
    environment = compose["services"]["scheduler"]["environment"]
    (bundle,) = json.loads(environment["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    assert bundle["classpath"] == "dag_factory.bundle.SpecBundle"
    shutil.copyfile(ROOT / "compose" / "framework.yaml", tmp_path / "framework.yaml")
    shutil.copytree(ROOT / "sources", tmp_path / "sources")
    project = find(tmp_path)
    deployed = project.deployment("shop", bundle["kwargs"]["environment"])
    assert deployed.airflow.one_host
    places = {volume.split(":")[1] for volume in compose["services"]["scheduler"]["volumes"]}
    assert {f"{bundle['kwargs']['project']}/{name}" for name in ("framework.yaml", "sources", ".data")} <= places


@pytest.mark.parametrize("command", ["docker compose", "docker-compose"])
def test_compose_itself_takes_it(command: str) -> None:
    words = command.split()
    if not shutil.which(words[0]) or subprocess.run([*words, "version"], capture_output=True, check=False).returncode:
        pytest.skip(f"no {command} here")
    done = subprocess.run(
        [*words, "-f", "docker-compose.yml", "--profile", "celery", "config"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {"worker-1", "worker-2", "redis"} <= set(yaml.safe_load(done.stdout)["services"])
