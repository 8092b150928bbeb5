"""`framework doctor` and `framework policy`: what is printed suffices, and whatever is missing is named."""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from framework.cli import main
from framework.doctor import examine
from framework.policy import policy
from framework.project import find
from framework.settings import Environment
from framework.stages.local import LocalFolder
from tests import moto
from tests.api import serving, spec
from tests.stages import places


@pytest.fixture(scope="module")
def aws() -> Iterator[moto.Moto]:
    with moto.serving() as server:
        yield server


def placed(folder: Path, **environment: Any) -> Path:
    """A project with one source that needs one secret."""
    (folder / "sources").mkdir(parents=True)
    source = spec("https://api.example", {}) | {"secrets": ["token"]}
    source["http"]["auth"] = {"type": "bearer", "token": "{{ secrets.token }}"}
    (folder / "sources" / "api.yaml").write_text(json.dumps(source))
    settings = {"version": 1, "environments": {"local": environment}}
    (folder / "framework.yaml").write_text(json.dumps(settings))
    return folder


def doctor(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code, and the table in one line."""
    code = main(["doctor", "--project", str(folder)])
    return code, " ".join(capsys.readouterr().out.split())


def test_a_laptop_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("API_TOKEN", "a-token-of-chance")
    folder = placed(tmp_path)
    for _ in range(2):
        code, said = doctor(folder, capsys)
        assert code == 0, said
        assert "all is well" in said
        assert "a-token-of-chance" not in said
    assert main(["policy", "--project", str(folder)]) == 0
    assert "needs nothing of AWS or Azure" in capsys.readouterr().err


def test_what_is_missing_is_said_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    stage = {"type": "s3", "bucket": "acme", "access_key_id": "secret:aws#id", "secret_access_key": "env:NOT_SET"}
    code, said = doctor(placed(tmp_path, stage=stage), capsys)
    assert code == 1
    assert "API_TOKEN" in said
    assert "AWS_ID" in said
    assert "NOT_SET" in said
    (tmp_path / "sources" / "bad.yaml").write_text("version: 1\nname: bad\n")
    assert "validate" in doctor(tmp_path, capsys)[1]


@pytest.mark.parametrize(
    ("method", "told"),
    [("put_if_absent", "writes over what is there"), ("publish", "completes an upload over an object that is there")],
)
def test_a_store_that_overwrites_is_refused(
    method: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As some that speak S3 do: one ignores If-None-Match of a PUT, another that of CompleteMultipartUpload."""
    monkeypatch.setenv("API_TOKEN", "x")
    monkeypatch.setenv("COLUMNS", "300")

    def put(self: LocalFolder, key: str, data: bytes) -> bool:
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        (self.root / key).write_bytes(data)
        return True

    def publish(self: LocalFolder, key: str, handle: str, bytes: int) -> None:
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        os.replace(self.root / "_uploads" / handle, self.root / key)

    monkeypatch.setattr(LocalFolder, method, {"put_if_absent": put, "publish": publish}[method])
    code, said = doctor(placed(tmp_path), capsys)
    assert (code, told in said) == (1, True), said


def test_a_clock_that_is_wrong_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime, timedelta

    monkeypatch.setenv("API_TOKEN", "x")
    project = find(placed(tmp_path))
    for minutes, state in ((0, "ok"), (2, "warning"), (20, "failed")):
        now = datetime.now(UTC) + timedelta(minutes=minutes)
        (clock,) = [found for found in examine(project, None, now) if found.about == "clock"]
        assert clock.state == state, clock


def loader(aws: moto.Moto, document: Any) -> dict[str, str]:
    """A new user who may do what the policy says, as a process's environment."""
    iam, name = aws.client("iam"), f"loader-{secrets.token_hex(4)}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="loader", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    given = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    return moto.ENVIRONMENT | given


def without(document: Any, action: str) -> Any:
    """The policy less one action."""
    statements = [
        {**statement, "Action": [each for each in statement["Action"] if each != action]}
        for statement in document["Statement"]
    ]
    return {**document, "Statement": [statement for statement in statements if statement["Action"]]}


@pytest.mark.slow
def test_the_printed_policy_suffices_and_nothing_of_it_can_go(
    aws: moto.Moto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    with places.s3(aws) as place, serving(lambda seen: {"items": [{"id": 1}]}) as api:
        manager = {"type": "aws_secrets_manager", "prefix": "ingest/", "endpoint_url": aws.address}
        parameters = {"type": "aws_parameter_store", "prefix": "/ingest/", "endpoint_url": aws.address}
        hosts = {"https://api.example": api.address}
        folder = placed(tmp_path, stage=place.settings, secrets=[parameters, manager], hosts=hosts)
        aws.client("secretsmanager").create_secret(Name="ingest/api", SecretString='{"token": "t-of-chance"}')
        assert main(["policy", "--project", str(folder)]) == 0
        document = json.loads(capsys.readouterr().out)
        actions = sorted(action for statement in document["Statement"] for action in statement["Action"])
        assert actions == [
            "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket",
            "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:PutObject",
            "secretsmanager:GetSecretValue", "ssm:GetParameter",
        ]  # fmt: skip
        for statement in document["Statement"]:  # moto knows no resources but those of S3
            if statement["Sid"] in ("Secrets", "Parameters"):
                statement["Resource"] = ["*"]
        cases = {action: loader(aws, without(document, action)) for action in actions}
        whole = loader(aws, document)
        aws.enforce()
        try:
            for name, value in whole.items():
                monkeypatch.setenv(name, value)
            code, said = doctor(folder, capsys)
            assert code == 0, said
            assert main(["run", "api", "--project", str(folder)]) == 0, capsys.readouterr()
            capsys.readouterr()
            for action, environment in cases.items():
                for name, value in environment.items():
                    monkeypatch.setenv(name, value)
                code, said = doctor(folder, capsys)
                assert (code, f"allow {action}" in said) == (1, True), (action, said)
                assert "t-of-chance" not in said
        finally:
            aws.trust()


def test_azure_roles_name_container_and_vault() -> None:
    stage = {"type": "azure", "account": "acmeraw", "container": "raw", "tags": {"team": "data"}}
    vault = {"type": "azure_key_vault", "vault_url": "https://acme.vault.azure.net"}
    document = policy(Environment.model_validate({"stage": stage, "secrets": vault}), "analytics", ["shop"])
    blobs, secret = document["roleAssignments"]
    assert blobs["scope"].endswith("/storageAccounts/acmeraw/blobServices/default/containers/raw")
    actions = [action.rpartition("/blobs/")[2] for action in blobs["definition"]["DataActions"]]
    assert actions == ["add/action", "delete", "read", "write", "tags/write"]
    assert (secret["role"], secret["scope"].rpartition("/")[2]) == ("Key Vault Secrets User", "acme")


def test_a_policy_names_the_key_the_tags_and_the_writing() -> None:
    stage = {"type": "s3", "bucket": "acme", "encryption": "sse_kms", "kms_key_id": "arn:aws:kms:eu-west-1:1:key/k"}
    store = {"type": "aws_secrets_manager", "region": "eu-west-1", "write_back": True}
    environment = Environment.model_validate({"stage": stage | {"tags": {"team": "data"}}, "secrets": store})
    document = policy(environment, "analytics", ["shop"])
    by_name = {statement["Sid"]: statement for statement in document["Statement"]}
    assert "s3:PutObjectTagging" in by_name["Objects"]["Action"]
    assert by_name["Objects"]["Resource"] == ["arn:aws:s3:::acme/analytics/*"]
    assert by_name["Notes"]["Resource"][0] == "arn:aws:s3:::acme/analytics/_plan/*", "neither parts nor the log"
    assert by_name["Key"]["Resource"] == ["arn:aws:kms:eu-west-1:1:key/k"]
    assert "secretsmanager:PutSecretValue" in by_name["Secrets"]["Action"]
    assert by_name["Secrets"]["Resource"][0] == "arn:aws:secretsmanager:eu-west-1:*:secret:shop"
