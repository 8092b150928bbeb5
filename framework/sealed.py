"""Text sealed under a key, so that what lies in the stage tells nobody anything. The library is loaded at first use:
few sources need it, and it takes a tenth of a run's start."""

import base64


class Unreadable(Exception):
    """Sealed under another key, or damaged."""


class Box:
    """Seals and opens under one key of 32 bytes (Fernet: AES-128-CBC with HMAC-SHA-256)."""

    def __init__(self, key: bytes) -> None:
        from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415 - see above

        self._fernet, self._refused = Fernet(base64.urlsafe_b64encode(key)), InvalidToken

    def seal(self, plain: bytes) -> bytes:
        """What may be kept."""
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed. Raises Unreadable."""
        try:
            return self._fernet.decrypt(sealed)
        except self._refused:
            raise Unreadable from None


def derived(secret: bytes, purpose: str) -> bytes:
    """32 bytes that nobody can lead back to the secret (HKDF with SHA-256, RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret)
