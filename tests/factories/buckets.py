"""Object storage on this machine: moto's S3, behind a proxy that is slow, breaks, or speaks as Google's."""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import boto3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from moto.server import ThreadedMotoServer

from factories.signing import private_pem, public_pem
from pylayer.remote.bucket import PATIENCE, Bucket
from pylayer.remote.shared import RENEWED, Area, SharedStore
from pylayer.statements import envelopes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import timedelta

    from pylayer.statements.envelopes import Signer

BUCKET = "pylayer-test"


class Storage:
    """S3 with one bucket, behind a proxy.

    `fault` is what goes wrong, of requests whose path has `within`, after as many as are `spared`. What is
    not in `allows`, by method and path, is refused.
    """

    handler: type[_Handler]

    def __init__(self) -> None:
        self.fault = ""
        self.within = ""
        self.spared = 0
        self.delay = 0.0
        self.allows: Callable[[str, str], bool] | None = None
        self.asked: list[tuple[str, str]] = []
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        self.behind = self._moto.get_host_and_port()
        handler = type("Handler", (self.handler,), {"storage": self})
        self._proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._proxy.daemon_threads = True
        threading.Thread(target=self._proxy.serve_forever, daemon=True).start()
        self.client = boto3.client(
            "s3",
            endpoint_url="http://{}:{}".format(*self.behind),
            region_name="us-east-1",
            aws_access_key_id="AKIANOTAKEY",
            aws_secret_access_key="not-a-secret-key",
        )
        self.clear()

    @property
    def endpoint(self) -> str:
        """The proxy's address."""
        return f"http://127.0.0.1:{self._proxy.server_address[1]}"

    def paths(self) -> list[str]:
        """List the objects."""
        return [each["Key"] for each in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def read(self, path: str) -> bytes:
        """Give an object."""
        return bytes(self.client.get_object(Bucket=BUCKET, Key=path)["Body"].read())

    def write(self, path: str, content: bytes) -> None:
        """Put an object in the place of what is there, which whoever may write can do."""
        self.client.put_object(Bucket=BUCKET, Key=path, Body=content)

    def clear(self) -> None:
        """Remove everything, and let nothing go wrong."""
        self.fault, self.within, self.asked, self.spared = "", "", [], 0
        # Its contents are those of every moto in this process: other tests may have reset them.
        self.client.create_bucket(Bucket=BUCKET)
        for path in self.paths():
            self.client.delete_object(Bucket=BUCKET, Key=path)

    def stop(self) -> None:
        """End both servers."""
        self._proxy.shutdown()
        self._proxy.server_close()
        self._moto.stop()


_REFUSALS = {
    "expired": (400, "ExpiredToken"),
    "skewed": (403, "RequestTimeTooSkewed"),
    "elsewhere": (301, "PermanentRedirect"),
    "signed for elsewhere": (400, "AuthorizationHeaderMalformed"),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body waits for 40 ms, until its headers are acknowledged
    storage: Storage

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.storage.asked.append((self.command, self.path))
        fault = self.storage.fault if self.storage.within in self.path else ""
        if fault and self.storage.spared:
            self.storage.spared -= 1
            fault = ""
        if fault == "hangs":
            time.sleep(30)
            self.close_connection = True  # what was asked does not happen later, in another test
            return
        if fault == "slow":
            time.sleep(self.storage.delay)
        if self.storage.allows and not self.storage.allows(self.command, self.path):
            self._answer(403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", {})
            return
        if fault in {"403", "503"}:
            self._answer(int(fault), b"<Error><Code>Broken</Code></Error>", {})
            return
        if fault in _REFUSALS:
            status, code = _REFUSALS[fault]
            self._answer(status, f"<Error><Code>{code}</Code></Error>".encode(), {})
            return
        with suppress(OSError):
            connection = http.client.HTTPConnection(*self.storage.behind, timeout=30)
            connection.request(self.command, self.path, body=body, headers=self._translated())
            answer = connection.getresponse()
            content = answer.read()
            headers = {
                name: value
                for name, value in answer.getheaders()
                if name.lower() not in {"transfer-encoding", "connection", "date", "server"}
            }
            if self.command == "GET" and fault == "damaged" and answer.status == 200:
                content = bytes([content[0] ^ 1]) + content[1:]
            self._answer(answer.status, content, headers, fault=fault)

    def _translated(self) -> dict[str, str]:
        """What S3 is to hear of a request's headers."""
        return dict(self.headers)

    def _answer(self, status: int, content: bytes, headers: dict[str, str], *, fault: str = "") -> None:
        self.send_response(status)
        headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        if self.command == "HEAD" or status in {204, 304}:
            content = b""
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if fault == "truncated":
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif fault == "trickles":
            for byte in content:
                self.wfile.write(bytes([byte]))
                time.sleep(1)
        else:
            self.wfile.write(content)

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self._pass
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


Storage.handler = _Handler


class _GoogleHandler(_Handler):
    """The part of Google's XML API that differs from S3's: who asks, and that an object is made only once."""

    storage: GoogleStorage

    def _pass(self) -> None:
        kind, _, token = (self.headers["Authorization"] or "").partition(" ")
        if kind != "Bearer" or not self.storage.believes(token):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            content = b"<Error><Code>AuthenticationRequired</Code></Error>"
            self._answer(401, content, {"WWW-Authenticate": "Bearer"})
            return
        path, mark, query = self.path.partition("?")
        self.path = quote(unquote(path)) + mark + query  # its clients escape every slash and hyphen
        super()._pass()

    def _translated(self) -> dict[str, str]:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "authorization"}
        # Who asks has been looked at: behind this it is the owner, whose signature nobody checks.
        credential = "Credential=AKIANOTAKEY/20260101/us-east-1/s3/aws4_request"
        headers["Authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"
        if (generation := self.headers["x-goog-if-generation-match"]) is not None:
            assert "0" == generation, "objects are made, and no generation of one is waited for"
            headers["If-None-Match"] = "*"
        return headers

    def _answer(self, status: int, content: bytes, headers: dict[str, str], *, fault: str = "") -> None:
        headers = {name: value for name, value in headers.items() if not name.lower().startswith("x-amz-")}
        if self.command == "PUT" and status == 200:
            headers["x-goog-generation"] = str(time.time_ns() // 1000)
        super()._answer(status, content, headers, fault=fault)


GOOGLE_TOKEN = "a-token-of-google"


class GoogleStorage(Storage):
    """The same objects in moto, to clients of Google's storage whose token it `believes`."""

    handler = _GoogleHandler
    believes: Callable[[str], bool] = staticmethod(GOOGLE_TOKEN.__eq__)


class Keys:
    """A pair of keys: what signs, and what believes."""

    def __init__(self, folder) -> None:
        key = Ed25519PrivateKey.generate()
        self.public = public_pem(key)
        self.path = folder / f"{sha256(self.public.encode()).hexdigest()}.pem"
        self.path.write_bytes(private_pem(key))

    @property
    def signer(self) -> Signer:
        """What signs with it."""
        return envelopes.signer(self.path, where="here")


@contextmanager
def opened(
    address: str,
    keys: Keys,
    notes: list[str],
    *,
    patience: float = PATIENCE,
    scope: str = "",
    others: Sequence[Keys] = (),
    renewed: timedelta = RENEWED,
) -> Iterator[SharedStore]:
    """Give the shared store at an address, read, to a machine that believes these keys."""
    areas = [Area.of_main([keys.public])]
    if scope:
        areas.append(Area.of_scope(scope, [each.public for each in (keys, *others)]))
    bucket = Bucket(address, patience=patience)
    shared = SharedStore(bucket, areas=areas, note=notes.append, renewed=renewed)
    shared.open()
    try:
        yield shared
    finally:
        shared.close()
