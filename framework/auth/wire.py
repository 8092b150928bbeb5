"""What of a request a signature is made of: the bytes that go over the wire."""

import hashlib
from dataclasses import dataclass

from framework.request import Request


@dataclass(frozen=True)
class Wire:
    """A request as the server sees it."""

    method: str
    url: str
    host: str
    """With the port where it is not the scheme's own, as in the header Host."""
    path: str
    """Quoted."""
    query: str
    """Quoted, in its order, without the question mark."""
    body: bytes

    @classmethod
    def of(cls, request: Request) -> "Wire":
        """What the HTTP client sends for it."""
        import httpx  # noqa: PLC0415 - `validate` does without it

        url = httpx.URL(request.full_url)
        path, _, query = url.raw_path.decode("ascii").partition("?")
        return cls(request.method, str(url), url.netloc.decode("ascii"), path, query, request.content or b"")

    def body_hash(self, algorithm: str) -> bytes:
        """The digest of the body; of nothing where there is none."""
        return hashlib.new(algorithm, self.body, usedforsecurity=False).digest()
