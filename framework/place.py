"""Where a URL leads: the host to connect to, and what to ask it for."""

import re
from dataclasses import dataclass

_PLAIN_URL = re.compile(r"(https?)://([a-z0-9.-]+)(?::(\d+))?((?:/(?!\.)[A-Za-z0-9_.~!$&'()*+,;=:@%-]*)*)(\?[!-~]*)?")
_UNSAFE = re.compile(r"""[<>"`{}|\\^#]""")


class NotSent(Exception):
    """It can't be sent: its URL or a header of it is nothing that HTTP can carry."""


@dataclass(frozen=True)
class Place:
    """Where a request goes."""

    scheme: str
    host: str
    port: int | None
    target: str
    """Path and query, as they are sent."""
    userinfo: bytes = b""

    @property
    def key(self) -> tuple[str, str, int]:
        """What a connection is for."""
        return self.scheme, self.host, self.port or (443 if self.scheme == "https" else 80)

    @property
    def host_header(self) -> str:
        """As the server is told."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def placed(url: str) -> Place:
    """Where a URL leads. Raises NotSent where it is none."""
    plain = _PLAIN_URL.fullmatch(url)
    if plain and not _UNSAFE.search(url):
        scheme, host, port, path, query = plain.groups()
        return Place(scheme, host, _port(scheme, port), (path or "/") + (query or ""))
    import httpx  # noqa: PLC0415 - as below: it takes 60 ms, and few runs need it

    try:
        made = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise NotSent(f"this is no URL: {error}") from None
    if made.scheme not in ("http", "https") or not made.host:
        raise NotSent(f"this is no URL of HTTP: {url}")
    return Place(made.scheme, made.raw_host.decode(), made.port, made.raw_path.decode(), made.userinfo)


def _port(scheme: str, text: str | None) -> int | None:
    port = int(text) if text else None
    return None if port == {"http": 80, "https": 443}[scheme] else port
