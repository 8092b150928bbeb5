"""A client's certificate, shown to the API when the connection is made (mutual TLS)."""

import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from framework.auth.base import Auth, AuthContext, Fixed
from framework.auth.kinds import Kind
from framework.errors import SecretError
from framework.model import Strict, Template
from framework.template import render_text


class MtlsAuth(Strict):
    """A client's certificate and its private key, alone or together with other credentials."""

    type: Literal["mtls"]
    certificate: Template
    """The certificate, then those between it and the authority's, if any: PEM text, usually
    `{{ secrets.certificate }}`, or a file's path from the project's folder."""
    private_key: Template
    """Its private key: PEM text, usually `{{ secrets.private_key }}`, or a file's path."""
    key_password: Template | None = None
    """What the private key is encrypted by."""
    authority: Template | None = None
    """The certificate of the authority that vouches for the API, where it is not a public one: PEM text or a path."""
    hosts: list[Template] = []
    """Who else may see the certificate, such as the token endpoint: https://login.example.com"""
    credentials: Annotated[Kind, Field(discriminator="type")] | None = None
    """What every request carries besides, such as a token."""

    def open(self, context: AuthContext) -> Auth:
        """Reads the certificate once. Raises SecretError where it or its key can't be used."""
        context.identify(self._tls(context), [render_text(host, context.values) for host in self.hosts])
        return self.credentials.open(context) if self.credentials else Fixed(lambda request: request)

    def _tls(self, context: AuthContext) -> ssl.SSLContext:
        password = render_text(self.key_password, context.values) if self.key_password else ""
        context.hide(password)
        tls = ssl.create_default_context()
        if self.authority:
            pem = _pem(self.authority, "authority", context)
            _loaded(lambda: tls.load_verify_locations(cadata=pem), "authority is no certificate in PEM")
        texts = _pem(self.certificate, "certificate", context), _pem(self.private_key, "private_key", context)
        with tempfile.TemporaryDirectory() as name:  # ssl reads a certificate and its key from files alone
            files = Path(name) / "certificate", Path(name) / "key"
            for file, text in zip(files, texts, strict=True):
                file.touch(mode=0o600)
                file.write_text(text, encoding="ascii", errors="replace")
            _loaded(
                lambda: tls.load_cert_chain(files[0], files[1], password=password),
                "certificate and http.auth.private_key are no certificate and its private key in PEM, or "
                "http.auth.key_password does not open the key",
            )
        return tls


def _pem(template: Template, name: str, context: AuthContext) -> str:
    text = render_text(template, context.values)
    if "-----BEGIN" in text:
        context.hide(text)
        return text.replace("\\n", "\n")
    try:
        return (context.folder / text).read_text(encoding="utf-8")
    except (OSError, ValueError):
        context.hide(text)
        raise SecretError(f"http.auth.{name} is neither PEM text nor the path of a file that can be read") from None


def _loaded(load: Callable[[], None], otherwise: str) -> None:
    try:
        load()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SecretError(f"http.auth.{otherwise} ({getattr(error, 'reason', None) or type(error).__name__})") from None
