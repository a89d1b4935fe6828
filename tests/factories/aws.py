"""AWS on this machine: moto's server, and before it a proxy that counts calls, breaks them, and is stricter.

moto answers ListLayers and ListLayerVersions on one page, and puts a CodeSha256 into the latter that AWS does
not: the proxy cuts pages of two, and takes the digests out.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, urlsplit

from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = 2
_BEGINNING = 4096
Action = Literal[
    "429",
    "500",
    "500 after",
    "403",
    "quota",
    "expired",
    "reset before",
    "reset after",
    "hang before",
    "hang after",
    "held",
]

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")
_OPERATIONS = [
    ("POST", r"/layers/[^/]+/versions$", "PublishLayerVersion"),
    ("GET", r"/layers/[^/]+/versions$", "ListLayerVersions"),
    ("GET", r"/layers/[^/]+/versions/\d+$", "GetLayerVersion"),
    ("DELETE", r"/layers/[^/]+/versions/\d+$", "DeleteLayerVersion"),
    ("GET", r"/layers/[^/]+/versions/\d+/policy$", "GetLayerVersionPolicy"),
    ("POST", r"/layers/[^/]+/versions/\d+/policy$", "AddLayerVersionPermission"),
    ("DELETE", r"/layers/[^/]+/versions/\d+/policy/[^/]+$", "RemoveLayerVersionPermission"),
    ("GET", r"/layers$", "ListLayers"),
    ("GET", r"/functions/?$", "ListFunctions"),
]
_READS = ("Get", "List", "Head")
_ERRORS = {
    "429": (429, "TooManyRequestsException", "Rate exceeded"),
    "500": (500, "ServiceException", "Internal failure"),
    "500 after": (500, "ServiceException", "Internal failure"),
    "403": (403, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/ci is not authorized"),
    "quota": (400, "CodeStorageExceededException", "Code storage limit exceeded."),
    "expired": (403, "ExpiredTokenException", "The security token included in the request is expired"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it came."""

    service: str
    region: str
    operation: str
    path: str
    body: bytes = b""  # its beginning

    @property
    def write(self) -> bool:
        """Whether it changes anything."""
        return not self.operation.startswith(_READS)


@dataclass(slots=True, kw_only=True)
class Fault:
    """What to do to `times` of the calls that match, `after` so many."""

    action: Action
    operation: str = ""
    region: str = ""
    times: int = 1
    after: int = 0

    def matches(self, call: Call) -> bool:
        """Whether it is for this call."""
        return self.operation in ("", call.operation) and self.region in ("", call.region)


@dataclass
class Cloud:
    """moto with its proxy: `calls` since the last `forget`, and the last body of each operation.

    What no fault is for, `luck` may decide.
    """

    moto: tuple[str, int]
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    luck: Callable[[Call], Action | None] | None = None
    hang: float = 3.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        """Where the proxy listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def writes(self) -> list[str]:
        """The operations that changed something, as `region operation`."""
        return sorted(f"{call.region} {call.operation}" for call in self.calls if call.write)

    def count(self, operation: str) -> int:
        """How many calls there were of one operation."""
        return sum(call.operation == operation for call in self.calls)

    def forget(self) -> None:
        """Start counting anew, and break nothing any more."""
        self.calls.clear()
        self.faults.clear()
        self.before.clear()
        self.luck = None

    def reset(self) -> None:
        """Empty all accounts."""
        connection = http.client.HTTPConnection(*self.moto)
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
        connection.close()
        self.forget()

    def fault(self, call: Call) -> Action | None:
        """What is to be done to a call, counting it off."""
        with self.lock:
            for fault in self.faults:
                if not fault.times or not fault.matches(call):
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault.action
            return self.luck(call) if self.luck else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud: Cloud

    def _serve(self) -> None:  # noqa: PLR0911  one for each way to break a call
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = self._call(body[:_BEGINNING])
        self.cloud.calls.append(call)
        self.cloud.bodies[call.operation] = body
        action = self.cloud.fault(call)
        if action == "reset before":
            return self._reset()
        if action == "hang before":
            time.sleep(self.cloud.hang)
            return self._reset()
        if action == "held":
            request = self.command, self.path, dict(self.headers), body
            self.cloud.before[call.operation] = lambda: self._send(*request)
            return self._reset()
        if action in ("429", "500", "403", "quota", "expired"):
            return self._refuse(action)
        with self.cloud.lock:
            hook = self.cloud.before.pop(call.operation, None)
        if hook:
            hook()
        status, headers, answer = self._forward(body)
        if action == "reset after":
            return self._reset()
        if action == "hang after":
            time.sleep(self.cloud.hang)
            return self._reset()
        if action == "500 after":
            return self._refuse(action)
        if call.operation in ("ListLayers", "ListLayerVersions") and status == 200:
            answer = self._page(call, answer)
        return self._answer(status, headers, answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815  the names of http.server

    def _call(self, body: bytes) -> Call:
        scope = _SCOPE.search(self.headers.get("Authorization") or "")
        region, service = scope.groups() if scope else ("", "")
        path = urlsplit(self.path).path
        if target := self.headers.get("X-Amz-Target"):
            operation = target.partition(".")[2]
        elif service == "s3":
            query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
            operation = {"GET": "GetObject", "HEAD": "HeadObject"}.get(self.command, "PutObject")
            operation = "UploadPart" if "partNumber" in query else operation
        else:
            matches = (
                op for method, form, op in _OPERATIONS if method == self.command and re.search(form, path)
            )
            operation = next(matches, f"{self.command} {path}")
        return Call(service=service, region=region, operation=operation, path=path, body=body)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        return self._send(self.command, self.path, dict(self.headers), body)

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(*self.cloud.moto)
        try:
            headers = {key: value for key, value in headers.items() if key.lower() != "expect"}
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def _page(self, call: Call, answer: bytes) -> bytes:
        document = json.loads(answer)
        key = "Layers" if call.operation == "ListLayers" else "LayerVersions"
        query = parse_qs(urlsplit(self.path).query)
        start = int(query.get("Marker", ["0"])[0])
        listed = document[key][start : start + PAGE]
        for version in listed:
            version.get("LatestMatchingVersion", version).pop("Content", None)
        document = {key: listed}
        if len(json.loads(answer)[key]) > start + PAGE:
            document["NextMarker"] = str(start + PAGE)
        return json.dumps(document).encode()

    def _refuse(self, action: Action) -> None:
        status, code, message = _ERRORS[action]
        body = json.dumps({"__type": code, "Type": "User", "message": message}).encode()
        self._answer(status, [("x-amzn-ErrorType", code), ("Content-Type", "application/json")], body)

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for key, value in headers:
            if key.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(key, value)
        lengths = [value for key, value in headers if key.lower() == "content-length"]
        self.send_header(
            "Content-Length", lengths[0] if self.command == "HEAD" and lengths else str(len(body))
        )
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        # SO_LINGER of zero seconds makes close() a TCP reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_args: object) -> None:
        """Keep the tests' output clean."""

    def finish(self) -> None:
        """A connection that was reset has nothing to flush."""
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: object) -> None:
        """A client that gave up is what some tests are about."""


class Servers:
    """Both servers, for as long as a test session runs."""

    def __init__(self) -> None:
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        self.cloud = Cloud(moto=self._moto.get_host_and_port())
        handler = type("Handler", (_Handler,), {"cloud": self.cloud})
        self._proxy = _Server(("127.0.0.1", 0), handler)
        self.cloud.port = self._proxy.server_address[1]
        threading.Thread(target=self._proxy.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """End both."""
        self._proxy.shutdown()
        self._proxy.server_close()
        self._moto.stop()
