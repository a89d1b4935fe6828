"""An editor's side of a language server: a process that is asked by JSON-RPC on its standard streams."""

from __future__ import annotations

import json
import subprocess
from threading import Timer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


# No catalogue of other people's schemas, which would be fetched.
_SETTINGS = {"schema": {"enabled": True, "catalogs": [], "cache": {}}}


class LanguageServer:
    """A server with one folder and one open document; it is gone after the `with`."""

    def __init__(self, words: Sequence[str | Path], *, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._asked = 0
        self._diagnostics: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            words,
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._patience = Timer(60, self._process.kill)
        self._patience.start()

    def __enter__(self) -> Self:
        root = self._folder.as_uri()
        told = {
            "processId": None,
            "rootUri": root,
            "workspaceFolders": [{"uri": root, "name": "root"}],
            "capabilities": {
                "textDocument": {
                    "completion": {"completionItem": {"snippetSupport": False}},
                    "hover": {"contentFormat": ["markdown"]},
                },
                "workspace": {"configuration": False},
            },
        }
        self.ask("initialize", told)
        self.tell("initialized", {})
        return self

    def __exit__(self, *_: object) -> None:
        self._patience.cancel()
        self._process.kill()
        self._process.communicate()

    def open(self, path: Path, text: str) -> list[dict[str, Any]]:
        """Open a document, and give the diagnostics of it, of its schema too."""
        self._document = path.as_uri()
        document = {"uri": self._document, "languageId": "toml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        while not self._diagnostics:
            self._next()
        return self._diagnostics

    def at(self, what: str, *, line: int, character: int) -> Any:
        """Ask for the `completion` or the `hover` at a place, both counted from 0."""
        place = {"line": line, "character": character}
        return self.ask(f"textDocument/{what}", {"textDocument": {"uri": self._document}, "position": place})

    def ask(self, method: str, params: object) -> Any:
        """Send a request, and wait for its answer."""
        self._asked += 1
        number = self._asked
        self._send({"id": number, "method": method, "params": params})
        return self._await(lambda message: message.get("id") == number and "method" not in message)["result"]

    def tell(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self._process.stdin.flush()

    def _await(self, wanted: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        while True:
            message = self._next()
            if wanted(message):
                return message

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        content: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if content.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics = content["params"]["diagnostics"]
        if "id" in content and "method" in content:  # its own requests need an answer
            self._send({"id": content["id"], "result": [_SETTINGS]})
        return content
