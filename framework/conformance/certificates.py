"""Certificates for an API that wants to see one: made for each run, good for an hour, never kept."""

import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as PEM text."""

    certificate: str
    private_key: str


@dataclass(frozen=True)
class Certificates:
    """An authority, and what it vouches for: this machine as a server, and a client."""

    authority: str
    server: Pair
    client: Pair

    def context(self) -> ssl.SSLContext:
        """What a server speaks TLS by that turns away who shows no certificate."""
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_verify_locations(cadata=self.authority)
        tls.verify_mode = ssl.CERT_REQUIRED
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder) / "certificate", Path(folder) / "key"
            files[0].write_text(self.server.certificate, encoding="ascii")
            files[1].write_text(self.server.private_key, encoding="ascii")
            tls.load_cert_chain(*files)
        return tls


def made() -> Certificates:
    """New ones."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    uses = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    rules = [(x509.BasicConstraints(ca=True, path_length=0), True), (uses, True)]
    authority = _signed(name, key.public_key(), name, key, [*rules, (_key_id(key), False)])
    server, client = (_issued(whose, name, key) for whose in ("server", "client"))
    return Certificates(_pem(authority), server, client)


def _issued(whose: str, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, whose)])
    place = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    certificate = _signed(name, key.public_key(), issuer, issuer_key, [(place, False), (known, False)])
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return Pair(_pem(certificate), key.private_bytes(*form).decode())


def _key_id(key: ec.EllipticCurvePrivateKey) -> x509.ExtensionType:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _signed(
    name: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    extensions: list[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, name, key, x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
