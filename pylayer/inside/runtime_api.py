"""One event → what a handler's process says of it: Lambda's Runtime API, for a single invocation.

The paths and headers are those of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TYPE_CHECKING = False  # typing is not worth its import in each job
if TYPE_CHECKING:
    from typing import Any

ROOT = "/2018-06-01/runtime"
REQUEST = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"  # any UUID is an identifier of a request
TRACE = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


class RuntimeApi:
    """Serves one event on the loopback interface; used as a context, it ends afterwards.

    `kind` becomes `response`, `error` (the handler raised) or `init` (it could not be loaded), and `body`
    what came with it; `asked` is when the process was ready for the event, by time.perf_counter().
    """

    def __init__(self, event: object, *, function: str, seconds: float) -> None:
        self.kind = ""
        self.body = b""
        self.asked = 0.0
        self.ended = threading.Event()
        self._event = json.dumps(event).encode()
        self._headers = {
            "Lambda-Runtime-Aws-Request-Id": REQUEST,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": ARN + function,
            "Lambda-Runtime-Trace-Id": TRACE,
            "Content-Type": "application/json",
        }
        self._dependencies = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = "127.0.0.1:%d" % self._server.server_address[1]

    def __enter__(self) -> RuntimeApi:  # noqa: PYI034  Python 3.9 has no Self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._dependencies.set()
        self._server.shutdown()
        self._server.server_close()

    def give(self) -> tuple[bytes, dict[str, str]]:
        """Give the event; who asks for another one waits until the end."""
        if self.asked:
            self._dependencies.wait()
        self.asked = time.perf_counter()
        return self._event, self._headers

    def take(self, path: str, body: bytes) -> bool:
        """Take what the process says; False where it says it in the wrong place."""
        kinds = {
            ROOT + "/init/error": "init",
            "%s/invocation/%s/response" % (ROOT, REQUEST): "response",
            "%s/invocation/%s/error" % (ROOT, REQUEST): "error",
        }
        if path not in kinds:
            return False
        self.kind, self.body = kinds[path], body
        self.ended.set()
        return True

    def _handler(self) -> Any:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path == ROOT + "/invocation/next":
                    body, headers = api.give()
                    self._answer(200, body, headers)
                else:
                    self._answer(404, b"{}", {})

            def do_POST(self) -> None:
                known = api.take(self.path, read_body(self))
                self._answer(202 if known else 404, b'{"status":"OK"}', {})

            def log_message(self, *_: object) -> None:
                """Print nothing: the log is the handler's."""

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


def read_body(request: BaseHTTPRequestHandler) -> bytes:
    """Read a request's body, sent as a whole or in chunks."""
    if request.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length") or 0))
    body = b""
    while size := int(request.rfile.readline().split(b";")[0], 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    while request.rfile.readline().strip():
        pass
    return body
