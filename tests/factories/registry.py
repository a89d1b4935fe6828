"""A registry on this machine from which a Docker Engine can pull small images for any platform."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"


class PlainHandler(BaseHTTPRequestHandler):
    """Speaks HTTP; who tries TLS first, as containerd's store does, is answered as by Go's servers."""

    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        if self.connection.recv(1, socket.MSG_PEEK) == b"\x16":
            self.connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent TLS to a plain server")
        else:
            super().handle()

    def log_message(self, *_: object) -> None:
        pass


class Registry:
    """Serves what `publish` put there; `refusal` is a status and message that it answers to everything."""

    def __init__(self) -> None:
        self.served: dict[str, tuple[str, bytes]] = {}
        self.requests: list[str] = []
        self.digests: dict[tuple[str, str], str] = {}  # of the images of each name, by architecture
        self.refusal: tuple[int, str, str] | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def publish(self, name: str, *architectures: str) -> str:
        """Put image `name` there, an index where it has several architectures; give the digest of that."""
        manifests = [(each, self._manifest(f"{name} {each}", each)) for each in architectures]
        self.digests |= {(name, architecture): _digest(each) for architecture, each in manifests}
        content, kind = manifests[0][1], _MANIFEST
        if len(manifests) > 1:
            kind = _INDEX
            listed = [
                {**_described(_MANIFEST, each), "platform": {"architecture": architecture, "os": "linux"}}
                for architecture, each in manifests
            ]
            content = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": listed}).encode()
        self.served[f"{name}/manifests/latest"] = kind, content
        for each_kind, each in [(kind, content), *((_MANIFEST, each) for _, each in manifests)]:
            self.served[f"{name}/manifests/{_digest(each)}"] = each_kind, each
        for key, value in list(self.served.items()):
            if key.startswith("blobs/"):
                self.served[f"{name}/{key}"] = value
        return _digest(content)

    def _manifest(self, marker: str, architecture: str) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            info = tarfile.TarInfo("marker")
            info.size = len(marker)
            archive.addfile(info, io.BytesIO(marker.encode()))
        layer = buffer.getvalue()
        config = json.dumps(
            {
                "architecture": architecture,
                "os": "linux",
                "config": {"Env": ["PATH=/bin"]},
                "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
                "history": [{"created_by": marker}],
            }
        ).encode()
        for blob in (layer, config):
            self.served[f"blobs/{_digest(blob)}"] = "application/octet-stream", blob
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": _described("application/vnd.docker.container.image.v1+json", config),
                "layers": [_described("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
            }
        ).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(PlainHandler):
            def do_GET(self) -> None:
                registry.requests.append(self.path)
                kind, content, status = "application/json", b"{}", 200
                if registry.refusal is not None and self.path != "/v2/":
                    status, code, message = registry.refusal
                    content = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
                elif self.path != "/v2/":
                    found = registry.served.get(self.path.removeprefix("/v2/"))
                    missing = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'
                    kind, content = found or ("application/json", missing)
                    status = 200 if found else 404
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Docker-Content-Digest", _digest(content))
                self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(content)

            do_HEAD = do_GET  # noqa: N815  the name that http.server asks for

        return Handler


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _described(kind: str, content: bytes) -> dict[str, object]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}
