"""The least that the work can cost: receive every page, compress what came, write it. Nothing is parsed but the way to
the next page, and nothing is promised.

    python benchmarks/floor.py ADDRESS FILE cursor|numbers|parents|windows PAGES
"""

import http.client
import re
import ssl
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from isal import isal_zlib

_NEXT = re.compile(rb'"next_cursor":"(\d+)"')
_HOUR = 3600
_EPOCH = 473_352 * _HOUR


def targets(how: str, pages: int, last: list[bytes]) -> Iterator[str]:
    """What to ask for, one after the other; the answer to each is put into `last`."""
    if how == "cursor":
        yield "/cursor"
        while found := _NEXT.search(last[0], len(last[0]) - 100):
            yield f"/cursor?cursor={found[1].decode()}"
    elif how == "numbers":
        yield from (f"/pages?page={number}" for number in range(1, pages + 1))
    elif how == "parents":
        yield from (f"/parents/{number}/orders" for number in range(1, pages + 1))
    else:
        hours = (_EPOCH + hour * _HOUR for hour in range(pages))
        yield from (f"/windows?from={start}&to={start + _HOUR}" for start in hours)


def main(address: str, file: str, how: str, pages: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.netloc, context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection(parts.netloc)
    squeeze = isal_zlib.compressobj(2, isal_zlib.DEFLATED, 31)
    last = [b""]
    with open(file, "wb", buffering=1 << 20) as written:
        for target in targets(how, int(pages), last):
            connection.request("GET", target)
            last[0] = connection.getresponse().read()
            written.write(squeeze.compress(last[0]))
        written.write(squeeze.flush())


if __name__ == "__main__":
    main(*sys.argv[1:])
