"""The least that the work can cost: receive every page of the list, compress what came, write it. Nothing is parsed but
the way to the next page, and nothing is promised."""

import argparse
import http.client
import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from isal import isal_zlib

_NEXT = re.compile(rb'"next_cursor":"(\d+)"')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("out", type=Path)
    parser.add_argument("--path", default="/cursor")
    parser.add_argument("--pages", type=int, default=0, help="ask for pages 1 to N instead of following cursors")
    given = parser.parse_args()
    parts = urlsplit(given.address)
    unverified = ssl._create_unverified_context() if parts.scheme == "https" else None
    kind = http.client.HTTPSConnection if unverified else http.client.HTTPConnection
    connection = kind(parts.netloc, **({"context": unverified} if unverified else {}))
    squeeze = isal_zlib.compressobj(2, isal_zlib.DEFLATED, 31)
    target, number = given.path, 1
    if given.pages:
        target = f"{given.path}?page=1"
    with given.out.open("wb", buffering=1 << 20) as file:
        while True:
            connection.request("GET", target)
            body = connection.getresponse().read()
            file.write(squeeze.compress(body))
            file.write(squeeze.compress(b"\n"))
            number += 1
            if given.pages:
                if number > given.pages:
                    break
                target = f"{given.path}?page={number}"
            elif found := _NEXT.search(body, len(body) - 100):
                target = f"{given.path}?cursor={found[1].decode()}"
            else:
                break
        file.write(squeeze.flush())


if __name__ == "__main__":
    main()
