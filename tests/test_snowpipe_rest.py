"""Snowpipe's REST calls as they go over the wire: who signs, how many files, what is asked again."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import RSAKey

from framework.errors import SettingsError, WarehouseError
from framework.settings import Environment
from framework.snowflake_session import Login
from framework.snowpipe_rest import PipeCalls
from tests.api import Answer, Seen, serving

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = base64.b64encode(KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def calls(address: str, account: str = "acme", **more: Any) -> PipeCalls:
    login = Login(account, "loader", private_key=PRIVATE, url=address, **more)
    return PipeCalls(login, 'LAKE.RAW."odd pipe"', sleep=lambda _: None)


def in_turn(*answers: Any) -> Callable[[Seen], Any]:
    """One answer after the other, the last one for ever."""
    waiting = list(answers)
    return lambda seen: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def test_each_call_is_signed_by_the_user_for_less_than_an_hour() -> None:
    for account, named in (("acme-prod", "ACME-PROD"), ("xy1.eu-west-1", "XY1"), ("acme-x.global", "ACME")):
        with serving(lambda _: {"responseCode": "SUCCESS"}) as api:
            calls(api.address, account).insert(["dt=1/a.jsonl.gz"])
        (seen,) = api.seen
        assert seen.path == "/v1/data/pipes/LAKE.RAW.%22odd%20pipe%22/insertFiles"
        assert json.loads(seen.body) == {"files": [{"path": "dt=1/a.jsonl.gz"}]}
        assert seen.headers["x-snowflake-authorization-token-type"] == "KEYPAIR_JWT"
        token = seen.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, RSAKey.import_key(KEY.public_key()), algorithms=["RS256"]).claims
        assert claims["sub"] == f"{named}.LOADER"
        assert claims["iss"].startswith(f"{named}.LOADER.SHA256:")
        assert 0 < claims["exp"] - claims["iat"] < 3600


def test_five_thousand_files_go_into_one_call() -> None:
    with serving(lambda _: {"responseCode": "SUCCESS"}) as api:
        calls(api.address).insert([f"{number}.jsonl.gz" for number in range(5001)])
    assert [len(json.loads(seen.body)["files"]) for seen in api.seen] == [5000, 1]


def test_a_history_is_read_to_its_end_and_a_report_goes_on_from_its_mark() -> None:
    pages = (
        {"files": [{"path": "a"}], "completeResult": False, "rangeEndTime": "2026-01-02T01:00:00.000Z"},
        {"files": [{"path": "b"}], "completeResult": True},
    )
    with serving(in_turn(*pages)) as api:
        assert [file["path"] for file in calls(api.address).history(NOW)] == ["a", "b"]
    assert [seen.params["startTimeInclusive"] for seen in api.seen] == [
        "2026-01-02T00:00:00.000Z", "2026-01-02T01:00:00.000Z",
    ]  # fmt: skip
    with serving(in_turn({"files": [], "nextBeginMark": "1_2", "completeResult": False})) as api:
        report = calls(api.address).report("")
        calls(api.address).report(report.mark)
    assert (report.mark, report.complete) == ("1_2", False)
    assert [seen.params.get("beginMark") for seen in api.seen] == [None, "1_2"]


def test_what_may_go_through_later_is_asked_again_and_the_rest_is_told() -> None:
    busy = Answer({"message": "slow down", "code": "429"}, 429)
    with serving(in_turn(busy, Answer(b"<html>", 503), Answer({"a": 1}, send=3), {"responseCode": "SUCCESS"})) as api:
        calls(api.address).insert(["a"])
    assert len(api.seen) == 4
    assert len({seen.params["requestId"] for seen in api.seen}) == 1
    with serving(in_turn(busy)) as api, pytest.raises(WarehouseError, match="status 429, slow down"):
        calls(api.address).insert(["a"])
    refused = Answer({"message": "JWT token is invalid.", "code": "390144"}, 401)
    with serving(in_turn(refused)) as api, pytest.raises(WarehouseError, match="RSA_PUBLIC_KEY") as told:
        calls(api.address).insert(["a"])
    assert len(api.seen) == 1
    assert PRIVATE[:40] not in str(told.value)
    assert api.seen[0].headers["authorization"][7:] not in str(told.value)


def test_nobody_calls_without_a_key() -> None:
    login = Login("acme", "loader", authenticator="oauth", token="t")
    with pytest.raises(SettingsError, match=r"snowpipe_rest.*key_pair.*signs in by oauth"):
        PipeCalls(login, "LAKE.RAW.P")
    warehouse = {
        "type": "snowflake", "account": "a", "user": "u", "database": "d", "warehouse": "w", "role": "r",
        "authenticator": "workload_identity",
    }  # fmt: skip
    Environment.model_validate({"warehouse": warehouse})
    with pytest.raises(ValueError, match="snowpipe_rest` needs `authenticator: key_pair"):
        Environment.model_validate({"warehouse": {**warehouse, "load": "snowpipe_rest"}})
