"""A folder of distributions → an index on this machine that remembers what it is asked, and can misbehave."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from pylayer.index.pins import Pin

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as it arrived."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to send in place of the truth: a status, or the first `cut` bytes of the body, then an end.

    With `trickle`, so many seconds pass after each byte.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False
    body: bytes | None = None
    ranges: bool = True
    trickle: float = 0


class LocalIndex:
    """Serves /simple/NAME/ and /files/FILENAME from `folder`; `answers` are used up one by one for a path.

    With a `query`, pages have it in the addresses of files, which are given to nobody without it.
    Pages hold for `lifetime` seconds; files whose names are in `yanked` are told as such.
    """

    def __init__(
        self,
        folder: Path,
        *,
        login: tuple[str, str] | None = None,
        html: bool = False,
        tls: ssl.SSLContext | None = None,
        query: str = "",
    ) -> None:
        self.folder = folder
        self.query = f"?{query}" if query else ""
        self.login = login
        self.html = html
        self.asked: list[Asked] = []
        self.answers: dict[str, list[Answer]] = {}
        self.sizes: dict[str, int] = {}  # what pages say instead, by file name
        self.lifetime = 0
        self.yanked: set[str] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.index = self
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https" if tls else "http"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def root(self) -> str:
        """Where everything lies below."""
        return f"{self._scheme}://{self.address}"

    @property
    def url(self) -> str:
        """The address of the index."""
        return f"{self.root}/simple"

    def url_with(self, username: str, password: str) -> str:
        """The address with credentials, as a user may write it."""
        return self.url.replace("://", f"://{username}:{password}@")

    def paths(self, beginning: str = "/") -> list[str]:
        """The paths that were asked for."""
        return [each.path for each in self.asked if each.path.startswith(beginning)]

    def names(self) -> set[str]:
        """The distributions whose page or files were asked for."""
        pages = {path.split("/")[2] for path in self.paths("/simple/")}
        return pages | {canonicalize_name(path.split("/")[2].split("-")[0]) for path in self.paths("/files/")}

    def pin(self, filename: str, **changes: Any) -> Pin:
        """The pin of one of the files."""
        content = (self.folder / filename).read_bytes()
        name, version = filename.split("-")[:2]
        values: dict[str, Any] = {
            "name": canonicalize_name(name),
            "version": version,
            "filename": filename,
            "sha256": hashlib.sha256(content).hexdigest(),
            "url": f"{self.root}/files/{filename}",
            "size": len(content),
        }
        return Pin(**{**values, **changes})

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(folder: Path, **options: Any) -> Iterator[LocalIndex]:
    """Serve `folder` for the length of a block."""
    index = LocalIndex(folder, **options)
    try:
        yield index
    finally:
        index.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    index: LocalIndex

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        index = self.server.index
        path = unquote(urlsplit(self.path).path)  # a proxy is asked for whole addresses
        index.asked.append(Asked(path=path, headers=dict(self.headers)))
        answers = index.answers.get(path) or []
        answer = answers.pop(0) if answers else Answer()
        if answer.status != 200:
            self._send(answer.status, answer.body or b"", dict(answer.headers), answer)
        elif index.login and self.headers.get("Authorization") != _basic(index.login):
            self._send(401, b"", {"WWW-Authenticate": 'Basic realm="index"'})
        elif path.startswith("/files/") and index.query not in self.path:
            self._send(403, b"")
        elif path.startswith("/simple/"):
            self._page(path.split("/")[2], answer)
        else:
            self._file(path.rpartition("/")[2], answer)

    def _page(self, name: str, answer: Answer) -> None:
        index = self.server.index
        paths = [
            path
            for path in sorted(index.folder.iterdir())
            if canonicalize_name(path.name.split("-")[0]) == name and path.is_file()
        ]
        if not paths:
            self._send(404, b"")
        elif index.html:
            links = "".join(
                f'<a href="../../files/{path.name}{index.query}#sha256={_sha256(path)}">{path.name}</a>'
                for path in paths
            )
            self._send(
                200,
                f"<!DOCTYPE html><html><body>{links}</body></html>".encode(),
                {"Content-Type": "text/html"},
            )
        else:
            rows = [
                {
                    "filename": path.name,
                    "url": f"../../files/{path.name}{index.query}",
                    "hashes": {"sha256": _sha256(path)},
                    "size": index.sizes.get(path.name, path.stat().st_size),
                    "upload-time": "2024-02-29T12:00:00Z",
                    **({"yanked": "broken"} if path.name in index.yanked else {}),
                }
                for path in paths
            ]
            text = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows})
            headers = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
            if index.lifetime:
                headers["Cache-Control"] = f"max-age={index.lifetime}"
            self._send(200, text.encode(), headers, answer)

    def _file(self, name: str, answer: Answer) -> None:
        path = self.server.index.folder / name
        if not path.is_file():
            self._send(404, b"")
            return
        content = path.read_bytes() if answer.body is None else answer.body
        asked = self.headers.get("Range", "").removeprefix("bytes=")
        if asked and answer.ranges:
            first, _, last = asked.partition("-")
            start = int(first) if first else max(0, len(content) - int(last))
            end = min(int(last), len(content) - 1) if first and last else len(content) - 1
            if start >= len(content):
                self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            headers = {"Content-Range": f"bytes {start}-{end}/{len(content)}"}
            self._send(206, content[start : end + 1], headers, answer)
        else:
            self._send(200, content, {"Accept-Ranges": "bytes", **answer.headers}, answer)

    def _send(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        answer: Answer = Answer(),
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            sent = body if answer.cut is None else body[: answer.cut]
            size = 1 if answer.trickle else max(1, len(sent))
            for start in range(0, len(sent), size):
                self.wfile.write(sent[start : start + size])
                time.sleep(answer.trickle)
        self.close_connection = self.close_connection or answer.cut is not None
        if answer.reset:
            # Closing with this option set resets the connection, as a crash does.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _basic(login: tuple[str, str]) -> str:
    return "Basic " + b64encode(":".join(login).encode()).decode()
