"""AWS Signature Version 4 (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)."""

import hmac
import re
from datetime import datetime
from hashlib import sha256
from typing import Literal
from urllib.parse import quote, unquote

from framework.auth.base import Auth, AuthContext, Fixed
from framework.auth.wire import Wire
from framework.model import Strict, Template
from framework.request import Request
from framework.template import render_text


class AwsSigV4Auth(Strict):
    """AWS Signature Version 4, for API Gateway, OpenSearch and whatever else signs as AWS does."""

    type: Literal["aws_sigv4"]
    access_key: Template
    """The access key's id, usually `{{ secrets.access_key }}`."""
    secret_key: Template
    """The secret access key."""
    session_token: Template | None = None
    """For credentials that last for a while only."""
    region: Template
    """Such as eu-west-1."""
    service: Template
    """The name that the service signs by, such as execute-api, es or s3."""

    def open(self, context: AuthContext) -> Auth:
        """The credentials, once; each request is signed as it is sent."""
        key, secret, region, service = (
            render_text(text, context.values) for text in (self.access_key, self.secret_key, self.region, self.service)
        )
        token = render_text(self.session_token, context.values) if self.session_token else ""
        context.hide(secret)
        context.hide(token)
        signer = Signer(key, secret, region, service, token)
        return Fixed(lambda request: signer.signed(request, context.clock()))


class Signer:
    """Signs requests for one service in one region."""

    def __init__(self, access_key: str, secret_key: str, region: str, service: str, token: str = "") -> None:
        self._access_key, self._secret_key, self._token = access_key, secret_key, token
        self._region, self._service = region, service

    def signed(self, request: Request, now: datetime) -> Request:
        """The request with its date, its token and its signature in headers."""
        wire, moment = Wire.of(request), f"{now:%Y%m%dT%H%M%SZ}"
        request = request.with_header("X-Amz-Date", moment)
        signed = {"host": wire.host, "x-amz-date": moment}
        if self._token:
            request = request.with_header("X-Amz-Security-Token", self._token)
            signed["x-amz-security-token"] = self._token
        body_hash = wire.body_hash("sha256").hex()
        if self._service == "s3":
            request = request.with_header("X-Amz-Content-Sha256", body_hash)
            signed["x-amz-content-sha256"] = body_hash
        names = ";".join(sorted(signed))
        headers = "".join(f"{name}:{' '.join(signed[name].split())}\n" for name in sorted(signed))
        text = "\n".join([wire.method, self._path(wire.path), _query(wire.query), headers, names, body_hash])
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(text.encode()).hexdigest()}"
        signature = _digest(self._key(moment[:8]), to_sign).hex()
        credential = f"Credential={self._access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        return request.with_header("Authorization", f"AWS4-HMAC-SHA256 {credential}")

    def _path(self, path: str) -> str:
        """S3 takes the path as it is sent; all others without . and .. and empty steps, and quoted once more."""
        if self._service == "s3":
            return path or "/"
        steps: list[str] = []
        for step in path.split("/"):
            if step == "..":
                steps = steps[:-1]
            elif step not in ("", "."):
                steps.append(step)
        end = "/" if steps and re.search(r"/\.{0,2}$", path) else ""
        return quote("/" + "/".join(steps) + end, safe="/-_.~")

    def _key(self, day: str) -> bytes:
        key = f"AWS4{self._secret_key}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = _digest(key, part)
        return key


def _digest(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _query(query: str) -> str:
    """Each name and value quoted as AWS does, sorted."""
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    again = [tuple(quote(unquote(text), safe="-_.~") for text in pair) for pair in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(again))
