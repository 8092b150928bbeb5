"""Snowpipe's REST calls: insertFiles, insertReport, loadHistoryScan, each with a JWT signed by the user's key.

https://docs.snowflake.com/en/user-guide/data-load-snowpipe-rest-apis
"""

import base64
import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from framework.errors import SettingsError, WarehouseError
from framework.snowflake_session import TRIES, WAIT_SECONDS, Login, key_in_der

MOST_FILES = 5_000
"""What one insertFiles takes."""
TOKEN_SECONDS = 3_000
"""How long a JWT is good for: an hour is the most."""
TIMEOUT_SECONDS = 60.0
_AGAIN = {408, 429, 500, 502, 503, 504}
"""Statuses after which the same call is made again: none of these calls does harm twice."""

Files = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Reported:
    """An answer of insertReport."""

    files: Files
    mark: str
    """What the next one begins at."""
    complete: bool
    """Whether nothing was left out since the last mark."""


class PipeCalls:
    """One pipe as its user calls it. That user's default role must hold OPERATE and MONITOR on it."""

    def __init__(self, login: Login, pipe: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """Sends nothing yet. Raises SettingsError where the user has no key, SecretError where it can't be read."""
        if login.authenticator != "key_pair" or not login.private_key:
            raise SettingsError(
                f"`load: snowpipe_rest` needs `authenticator: key_pair`: its calls take a JWT that is signed by the "
                f"user's private key, and {login.user} signs in by {login.authenticator}. Give the user a key, or "
                "write `load: snowpipe` or `load: copy`"
            )
        self._der = key_in_der(login.private_key, login.private_key_passphrase)
        self._who = f"{_account(login.account)}.{login.user.upper()}"
        host = login.url or f"https://{login.account.replace('_', '-')}.snowflakecomputing.com"
        self._url = f"{host.rstrip('/')}/v1/data/pipes/{quote(pipe, safe='.')}"
        self._pipe, self._sleep = pipe, sleep

    def insert(self, paths: Sequence[str]) -> None:
        """Files to load, by their paths below the pipe's place in the stage. One that it knows by name is left out."""
        for start in range(0, len(paths), MOST_FILES):
            files = [{"path": path} for path in paths[start : start + MOST_FILES]]
            self._call("POST", "insertFiles", {}, {"files": files})

    def report(self, mark: str) -> Reported:
        """What came to an end since the mark, of the last ten minutes and 10,000 files."""
        told = self._call("GET", "insertReport", {"beginMark": mark} if mark else {})
        complete = bool(told.get("completeResult", True))
        return Reported(told.get("files") or [], str(told.get("nextBeginMark") or mark), complete)

    def history(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """What came to an end since then: 14 days at most, 10,000 files at a time."""
        start = f"{since:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
        while True:
            told = self._call("GET", "loadHistoryScan", {"startTimeInclusive": start})
            yield from told.get("files") or []
            until = str(told.get("rangeEndTime") or start)
            if told.get("completeResult", True) or until == start:
                return
            start = until

    def _call(self, method: str, verb: str, asked: Mapping[str, str], body: object = None) -> Mapping[str, Any]:
        import httpx  # noqa: PLC0415 - `validate` does without it

        params = {"requestId": str(uuid.uuid4()), **asked}
        for attempt in range(1, TRIES + 1):
            try:
                answer = httpx.request(
                    method, f"{self._url}/{verb}", params=params, json=body, headers=self._headers(),
                    timeout=TIMEOUT_SECONDS,
                )  # fmt: skip
            except httpx.HTTPError as error:
                problem = f"no answer ({type(error).__name__})"
            else:
                told = _json(answer)
                if answer.is_success and told is not None:
                    return told
                problem = _problem(answer, told or {})
                if not answer.is_success and answer.status_code not in _AGAIN:
                    break
            if attempt < TRIES:
                self._sleep(WAIT_SECONDS * 2 ** (attempt - 1))
        raise WarehouseError(f"the pipe {self._pipe} can't be called ({verb}, as {self._who}): {problem}")

    def _headers(self) -> dict[str, str]:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - part of the driver: slow to load
        from joserfc import jwt  # noqa: PLC0415 - `validate` does without it
        from joserfc.jwk import RSAKey  # noqa: PLC0415

        key = serialization.load_der_private_key(self._der, None)
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        fingerprint = base64.b64encode(hashlib.sha256(public).digest()).decode()
        now = int(time.time())
        claims = {
            "iss": f"{self._who}.SHA256:{fingerprint}", "sub": self._who, "iat": now, "exp": now + TOKEN_SECONDS,
        }  # fmt: skip
        token = jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, RSAKey.import_key(self._der))
        return {
            "Authorization": f"Bearer {token}",
            "X-Snowflake-Authorization-Token-Type": "KEYPAIR_JWT",
            "Accept": "application/json",
        }


def _account(name: str) -> str:
    """An account as a JWT names it: without its region."""
    mark = "-" if ".global" in name else "."
    return name.partition(mark)[0].upper()


def _json(answer: Any) -> dict[str, Any] | None:
    """Its body, None where that is something else, as of a proxy."""
    try:
        told = answer.json()
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _problem(answer: Any, told: Mapping[str, Any]) -> str:
    """What Snowflake says, and what to do about it."""
    said = f"{told.get('message')} (code {told.get('code')})" if told else "its answer is no JSON"
    remedy = {
        401: ". Set the user's RSA_PUBLIC_KEY to the public half of `private_key`, and this machine's clock right",
        404: ". Is the pipe deployed, and has the user's DEFAULT_ROLE OPERATE and MONITOR on it?",
    }.get(answer.status_code, "")
    return f"status {answer.status_code}, {said}{remedy}"
