"""A client of the Language Server Protocol, as small as the tests need it: open, wait for diagnostics, ask."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

SERVER = Path(__file__).parent / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
SETTINGS = {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}
"""The server's own catalogue of schemas is left out: it would be fetched."""
SILENT = {"redhat": {"telemetry": {"enabled": False}}}

Json = dict[str, Any]


class LanguageServer:
    """The server of YAML behind VS Code and others, over stdio."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(SERVER), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._asked = 0
        self._diagnostics: dict[str, list[Json]] = {}
        shown = {"completion": {"completionItem": {"documentationFormat": ["markdown"]}}}
        hover = {"hover": {"contentFormat": ["markdown"]}}
        can = {"workspace": {"configuration": True}, "textDocument": {**shown, **hover}}
        self.ask("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": can})
        self._tell("initialized", {})

    def close(self) -> None:
        """Ends the server."""
        self.ask("shutdown", None)
        self._tell("exit", None)
        self._process.wait(timeout=30)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def open(self, name: str, text: str) -> str:
        """A document under a name of its own."""
        uri = f"file:///checked/{name}"
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def diagnostics(self, uri: str) -> list[Json]:
        """What it says of a document, as soon as it does."""
        while uri not in self._diagnostics:
            self._read()
        return self._diagnostics[uri]

    def ask(self, method: str, params: Any) -> Any:
        """The answer to a request."""
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._asked and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]

    def at(self, method: str, uri: str, line: int, character: int) -> Any:
        """The answer to a request about a place; both count from 0."""
        place = {"line": line, "character": character}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": place})

    def _tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: Json) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> Json:
        message = self._received()
        if message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif message.get("method") == "workspace/configuration":
            known = {"yaml": SETTINGS, **SILENT}
            asked = [known.get(item.get("section"), {}) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": asked})
        elif "id" in message and "method" in message:
            self._send({"id": message["id"], "result": None})
        return message

    def _received(self) -> Json:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the language server has ended"
        found: Json = json.loads(self._process.stdout.read(length))
        return found
