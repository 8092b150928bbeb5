"""A part's way into S3, side by side: plain boto3 and the stage, on one server. `python -m benchmarks.upload`.

The server is moto on this machine unless --endpoint-url and --bucket name another. Both send the same bytes as they
come, in pieces of 1 MiB, and neither holds the part in memory. Prints MB/s (medians) and the stage's peak of memory.
"""

import argparse
import io
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from framework.stages.s3 import S3Bucket, S3Stage
from tests import moto

PIECE = os.urandom(1 << 20)


class Pieces(io.RawIOBase):
    """So many MiB to read."""

    def __init__(self, count: int) -> None:
        self._left = count << 20

    def readable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """What is asked for, of the same piece over and over."""
        size = self._left if size < 0 else min(size, self._left)
        self._left -= size
        whole, rest = divmod(size, len(PIECE))
        return PIECE * whole + PIECE[:rest]


def by_boto3(bucket: S3Bucket, key: str, mebibytes: int) -> None:
    """As its documentation has it."""
    bucket.client.upload_fileobj(Pieces(mebibytes), bucket.bucket, key)


def by_stage(bucket: S3Bucket, key: str, mebibytes: int) -> None:
    """Prepare and publish."""
    upload = bucket.prepare(key)
    for _ in range(mebibytes):
        upload.write(PIECE)
    bucket.publish(key, upload.finish(), mebibytes << 20)


def seconds(what: Callable[[], None]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


class Peak:
    """The most that this process grew by, by the operating system's count, while the block ran."""

    def __enter__(self) -> "Peak":
        self.bytes, self._done, self._start = 0, threading.Event(), _resident()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self.bytes = max(self.bytes, _resident() - self._start)

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measured(bucket: S3Bucket, mebibytes: int, rounds: int) -> dict[str, Any]:
    """MB/s of both, in turns, and the stage's peak in bytes."""
    by_stage(bucket, "warm", 8)
    by_boto3(bucket, "warm-boto3", 8)
    with Peak() as peak:
        by_stage(bucket, "peak", mebibytes)
    taken: dict[str, list[float]] = {"boto3": [], "stage": []}
    for number in range(rounds):
        for name, send in (("boto3", by_boto3), ("stage", by_stage)):
            key = f"{name}-{number}"
            taken[name].append(seconds(lambda send=send, key=key: send(bucket, key, mebibytes)))  # type: ignore[misc]
            bucket.client.delete_object(Bucket=bucket.bucket, Key=bucket.prefix + key)
    speeds = {name: (mebibytes << 20) / 1e6 / statistics.median(found) for name, found in taken.items()}
    return {**speeds, "peak": peak.bytes}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upload", description="Uploads, side by side.")
    parser.add_argument("--mebibytes", type=int, default=128, help="the size of a part (default: 128)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--endpoint-url", help="a server that runs (default: moto)")
    parser.add_argument("--bucket", default="benchmark", help="its bucket")
    asked = parser.parse_args()
    if asked.endpoint_url:
        stage = S3Stage(type="s3", bucket=asked.bucket, endpoint_url=asked.endpoint_url).open(Path())
        found = measured(stage, asked.mebibytes, asked.rounds)
    else:
        os.environ.update(moto.ENVIRONMENT)
        with moto.serving() as server:
            server.client("s3").create_bucket(Bucket=asked.bucket)
            stage = S3Stage(type="s3", bucket=asked.bucket, endpoint_url=server.address).open(Path())
            found = measured(stage, asked.mebibytes, asked.rounds)
    sys.stdout.write(
        f"boto3 {found['boto3']:.0f} MB/s, stage {found['stage']:.0f} MB/s "
        f"({found['stage'] / found['boto3']:.2f} times), peak {found['peak'] / 1e6:.0f} MB\n"
    )


if __name__ == "__main__":
    main()
