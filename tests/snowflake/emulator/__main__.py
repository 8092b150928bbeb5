"""python -m emulator: start on a free loopback port, print it, serve until told to stop."""

import argparse
import socket
import tempfile
import threading
import time
from pathlib import Path

import uvicorn

from . import pump
from .files import Storage
from .server import application


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--s3-endpoint", default="", help="where S3, SQS and SNS answer")
    parser.add_argument("--azure-connection", default="", help="connection string of the Azure storage account")
    parser.add_argument(
        "--pump-seconds", type=float, default=0, help="a round of the pump so often; 0: when asked only"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = application(Storage(Path(folder), given.s3_endpoint, given.azure_connection))
        listening = socket.create_server(("127.0.0.1", given.port))
        # asyncio does it only where it makes the socket itself; without it each answer waits 40 ms for the client's ACK
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print(listening.getsockname()[1], flush=True)
        if given.pump_seconds:
            threading.Thread(target=_pumping, args=(app, given.pump_seconds), daemon=True).start()
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run([listening])


def _pumping(app: object, seconds: float) -> None:
    while True:
        time.sleep(seconds)
        pump.round_(app.state.emulator.account)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
