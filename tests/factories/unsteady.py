"""A way to a registry that fails for a while, as one does that is overloaded or started anew."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

from factories.registry import PlainHandler

if TYPE_CHECKING:
    from collections.abc import Iterator

RESET = 0  # in place of a status: the connection is broken off


@dataclass
class Trouble:
    """The next `times` requests whose path matches are answered by a status; `asked` are all paths."""

    times: int = 0
    status: int = 503
    path: str = "/manifests/"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refused: int = 0


@contextmanager
def unsteady(host: str, *, port: int = 0) -> Iterator[tuple[str, Trouble]]:
    """Give HOST:PORT of a server that passes requests on to the registry at `host`, and its trouble."""
    trouble, lock = Trouble(), threading.Lock()

    class Handler(PlainHandler):
        def do_GET(self) -> None:  # noqa: N802  the name that http.server asks for
            with lock:
                trouble.asked.append(self.path)
                fails = trouble.times > 0 and re.search(trouble.path, self.path) is not None
                trouble.times -= fails
                trouble.refused += fails
            if fails and trouble.status == RESET:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
            elif fails:
                code = {429: "TOOMANYREQUESTS", 404: "MANIFEST_UNKNOWN", 401: "UNAUTHORIZED"}
                told = {"code": code.get(trouble.status, "UNAVAILABLE"), "message": "in trouble"}
                self._answer(trouble.status, trouble.headers, json.dumps({"errors": [told]}).encode())
            else:
                asked = HTTPConnection(host)
                asked.request(self.command, self.path, headers=dict(self.headers))
                answer = asked.getresponse()
                content = answer.read()
                left = ("transfer-encoding", "connection", "date", "server")
                headers = {name: text for name, text in answer.getheaders() if name.lower() not in left}
                self._answer(answer.status, headers, content)
                asked.close()

        do_HEAD = do_GET  # noqa: N815  the name that http.server asks for

        def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, text in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, text)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"localhost:{server.server_port}", trouble
    finally:
        server.shutdown()
        server.server_close()
