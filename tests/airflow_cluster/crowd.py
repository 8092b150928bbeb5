"""A slow API with many partitions, which counts what it is asked: python crowd.py

    /groups/7/posts?cursor=3     a page of a group's posts, after 50 ms
    /stats                       when requests for posts came, and the most that were under way at once

Prints its port, and ends when its standard input does.
"""

import asyncio
import json
import sys
import time
from urllib.parse import parse_qs, urlsplit

LATENCY_SECONDS = 0.05
PER_PAGE = 5
came: dict[str, list[float]] = {}
under_way: dict[str, int] = {}
most: dict[str, int] = {}


def posts(group: int, page: int, pages: int) -> dict[str, object]:
    """Deterministic, so that runs can be compared."""
    first = page * PER_PAGE
    data = [{"id": first + number, "text": f"post {first + number} of group {group}"} for number in range(PER_PAGE)]
    return {"data": data, "next": str(page + 1) if page + 1 < pages else None}


async def answer(path: str) -> object:
    """A path's body."""
    parts = urlsplit(path)
    words = parts.path.strip("/").split("/")
    if words == ["stats"]:
        return {"came": came, "most": most}
    kind, group, pages = words[0], int(words[1]), int(words[2])
    came.setdefault(kind, []).append(time.time())
    under_way[kind] = under_way.get(kind, 0) + 1
    most[kind] = max(most.get(kind, 0), under_way[kind])
    try:
        await asyncio.sleep(LATENCY_SECONDS)
    finally:
        under_way[kind] -= 1
    return posts(group, int(parse_qs(parts.query).get("cursor", ["0"])[0]), pages)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, many requests."""
    try:
        while line := await reader.readline():
            while (await reader.readline()).strip():
                pass
            body = json.dumps(await answer(line.decode().split()[1])).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Until nobody holds the other end of its standard input."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
