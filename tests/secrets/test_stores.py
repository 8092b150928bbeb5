"""The contract of a secret store, kept by each kind, by real services where there are any."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter

from framework.errors import SecretError, SettingsError
from framework.secrets import Stores, open_stores
from framework.secrets.base import SecretStore, SecretValues
from tests import moto
from tests.secrets import key_vault

Put = Callable[[str, str], None]
"""Puts a text under the name that the store gives to shop, or to shop and a name."""


@pytest.fixture(scope="module")
def aws() -> Iterator[moto.Moto]:
    with moto.serving() as server:
        yield server


def opened(folder: Path, *stores: dict[str, Any]) -> SecretStore:
    """These stores as framework.yaml has them."""
    given: Any = list(stores) if len(stores) > 1 else stores[0]
    return open_stores(TypeAdapter(Stores).validate_python(given), folder)


def env(request: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], Put]:
    def put(name: str, text: str) -> None:
        monkeypatch.setenv("_".join(["SHOP", *([name.upper()] if name else [])]), text)

    return {"type": "env"}, put


def dotenv(request: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], Put]:
    def put(name: str, text: str) -> None:
        with (folder / "secrets.env").open("a") as file:
            file.write(f"{'_'.join(['SHOP', *([name.upper()] if name else [])])}='{text}'\n")

    return {"type": "env", "file": "secrets.env"}, put


def file(request: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], Put]:
    def put(name: str, text: str) -> None:
        path = folder / "mounted" / (f"shop_{name}" if name else "shop.json")
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{text}\n")

    return {"type": "file", "path": "mounted"}, put


def manager(request: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], Put]:
    server: moto.Moto = request.getfixturevalue("aws")
    for name, value in moto.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    client, prefix = server.client("secretsmanager"), f"{folder.name}/"

    def put(name: str, text: str) -> None:
        key = prefix + "/".join(["shop", *([name] if name else [])])
        try:
            client.put_secret_value(SecretId=key, SecretString=text)
        except client.exceptions.ResourceNotFoundException:
            client.create_secret(Name=key, SecretString=text)

    return {"type": "aws_secrets_manager", "prefix": prefix, "endpoint_url": server.address, "write_back": True}, put


def parameters(request: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], Put]:
    server: moto.Moto = request.getfixturevalue("aws")
    for name, value in moto.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    client, prefix = server.client("ssm"), f"/{folder.name}/"

    def put(name: str, text: str) -> None:
        key = prefix + "/".join(["shop", *([name] if name else [])])
        client.put_parameter(Name=key, Value=text, Type="SecureString", Overwrite=True)

    return {"type": "aws_parameter_store", "prefix": prefix, "endpoint_url": server.address, "write_back": True}, put


def vault(request: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], Put]:
    running = key_vault.serving(folder)
    server, environment = running.__enter__()
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def put(name: str, text: str) -> None:
        key = f"shop--{name}".replace("_", "-") if name else "shop"
        server.values.setdefault(key, []).append(text)

    return {"type": "azure_key_vault", "vault_url": server.address, "write_back": True}, put


KINDS = [
    env,
    dotenv,
    file,
    *(pytest.param(kind, marks=pytest.mark.slow) for kind in (manager, parameters, vault)),
]
WRITABLE = [pytest.param(kind, marks=pytest.mark.slow) for kind in (manager, parameters, vault)]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SecretStore, Put]:
    settings, put = request.param(request, tmp_path, monkeypatch)
    return opened(tmp_path, settings), put


@pytest.mark.parametrize("place", KINDS, indirect=True)
def test_a_value_of_its_own_a_field_and_nothing(place: tuple[SecretStore, Put]) -> None:
    store, put = place
    put("client_id", "mine")
    put("", json.dumps({"client_secret": 'with "quotes"', "number": 12, "nested": {"a": 1}}))
    assert store.get("shop", "client_id") == "mine"
    assert store.get("shop", "client_secret") == 'with "quotes"'
    assert store.get("shop", "number") == "12"
    assert json.loads(store.get("shop", "nested") or "") == {"a": 1}
    assert store.get("shop", "token") is None
    assert store.get("other", "token") is None
    assert "token" in store.place("shop", "token").lower()


@pytest.mark.parametrize("place", [kind for kind in KINDS if kind is not env], indirect=True)
def test_what_changed_is_seen_once_it_is_asked_for_anew(
    place: tuple[SecretStore, Put], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, put = place
    put("token", "old")
    hidden: list[str] = []
    values = SecretValues(store, "shop", hidden.append)
    assert values["token"] == "old"
    assert not values.reread()
    put("token", "new")
    assert values["token"] == "old", "one run, one value"
    assert not values.reread(), "not again so soon"
    monkeypatch.setattr("framework.secrets.base.REREAD_SECONDS", -1.0)
    assert values.reread()
    assert (values["token"], hidden) == ("new", ["old", "old", "new"])


@pytest.mark.parametrize("place", WRITABLE, indirect=True)
def test_a_value_is_replaced_where_it_stands(place: tuple[SecretStore, Put]) -> None:
    store, put = place
    put("", json.dumps({"refresh_token": "first", "client_id": "stays"}))
    put("own", "first of its own")
    assert store.put("shop", "refresh_token", "second")
    assert store.put("shop", "own", "second of its own")
    assert not store.put("shop", "never", "x")
    found = [store.get("shop", name) for name in ("refresh_token", "client_id", "own", "never")]
    assert found == ["second", "stays", "second of its own", None]


def test_of_several_stores_the_first_that_has_it_gives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mounted").mkdir()
    for name in ("client_id", "client_secret"):
        (tmp_path / "mounted" / f"shop_{name}").write_text("from the file")
    monkeypatch.setenv("SHOP_CLIENT_ID", "from the environment")
    store = opened(tmp_path, {"type": "env"}, {"type": "file", "path": "mounted"})
    assert store.get("shop", "client_id") == "from the environment"
    assert store.get("shop", "client_secret") == "from the file"
    assert store.get("shop", "token") is None
    assert ", or into the file" in store.place("shop", "token")


@pytest.mark.slow
def test_a_store_that_can_not_be_asked_is_not_one_that_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with key_vault.serving(tmp_path) as (server, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        kinds = {"type": "azure_key_vault", "vault_url": server.address}
        server.forbidden = True
        with pytest.raises(SecretError, match="assign the role 'Key Vault Secrets User'"):
            opened(tmp_path, kinds, {"type": "env"}).get("shop", "token")
        monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
        with pytest.raises(SecretError, match="finds no credentials that work"):
            opened(tmp_path, kinds).get("shop", "token")


@pytest.mark.slow
def test_what_aws_denies_is_said_with_the_permission(aws: moto.Moto, tmp_path: Path) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    aws.enforce()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
            patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            for kind, action in {
                "secrets_manager": "secretsmanager:GetSecretValue",
                "parameter_store": "ssm:GetParameter",
            }.items():
                store = opened(tmp_path, {"type": f"aws_{kind}", "endpoint_url": aws.address})
                with pytest.raises(SecretError, match=f"access denied: allow {action}"):
                    store.get("shop", "token")
    finally:
        aws.trust()


def test_a_missing_driver_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("boto3", "azure.keyvault.secrets", "airflow.sdk"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SettingsError, match=r"pip install 'api-ingestion-framework\[s3\]'"):
        opened(tmp_path, {"type": "aws_secrets_manager"})
    with pytest.raises(SettingsError, match=r"pip install 'api-ingestion-framework\[azure\]'"):
        opened(tmp_path, {"type": "azure_key_vault", "vault_url": "https://acme.vault.azure.net"})
    with pytest.raises(SettingsError, match="Airflow is not installed here"):
        opened(tmp_path, {"type": "airflow"})


def test_airflow_is_asked_for_connections_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own is asked in tests/dag_factory; here what is done with the answers."""

    def connection(place: str) -> Any:
        if place != "my_shop":
            raise LookupError(f"The conn_id `{place}` isn't defined")
        return SimpleNamespace(login="user", password="pw", host="", port=None, schema=None, extra='{"token": "t"}')

    def variable(key: str, default: str | None) -> str | None:
        return variables.get(key, default)

    variables: dict[str, str] = {"my_shop_key": "k", "my_shop": '{"field": "f"}'}
    sdk = SimpleNamespace(
        Connection=SimpleNamespace(get=connection),
        Variable=SimpleNamespace(get=variable),
    )
    monkeypatch.setitem(sys.modules, "airflow", SimpleNamespace(sdk=sdk))
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)
    store = opened(tmp_path, {"type": "airflow", "prefix": "my_"})
    names = ("token", "login", "password", "key", "field", "host", "other")
    assert [store.get("shop", name) for name in names] == ["t", "user", "pw", "k", "f", None, None]
    assert store.get("other", "token") is None
