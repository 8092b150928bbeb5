"""A stand-in for Azure Key Vault and Entra ID over HTTPS, asked by the SDK as it is.

The shapes of the answers follow the examples of azure-rest-api-specs (keyvault/data-plane, 7.4).
"""

import json
import secrets
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme

TENANT = "11111111-1111-1111-1111-111111111111"


@dataclass
class Vault:
    """A running stand-in."""

    address: str = ""
    client_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    values: dict[str, list[str]] = field(default_factory=dict)
    """By name: the versions, oldest first."""
    asked: list[str] = field(default_factory=list)
    forbidden: bool = False
    tokens: set[str] = field(default_factory=set)

    def environment(self, ca: Path) -> dict[str, str]:
        """What the SDK's own chain finds."""
        return {
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": "loader",
            "AZURE_CLIENT_SECRET": self.client_secret,
            "AZURE_AUTHORITY_HOST": self.address,
            "REQUESTS_CA_BUNDLE": str(ca),
        }


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Vault, dict[str, str]]]:
    """The stand-in, and the environment of a process that is to reach it."""
    authority, vault = trustme.CA(), Vault()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    handler = type("Handler", (_Handler,), {"vault": vault})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        vault.address = f"https://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield vault, vault.environment(folder / "ca.pem")
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    vault: Vault
    protocol_version = "HTTP/1.1"

    def log_message(self, *words: Any) -> None:
        pass

    def _say(self, status: int, answer: Any, **headers: str) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _refuse(self, status: int, code: str, message: str, **headers: str) -> None:
        self._say(status, {"error": {"code": code, "message": message}}, **headers)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.endswith("/.well-known/openid-configuration"):
            here = f"{self.vault.address}/{TENANT}"
            endpoints = {"authorization_endpoint": f"{here}/oauth2/v2.0/authorize", "issuer": f"{here}/v2.0"}
            self._say(200, {**endpoints, "token_endpoint": f"{here}/oauth2/v2.0/token", "jwks_uri": f"{here}/keys"})
        else:
            self._secret(path, None)

    def do_PUT(self) -> None:
        self._secret(urlsplit(self.path).path, json.loads(self._body() or b"{}").get("value"))

    def do_POST(self) -> None:
        form = {name: values[0] for name, values in parse_qs(self._body().decode()).items()}
        wanted = ("loader", self.vault.client_secret, "https://vault.azure.net/.default")
        if (form.get("client_id"), form.get("client_secret"), form.get("scope")) != wanted:
            self._say(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."})
            return
        token = secrets.token_hex(16)
        self.vault.tokens.add(token)
        self._say(200, {"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": token})

    def _secret(self, path: str, value: str | None) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.vault.tokens:
            where = f'Bearer authorization="{self.vault.address}/{TENANT}", resource="https://vault.azure.net"'
            self._refuse(401, "Unauthorized", "AKV10000: the request has no token.", WWW_Authenticate=where)
            return
        name = path.strip("/").split("/")[1]
        self.vault.asked.append(name)
        if self.vault.forbidden:
            self._refuse(403, "Forbidden", "Caller is not authorized to perform action on resource.")
        elif value is not None:
            self.vault.values.setdefault(name, []).append(value)
            self._bundle(name)
        elif name in self.vault.values:
            self._bundle(name)
        else:
            self._refuse(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")

    def _bundle(self, name: str) -> None:
        versions = self.vault.values[name]
        place = f"{self.vault.address}/secrets/{name}/{len(versions):032d}"
        attributes = {"enabled": True, "created": 1700000000, "updated": 1700000000, "recoverableDays": 90}
        self._say(200, {"value": versions[-1], "id": place, "attributes": attributes})
